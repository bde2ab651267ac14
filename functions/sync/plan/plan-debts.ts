/** Which of the debts left by earlier runs this run pays. */

import type { Debt, PlannedSlice } from '../../core/engine-files.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Counting } from './split-window.ts';
import { type Allowance, asQuery, sliceId, slicesOf, take } from './take-slices.ts';

const IDS_PER_SLICE = 500;

const chunks = (ids: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(ids.length / IDS_PER_SLICE) }, (_unused, index) =>
    ids.slice(index * IDS_PER_SLICE, (index + 1) * IDS_PER_SLICE),
  );

export interface PlannedDebts {
  readonly slices: readonly PlannedSlice[];
  /** Debts, or what is left of them, that have to wait for a later run. */
  readonly carried: readonly Debt[];
  readonly records: number;
}

/** @param planned how many slices the plan has already */
async function planDebt(
  debt: Debt,
  counting: Counting | null,
  allowance: Allowance,
  planned: number,
): Promise<PlannedDebts> {
  if ('ids' in debt.scope) return planIds(debt, debt.scope.ids, allowance, planned);
  const { window, created = null, exact = window } = debt.scope;
  if (debt.count !== undefined) {
    // It was narrowed when it was found, and one request says whether anything has changed.
    const query = asQuery(window, created, exact);
    return {
      slices: [{ id: sliceId(planned), query, exact, debt }],
      carried: [],
      records: debt.count.listed,
    };
  }
  const taken = await take(asQuery(window, created, exact), counting, allowance);
  const records = taken.windows.reduce((sum, { matched }) => sum + matched, 0);
  const { cut } = taken;
  if (cut === null) return { slices: slicesOf(taken, exact, debt, planned), carried: [], records };
  const rest = { window: { from: cut, to: window.to }, created, exact: { from: cut, to: exact.to } };
  const slices = slicesOf(taken, { from: exact.from, to: cut }, debt, planned);
  return { slices, carried: [{ ...debt, scope: rest }], records };
}

function planIds(debt: Debt, ids: readonly string[], allowance: Allowance, planned: number): PlannedDebts {
  const now = ids.slice(0, allowance.slices * IDS_PER_SLICE);
  const later = ids.slice(now.length);
  const slices = chunks(now).map(
    (chunk, index): PlannedSlice => ({
      id: sliceId(planned + index),
      query: { kind: 'ids', ids: chunk },
      exact: { from: null, to: null },
      debt: { ...debt, scope: { ids: chunk } },
    }),
  );
  const carried = later.length === 0 ? [] : [{ ...debt, scope: { ids: later } }];
  return { slices, carried, records: now.length };
}

/** Ids owed since the same run are read together, not each in its own slice. */
function gathered(debts: readonly Debt[]): readonly Debt[] {
  const groups = new Map<string, Debt>();
  for (const [index, debt] of debts.entries()) {
    const { scope, since, tries } = debt;
    const key = 'ids' in scope ? `${since} ${tries}` : String(index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, debt);
    else if ('ids' in scope && 'ids' in group.scope) {
      groups.set(key, { ...group, scope: { ids: [...group.scope.ids, ...scope.ids] } });
    }
  }
  return [...groups.values()];
}

/**
 * Debts may use half of a run, so that reading the past never starves the present.
 * @param before slices that the plan has before these
 */
export async function planDebts(
  debts: readonly Debt[],
  counting: Counting | null,
  allowance: Allowance,
  before = 0,
): Promise<PlannedDebts> {
  const half = Math.max(1, Math.floor(allowance.slices / 2));
  let slices: readonly PlannedSlice[] = [];
  let carried: readonly Debt[] = [];
  let records = 0;
  for (const debt of gathered(debts)) {
    const left = {
      ...allowance,
      slices: half - slices.length,
      records: allowance.records / 2 - records,
    };
    if (left.slices <= 0 || left.records <= 0) {
      carried = [...carried, debt];
      continue;
    }
    const planned = await planDebt(debt, counting, left, before + slices.length);
    slices = [...slices, ...planned.slices];
    carried = [...carried, ...planned.carried];
    records += planned.records;
  }
  return { slices, carried, records };
}

/** True if a window that is read whole from `from` on also reads what the debt stands for. */
export function isCovered({ scope }: Debt, from: EpochSeconds | null): boolean {
  if (from === null) return true;
  if ('ids' in scope) return false;
  const first = (scope.exact ?? scope.window).from;
  return first !== null && first >= from;
}
