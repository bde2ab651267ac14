/** Debts are narrowed to where a count is not reached, and never leave anything out that may be missing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewDebt } from '../../../../functions/core/engine-files.ts';
import type { Listing, WindowQuery } from '../../../../functions/core/reading.ts';
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

/** @param broken whether each list in turn fails */
async function narrowed(
  listed: readonly number[],
  hidden: readonly number[],
  broken: readonly boolean[],
): Promise<readonly NewDebt[]> {
  const world = createWorld(
    [...listed.map((at, index) => ({ id: `r${index}`, at })), ...hidden.map((at) => ({ id: '', at }))].map(
      ({ id, at }) => ({ id, updated_at: at, created_at: 0 }),
    ),
    { granularity: 'second', inclusive: false },
  );
  const failures = [...broken];
  const list = async (query: WindowQuery): Promise<Listing> => {
    if (failures.shift() === true) return { matched: null, times: new Map() };
    const found = search(world, query);
    const shown = found.filter(({ id }) => id !== '');
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
  return narrow(dependencies as ObjectDependencies, OWED);
}

const covers = (debts: readonly NewDebt[], at: number): boolean =>
  debts.some(({ scope }) => 'window' in scope && isWithin(scope.window, at));

/** A regression: a part that could not be listed was taken for whole, or stopped the object. */
test('every record that is counted and not listed is in a debt, whichever windows cannot be listed', async () => {
  await fc.assert(
    fc.asyncProperty(
      times,
      times,
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (listed, hidden, broken) => {
        const debts = await narrowed(listed, hidden, broken);
        expect(hidden.filter((at) => !covers(debts, at))).toEqual([]);
      },
    ),
  );
});

test('a window that cannot be listed is owed as it is', async () => {
  expect(await narrowed([5], [7], [true])).toEqual([OWED]);
});

test('a record that is never listed is owed with the hour around it, and the count', async () => {
  const [debt, ...others] = await narrowed([5, DAY_SECONDS], [7 * DAY_SECONDS], []);
  expect(others).toEqual([]);
  expect(debt?.count).toMatchObject({ matched: 1, listed: 0 });
  const { from = null, to = null } = debt !== undefined && 'window' in debt.scope ? debt.scope.window : {};
  expect((to ?? 0) - (from ?? 0)).toBeLessThanOrEqual(3_600);
});
