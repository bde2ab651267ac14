/** Plans debts first, then the run's own window, up to the run's allowance. */

import type { Debt, PlannedSlice } from '../../core/engine-files.ts';
import type { Window } from '../../core/reading.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { isCovered, planDebts } from './plan-debts.ts';
import type { Counting } from './split-window.ts';
import { type Allowance, asQuery, slicesOf, take } from './take-slices.ts';

export interface PlanInput {
  /** Null if Intercom gives no count. */
  readonly counting: Counting | null;
  readonly window: Window;
  readonly debts: readonly Debt[];
  /**
   * `pay`: plan the debts first. `keep`: leave them as they are. `cover`: the window reads everything
   * they stand for again, so it pays them unless it is cut short.
   */
  readonly debtPolicy: 'pay' | 'keep' | 'cover';
  /**
   * If the window is cut short, the rest up to here becomes a debt, because later runs begin after it.
   * Null: the cursor stays at the cut, and the next run continues from there.
   */
  readonly restUpTo: EpochSeconds | null;
  readonly allowance: Allowance;
  /** ISO time put on debts made here. */
  readonly since: string;
}

export interface PlannedWork {
  readonly slices: readonly PlannedSlice[];
  readonly carriedDebts: readonly Debt[];
  /** Upper bound of what the run's own window covers. Null: the present. */
  readonly windowTo: EpochSeconds | null;
  readonly workRemains: boolean;
  /** Records expected; null if Intercom gives no count. */
  readonly expected: number | null;
}

function debtsKept(input: PlanInput, cut: EpochSeconds | null): readonly Debt[] {
  if (input.debtPolicy === 'keep' || cut !== null) return input.debts;
  return input.debts.filter((debt) => !isCovered(debt, input.window.from));
}

function restAsDebt({ restUpTo, since }: PlanInput, cut: EpochSeconds | null): readonly Debt[] {
  if (cut === null || restUpTo === null || cut >= restUpTo) return [];
  const scope = { window: { from: cut, to: restUpTo } };
  return [{ scope, reason: 'the rest of a range longer than one run', since, tries: 0 }];
}

export async function planSlices(input: PlanInput): Promise<PlannedWork> {
  const { window, allowance, counting } = input;
  const isPaying = input.debtPolicy === 'pay';
  const debts = isPaying
    ? await planDebts(input.debts, counting, allowance)
    : { slices: [], carried: [], records: 0 };
  const taken = await take(asQuery(window, null, window), counting, {
    ...allowance,
    slices: Math.max(1, allowance.slices - debts.slices.length),
    records: Math.max(1, allowance.records - debts.records),
  });
  const { cut } = taken;
  const windowTo = cut ?? window.to;
  const own = slicesOf(taken, { from: window.from, to: windowTo }, null, debts.slices.length);
  const matched = taken.windows.reduce((sum, counted) => sum + counted.matched, 0);
  return {
    slices: [...debts.slices, ...own],
    carriedDebts: [...(isPaying ? debts.carried : debtsKept(input, cut)), ...restAsDebt(input, cut)],
    windowTo,
    // A debt that failed before waits for the next scheduled run; otherwise runs would follow each other forever.
    workRemains: cut !== null || debts.carried.some(({ tries }) => tries === 0),
    expected: counting === null ? null : matched + debts.records,
  };
}
