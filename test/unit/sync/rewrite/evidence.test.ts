/** What runs of an object that is read whole noticed outlives them, over generated histories with kills. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestKey } from '../../../../functions/core/lake-keys.ts';
import type { ReadEvent } from '../../../../functions/core/reading.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import type { ObjectDependencies } from '../../../../functions/sync/dependencies.ts';
import { thatCount } from '../../../../functions/sync/manifests.ts';
import { maintainObject } from '../../../../functions/sync/rewrite/maintain.ts';
import { createCrashPoint, Killed } from '../../../support/crash.ts';
import { createPipeline, dependenciesOf, type Pipeline, readerOf } from '../../../support/dependencies.ts';
import { prune } from '../../../support/maintained.ts';
import { manifestsOf, rowsOfParts } from '../../../support/rows-of.ts';
import { END, pageOf, recordOf } from '../../../support/slices.ts';
import { beginRun, planAndExtract } from '../../../support/workflow.ts';

const HOUR_MS = 3_600_000;

/** What a run notices. */
interface Noticed {
  readonly deletions: number;
  readonly rejects: number;
}

const NO_TAGS = { tags: { type: 'tag.list', tags: [] } };

function visible({ lake }: Pipeline, table: 'companies' | 'deletions' | 'rejects') {
  const stored = manifestsOf(lake, 'companies').map((manifest) => ({ key: '', manifest }));
  return thatCount(stored).flatMap(({ manifest }) =>
    rowsOfParts(
      lake,
      (manifest.tables[table]?.files ?? []).map((file) => ({ table, ...file })),
      table,
    ),
  );
}

async function historyOf(runs: readonly Noticed[], keep: number) {
  const pipeline = createPipeline();
  let run = 0;
  const reader = readerOf(async function* (): AsyncGenerator<ReadEvent, void, void> {
    const { deletions, rejects } = runs[run - 1] ?? NOTHING;
    const ids = Array.from({ length: deletions }, (_unused, index) => `gone ${run}.${index}`);
    if (ids.length > 0) yield { type: 'deleted', ids, how: 'absent' };
    yield {
      ...pageOf([recordOf(`company ${run}`, 0, NO_TAGS), recordOf('c', 0, NO_TAGS)], 1),
      rejects: Array.from({ length: rejects }, (_unused, index) => ({
        table: 'companies',
        path: `data[${index}]`,
        reason: `odd ${run}.${index}`,
        value: null,
        receivedAtMs: pipeline.clock.now(),
      })),
    } as ReadEvent;
    yield END;
  });
  const config = { history: { fullRefreshRuns: keep } };
  /** Runs that were committed, by their numbers: perhaps by a later run, which found them half done. */
  const committed = new Set<number>();
  const numbers = new Map<string, number>();
  const lake = {
    ...pipeline.lake,
    async putNew(key: string, body: Uint8Array) {
      const number = numbers.get(key);
      if (number !== undefined) committed.add(number);
      return pipeline.lake.putNew(key, body);
    },
  };
  const dependencies = dependenciesOf(pipeline, {
    object: 'companies',
    reader,
    config,
    overrides: { lake },
  });
  /** A run whose commit and maintenance may be killed. Unless it is, the workflow goes on until all is done. */
  async function sync(killable: ObjectDependencies = dependencies): Promise<void> {
    run += 1;
    const holder = await beginRun(pipeline, dependencies);
    numbers.set(manifestKey('companies', holder.runId), run);
    await planAndExtract(dependencies, holder);
    try {
      const { maintain } = await commitObject(killable, holder);
      for (let calls = 0; maintain; calls += 1) {
        let looks = 0;
        const isOver = (): boolean => {
          looks += 1;
          return looks > 2 + calls;
        };
        const { status } = await maintainObject(killable, holder, { id: `m${run}.${calls}`, isOver });
        if (status === 'done') break;
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    pipeline.executions.running.delete(holder.executionArn);
    pipeline.clock.advance(HOUR_MS);
  }
  /** Removes what waited for queries. */
  async function settle(): Promise<void> {
    pipeline.clock.advance(3 * HOUR_MS);
    await prune(dependencies);
    const holder = await beginRun(pipeline, dependencies);
    await maintainObject(dependencies, holder, { id: `s${run}`, isOver: () => false });
    pipeline.executions.running.delete(holder.executionArn);
  }
  return { pipeline, dependencies, committed, sync, settle };
}

const NOTHING: Noticed = { deletions: 0, rejects: 0 };

const noticed = fc.record({
  deletions: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 })),
  rejects: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 })),
});

const namesOf = (
  runs: readonly Noticed[],
  committed: ReadonlySet<number>,
  field: keyof Noticed,
  word: string,
): readonly string[] =>
  runs
    .map((one, run) => (committed.has(run + 1) ? one : NOTHING))
    .flatMap((one, run) =>
      Array.from({ length: one[field] }, (_unused, index) => `${word} ${run + 1}.${index}`),
    )
    .toSorted();

test('every deletion and reject is visible once, whatever was pruned, and killed wherever', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(noticed, fc.option(fc.integer({ min: 1, max: 60 })), fc.boolean()), {
        minLength: 2,
        maxLength: 9,
      }),
      fc.integer({ min: 1, max: 3 }),
      async (runs, keep) => {
        const all = runs.map(([one]) => one);
        const { pipeline, dependencies, committed, sync, settle } = await historyOf(all, keep);
        const texts = (table: 'deletions' | 'rejects', column: string) =>
          visible(pipeline, table)
            .map((row) => String(row[column]))
            .toSorted();
        const expectAll = (): void => {
          expect(texts('deletions', 'id')).toEqual(namesOf(all, committed, 'deletions', 'gone'));
          expect(texts('rejects', 'reason')).toEqual(namesOf(all, committed, 'rejects', 'odd'));
        };
        for (const [, killAt, isAfter] of runs) {
          const crash = createCrashPoint();
          crash.arm(killAt, isAfter ? 'after' : 'before');
          await sync({
            ...dependencies,
            lake: crash.wrap(dependencies.lake),
            state: crash.wrap(pipeline.state),
          });
          expectAll();
        }
        // The first one finishes what was cut off.
        await sync();
        await sync();
        expectAll();
        await settle();
        expectAll();
        const ids = visible(pipeline, 'companies').map(({ id }) => String(id));
        expect(new Set(ids).size - 1).toBe(Math.min(keep, committed.size));
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);

test('without kills no file stays that no manifest lists, and all evidence is in one rewrite', async () => {
  const runs = Array.from({ length: 8 }, () => ({ deletions: 1, rejects: 2 }));
  const { pipeline, sync, settle } = await historyOf(runs, 2);
  for (const _run of runs) await sync();
  await settle();
  const manifests = manifestsOf(pipeline.lake, 'companies');
  expect(manifests.map(({ mode }) => mode)).toEqual(['compaction', 'full_refresh', 'full_refresh']);
  expect(manifests[0]?.tables).toMatchObject({ deletions: { rows: 6 }, rejects: { rows: 12 } });
  const listed = manifests.flatMap(({ tables, evidence = [] }) =>
    [...Object.values(tables).flatMap(({ files }) => files), ...evidence].map(({ key }) => key),
  );
  const stored = [...pipeline.lake.keys('tables/'), ...pipeline.lake.keys('evidence/')];
  expect(stored.toSorted()).toEqual(listed.toSorted());
});

test('what was put together stays two hours for queries, though each run puts more together, and no longer', async () => {
  const runs = Array.from({ length: 9 }, () => ({ deletions: 1, rejects: 0 }));
  const { pipeline, sync } = await historyOf(runs, 1);
  const left = new Map<string, number>();
  for (const _run of runs) {
    const before = pipeline.clock.now();
    await sync();
    const stored = manifestsOf(pipeline.lake, 'companies').map((manifest) => ({ key: '', manifest }));
    const counts = thatCount(stored).map(({ manifest }) => manifest.run_id);
    const ids = stored.map(({ manifest }) => manifest.run_id);
    for (const id of ids) if (!counts.includes(id) && !left.has(id)) left.set(id, before);
    for (const [id, since] of left) {
      expect([id, ids.includes(id)]).toEqual([id, before - since <= 2 * HOUR_MS]);
    }
  }
  expect(left.size).toBeGreaterThan(8);
});

test('runs that noticed nothing cost no rewrite', async () => {
  const runs = Array.from({ length: 5 }, () => ({ deletions: 0, rejects: 0 }));
  const { pipeline, sync, settle } = await historyOf(runs, 1);
  for (const _run of runs) await sync();
  await settle();
  expect(manifestsOf(pipeline.lake, 'companies')).toHaveLength(1);
});
