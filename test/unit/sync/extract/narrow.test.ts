/** Debts are narrowed to where a count is not reached, and never leave anything out that may be missing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewDebt } from '../../../../functions/core/engine-files.ts';
import type { Listing, Window, WindowQuery } from '../../../../functions/core/reading.ts';
import { DAY_SECONDS } from '../../../../functions/core/time.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import type { ObjectDependencies } from '../../../../functions/sync/dependencies.ts';
import { narrow } from '../../../../functions/sync/extract/narrow.ts';
import { createWorld, isWithin, search } from '../../../support/search-world.ts';

const MONTH = { from: 0, to: 30 * DAY_SECONDS };
const OWED: NewDebt = {
  scope: { window: MONTH, created: null, exact: MONTH },
  reason: 'Intercom counts 9, 8 could be read',
};

const times = fc.array(fc.integer({ min: 0, max: MONTH.to - 1 }), { maxLength: 12 });

interface Case {
  /** Times of records that were read. */
  readonly read: readonly number[];
  /** Of records that are counted and never listed. */
  readonly hidden: readonly number[];
  /** Of records that are listed now, and that the walk did not see. */
  readonly missed?: readonly number[];
  /** What happens to each list in turn: it fails, or an index that lags lists none of the missed ones. */
  readonly lists?: readonly ('fails' | 'lags' | 'works')[];
}

async function narrowed({ read, hidden, missed = [], lists = [] }: Case): Promise<readonly NewDebt[]> {
  const records = (kind: string, ats: readonly number[]) =>
    ats.map((at, index) => ({ id: `${kind}${index}`, updated_at: at, created_at: 0 }));
  const world = createWorld(
    [...records('read', read), ...records('hidden', hidden), ...records('missed', missed)],
    { granularity: 'second', inclusive: false },
  );
  const turns = [...lists];
  const list = async (query: WindowQuery): Promise<Listing | null> => {
    const turn = turns.shift() ?? 'works';
    if (turn === 'fails') return null;
    const found = search(world, query);
    const shown = found.filter(
      ({ id }) => !(id.startsWith('hidden') || (turn === 'lags' && id.startsWith('missed'))),
    );
    return {
      matched: found.length,
      times: new Map(shown.map(({ id, updated_at }) => [id, `${updated_at}`])),
    };
  };
  const dependencies: Pick<ObjectDependencies, 'declaration' | 'clock'> & { readonly reader: object } = {
    declaration: OBJECTS.tickets,
    reader: { list },
    clock: { now: () => MONTH.to * 1000, sleep: async () => undefined },
  };
  return narrow(dependencies as ObjectDependencies, OWED, {
    missing: hidden.length + missed.length,
    isSettled: (id) => id.startsWith('read'),
  });
}

const windowOf = ({ scope }: NewDebt): Window =>
  'window' in scope ? scope.window : { from: null, to: null };

/** Regressions: a part that could not be listed was taken for whole; what a walk missed was taken for read. */
test('what is missing is in a debt, and a debt with a count lists only what was read, whatever lists do', async () => {
  const turns = fc.array(fc.constantFrom('fails', 'lags', 'works', 'works'), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(times, times, times, turns, async (read, hidden, missed, lists) => {
      const debts = await narrowed({ read, hidden, missed, lists });
      const isOwed = (at: number): boolean => debts.some((debt) => isWithin(windowOf(debt), at));
      expect([...hidden, ...missed].filter((at) => !isOwed(at))).toEqual([]);
      for (const debt of debts) {
        const inside = read.filter((at) => isWithin(windowOf(debt), at)).length;
        if (debt.count !== undefined) expect(debt.count.listed).toBe(inside);
      }
    }),
    { numRuns: 500 },
  );
});

test('a window that cannot be listed, or lists what was not read, is owed as it is', async () => {
  expect(await narrowed({ read: [5], hidden: [7], lists: ['fails'] })).toEqual([OWED]);
  expect(await narrowed({ read: [5], hidden: [7], missed: [9] })).toEqual([OWED]);
});

test('a record that is never listed is owed with the hour around it, and the count', async () => {
  const [debt, ...others] = await narrowed({ read: [5, DAY_SECONDS], hidden: [7 * DAY_SECONDS] });
  expect(others).toEqual([]);
  expect(debt?.count).toMatchObject({ matched: 1, listed: 0 });
  const { from, to } = windowOf(debt ?? OWED);
  expect((to ?? 0) - (from ?? 0)).toBeLessThanOrEqual(3_600);
});
