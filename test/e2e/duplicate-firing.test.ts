/** Scheduler promises to start a run at least once: a second start at the same time must do no harm and raise no alarm. */
import { expect, test } from 'vitest';
import type { RunSummary } from '../../functions/core/engine-files.ts';
import { runSummaryKey } from '../../functions/core/lake-keys.ts';
import { runIdOfExecution } from '../../functions/sync/run/start-run.ts';
import { readStored } from '../../functions/sync/store.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import type { RunOutcome } from '../../lib/standins/aws/workflow/workflow-runner.ts';
import { startBench } from '../support/local/local-bench.ts';

const OBJECTS = ['tags', 'teams'] as const;

/** Answers that come late keep the first run busy while the second comes and goes. */
const LATE = { kind: 'delay', delayMs: 4_000 } as const;

test('two executions of one firing: the second skips every object, and both succeed', async () => {
  const bench = await startBench({
    clock: { speed: 1 },
    simulator: {
      faults: OBJECTS.map((object) => ({ match: { path: `/${object}` }, times: 1, respond: LATE })),
    },
  });
  const planned = new Set<string>();
  const bothPlanned = Promise.withResolvers<void>();
  const session = await bench.open({
    config: { objects: [...OBJECTS] },
    observe: (event) => {
      if (event.type === 'object_planned' && planned.add(event.object).size === OBJECTS.length)
        bothPlanned.resolve();
    },
  });
  try {
    const { runner, executions } = session.pipeline;
    const first = executions.begin({ name: 'first', input: {} });
    const second = { ...first, name: 'second', arn: first.arn.replace(/first$/, 'second') };
    const run = ({ arn, name, startTime, input }: typeof first): Promise<RunOutcome> =>
      runner.run({ executionArn: arn, executionName: name, startTime, input });
    const summaryOf = (execution: typeof first) =>
      readStored<RunSummary>(
        createDirectoryLake(bench.directory),
        runSummaryKey(runIdOfExecution(execution)),
      );

    const running = run(first);
    await bothPlanned.promise;
    expect(await run(second)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await summaryOf(first)).toBeNull();
    const skipped = await summaryOf(second);
    expect(skipped?.status).toBe('succeeded');
    expect(skipped?.objects.map(({ object, status }) => [object, status])).toEqual([
      ['tags', 'skipped'],
      ['teams', 'skipped'],
    ]);

    expect(await running).toMatchObject({ status: 'SUCCEEDED' });
    expect((await summaryOf(first))?.objects.map(({ status }) => status)).toEqual(['committed', 'committed']);
  } finally {
    await session.close();
    await bench.close();
  }
});
