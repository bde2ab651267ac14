/** Whole runs over in-memory ports, one after the other. In the end everything is committed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest, Plan } from '../../../../functions/core/engine-files.ts';
import type { ObjectDependencies } from '../../../../functions/sync/dependencies.ts';
import { anyComparison, DAY, instant, NOW, population } from '../../../support/arbitraries.ts';
import { createPipeline, dependenciesOf, type Pipeline } from '../../../support/dependencies.ts';
import { committedRows, manifestsOf } from '../../../support/rows-of.ts';
import {
  type Comparison,
  createWorld,
  createWorldReader,
  type World,
  type WorldReaderOptions,
  type WorldRecord,
} from '../../../support/search-world.ts';
import { runOnce, runUntilDone } from '../../../support/workflow.ts';

interface Setting {
  readonly pipeline: Pipeline;
  readonly world: World;
  readonly dependencies: (config?: Record<string, unknown>) => ObjectDependencies;
}

function settingOf(
  records: readonly WorldRecord[],
  comparison: Comparison,
  { limit = 1, isLost }: { readonly limit?: number } & Pick<WorldReaderOptions, 'isLost'> = {},
): Setting {
  const pipeline = createPipeline();
  const world = createWorld(records, comparison);
  const reader = createWorldReader(world, {
    nowMs: pipeline.clock.now,
    ...(isLost !== undefined && { isLost }),
  });
  return {
    pipeline,
    world,
    dependencies: (config = {}) =>
      dependenciesOf(pipeline, {
        object: comparison.granularity === 'day' ? 'contacts' : 'tickets',
        reader,
        config,
        limit,
      }),
  };
}

const rowsOf = ({ pipeline, dependencies }: Setting) => {
  const { name } = dependencies().declaration;
  return committedRows(pipeline.lake, name);
};

const idsOf = (setting: Setting): ReadonlySet<unknown> => new Set(rowsOf(setting).map(({ id }) => id));

const manifests = ({ pipeline, dependencies }: Setting): readonly Manifest[] =>
  manifestsOf(pipeline.lake, dependencies().declaration.name);

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

const SECONDS = { granularity: 'second', inclusive: false } as const;

const spread = (size: number): readonly WorldRecord[] =>
  Array.from({ length: size }, (_unused, index) => ({
    id: `r${index}`,
    updated_at: NOW - 100 * DAY + index * 20_000,
    created_at: NOW - 200 * DAY,
  }));

describe('an initial load', () => {
  test('leaves every record from startFrom on, in as many runs as necessary', async () => {
    await fc.assert(
      fc.asyncProperty(population, anyComparison, fc.option(instant), async (records, comparison, from) => {
        const setting = settingOf(records, comparison);
        const config = from === null ? {} : { startFrom: iso(from) };
        await runUntilDone(setting.pipeline, setting.dependencies(config));
        const wanted = records.filter(({ updated_at: at }) => at >= (from ?? 0));
        expect(idsOf(setting)).toEqual(new Set(wanted.map(({ id }) => id)));
        expect(manifests(setting).every(({ completeness }) => completeness.status === 'complete')).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('is a series of bounded runs whose windows share their boundaries', async () => {
    const setting = settingOf(spread(400), SECONDS, { limit: 1 });
    const dependencies = { ...setting.dependencies() };
    const runs = await runUntilDone(setting.pipeline, dependencies);
    const found = manifests(setting);
    expect(runs).toBeGreaterThan(3);
    expect(found).toHaveLength(runs);
    for (const [index, { window, cursor }] of found.slice(1).entries()) {
      expect(window?.from).toBe(found[index]?.window?.to);
      expect(cursor?.before).toBe(found[index]?.cursor?.after);
    }
    expect(rowsOf(setting)).toHaveLength(400);
  });
});

describe('what a slice could not read', () => {
  test('is owed until a later run reads it, even on the first day of the slice', async () => {
    await fc.assert(
      fc.asyncProperty(
        population,
        anyComparison,
        fc.integer({ min: 2, max: 5 }),
        async (records, comparison, every) => {
          let isBroken = true;
          const isLost = (_slice: unknown, { id }: WorldRecord) =>
            isBroken && Number(id.replace('-', '')) % every === 0;
          const setting = settingOf(records, comparison, { isLost });
          await runUntilDone(setting.pipeline, setting.dependencies());
          isBroken = false;
          for (let runs = 0; runs < 40; runs += 1) {
            await runUntilDone(setting.pipeline, setting.dependencies());
            if (manifests(setting).at(-1)?.completeness.debts.length === 0) break;
          }
          expect(manifests(setting).at(-1)?.completeness).toMatchObject({ debts: [], status: 'complete' });
          expect(idsOf(setting)).toEqual(new Set(records.map(({ id }) => id)));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('does not grow with every run that fails to read it', async () => {
    const isLost = (_slice: unknown, { id }: WorldRecord) => id === 'r7' || id === 'r8';
    const setting = settingOf(spread(30), SECONDS, { isLost });
    const sizes: number[] = [];
    for (let run = 0; run < 6; run += 1) {
      await runUntilDone(setting.pipeline, setting.dependencies());
      sizes.push(manifests(setting).at(-1)?.completeness.debts.length ?? -1);
    }
    expect(new Set(sizes.slice(1)).size).toBe(1);
    const [debt] = manifests(setting).at(-1)?.completeness.debts ?? [];
    expect(debt?.tries).toBe(manifests(setting).length);
    expect(debt?.since).toBe(manifests(setting)[0]?.started_at);
  });

  test('is owed up to the start of the run in an open slice: the debt does not grow with time', async () => {
    let isBroken = true;
    const setting = settingOf(spread(2), SECONDS, { isLost: () => isBroken, limit: 166 });
    await runOnce(setting.pipeline, setting.dependencies());
    isBroken = false;
    const [debt] = manifests(setting)[0]?.completeness.debts ?? [];
    expect(debt?.scope).toMatchObject({ window: { from: null, to: NOW } });
  });
});

describe('startFrom moved earlier', () => {
  test('makes the time before it a debt that is read, and does not read the rest again', async () => {
    const setting = settingOf(spread(60), SECONDS, { limit: 166 });
    const [late, early] = [NOW - 95 * DAY, NOW - 99 * DAY];
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(late) }));
    const before = rowsOf(setting).length;
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(early) }));
    const wanted = spread(60).filter(({ updated_at: at }) => at >= early);
    expect(idsOf(setting)).toEqual(new Set(wanted.map(({ id }) => id)));
    expect(rowsOf(setting)).toHaveLength(wanted.length);
    expect(before).toBeLessThan(wanted.length);
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(early) }));
    expect(rowsOf(setting)).toHaveLength(wanted.length);
    expect(manifests(setting).at(-1)?.completeness.debts).toEqual([]);
  });

  test('to null reads everything', async () => {
    const setting = settingOf(spread(30), SECONDS, { limit: 166 });
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(NOW - 95 * DAY) }));
    await runUntilDone(setting.pipeline, setting.dependencies());
    expect(idsOf(setting).size).toBe(30);
  });

  test('and moved later again changes nothing', async () => {
    const setting = settingOf(spread(30), SECONDS, { limit: 166 });
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(NOW - 99 * DAY) }));
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(NOW - 95 * DAY) }));
    const rows = rowsOf(setting).length;
    await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(NOW - 99 * DAY) }));
    expect(rowsOf(setting)).toHaveLength(rows);
    const plans = setting.pipeline.lake.keys('work/').filter((key) => key.endsWith('plan.json'));
    const debts = plans.flatMap((key) =>
      setting.pipeline.lake.json<Plan>(key).slices.map(({ debt }) => debt),
    );
    expect(debts.every((debt) => debt === null)).toBe(true);
  });
});

describe('a full refresh of an incremental object', () => {
  test('reads everything again and keeps the cursor, in one run', async () => {
    const setting = settingOf(spread(30), SECONDS, { limit: 166 });
    await runUntilDone(setting.pipeline, setting.dependencies());
    const cursor = manifests(setting).at(-1)?.cursor?.after ?? 0;
    await runUntilDone(setting.pipeline, setting.dependencies(), { mode: 'full_refresh' });
    const last = manifests(setting).at(-1);
    expect(last).toMatchObject({ mode: 'full_refresh', tables: { tickets: { rows: 30 } } });
    expect(last?.cursor?.before).toBe(cursor);
    expect(last?.cursor?.after).toBeGreaterThan(cursor);
  });

  test('never moves the cursor back over many runs, and reads everything once more', async () => {
    const setting = settingOf(spread(300), SECONDS);
    await runUntilDone(setting.pipeline, setting.dependencies());
    const initial = manifests(setting).length;
    await runUntilDone(setting.pipeline, setting.dependencies(), { mode: 'full_refresh' });
    const again = manifests(setting).slice(initial);
    expect(again.length).toBeGreaterThan(1);
    for (const { cursor } of again) expect(cursor?.after ?? 0).toBeGreaterThanOrEqual(cursor?.before ?? 0);
    const ids = again.flatMap(({ tables }) => tables.tickets?.files ?? []);
    expect(ids.length).toBeGreaterThan(0);
    expect(rowsOf(setting)).toHaveLength(600);
    expect(again.at(-1)?.completeness.debts).toEqual([]);
  });
});

test('all runs respect a startFrom within the minutes that every run reads again', async () => {
  const startFrom = NOW - 100;
  const records = [NOW - 800, NOW - 101, NOW - 100, NOW - 1].map((at) => ({
    id: String(at),
    updated_at: at,
    created_at: 1,
  }));
  const setting = settingOf(records, SECONDS, { limit: 166 });
  for (let runs = 0; runs < 3; runs += 1) {
    await runOnce(setting.pipeline, setting.dependencies({ startFrom: iso(startFrom) }));
  }
  expect(idsOf(setting)).toEqual(new Set([String(NOW - 100), String(NOW - 1)]));
});

test('a full refresh with a later startFrom leaves no gap after the cursor', async () => {
  const setting = settingOf(spread(10), SECONDS, { limit: 166 });
  await runOnce(setting.pipeline, setting.dependencies());
  const between = { id: 'between', updated_at: NOW + DAY, created_at: 1 };
  setting.world.records = [...setting.world.records, between];
  setting.pipeline.clock.advance(5 * DAY * 1000);
  const later = setting.dependencies({ startFrom: iso(NOW + 3 * DAY) });
  await runOnce(setting.pipeline, later, { mode: 'full_refresh' });
  await runOnce(setting.pipeline, setting.dependencies());
  expect(idsOf(setting)).toContain('between');
});

describe('a backfill', () => {
  test('reads [from, to) and leaves the cursor, before and after the first load', async () => {
    await fc.assert(
      fc.asyncProperty(
        population,
        anyComparison,
        fc.tuple(instant, instant).filter(([a, b]) => a !== b),
        async (records, comparison, [a, b]) => {
          const setting = settingOf(records, comparison, { limit: 166 });
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          const result = await runOnce(setting.pipeline, setting.dependencies(), {
            from: iso(from),
            to: iso(to),
          });
          expect(result.status).toBe('succeeded');
          expect(manifests(setting)[0]).toMatchObject({
            mode: 'backfill',
            cursor: { before: null, after: null },
            window: { from },
          });
          if (result.nextRunStarted) return;
          const wanted = records.filter(({ updated_at: at }) => at >= from && at < to);
          expect(idsOf(setting)).toEqual(new Set(wanted.map(({ id }) => id)));
          await runUntilDone(setting.pipeline, setting.dependencies());
          expect(idsOf(setting)).toEqual(new Set(records.map(({ id }) => id)));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a backfill that is too long for one run', () => {
  test('continues in the next runs until all of it is read', async () => {
    const setting = settingOf(spread(300), SECONDS);
    const [from, to] = [NOW - 99 * DAY, NOW - 40 * DAY];
    const runs = await runUntilDone(setting.pipeline, setting.dependencies({ startFrom: iso(NOW - DAY) }), {
      from: iso(from),
      to: iso(to),
    });
    expect(runs).toBeGreaterThan(1);
    const wanted = spread(300).filter(({ updated_at: at }) => at >= from && at < to);
    expect(idsOf(setting)).toEqual(new Set(wanted.map(({ id }) => id)));
  });
});

describe('changes while runs are in progress', () => {
  test('a record that changes during a run appears in that run or the next, in its last state', async () => {
    const setting = settingOf(spread(40), SECONDS, { limit: 1 });
    const dependencies = setting.dependencies();
    const { reader } = dependencies;
    let pages = 0;
    const moving: ObjectDependencies = {
      ...dependencies,
      reader: {
        ...reader,
        async *read(slice, position) {
          for await (const event of reader.read(slice, position)) {
            yield event;
            pages += 1;
            if (pages > 20) continue;
            const now = Math.floor(setting.pipeline.clock.now() / 1000);
            setting.world.records = setting.world.records.map((record, index) =>
              index === pages % 40 ? { ...record, updated_at: now + pages } : record,
            );
          }
        },
      },
    };
    while (pages <= 20) await runOnce(setting.pipeline, moving);
    await runOnce(setting.pipeline, moving);
    const latest = new Map<unknown, string>();
    const rows = rowsOf(setting).toSorted((a, b) => (String(a._version) < String(b._version) ? -1 : 1));
    for (const row of rows) latest.set(row.id, String(row.updated_at));
    for (const { id, updated_at } of setting.world.records) expect(latest.get(id)).toBe(String(updated_at));
  });
});

test('the cursor only moves forward, and stays behind the start of the run by the overlap', async () => {
  const setting = settingOf(spread(200), SECONDS);
  await runUntilDone(setting.pipeline, setting.dependencies({ overlapMinutes: 20 }));
  for (const { cursor, started_at } of manifests(setting)) {
    expect(cursor?.after ?? 0).toBeGreaterThan(cursor?.before ?? -1);
    expect(cursor?.after ?? 0).toBeLessThanOrEqual(Date.parse(started_at) / 1000 - 20 * 60);
  }
});
