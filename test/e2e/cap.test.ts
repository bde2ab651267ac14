/** `concurrency` caps the requests of all executions together, as Intercom's side sees them. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createDynamoDbCapShares } from '../../functions/aws/dynamodb-cap-shares.ts';
import type { PipelineConfig } from '../../functions/config/config.ts';
import type { RunSummary } from '../../functions/core/engine-files.ts';
import { runSummaryKey } from '../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type { ProgressEvent } from '../../functions/core/ports.ts';
import { isoTime } from '../../functions/core/time.ts';
import type { SyncLimits } from '../../functions/sync/dependencies.ts';
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
const SLOW = { match: { path: /./ }, respond: { kind: 'delay', delayMs: 80 } } as const;

/** Slices of a few records, so that shares change hands often. */
const LIMITS = { sliceRecords: 20, sliceParents: 10, maxSlices: 12 };

async function startTogether(config: PipelineConfig, limits: Partial<SyncLimits> = LIMITS, sizes = FEW) {
  const seen: ProgressEvent[] = [];
  const bench = await startBench({ simulator: { sizes, faults: [SLOW] } });
  const session = await bench.open({ config, limits, observe: (event) => seen.push(event) });
  const { runner, executions } = session.pipeline;
  const first = executions.begin({ name: 'first', input: {} });
  const executionOf = (name: (typeof NAMES)[number]) => ({
    name,
    arn: first.arn.replace(/first$/, name),
    // Long ago enough: Step Functions does not know these, and the pipeline believes it only after two minutes.
    startTime: isoTime(Date.parse(first.startTime) - 3 * 60_000 + NAMES.indexOf(name)),
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
    shares: () => sharesOf(session),
    close: async () => {
      await runner.idle();
      await session.close();
      await bench.close();
    },
  };
}

/** The shares, as they lie in the table. */
async function sharesOf(session: Session) {
  const [table] = session.pipeline.resources.tables;
  const Key = { pk: { S: 'budget#shares' } };
  const { Item } = await new DynamoDBClient({}).send(
    new GetItemCommand({ TableName: table?.TableName, Key }),
  );
  const shares = Item?.shares?.S;
  return shares === undefined ? null : (JSON.parse(shares) as readonly unknown[]);
}

const awaited = (seen: readonly ProgressEvent[]): number =>
  seen.filter(({ type }) => type === 'share_awaited').length;

/** Lists behind contacts are fetched beside the next page, parts of conversations several at a time. */
const ONE: readonly ObjectName[] = ['contacts', 'companies', 'conversations'];
const OTHER: readonly ObjectName[] = ['conversation_parts', 'tickets', 'tags'];

test.each<[string, PipelineConfig['parallelism']]>([
  ['many objects and slices at a time', { objects: 8, slices: 8 }],
  ['one slice of two objects at a time', { objects: 2, slices: 1 }],
])('two executions at once stay within the cap: %s', async (_name, parallelism) => {
  const together = await startTogether({ concurrency: CAP, parallelism });
  try {
    const outcomes = await Promise.all([together.run('first', ONE), together.run('second', OTHER)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(await together.outcomes('first')).toEqual(ONE.map(() => 'committed'));
    expect(await together.outcomes('second')).toEqual(OTHER.map(() => 'committed'));
    expect(together.bench.simulator.stats().mostInFlight).toBe(CAP);
    expect(await together.shares()).toEqual([]);
  } finally {
    await together.close();
  }
});

test('more executions than requests: each waits in its workflow, and gets its turn', async () => {
  const together = await startTogether({ concurrency: 1 });
  try {
    const outcomes = await Promise.all([
      together.run('first', ['conversation_parts']),
      together.run('second', ['companies']),
      together.run('third', ['tags', 'tickets']),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(together.bench.simulator.stats().mostInFlight).toBe(1);
    expect(awaited(together.seen)).toBeGreaterThan(0);
  } finally {
    await together.close();
  }
});

test('an object that has waited for long gets its turn in the midst of the slice of another', async () => {
  const together = await startTogether({ concurrency: 1 }, {}, { ...FEW, conversations: 150 });
  const { simulator } = together.bench;
  try {
    let isFirstDone = false;
    const first = together.run('first', ['conversation_parts']);
    first.finally(() => {
      isFirstDone = true;
    });
    while (simulator.stats().requests < 10) await new Promise((next) => setTimeout(next, 5));
    expect(await together.run('second', ['tags'])).toMatchObject({ status: 'SUCCEEDED' });
    expect(isFirstDone).toBe(false);
    expect(await first).toMatchObject({ status: 'SUCCEEDED' });
    expect(await together.outcomes('first')).toEqual(['committed']);
    expect(simulator.stats().mostInFlight).toBe(1);
  } finally {
    await together.close();
  }
});

test.each<[string, ObjectName[]]>([
  ['one object with work', ['conversation_parts']],
  ['several objects', ['contacts', 'conversation_parts', 'tickets', 'tags']],
])(
  'the cap is in use while there is work: %s',
  // A machine that is busy with something else is late now and then.
  { retry: 2, timeout: 60_000 },
  async (_name, objects) => {
    // Long enough that the time between an answer and the next request does not count, on a busy machine either.
    const delayMs = 400;
    const delay = { match: { path: /./ }, respond: { kind: 'delay', delayMs } } as const;
    const bench = await startBench({
      simulator: { sizes: { ...FEW, conversations: 80 }, faults: [delay] },
      clock: { speed: 1 },
      sync: {
        config: { concurrency: CAP, objects },
        limits: { sliceRecords: 50, sliceParents: 50 },
      },
    });
    try {
      expect(await bench.sync()).toMatchObject({ runs: [{ status: 'succeeded' }] });
      const { simulator } = bench;
      const details = simulator.requestLog.filter(({ path }) => /^.conversations.\d/.test(path));
      expect(details.length).toBeGreaterThanOrEqual(80);
      // At first the share still grows. At last, when fewer than CAP are left, there is no work for all of it.
      const from = details[2 * CAP]?.atMs ?? 0;
      const to = details.at(-CAP)?.atMs ?? 0;
      const answered = simulator.requestLog.filter(({ atMs }) => atMs > from && atMs <= to).length;
      expect((answered * delayMs) / (to - from)).toBeGreaterThanOrEqual(0.9 * CAP);
      expect(simulator.stats().mostInFlight).toBe(CAP);
    } finally {
      await bench.close();
    }
  },
);

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
    expect(await together.shares()).toEqual([]);
  } finally {
    await together.close();
  }
});

test('a directory whose process was killed is opened with the whole cap free', async () => {
  const bench = await startBench();
  const config = { concurrency: 1, objects: ['tags' as const] };
  const killed = await bench.open({ config });
  const [table] = killed.pipeline.resources.tables;
  const shares = createDynamoDbCapShares(new DynamoDBClient({}), table?.TableName ?? '');
  const now = bench.clock.now();
  const lost = { id: 'lost', object: 'tickets', count: 1, wants: 1, yields: true };
  await shares.update(() => ({ shares: [{ ...lost, since: now, renewedAt: now, until: now + DAY }] }));
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

test('without a cap there are no shares', async () => {
  const together = await startTogether({});
  try {
    const outcomes = await Promise.all([together.run('first', ONE), together.run('second', OTHER)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(together.bench.simulator.stats().mostInFlight).toBeGreaterThan(CAP);
    expect(await together.shares()).toBeNull();
  } finally {
    await together.close();
  }
});
