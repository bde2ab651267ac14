import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Window, WindowQuery } from '../../../../functions/core/reading.ts';
import { searchesOf } from '../../../../functions/intercom/readers/walk/search-query.ts';
import {
  type CountedWindow,
  type SplitOptions,
  splitWindow,
} from '../../../../functions/sync/plan/split-window.ts';
import {
  anyComparison,
  DAY,
  dayComparison,
  instant,
  NOW,
  population,
  YEAR,
} from '../../../support/arbitraries.ts';
import {
  type Comparison,
  createWorld,
  matches,
  probeOf,
  search,
  type World,
  type WorldRecord,
} from '../../../support/search-world.ts';

const windowQuery = (updated: Window, through = updated.to !== null): WindowQuery => ({
  kind: 'window',
  updated,
  created: null,
  through,
});

async function split(
  world: World,
  query: WindowQuery,
  options: Partial<SplitOptions> = {},
): Promise<readonly CountedWindow[]> {
  const { granularity } = world.comparison;
  return Array.fromAsync(
    splitWindow(query, { probe: probeOf(world), granularity, target: 10, atOnce: 1, now: NOW, ...options }),
  );
}

const windows: fc.Arbitrary<Window> = fc
  .tuple(fc.option(instant), fc.option(instant))
  .map(([a, b]) =>
    a !== null && b !== null ? { from: Math.min(a, b), to: Math.max(a, b) + 1 } : { from: a, to: b },
  );

const slicesAtOnce = fc.integer({ min: 1, max: 6 });

/** Groups of slices that share the same window of updates. */
function stretches(slices: readonly CountedWindow[]): readonly (readonly WindowQuery[])[] {
  const groups = Map.groupBy(slices, ({ query }) => JSON.stringify(query.updated));
  return [...groups.values()].map((group) => group.map(({ query }) => query));
}

/** Neighbours share one boundary, from the outer lower bound to the outer upper one. */
function expectToTile(parts: readonly Window[], whole: Window): void {
  expect(parts[0]?.from).toBe(whole.from);
  expect(parts.at(-1)?.to).toBe(whole.to);
  for (const [index, part] of parts.slice(1).entries()) {
    expect(part.from).not.toBeNull();
    expect(part.from).toBe(parts[index]?.to);
  }
}

const clusterOf = (size: number, make: (index: number) => Omit<WorldRecord, 'id'>): readonly WorldRecord[] =>
  Array.from({ length: size }, (_unused, index) => ({ id: String(index), ...make(index) }));

/** Holds for any records, way of comparing, window, and number of slices at once. */
const holdsForAny = (
  check: (
    records: readonly WorldRecord[],
    comparison: Comparison,
    updated: Window,
    atOnce: number,
  ) => Promise<void>,
  {
    comparisons = anyComparison,
    numRuns = 200,
  }: { comparisons?: fc.Arbitrary<Comparison>; numRuns?: number } = {},
): Promise<void> =>
  fc.assert(fc.asyncProperty(population, comparisons, windows, slicesAtOnce, check), { numRuns });

describe('for any records, zone and window', () => {
  test('the slices hold every record of the window, each once unless the server is inclusive', async () => {
    await holdsForAny(
      async (records, comparison, updated, atOnce) => {
        const world = createWorld(records, comparison);
        const query = windowQuery(updated);
        const slices = await split(world, query, { atOnce });
        const found = slices.flatMap((slice) => search(world, slice.query).map(({ id }) => id));
        const wanted = search(world, query).map(({ id }) => id);
        expect(new Set(found)).toEqual(new Set(wanted));
        const isExact = comparison.granularity === 'day' || !comparison.inclusive;
        if (isExact) expect(found).toHaveLength(wanted.length);
      },
      { numRuns: 300 },
    );
  });

  test('neighbours share one boundary, in updated_at and within a day in created_at', async () => {
    await holdsForAny(async (records, comparison, updated, atOnce) => {
      const slices = await split(createWorld(records, comparison), windowQuery(updated), {
        target: 3,
        atOnce,
      });
      const parts = stretches(slices);
      expectToTile(
        parts.map(([first]) => first?.updated ?? { from: null, to: null }),
        updated,
      );
      for (const group of parts.filter(({ length }) => length > 1)) {
        expect(comparison.granularity).toBe('day');
        expectToTile(
          group.map(({ created }) => created ?? { from: null, to: null }),
          { from: null, to: null },
        );
      }
      const last = parts.at(-1)?.[0];
      expect(last?.through).toBe(updated.to !== null);
      for (const group of parts.slice(0, -1)) expect(group.every(({ through }) => !through)).toBe(true);
    });
  });

  test('the counts are right, and no slice is too large unless it cannot be cut', async () => {
    const exact = anyComparison.filter((one) => one.granularity === 'day' || !one.inclusive);
    await holdsForAny(
      async (records, comparison, updated, atOnce) => {
        const world = createWorld(records, comparison);
        const width = comparison.granularity === 'day' ? 4 * DAY : 3;
        const slices = await split(world, windowQuery(updated), { atOnce });
        const counted = slices.reduce((sum, { matched }) => sum + matched, 0);
        expect(counted).toBe(search(world, windowQuery(updated)).length);
        for (const { query, matched } of slices) {
          const held = search(world, query);
          expect(matched).toBe(held.length);
          if (held.length <= 10) continue;
          const spanOf = (key: 'updated_at' | 'created_at') => {
            const times = held.map((record) => record[key]);
            return Math.max(...times) - Math.min(...times);
          };
          expect(spanOf('updated_at')).toBeLessThanOrEqual(width);
          if (comparison.granularity === 'day') expect(spanOf('created_at')).toBeLessThanOrEqual(width);
        }
      },
      { comparisons: exact },
    );
  });

  test('a few probes per slice are enough', async () => {
    await fc.assert(
      fc.asyncProperty(population, anyComparison, windows, async (records, comparison, updated) => {
        const world = createWorld(records, comparison);
        const slices = await split(world, windowQuery(updated));
        expect(world.probes).toBeLessThanOrEqual(1 + 60 * slices.length);
      }),
      { numRuns: 200 },
    );
  });

  test('what may be read at the same time holds every record of its slice, each once, and lies within it', async () => {
    let cut = 0;
    await holdsForAny(async (records, comparison, updated, atOnce) => {
      const world = createWorld(records, comparison);
      for (const { query } of await split(world, windowQuery(updated), { target: 30, atOnce })) {
        const { cuts = [] } = query;
        const bounds = [query.updated.from ?? -1, ...cuts, query.updated.to ?? NOW + 1];
        expect(bounds).toEqual([...new Set(bounds)].sort((a, b) => a - b));
        cut += cuts.length;
        const found = searchesOf(query).flatMap((part) => search(world, part).map(({ id }) => id));
        const wanted = search(world, query).map(({ id }) => id);
        expect(new Set(found)).toEqual(new Set(wanted));
        const isExact = comparison.granularity === 'day' || !comparison.inclusive;
        if (isExact) expect(found).toHaveLength(wanted.length);
      }
    });
    expect(cut).toBeGreaterThan(100);
  });

  test('counts for the sake of speed are few: one at first, and one for a twenty-fifth of the largest slice', async () => {
    await holdsForAny(async (records, comparison, updated, atOnce) => {
      const world = createWorld(records, comparison);
      const whole = search(world, windowQuery(updated)).length;
      await split(world, windowQuery(updated), { target: 1_000, atOnce });
      const isSmall = whole <= 200;
      expect(world.probes).toBeLessThanOrEqual(1 + (isSmall ? 0 : Math.floor(whole / 40)));
    });
  });
});

describe('slices that are read at once', () => {
  const spread = (size: number) =>
    createWorld(
      clusterOf(size, (index) => ({
        updated_at: NOW - YEAR + Math.floor((index * YEAR) / size),
        created_at: NOW - YEAR,
      })),
      { granularity: 'day', zone: 'Asia/Tokyo' },
    );
  const sizesOf = (slices: readonly CountedWindow[]) => slices.map(({ matched }) => matched);

  test.each([
    [150, 1, 1],
    [250, 1, 1],
    [800, 4, 8],
    [2_000, 4, 16],
    [3_600, 4, 16],
    [4_500, 8, 32],
    [6_000, 8, 32],
  ])('%i records, evenly spread, are %i slices after %i counts', async (size, slices, probes) => {
    const world = spread(size);
    const sizes = sizesOf(
      await split(world, windowQuery({ from: null, to: null }), { target: 1_000, atOnce: 4 }),
    );
    expect(sizes).toHaveLength(slices);
    expect(world.probes).toBe(probes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1.1 * Math.min(...sizes));
  });

  test('windows are counted at the same time', async () => {
    const world = spread(6_000);
    let underWay = 0;
    let most = 0;
    const probe: SplitOptions['probe'] = async (query) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resume) => setTimeout(resume, 1));
      underWay -= 1;
      return probeOf(world)(query);
    };
    await split(world, windowQuery({ from: null, to: null }), { target: 1_000, atOnce: 4, probe });
    expect(most).toBe(31);
  });

  /** More and more records, or fewer and fewer. */
  const growths = fc
    .record({
      size: fc.integer({ min: 1_500, max: 3_800 }),
      power: fc.double({ min: 1, max: 5, noNaN: true }),
      isGrowing: fc.boolean(),
    })
    .map(({ size, power, isGrowing }) => {
      const age = (share: number) => (isGrowing ? 1 - (1 - share) ** (1 / power) : share ** (1 / power));
      const records = clusterOf(size, (index) => ({
        updated_at: NOW - Math.round(YEAR * age((index + 0.5) / size)),
        created_at: NOW - YEAR,
      }));
      return { size, world: createWorld(records, { granularity: 'second', inclusive: false }) };
    });
  const everything = windowQuery({ from: null, to: null });

  test('what is read at the same time within a slice is even too', async () => {
    await fc.assert(
      fc.asyncProperty(growths, async ({ world }) => {
        for (const { query, matched } of await split(world, everything, { target: 1_000, atOnce: 4 })) {
          const sizes = searchesOf(query).map((part) => search(world, part).length);
          expect(sizes).toHaveLength(4);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(0.4 * matched);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('more and more records, or fewer and fewer, take two answers one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(growths, async ({ size, world }) => {
        let waiting: (() => void)[] = [];
        let rounds = 0;
        const probe: SplitOptions['probe'] = async (query) => {
          if (waiting.length === 0) {
            setImmediate(() => {
              rounds += 1;
              const all = waiting;
              waiting = [];
              for (const resume of all) resume();
            });
          }
          await new Promise<void>((resume) => waiting.push(resume));
          return probeOf(world)(query);
        };
        const sizes = sizesOf(await split(world, everything, { target: 1_000, atOnce: 4, probe }));
        expect(rounds).toBe(2);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(1.25 * Math.ceil(size / 4));
      }),
      { numRuns: 40 },
    );
  });

  test('a pile of one day that fits a slice costs few counts', async () => {
    const at = NOW - 100 * DAY;
    const world = createWorld(
      clusterOf(1_000, () => ({ updated_at: at, created_at: at })),
      { granularity: 'day', zone: 'Asia/Tokyo' },
    );
    await split(world, windowQuery({ from: null, to: null }), { target: 1_000, atOnce: 4 });
    expect(world.probes).toBeLessThanOrEqual(26);
  });
});

describe('masses', () => {
  const wanted = { from: NOW - YEAR, to: null };

  test('a year of evenly spread records is cut into about as many slices as necessary', async () => {
    const records = clusterOf(2_000, (index) => ({
      updated_at: NOW - YEAR + index * 15_000,
      created_at: NOW - 2 * YEAR,
    }));
    const world = createWorld(records, { granularity: 'second', inclusive: false });
    const slices = await split(world, windowQuery(wanted), { target: 100 });
    expect(slices.length).toBeGreaterThanOrEqual(20);
    expect(slices.length).toBeLessThanOrEqual(45);
    expect(world.probes).toBeLessThanOrEqual(70);
    for (const { matched } of slices) expect(matched).toBeLessThanOrEqual(100);
  });

  test.each([true, false])('one second of 5,000 records is one slice (inclusive %s)', async (inclusive) => {
    const at = NOW - 100 * DAY;
    const records = clusterOf(5_000, () => ({ updated_at: at, created_at: at }));
    const world = createWorld(records, { granularity: 'second', inclusive });
    const slices = await split(world, windowQuery({ from: NOW - YEAR, to: NOW }), { target: 100 });
    expect(slices.filter(({ query }) => search(world, query).length > 0)).toHaveLength(1);
    expect(world.probes).toBeLessThanOrEqual(40);
  });

  test('one day of contacts is cut by creation time', async () => {
    const records = clusterOf(3_000, (index) => ({
      updated_at: NOW - 100 * DAY + (index % 3_600),
      created_at: NOW - YEAR + index * 8_000,
    }));
    const world = createWorld(records, { granularity: 'day', zone: 'Pacific/Kiritimati' });
    const slices = await split(world, windowQuery(wanted), { target: 200 });
    const busy = slices.filter(({ query }) => search(world, query).length > 0);
    expect(busy.length).toBeGreaterThanOrEqual(15);
    expect(busy.every(({ query }) => query.created !== null)).toBe(true);
    for (const { query } of busy) expect(search(world, query).length).toBeLessThanOrEqual(200);
    expect(world.probes).toBeLessThanOrEqual(120);
  });

  test('contacts created on one day and updated on one day stay one slice', async () => {
    const at = NOW - 100 * DAY;
    const records = clusterOf(3_000, () => ({ updated_at: at, created_at: at }));
    const world = createWorld(records, { granularity: 'day', zone: 'Asia/Kolkata' });
    const slices = await split(world, windowQuery(wanted), { target: 200 });
    expect(slices.flatMap(({ query }) => search(world, query))).toHaveLength(3_000);
    expect(slices.length).toBeLessThanOrEqual(6);
  });

  test('the whole day of the upper bound is read if the window asks for it', async () => {
    const zone = 'America/New_York';
    const to = Date.UTC(2026, 10, 10, 15) / 1000;
    const late = { id: 'late', updated_at: to + 3 * 3_600, created_at: 5 };
    const world = createWorld([late], { granularity: 'day', zone });
    const [through] = await split(world, windowQuery({ from: to - DAY, to }, true));
    const [exclusive] = await split(world, windowQuery({ from: to - DAY, to }, false));
    expect(through?.matched).toBe(1);
    expect(exclusive?.matched).toBe(0);
  });
});

test('an empty window is one slice and one probe', async () => {
  const world = createWorld([], { granularity: 'second', inclusive: false });
  const slices = await split(world, windowQuery({ from: 5, to: null }));
  expect(slices).toEqual([{ query: windowQuery({ from: 5, to: null }), matched: 0 }]);
  expect(world.probes).toBe(1);
});

test('slices are made on demand: a caller that stops early causes no more probes', async () => {
  const records = clusterOf(1_000, (index) => ({ updated_at: NOW - YEAR + index * 30_000, created_at: 1 }));
  const world = createWorld(records, { granularity: 'second', inclusive: false });
  const slices = splitWindow(windowQuery({ from: null, to: null }), {
    probe: probeOf(world),
    granularity: 'second',
    target: 10,
    atOnce: 1,
    now: NOW,
  });
  await slices.next();
  // The whole, then at most sixteen windows on each of two levels. All slices take more than a hundred.
  expect(world.probes).toBeLessThanOrEqual(31);
});

test('a window that is already bounded in created_at never gets wider', async () => {
  const created = { from: NOW - YEAR, to: NOW - 300 * DAY };
  await fc.assert(
    fc.asyncProperty(population, dayComparison, async (records, comparison: Comparison) => {
      const world = createWorld(records, comparison);
      const query = { ...windowQuery({ from: NOW - YEAR, to: NOW }), created };
      const slices = await split(world, query, { target: 2 });
      const found = slices.flatMap((slice) => search(world, slice.query));
      expect(found.every((record) => matches(comparison, query, record))).toBe(true);
      expect(found).toHaveLength(search(world, query).length);
    }),
    { numRuns: 100 },
  );
});
