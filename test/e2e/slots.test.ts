/** `concurrency` caps the requests of all executions together, as Intercom's side sees them. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createDynamoDbSlots } from '../../functions/aws/dynamodb-slots.ts';
import type { PipelineConfig } from '../../functions/config/config.ts';
import type { RunSummary } from '../../functions/core/engine-files.ts';
import { runSummaryKey } from '../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type { ProgressEvent } from '../../functions/core/ports.ts';
import { isoTime } from '../../functions/core/time.ts';
import { runIdOfExecution } from '../../functions/sync/run/start-run.ts';
import { readStored } from '../../functions/sync/store.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import type { RunOutcome } from '../../lib/standins/aws/workflow/workflow-runner.ts';
import { type Session, SMALL, startBench } from '../support/local/local-bench.ts';
import { DAY } from '../support/local/test-clock.ts';

const CAP = 4;

/** Executions by the order of their starts. */
const NAMES = ['first', 'second', 'third'] as const;

const FEW = { ...SMALL, contacts: 80, sharedSecond: 10, companies: 120, conversations: 30 };

/** Every answer takes a moment, so that requests that are sent at the same time are seen at the same time. */
const SLOW = { match: { path: /./ }, respond: { kind: 'delay', delayMs: 40 } } as const;

/** Slices of a few records, so that slots change hands often. */
const LIMITS = { sliceRecords: 20, sliceParents: 10, maxSlices: 12 };

async function startTogether(config: PipelineConfig) {
  const seen: ProgressEvent[] = [];
  const bench = await startBench({ simulator: { sizes: FEW, faults: [SLOW] } });
  const session = await bench.open({ config, limits: LIMITS, observe: (event) => seen.push(event) });
  const { runner, executions } = session.pipeline;
  const first = executions.begin({ name: 'first', input: {} });
  const executionOf = (name: (typeof NAMES)[number]) => ({
    name,
    arn: first.arn.replace(/first$/, name),
    startTime: isoTime(Date.parse(first.startTime) + NAMES.indexOf(name)),
  });
  return {
    bench,
    seen,
    run: (
      name: (typeof NAMES)[number],
      objects: readonly ObjectName[],
      signal?: AbortSignal,
    ): Promise<RunOutcome> => {
      const { arn, startTime } = executionOf(name);
      const input = { objects };
      return runner.run({
        executionArn: arn,
        executionName: name,
        startTime,
        input,
        ...(signal && { signal }),
      });
    },
    async outcomes(name: (typeof NAMES)[number]): Promise<readonly string[]> {
      const key = runSummaryKey(runIdOfExecution(executionOf(name)));
      const summary = await readStored<RunSummary>(createDirectoryLake(bench.directory), key);
      return summary?.objects.map(({ status }) => status) ?? [];
    },
    slots: () => slotsOf(session),
    close: async () => {
      await runner.idle();
      await session.close();
      await bench.close();
    },
  };
}

/** The item, as it lies in the table. */
async function slotsOf(session: Session) {
  const [table] = session.pipeline.resources.tables;
  const Key = { pk: { S: 'budget#slots' } };
  const { Item } = await new DynamoDBClient({}).send(
    new GetItemCommand({ TableName: table?.TableName, Key }),
  );
  return Item ?? null;
}

const awaited = (seen: readonly ProgressEvent[]): number =>
  seen.filter(({ type }) => type === 'slot_awaited').length;

/** Lists behind contacts are fetched beside the next page, parts of conversations several at a time. */
const ONE: readonly ObjectName[] = ['contacts', 'companies', 'conversations'];
const OTHER: readonly ObjectName[] = ['conversation_parts', 'tickets', 'tags'];

test.each<[string, PipelineConfig['parallelism']]>([
  ['four objects at a time, a request each', { objects: 8, slices: 8 }],
  ['two objects at a time, two slices of each', { objects: 2, slices: 2 }],
  ['two objects at a time, two requests each', { objects: 2, slices: 1 }],
])('two executions at once stay within the cap: %s', async (_name, parallelism) => {
  const together = await startTogether({ concurrency: CAP, parallelism });
  try {
    const outcomes = await Promise.all([together.run('first', ONE), together.run('second', OTHER)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(await together.outcomes('first')).toEqual(ONE.map(() => 'committed'));
    expect(await together.outcomes('second')).toEqual(OTHER.map(() => 'committed'));
    expect(together.bench.simulator.stats().mostInFlight).toBeLessThanOrEqual(CAP);
    expect(awaited(together.seen)).toBeGreaterThan(0);
    expect((await together.slots())?.holders).toBeUndefined();
  } finally {
    await together.close();
  }
});

test('an execution that is aborted in the midst of its work counts until that has ended', async () => {
  const together = await startTogether({ concurrency: CAP, parallelism: { objects: 2, slices: 2 } });
  const { stats } = together.bench.simulator;
  try {
    const abort = new AbortController();
    const first = together.run('first', OTHER);
    const aborted = together.run('second', ONE, abort.signal);
    while (stats().requests < 30) await new Promise((next) => setTimeout(next, 5));
    abort.abort();
    // Takes over what the aborted one had leased.
    const third = together.run('third', ONE);
    expect(await aborted).toMatchObject({ status: 'ABORTED' });
    expect([await first, await third]).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
    expect(await together.outcomes('first')).toEqual(OTHER.map(() => 'committed'));
    expect(await together.outcomes('third')).toEqual(ONE.map(() => 'committed'));
    expect(stats().mostInFlight).toBeLessThanOrEqual(CAP);
    expect((await together.slots())?.holders).toBeUndefined();
  } finally {
    await together.close();
  }
});

test('an execution that is alone uses the whole cap and never waits', async () => {
  const together = await startTogether({ concurrency: CAP, parallelism: { objects: 2, slices: 2 } });
  try {
    expect(await together.run('first', ['contacts', 'conversation_parts'])).toMatchObject({
      status: 'SUCCEEDED',
    });
    expect(together.bench.simulator.stats().mostInFlight).toBe(CAP);
    expect(awaited(together.seen)).toBe(0);
  } finally {
    await together.close();
  }
});

test('a directory whose process was killed is opened with all its slots free', async () => {
  const bench = await startBench();
  const config = { concurrency: 1, objects: ['tags' as const] };
  const killed = await bench.open({ config });
  const [table] = killed.pipeline.resources.tables;
  const slots = createDynamoDbSlots(new DynamoDBClient({}), {
    table: table?.TableName ?? '',
    count: 1,
    clock: bench.clock,
  });
  const claim = { runId: 'killed', work: 'tags/0001' };
  const until = bench.clock.now() + DAY;
  expect(await slots.take({ claim, attempt: 'a', until, mayBeKept: false })).toMatchObject({
    status: 'taken',
  });
  await killed.close();
  const seen: ProgressEvent[] = [];
  try {
    const result = await bench.sync({ config, observe: (event) => seen.push(event) });
    expect(result).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
    expect(awaited(seen)).toBe(0);
  } finally {
    await bench.close();
  }
});

test('without a cap there are no slots', async () => {
  const together = await startTogether({});
  try {
    const outcomes = await Promise.all([together.run('first', ONE), together.run('second', OTHER)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(together.bench.simulator.stats().mostInFlight).toBeGreaterThan(CAP);
    expect(await together.slots()).toBeNull();
  } finally {
    await together.close();
  }
});
