/** Debts first, then the run's own window, as many slices as the run's allowance holds. */

import type { Debt } from '../../core/engine-files.ts';
import type { Window } from '../../core/reading.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { isCovered, planDebts } from './plan-debts.ts';
import {
  type Allowance,
  asQuery,
  type SliceSource,
  slicesOf,
  take,
  type UnnumberedSlice,
} from './take-slices.ts';

export interface SliceRequest extends SliceSource {
  readonly window: Window;
  readonly debts: readonly Debt[];
  /**
   * `pay`: plan the debts first. `keep`: leave them as they are. `cover`: the window re-reads
   * everything they stand for, so they are paid unless the window is cut short.
   */
  readonly debtPolicy: 'pay' | 'keep' | 'cover';
  /**
   * Where a window that is cut short stops being covered by the cursor: the rest up to here becomes
   * a debt. Null: the cursor stays at the cut and the next run goes on from it.
   */
  readonly restUpTo: EpochSeconds | null;
  readonly allowance: Allowance;
  /** ISO time put on debts made here. */
  readonly since: string;
}

export interface SlicePlan {
  readonly slices: readonly UnnumberedSlice[];
  readonly carriedDebts: readonly Debt[];
  /** Upper bound of what the run's own window covers; null: the present. */
  readonly windowTo: EpochSeconds | null;
  readonly workRemains: boolean;
  /** Records expected; null where Intercom gives no count. */
  readonly expected: number | null;
}

function debtsKept(request: SliceRequest, cut: EpochSeconds | null): readonly Debt[] {
  if (request.debtPolicy === 'keep' || cut !== null) return request.debts;
  return request.debts.filter((debt) => !isCovered(debt, request.window.from));
}

function restAsDebt({ restUpTo, since }: SliceRequest, cut: EpochSeconds | null): readonly Debt[] {
  if (cut === null || restUpTo === null || cut >= restUpTo) return [];
  const scope = { window: { from: cut, to: restUpTo } };
  return [{ scope, reason: 'the rest of a range longer than one run', since, tries: 0 }];
}

export async function planSlices(request: SliceRequest): Promise<SlicePlan> {
  const { window, allowance } = request;
  const isPaying = request.debtPolicy === 'pay';
  const debts = isPaying
    ? await planDebts(request.debts, request, allowance)
    : { slices: [], carried: [], records: 0 };
  const taken = await take(asQuery(window, null, window), request, {
    ...allowance,
    slices: Math.max(1, allowance.slices - debts.slices.length),
    records: Math.max(1, allowance.records - debts.records),
  });
  const { cut } = taken;
  const windowTo = cut ?? window.to;
  const own = slicesOf(taken, { from: window.from, to: windowTo }, null);
  const matched = taken.queries.reduce((sum, counted) => sum + counted.matched, 0);
  return {
    slices: [...debts.slices, ...own],
    carriedDebts: [...(isPaying ? debts.carried : debtsKept(request, cut)), ...restAsDebt(request, cut)],
    windowTo,
    // A debt that failed before waits for the next scheduled run: else runs would follow each other for ever.
    workRemains: cut !== null || debts.carried.some(({ tries }) => tries === 0),
    expected: request.probe === null ? null : matched + debts.records,
  };
}
