import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Debt } from '../../../../functions/core/engine-files.ts';
import type { SliceQuery } from '../../../../functions/core/reading.ts';
import { type PlanInput, type PlannedWork, planSlices } from '../../../../functions/sync/plan/plan-slices.ts';
import type { Counting } from '../../../../functions/sync/plan/split-window.ts';
import { anyComparison, DAY, instant, NOW, population, YEAR } from '../../../support/arbitraries.ts';
import {
  createWorld,
  isWithin,
  probeOf,
  search,
  type World,
  type WorldRecord,
} from '../../../support/search-world.ts';

const SINCE = '2026-11-22T12:00:00.000Z';
const SECONDS = { granularity: 'second', inclusive: false } as const;

const debtOf = (scope: Debt['scope'], tries = 1, since = SINCE): Debt => ({
  scope,
  reason: 'r',
  since,
  tries,
});

const countingOf = (world: World, now = NOW): Counting => ({
  probe: probeOf(world),
  granularity: world.comparison.granularity,
  now,
});

const inputOf = (world: World, changes: Partial<PlanInput> = {}): PlanInput => ({
  window: { from: null, to: null },
  debts: [],
  debtPolicy: 'pay',
  restUpTo: null,
  allowance: { records: 1_000, slices: 20, recordsPerSlice: 10 },
  counting: countingOf(world),
  since: SINCE,
  ...changes,
});

const spread = (size: number, step = 3_600): readonly WorldRecord[] =>
  Array.from({ length: size }, (_unused, index) => ({
    id: String(index),
    updated_at: NOW - 200 * DAY + index * step,
    created_at: NOW - YEAR,
  }));

/** What the engine keeps of a plan: what the search finds within the exact bounds. */
const read = (world: World, { slices }: PlannedWork): readonly WorldRecord[] =>
  slices.flatMap(({ query, exact }) =>
    search(world, query).filter(({ updated_at: at }) => query.kind === 'ids' || isWithin(exact, at)),
  );

const updatedOf = (query: SliceQuery) => {
  if (query.kind !== 'window') throw new Error('not a window');
  return query.updated;
};

interface History {
  readonly covered: ReadonlySet<string>;
  readonly runs: number;
  readonly cursor: number | null;
  readonly plans: readonly PlannedWork[];
}

/** Runs one after the other until no work remains, as plan, commit and FinishRun make them. */
async function runAll(world: World, first: Partial<PlanInput>, startFrom: number | null): Promise<History> {
  const covered = new Set<string>();
  const plans: PlannedWork[] = [];
  let cursor: number | null = null;
  let debts = first.debts ?? [];
  for (let runs = 1; runs <= 300; runs += 1) {
    const isFirst = runs === 1;
    const now = NOW + (runs - 1) * 3_600;
    const input = inputOf(world, {
      ...(isFirst ? first : { allowance: first.allowance ?? inputOf(world).allowance }),
      ...(!isFirst && { window: { from: cursor ?? startFrom, to: null } }),
      debts,
      counting: countingOf(world, now),
    });
    const plan = await planSlices(input);
    plans.push(plan);
    for (const { id } of read(world, plan)) covered.add(id);
    if (input.debtPolicy === 'pay') {
      const reached = Math.min(plan.windowTo ?? now, now - 900);
      cursor = Math.max(cursor ?? input.window.from ?? 0, reached);
    }
    debts = plan.carriedDebts;
    if (!plan.workRemains) return { covered, runs, cursor, plans };
  }
  throw new Error('Work remains forever.');
}

const allowances = fc.record({
  records: fc.integer({ min: 1, max: 60 }),
  slices: fc.integer({ min: 1, max: 8 }),
  recordsPerSlice: fc.integer({ min: 1, max: 15 }),
});

const later = (from: number | null) => (record: WorldRecord) => record.updated_at >= (from ?? 0);

/** Expects the whole range and nothing else, except the minutes before the present that every run reads again. */
function expectToBeTheRange(
  covered: ReadonlySet<string>,
  records: readonly WorldRecord[],
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const isOverlap = ({ updated_at: at }: WorldRecord) => at >= NOW - 900;
  const isWanted = ({ updated_at: at }: WorldRecord) => at >= from && at < to;
  const found = records.filter(({ id }) => covered.has(id));
  expect(found.filter((one) => isWanted(one) || !isOverlap(one))).toEqual(records.filter(isWanted));
}

describe('runs that follow each other until no work remains', () => {
  test('read every record from startFrom on, and nothing before it', async () => {
    await fc.assert(
      fc.asyncProperty(
        population,
        anyComparison,
        allowances,
        fc.option(instant),
        async (records, comparison, allowance, startFrom) => {
          const world = createWorld(records, comparison);
          const first = { allowance, window: { from: startFrom, to: null } };
          const { covered } = await runAll(world, first, startFrom);
          const wanted = records.filter(later(startFrom)).map(({ id }) => id);
          expect(covered).toEqual(new Set(wanted));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('pay a range that became a debt, whole and with nothing around it', async () => {
    await fc.assert(
      fc.asyncProperty(
        population,
        anyComparison,
        allowances,
        fc.tuple(instant, instant).filter(([a, b]) => a !== b),
        async (records, comparison, allowance, [a, b]) => {
          const world = createWorld(records, comparison);
          const range = { from: Math.min(a, b), to: Math.max(a, b) };
          const debts = [debtOf({ window: range }, 0)];
          // The cursor is at the present, so only the debt is left to read.
          const first = { allowance, debts, window: { from: NOW, to: null } };
          const { covered } = await runAll(world, first, null);
          expectToBeTheRange(covered, records, range);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('continue a backfill that was too long for one run', async () => {
    await fc.assert(
      fc.asyncProperty(
        population,
        anyComparison,
        allowances,
        fc.tuple(instant, instant).filter(([a, b]) => a !== b),
        async (records, comparison, allowance, [a, b]) => {
          const world = createWorld(records, comparison);
          const range = { from: Math.min(a, b), to: Math.max(a, b) };
          const first: Partial<PlanInput> = {
            allowance,
            window: range,
            debtPolicy: 'keep',
            restUpTo: range.to,
          };
          const { covered } = await runAll(world, first, NOW);
          expectToBeTheRange(covered, records, range);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('each run takes no more than its allowance, give or take its last slice', async () => {
    const world = createWorld(spread(1_000), SECONDS);
    const allowance = { records: 100, slices: 30, recordsPerSlice: 10 };
    const { plans, runs } = await runAll(world, { allowance }, null);
    expect(runs).toBeGreaterThanOrEqual(10);
    expect(runs).toBeLessThanOrEqual(15);
    for (const plan of plans) expect(plan.expected).toBeLessThanOrEqual(110);
  });

  test('the number of slices is bounded too', async () => {
    const world = createWorld(spread(1_000), SECONDS);
    const allowance = { records: 1_000_000, slices: 5, recordsPerSlice: 10 };
    const { plans } = await runAll(world, { allowance }, null);
    for (const { slices } of plans) expect(slices.length).toBeLessThanOrEqual(5);
  });
});

describe('a window that is cut short', () => {
  const world = createWorld(spread(200), { granularity: 'day', zone: 'Europe/Berlin' });
  const allowance = { records: 50, slices: 20, recordsPerSlice: 30 };

  test('ends where a slice ends, asks for the whole day there, and cuts that day with exact bounds', async () => {
    const plan = await planSlices(inputOf(world, { allowance }));
    const last = plan.slices.at(-1);
    expect(plan.workRemains).toBe(true);
    expect(last).toMatchObject({ query: { updated: { to: plan.windowTo }, through: true } });
    for (const slice of plan.slices) expect(slice.exact).toEqual({ from: null, to: plan.windowTo });
    for (const { query } of plan.slices.slice(0, -1)) expect(query).toMatchObject({ through: false });
  });

  test('reaches the present, open and unfiltered, if the allowance is large enough', async () => {
    const plan = await planSlices(inputOf(world));
    expect(plan).toMatchObject({ workRemains: false, windowTo: null, carriedDebts: [] });
    expect(plan.slices.at(-1)).toMatchObject({
      query: { updated: { to: null }, through: false },
      exact: { from: null, to: null },
    });
  });

  test('leaves the rest up to the cursor as a debt, which is work that remains', async () => {
    const restUpTo = NOW - 10 * DAY;
    const plan = await planSlices(inputOf(world, { allowance, debtPolicy: 'cover', restUpTo }));
    expect(plan.carriedDebts).toEqual([
      {
        scope: { window: { from: plan.windowTo, to: restUpTo } },
        reason: expect.any(String),
        since: SINCE,
        tries: 0,
      },
    ]);
    expect(plan.workRemains).toBe(true);
  });

  test('leaves no debt if it was cut after the cursor', async () => {
    const plan = await planSlices(inputOf(world, { allowance, debtPolicy: 'cover', restUpTo: 5 }));
    expect(plan.carriedDebts).toEqual([]);
  });
});

describe('debts', () => {
  const world = createWorld(spread(300), SECONDS);

  test('come first, each slice with the debt it pays', async () => {
    const debts = [
      debtOf({ ids: ['1', '2'] }, 3),
      debtOf({ window: { from: NOW - 200 * DAY, to: NOW - 199 * DAY } }),
    ];
    const plan = await planSlices(inputOf(world, { debts, window: { from: NOW - DAY, to: null } }));
    expect(plan.slices.slice(0, 2).map(({ debt, query }) => [debt?.scope, query.kind])).toEqual([
      [{ ids: ['1', '2'] }, 'ids'],
      [debts[1]?.scope, 'window'],
    ]);
    expect(plan.slices.at(-1)?.debt).toBeNull();
    expect(plan.carriedDebts).toEqual([]);
  });

  test('use half of a run; the rest is carried, and the present is read', async () => {
    const debts = Array.from({ length: 9 }, (_unused, index) =>
      debtOf({ window: { from: index * 10, to: index * 10 + 10 } }, 0),
    );
    const allowance = { records: 1_000, slices: 8, recordsPerSlice: 10 };
    const plan = await planSlices(
      inputOf(world, { debts, allowance, window: { from: NOW - DAY, to: null } }),
    );
    expect(plan.slices.filter(({ debt }) => debt !== null)).toHaveLength(4);
    expect(plan.carriedDebts).toEqual(debts.slice(4));
    expect(plan.slices.at(-1)?.debt).toBeNull();
    expect(plan.workRemains).toBe(true);
  });

  test('that failed before and do not fit are carried, and start no run by themselves', async () => {
    const debts = Array.from({ length: 9 }, (_unused, index) =>
      debtOf({ window: { from: index * 10, to: index * 10 + 10 } }, 1),
    );
    const allowance = { records: 1_000, slices: 8, recordsPerSlice: 10 };
    const plan = await planSlices(
      inputOf(world, { debts, allowance, window: { from: NOW - DAY, to: null } }),
    );
    expect(plan.carriedDebts).toEqual(debts.slice(4));
    expect(plan.workRemains).toBe(false);
  });

  test('of one run by id are read together', async () => {
    const debts = Array.from({ length: 60 }, (_unused, index) => debtOf({ ids: [String(index)] }));
    const plan = await planSlices(inputOf(world, { debts, window: { from: NOW, to: null } }));
    const paying = plan.slices.filter(({ debt }) => debt !== null);
    expect(paying).toHaveLength(1);
    expect(paying[0]?.query).toEqual({
      kind: 'ids',
      ids: debts.flatMap(({ scope }) => ('ids' in scope ? scope.ids : [])),
    });
    expect(plan.carriedDebts).toEqual([]);
  });

  test('by id of different runs keep their ages', async () => {
    const debts = [debtOf({ ids: ['1'] }), debtOf({ ids: ['2'] }, 2, '2026-11-01T00:00:00.000Z')];
    const plan = await planSlices(inputOf(world, { debts, window: { from: NOW, to: null } }));
    expect(plan.slices.slice(0, 2).map(({ debt }) => debt)).toEqual(debts);
  });

  test('of very many ids do not take over the run', async () => {
    const ids = Array.from({ length: 5_000 }, (_unused, index) => String(index));
    const allowance = { records: 100_000, slices: 6, recordsPerSlice: 10 };
    const plan = await planSlices(
      inputOf(world, { debts: [debtOf({ ids })], allowance, window: { from: NOW, to: null } }),
    );
    const paid = plan.slices.flatMap(({ query }) => (query.kind === 'ids' ? query.ids : []));
    const carried = plan.carriedDebts.flatMap(({ scope }) => ('ids' in scope ? scope.ids : []));
    expect(plan.slices.length).toBeLessThanOrEqual(6);
    expect([...paid, ...carried]).toEqual(ids);
    expect(paid.length).toBeGreaterThan(0);
    expect(carried.length).toBeGreaterThan(0);
  });

  test('are left as they are by a backfill', async () => {
    const debts = [debtOf({ ids: ['1'] }), debtOf({ window: { from: 5, to: 10 } })];
    const plan = await planSlices(
      inputOf(world, { debts, debtPolicy: 'keep', window: { from: NOW - 200 * DAY, to: NOW - 199 * DAY } }),
    );
    expect(plan.carriedDebts).toEqual(debts);
    expect(plan.slices.every(({ debt }) => debt === null)).toBe(true);
    expect(plan.workRemains).toBe(false);
  });

  test('are paid by reading everything again', async () => {
    const debts = [debtOf({ ids: ['1'] }), debtOf({ window: { from: null, to: 10 } })];
    const allowance = { records: 1_000, slices: 100, recordsPerSlice: 10 };
    const plan = await planSlices(inputOf(world, { debts, debtPolicy: 'cover', allowance }));
    expect(plan).toMatchObject({ carriedDebts: [], workRemains: false });
  });

  test('from before the beginning of a full refresh stay: it does not read them', async () => {
    const from = NOW - 100 * DAY;
    const debts = [
      debtOf({ ids: ['1'] }),
      debtOf({ window: { from: from - DAY, to: from } }),
      debtOf({ window: { from, to: from + DAY } }),
      debtOf({ window: { from: from + 5, to: from + DAY }, exact: { from: from - 5, to: null } }),
      debtOf({ window: { from: null, to: from } }),
    ];
    const allowance = { records: 1_000, slices: 100, recordsPerSlice: 10 };
    const plan = await planSlices(
      inputOf(world, { debts, debtPolicy: 'cover', window: { from, to: null }, allowance }),
    );
    expect(plan.carriedDebts).toEqual([debts[0], debts[1], debts[3], debts[4]]);
  });

  test('all stay if reading everything again was cut short', async () => {
    const debts = [debtOf({ ids: ['1'] }), debtOf({ window: { from: 20, to: 30 } })];
    const allowance = { records: 20, slices: 20, recordsPerSlice: 10 };
    const plan = await planSlices(inputOf(world, { debts, debtPolicy: 'cover', allowance }));
    expect(plan.carriedDebts).toEqual(debts);
  });

  test('of a day cut by creation time keep that bound', async () => {
    const created = { from: 5, to: 10 };
    const debts = [debtOf({ window: { from: 50, to: 60 }, created })];
    const plan = await planSlices(inputOf(world, { debts, window: { from: NOW, to: null } }));
    expect(plan.slices[0]).toMatchObject({ query: { created, updated: { from: 50, to: 60 } } });
  });

  test('of a slice inside a run are read with the bounds of that run, not their own', async () => {
    const exact = { from: 40, to: 90 };
    const debts = [debtOf({ window: { from: 50, to: 60 }, created: null, exact })];
    const plan = await planSlices(inputOf(world, { debts, window: { from: NOW, to: null } }));
    expect(plan.slices[0]).toMatchObject({ exact, query: { through: false, updated: { from: 50, to: 60 } } });
  });
});

test('a debt of a slice inside a run keeps the bounds of that run when it is cut', async () => {
  const world = createWorld(spread(100), { granularity: 'day', zone: 'Asia/Kolkata' });
  const from = NOW - 200 * DAY;
  const exact = { from: from - DAY, to: from + 90 * DAY };
  const debts = [debtOf({ window: { from, to: from + 40 * DAY }, exact })];
  const allowance = { records: 40, slices: 20, recordsPerSlice: 10 };
  const plan = await planSlices(inputOf(world, { debts, allowance, window: { from: NOW, to: null } }));
  const paying = plan.slices.filter(({ debt }) => debt !== null);
  const [rest] = plan.carriedDebts;
  const cut = rest !== undefined && 'window' in rest.scope ? rest.scope.window.from : null;
  expect(cut).toBeGreaterThan(from);
  for (const slice of paying) expect(slice.exact).toEqual({ from: exact.from, to: cut });
  expect(rest?.scope).toEqual({
    window: { from: cut, to: from + 40 * DAY },
    created: null,
    exact: { from: cut, to: exact.to },
  });
});

test('an object without a count has one slice per window', async () => {
  const world = createWorld([], SECONDS);
  const debts = [debtOf({ window: { from: 5, to: 10 } })];
  const plan = await planSlices(inputOf(world, { counting: null, debts, window: { from: 100, to: null } }));
  expect(plan.slices.map(({ query }) => updatedOf(query))).toEqual([
    { from: 5, to: 10 },
    { from: 100, to: null },
  ]);
  expect(plan).toMatchObject({ expected: null, workRemains: false, windowTo: null });
});
