/** What a run pays of the debts it found. */

import type { Debt } from '../../core/engine-files.ts';
import type { EpochSeconds } from '../../core/time.ts';
import {
  type Allowance,
  asQuery,
  type SliceSource,
  slicesOf,
  take,
  type UnnumberedSlice,
} from './take-slices.ts';

const IDS_PER_SLICE = 500;

const chunks = (ids: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(ids.length / IDS_PER_SLICE) }, (_unused, index) =>
    ids.slice(index * IDS_PER_SLICE, (index + 1) * IDS_PER_SLICE),
  );

export interface DebtPlan {
  readonly slices: readonly UnnumberedSlice[];
  readonly carried: readonly Debt[];
  readonly records: number;
}

async function planDebt(debt: Debt, source: SliceSource, allowance: Allowance): Promise<DebtPlan> {
  if ('ids' in debt.scope) return planIds(debt, debt.scope.ids, allowance);
  const { window, created = null, exact = window } = debt.scope;
  const taken = await take(asQuery(window, created, exact), source, allowance);
  const records = taken.queries.reduce((sum, { matched }) => sum + matched, 0);
  const { cut } = taken;
  if (cut === null) return { slices: slicesOf(taken, exact, debt), carried: [], records };
  const rest = { window: { from: cut, to: window.to }, created, exact: { from: cut, to: exact.to } };
  const slices = slicesOf(taken, { from: exact.from, to: cut }, debt);
  return { slices, carried: [{ ...debt, scope: rest }], records };
}

function planIds(debt: Debt, ids: readonly string[], allowance: Allowance): DebtPlan {
  const now = ids.slice(0, allowance.slices * IDS_PER_SLICE);
  const later = ids.slice(now.length);
  const slices = chunks(now).map(
    (chunk): UnnumberedSlice => ({
      query: { kind: 'ids', ids: chunk },
      exact: { from: null, to: null },
      debt: { ...debt, scope: { ids: chunk } },
    }),
  );
  const carried = later.length === 0 ? [] : [{ ...debt, scope: { ids: later } }];
  return { slices, carried, records: now.length };
}

/** Ids owed since the same run are read together, not in a slice each. */
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

/** Debts may use half of a run, so that the present is never starved by the past. */
export async function planDebts(
  debts: readonly Debt[],
  source: SliceSource,
  allowance: Allowance,
): Promise<DebtPlan> {
  const half = Math.max(1, Math.floor(allowance.slices / 2));
  let slices: readonly UnnumberedSlice[] = [];
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
    const planned = await planDebt(debt, source, left);
    slices = [...slices, ...planned.slices];
    carried = [...carried, ...planned.carried];
    records += planned.records;
  }
  return { slices, carried, records };
}

/** Whether a window read whole from `from` on re-reads what the debt stands for. */
export function isCovered({ scope }: Debt, from: EpochSeconds | null): boolean {
  if (from === null) return true;
  if ('ids' in scope) return false;
  const first = (scope.exact ?? scope.window).from;
  return first !== null && first >= from;
}
