/** Histories of runs over memory twins, maintained and killed: what counts never changes. */
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../../functions/core/engine-files.ts';
import {
  evidenceKey,
  partKey,
  purgedKey,
  rewriteIdOf,
  rewriteReceiptKey,
} from '../../../../functions/core/lake-keys.ts';
import type { ObjectName, TableName } from '../../../../functions/core/names.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { counting } from '../../../../functions/sync/counting.ts';
import type { ObjectDependencies } from '../../../../functions/sync/dependencies.ts';
import { maintainObject } from '../../../../functions/sync/rewrite/maintain.ts';
import { verifyObject } from '../../../../functions/sync/verify.ts';
import { createCrashPoint, Killed } from '../../../support/crash.ts';
import { createPipeline, dependenciesOf, type Pipeline, readerOf } from '../../../support/dependencies.ts';
import { contactsPipeline, isDue, maintainInSteps } from '../../../support/maintained.ts';
import type { MemoryLake } from '../../../support/memory/memory-lake.ts';
import { countingManifestsOf, manifestsOf, rowsOfParts } from '../../../support/rows-of.ts';
import { pageOf, recordOf } from '../../../support/slices.ts';
import { beginRun, runOnce } from '../../../support/workflow.ts';

const HOUR_MS = 3_600_000;
const ATTEMPT = { id: 'm1', isOver: () => false };

/** Rows of the manifests that count, as text: what a reader sees. */
function visible({ lake }: Pipeline): readonly string[] {
  return countingManifestsOf(lake, 'contacts')
    .flatMap(({ tables }) =>
      Object.entries(tables).flatMap(([table, { files }]) =>
        rowsOfParts(
          lake,
          files.map((file) => ({ table: table as 'contacts', ...file })),
          table as 'contacts',
        ).map((row) => `${table} ${JSON.stringify(row)}`),
      ),
    )
    .toSorted();
}

/** Contacts that change every few hours, each change read by a run of its own. */
async function history(runs: number, compression: 'gzip' | 'none' = 'gzip') {
  const { pipeline, world, dependencies } = contactsPipeline(compression);
  const read = async (index: number): Promise<void> => {
    const now = Math.floor(pipeline.clock.now() / 1000);
    const changed = { id: `c${index % 7}`, updated_at: now - 5, created_at: 1 };
    world.records = [...world.records.filter(({ id }) => id !== changed.id), changed];
    const { status } = await runOnce(pipeline, dependencies);
    expect(status).toBe('succeeded');
  };
  for (let index = 0; index < runs; index += 1) {
    await read(index);
    pipeline.clock.advance(4 * HOUR_MS);
  }
  return { pipeline, dependencies, read };
}

/** A run that commits nothing but maintains, as its commit would have it do. */
async function maintain(pipeline: Pipeline, dependencies: ObjectDependencies): Promise<void> {
  // Runs that begin in the same millisecond are one run.
  pipeline.clock.advance(60_000);
  const holder = await beginRun(pipeline, dependencies);
  try {
    const { status } = await maintainObject(dependencies, holder, ATTEMPT);
    expect(status).toBe('done');
  } finally {
    pipeline.clock.advance(60_000);
    pipeline.executions.running.delete(holder.executionArn);
  }
}

test('runs of past days become one each, byte by byte, and are removed after the grace period', async () => {
  const { pipeline, dependencies } = await history(20);
  const before = visible(pipeline);
  const manifestsBefore = manifestsOf(pipeline.lake, 'contacts').length;
  expect(await isDue(dependencies)).toBe(true);
  await maintain(pipeline, dependencies);
  expect(visible(pipeline)).toEqual(before);
  const rewrites = manifestsOf(pipeline.lake, 'contacts').filter(({ mode }) => mode === 'compaction');
  expect(rewrites.length).toBeGreaterThan(1);
  for (const { tables } of rewrites) expect(tables.contacts?.files).toHaveLength(1);
  // Replaced, and still there for whoever reads them.
  expect(manifestsOf(pipeline.lake, 'contacts')).toHaveLength(manifestsBefore + rewrites.length);

  pipeline.clock.advance(72 * HOUR_MS);
  expect(await isDue(dependencies)).toBe(true);
  await maintain(pipeline, dependencies);
  expect(visible(pipeline)).toEqual(before);
  expect(await isDue(dependencies)).toBe(false);
  const left = manifestsOf(pipeline.lake, 'contacts');
  expect(left.length).toBeLessThan(manifestsBefore / 2);
  const listed = left.flatMap(({ tables }) => Object.values(tables).flatMap(({ files }) => files));
  const days = new Set(rewrites.map(({ spans }) => spans?.from));
  const inDays = pipeline.lake
    .keys('tables/contacts/')
    .filter((key) => [...days].some((day) => key.includes(`run_date=${day}/`)));
  expect(inDays.toSorted()).toEqual(
    listed
      .map(({ key }) => key)
      .filter((key) => inDays.includes(key))
      .toSorted(),
  );
  // The cursor is where it was, and the next run goes on.
  const { status } = await runOnce(pipeline, dependencies);
  expect(status).toBe('succeeded');
});

test.each(['mark', 'manifest'] as const)(
  'what a rewrite replaces waits two hours from when it counts, however long it was cut off before (%s)',
  async (cutOffBefore) => {
    const { pipeline, dependencies } = await history(12);
    const replaced = manifestsOf(pipeline.lake, 'contacts').map(({ run_id }) => run_id);
    const cut = (): never => {
      throw new Killed('cut off');
    };
    const killable: ObjectDependencies = {
      ...dependencies,
      state: {
        ...pipeline.state,
        ...(cutOffBefore === 'mark' && { markCommitting: cut }),
      },
      lake: {
        ...pipeline.lake,
        putNew: async (key, body) =>
          cutOffBefore === 'manifest' && key.startsWith('manifests/')
            ? cut()
            : pipeline.lake.putNew(key, body),
      },
    };
    await expect(maintain(pipeline, killable)).rejects.toThrow(Killed);
    pipeline.clock.advance(5 * HOUR_MS);
    const left = () => manifestsOf(pipeline.lake, 'contacts').map(({ run_id }) => run_id);
    for (const hours of [0, 1.8]) {
      pipeline.clock.advance(hours * HOUR_MS);
      await maintain(pipeline, dependencies);
      expect(left()).toEqual(expect.arrayContaining(replaced));
    }
    pipeline.clock.advance(HOUR_MS);
    await maintain(pipeline, dependencies);
    expect(left().filter((id) => replaced.includes(id)).length).toBeLessThan(replaced.length / 2);
  },
);

test('the evidence of every replaced run is kept', async () => {
  const { pipeline, dependencies } = await history(14);
  const originals = manifestsOf(pipeline.lake, 'contacts');
  await maintain(pipeline, dependencies);
  pipeline.clock.advance(72 * HOUR_MS);
  await maintain(pipeline, dependencies);
  const kept = manifestsOf(pipeline.lake, 'contacts').flatMap(({ evidence = [] }) =>
    evidence.flatMap(({ key }) =>
      Buffer.from(pipeline.lake.files.get(key) ?? [])
        .toString('utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Manifest),
    ),
  );
  for (const { run_id, completeness, window } of kept) {
    expect({ completeness, window }).toEqual(
      (({ completeness: proof, window: span }) => ({ completeness: proof, window: span }))(
        originals.find((one) => one.run_id === run_id) ?? ({} as Manifest),
      ),
    );
  }
  expect(kept.length).toBeGreaterThan(5);
});

test('months become one after their end', async () => {
  const { pipeline, dependencies, read } = await history(12);
  for (let day = 0; day < 70; day += 1) {
    pipeline.clock.advance(20 * HOUR_MS);
    await read(day);
    await read(day + 1);
    if (day % 3 === 0) await maintain(pipeline, dependencies);
  }
  const before = visible(pipeline);
  await maintain(pipeline, dependencies);
  expect(visible(pipeline)).toEqual(before);
  const counted = counting(
    manifestsOf(pipeline.lake, 'contacts').map((one) => ({
      runId: one.run_id,
      replaces: one.replaces ?? [],
      spans: one.spans,
    })),
  );
  expect(counted.filter(({ runId }) => runId.includes('-month-')).length).toBeGreaterThanOrEqual(1);
  expect(counted.length).toBeLessThan(60);
});

describe('killed anywhere', () => {
  test('what counts is what it was, and the next maintenance completes it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom<'before' | 'after'>('before', 'after'),
        fc.integer({ min: 0, max: 80 }),
        fc.constantFrom<'gzip' | 'none'>('gzip', 'none'),
        async (killAt, when, pauseHours, compression) => {
          const { pipeline, dependencies } = await history(16, compression);
          const before = visible(pipeline);
          const crash = createCrashPoint();
          const killable = {
            ...dependencies,
            lake: { ...crash.wrap(pipeline.lake), list: pipeline.lake.list },
            state: crash.wrap(pipeline.state),
          };
          const holder = await beginRun(pipeline, dependencies);
          crash.arm(killAt, when);
          try {
            await maintainObject(killable, holder, ATTEMPT);
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
          crash.arm(null);
          expect(visible(pipeline)).toEqual(before);
          pipeline.executions.running.delete(holder.executionArn);
          pipeline.clock.advance(pauseHours * HOUR_MS);
          await maintain(pipeline, dependencies);
          expect(visible(pipeline)).toEqual(before);
          expect(await runOnce(pipeline, dependencies)).toMatchObject({ status: 'succeeded', cause: '' });
        },
      ),
      { numRuns: 80 },
    );
  }, 120_000);

  test.each(['another run', 'the same run'])(
    'a zombie that %s has taken over changes nothing',
    async (by) => {
      const { pipeline, dependencies } = await history(12);
      const before = visible(pipeline);
      const zombie = await beginRun(pipeline, dependencies);
      let isPaused = true;
      const slow: ObjectDependencies = {
        ...dependencies,
        lake: {
          ...pipeline.lake,
          async putNew(key, body) {
            if (isPaused && key.startsWith('tables/')) {
              isPaused = false;
              pipeline.clock.advance(HOUR_MS);
              if (by === 'the same run') await maintainObject(dependencies, zombie, { ...ATTEMPT, id: 'm2' });
              else {
                pipeline.executions.running.delete(zombie.executionArn);
                await maintain(pipeline, dependencies);
              }
            }
            return pipeline.lake.putNew(key, body);
          },
        },
      };
      await expect(maintainObject(slow, zombie, { ...ATTEMPT, id: 'slow' })).rejects.toMatchObject({
        code: 'lease_lost',
      });
      expect(visible(pipeline)).toEqual(before);
    },
  );

  test('of two attempts of one run, the earlier one cannot make its rewrite count', async () => {
    const { pipeline, dependencies } = await history(12);
    const before = visible(pipeline);
    const holder = await beginRun(pipeline, dependencies);
    let marks = 0;
    const slow: ObjectDependencies = {
      ...dependencies,
      state: {
        ...pipeline.state,
        async markCommitting(...mark) {
          marks += 1;
          // The second attempt is cut off before it gives the lease back.
          if (marks === 1) {
            let looks = 0;
            const isOver = (): boolean => {
              looks += 1;
              return looks > 1;
            };
            const { status } = await maintainObject(dependencies, holder, { id: 'm2', isOver });
            expect(status).toBe('continue');
          }
          return pipeline.state.markCommitting(...mark);
        },
      },
    };
    await expect(maintainObject(slow, holder, ATTEMPT)).rejects.toMatchObject({ code: 'lease_lost' });
    expect(marks).toBe(1);
    expect(visible(pipeline)).toEqual(before);
  });
});

test('a damaged file stops its rewrite with its name, and nothing is lost', async () => {
  const { pipeline, dependencies } = await history(12);
  const [key = ''] = pipeline.lake.keys('tables/contacts/');
  const body = pipeline.lake.files.get(key) ?? new Uint8Array();
  pipeline.lake.files.set(key, body.slice(0, body.length - 3));
  const holder = await beginRun(pipeline, dependencies);
  await expect(maintainObject(dependencies, holder, ATTEMPT)).rejects.toMatchObject({
    name: 'ContractError',
    code: 'file_damaged',
    message: expect.stringContaining(key),
  });
  expect(manifestsOf(pipeline.lake, 'contacts').every(({ mode }) => mode !== 'compaction')).toBe(true);
});

test('an invocation that is short of time goes on from its last receipt', async () => {
  const { pipeline, dependencies } = await history(14);
  const before = visible(pipeline);
  const holder = await beginRun(pipeline, dependencies);
  const calls = await maintainInSteps(dependencies, holder, { looks: 1, mostCalls: 100 });
  expect(calls).toBeGreaterThan(2);
  expect(visible(pipeline)).toEqual(before);
});

test('files are gzip members one after the other', async () => {
  const { pipeline, dependencies } = await history(8);
  await maintain(pipeline, dependencies);
  const [rewrite] = manifestsOf(pipeline.lake, 'contacts').filter(({ mode }) => mode === 'compaction');
  const [file] = rewrite?.tables.contacts?.files ?? [];
  const text = gunzipSync(pipeline.lake.files.get(file?.key ?? '') ?? new Uint8Array()).toString('utf8');
  expect(text.trim().split('\n')).toHaveLength(file?.rows ?? -1);
});

describe('left-overs', () => {
  /** Files in every place that the object writes to, as an attempt that was cut off leaves them. */
  function plant({ lake, clock }: Pipeline, object: ObjectName, table: TableName): readonly string[] {
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    const id = `${day.replaceAll('-', '')}T000000000Z-ffffff`;
    const part = { object, slice: '0001', attempt: 'cut', number: 1, compression: 'none' } as const;
    const keys = [
      ...[table, 'deletions' as const, 'rejects' as const].map((one) => partKey(one, id, part)),
      evidenceKey(object, rewriteIdOf('day', day, 'abcdef'), 'cut'),
    ];
    for (const key of keys) lake.files.set(key, Buffer.from('{}\n'));
    return keys;
  }

  /** A run every eight hours for nine days, each maintained as its commit asks. @returns hours until each file is gone */
  async function hoursUntilGone(
    pipeline: Pipeline,
    dependencies: ObjectDependencies,
    table: TableName,
  ): Promise<readonly number[]> {
    const planted = new Map<string, number>();
    const gone: number[] = [];
    for (let run = 0; run < 27; run += 1) {
      if (run % 4 === 2 && run < 12)
        for (const key of plant(pipeline, dependencies.declaration.name, table))
          planted.set(key, pipeline.clock.now());
      await runOnce(pipeline, dependencies);
      if (await isDue(dependencies)) await maintain(pipeline, dependencies);
      for (const [key, since] of planted) {
        if (pipeline.lake.files.has(key)) continue;
        gone.push((pipeline.clock.now() - since) / HOUR_MS);
        planted.delete(key);
      }
      pipeline.clock.advance(7 * HOUR_MS);
    }
    expect([...planted.keys()]).toEqual([]);
    return gone;
  }

  const FOREIGN = [
    'tables/contacts/notes.txt',
    'tables/contacts/run_date=2020-01-01/notes.txt',
    'tables/deletions/run_date=2020-01-01/run_id=20200101T000000000Z-ffffff/tags-0001-cut-0001.ndjson',
  ];

  test('of an incremental object go within three days of their own, and nothing else does', async () => {
    const { pipeline, dependencies } = await history(1);
    for (const key of FOREIGN) pipeline.lake.files.set(key, Buffer.from('x'));
    const before = visible(pipeline);
    const hours = await hoursUntilGone(pipeline, dependencies, 'contacts');
    expect(hours).toHaveLength(12);
    for (const each of hours) {
      expect(each).toBeGreaterThan(48);
      expect(each).toBeLessThan(90);
    }
    for (const key of FOREIGN) expect(pipeline.lake.files.has(key)).toBe(true);
    for (const line of before) expect(visible(pipeline)).toContain(line);
  });

  test.each([1, 30])(
    'of an object that is read whole go, too (%i runs are kept)',
    async (fullRefreshRuns) => {
      const pipeline = createPipeline();
      const reader = readerOf(async function* () {
        yield pageOf([recordOf('1', 0, { type: 'tag', id: '1', name: 'One' })], 1);
        yield { type: 'end', matched: 1 };
      });
      const config = { history: { fullRefreshRuns } };
      const dependencies = dependenciesOf(pipeline, { object: 'tags', reader, config });
      const hours = await hoursUntilGone(pipeline, dependencies, 'tags');
      expect(hours).toHaveLength(12);
      for (const each of hours) expect(each).toBeLessThan(90);
      expect((await verifyObject(pipeline.lake, OBJECTS.tags, { deep: true })).problems).toEqual([]);
    },
  );

  test.each<[string, (id: string, { files }: MemoryLake) => void]>([
    ['its receipts are there', (id, { files }) => files.delete(rewriteReceiptKey(id, 'contacts', 1))],
    ['it is not over', (id, { files }) => files.set(purgedKey(id, 'contacts'), Buffer.from('{}'))],
  ])('what a rewrite was cut off from stays while %s', async (_while, end) => {
    const { pipeline, dependencies, read } = await history(1);
    const id = rewriteIdOf('day', '2026-11-01', 'abcdef');
    const part = {
      object: 'contacts',
      slice: '0001',
      attempt: 'cut',
      number: 1,
      compression: 'none',
    } as const;
    const key = partKey('contacts', id, part);
    const receipt = rewriteReceiptKey(id, 'contacts', 1);
    for (const name of [key, receipt]) pipeline.lake.files.set(name, Buffer.from('{}\n'));
    const nextDay = async (index: number): Promise<boolean> => {
      pipeline.clock.advance(24 * HOUR_MS);
      await read(index);
      await maintain(pipeline, dependencies);
      return pipeline.lake.files.has(key);
    };
    expect(await nextDay(1)).toBe(true);
    end(id, pipeline.lake);
    expect(await nextDay(2)).toBe(false);
  });

  test('are looked for by the first run of a day, and not in a lake without an earlier run', async () => {
    const { pipeline, dependencies, read } = await history(0);
    const due: boolean[] = [];
    for (const hours of [12, 2, 24, 2]) {
      await read(due.length);
      due.push(await isDue(dependencies));
      pipeline.clock.advance((hours - 1) * HOUR_MS);
    }
    expect(due).toEqual([false, true, false, true]);
  });
});
