/** Halving finds what differs, with few requests, whatever differs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayStarts } from '../../../lib/cli/audit/day-starts.ts';
import {
  type Difference,
  differences,
  months,
  type Sides,
  type Stretch,
} from '../../../lib/cli/audit/windows.ts';

const DAY = 86_400;
const WHOLE: Stretch = { from: 0, to: 400 * DAY };

type World = ReadonlyMap<string, number>;

const within = (world: World, { from, to }: Stretch): readonly string[] =>
  [...world].filter(([, time]) => time >= from && time < to).map(([id]) => id);

/** Two worlds on one time line; `count` and `list` are Intercom's. */
function sidesOf(theirs: World, ours: World, align: Sides['align'] = (time) => time) {
  const asked: Stretch[] = [];
  const listed: Stretch[] = [];
  const sides: Sides = {
    align,
    count: async (stretch) => {
      asked.push(stretch);
      return within(theirs, stretch).length;
    },
    list: async (stretch) => {
      listed.push(stretch);
      return new Set(within(theirs, stretch));
    },
    held: (stretch) => within(ours, stretch),
    heldCount: (stretch) => within(ours, stretch).length,
  };
  return { sides, asked, listed };
}

async function all(sides: Sides, stretches: readonly Stretch[]): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for await (const one of differences(sides, stretches)) found.push(one);
  return found;
}

const times = fc.array(fc.integer({ min: 0, max: 400 * DAY - 1 }), { maxLength: 2_000 });
const worldOf = (list: readonly number[]): World => new Map(list.map((time, index) => [`r${index}`, time]));
const ALIGNS: readonly Sides['align'][] = [(time) => time, (time) => Math.floor(time / DAY) * DAY];
const align = fc.constantFrom(...ALIGNS);

/** The second world lacks some records of the first. */
const reduced = fc
  .tuple(times, fc.array(fc.nat(1_999), { maxLength: 30 }), align)
  .map(([list, gone, cut]) => {
    const whole = worldOf(list);
    const lacking = new Set(gone.filter((index) => index < list.length).map((index) => `r${index}`));
    return { whole, part: new Map([...whole].filter(([id]) => !lacking.has(id))), lacking, cut };
  });

describe('differences', () => {
  test('on one side only are all found, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(reduced, fc.boolean(), async ({ whole, part, lacking, cut }, isMissing) => {
        const { sides } = isMissing ? sidesOf(whole, part, cut) : sidesOf(part, whole, cut);
        const found = await all(sides, months(WHOLE, cut));
        const ids = found.flatMap(({ missing, extra }) => (isMissing ? missing : extra));
        const others = found.flatMap(({ missing, extra }) => (isMissing ? extra : missing));
        expect(new Set(ids)).toEqual(lacking);
        expect(others).toEqual([]);
      }),
    );
  });

  test('are true: what is named missing or extra is', async () => {
    await fc.assert(
      fc.asyncProperty(reduced, reduced, async (a, b) => {
        const { sides } = sidesOf(a.part, b.part, a.cut);
        for (const { missing, extra, ...stretch } of await all(sides, months(WHOLE, a.cut))) {
          const ours = within(b.part, stretch);
          const theirs = within(a.part, stretch);
          expect(missing.every((id) => theirs.includes(id) && !ours.includes(id))).toBe(true);
          expect(extra.every((id) => ours.includes(id) && !theirs.includes(id))).toBe(true);
          expect(missing.length - extra.length).toBe(theirs.length - ours.length);
        }
      }),
    );
  });

  test('of one record among 40,000 cost a request a month and a few more', async () => {
    const whole = worldOf(Array.from({ length: 40_000 }, (_unused, index) => index * 860));
    const part = new Map([...whole].filter(([id]) => id !== 'r12345'));
    const { sides, asked, listed } = sidesOf(whole, part);
    const tiles = months(WHOLE, sides.align);
    expect(await all(sides, tiles)).toMatchObject([{ missing: ['r12345'], extra: [] }]);
    expect(asked.length).toBeLessThanOrEqual(tiles.length + 4);
    expect(listed).toHaveLength(1);
  });

  test('none: a request a month', async () => {
    const world = worldOf([5, 40 * DAY, 399 * DAY]);
    const { sides, asked, listed } = sidesOf(world, world);
    expect(await all(sides, months(WHOLE, sides.align))).toEqual([]);
    expect([asked.length, listed.length]).toEqual([14, 0]);
  });
});

test('months tile the time without gap or overlap', () => {
  fc.assert(
    fc.property(fc.nat(10 ** 9), fc.nat(10 ** 8), align, (start, length, cut) => {
      const from = cut(start);
      const to = cut(start + length);
      const tiles = months({ from, to }, cut);
      expect(tiles.map((tile) => tile.from)).toEqual(
        from < to ? [from, ...tiles.slice(0, -1).map((tile) => tile.to)] : [],
      );
      expect(tiles.at(-1)?.to ?? to).toBe(to);
    }),
  );
});

describe('days of a workspace', () => {
  const at = (text: string): number => Date.parse(text) / 1000;

  test.each([
    ['America/Los_Angeles', '2026-03-08T20:00:00Z', '2026-03-08T08:00:00Z'],
    ['America/Los_Angeles', '2026-03-09T20:00:00Z', '2026-03-09T07:00:00Z'],
    ['Europe/Berlin', '2026-10-25T22:30:00Z', '2026-10-24T22:00:00Z'],
    ['Pacific/Auckland', '2026-02-10T09:30:00Z', '2026-02-09T11:00:00Z'],
    ['UTC', '2026-02-10T00:00:00Z', '2026-02-10T00:00:00Z'],
  ])('%s: the day of %s begins at %s', (zone, time, start) => {
    expect(dayStarts(zone)?.(at(time))).toBe(at(start));
  });

  test('of an unknown zone are unknown', () => {
    expect(dayStarts(null)).toBeNull();
    expect(dayStarts('Mars/Olympus')).toBeNull();
  });
});
