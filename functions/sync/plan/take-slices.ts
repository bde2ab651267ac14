/** Takes slices of a window, from its beginning, until an allowance is used up. */

import type { Debt, PlannedSlice } from '../../core/engine-files.ts';
import type { Window, WindowQuery } from '../../core/reading.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { type CountedWindow, type Counting, splitWindow } from './split-window.ts';

export interface Allowance {
  /** Records that can be read in an hour at the rate limit we have learned. */
  readonly records: number;
  readonly slices: number;
  readonly recordsPerSlice: number;
  /** Slices that are read at once: a window that is large enough is cut into at least as many. @default 1 */
  readonly slicesAtOnce?: number;
}

export interface Taken {
  readonly windows: readonly CountedWindow[];
  /** The end of what was taken. Null: the whole window. */
  readonly cut: EpochSeconds | null;
}

/** The query of a window. It asks for the whole day of its upper bound if the engine cuts that day by `exact`. */
export const asQuery = (window: Window, created: Window | null, exact: Window): WindowQuery => ({
  kind: 'window',
  updated: window,
  created,
  through: window.to !== null && window.to === exact.to,
});

/** The pieces of one day stay together: between them, a cut would not be a point in time. */
const endsItsTime = ({ created }: WindowQuery): boolean => created === null || created.to === null;

/**
 * Takes pieces of the window until the allowance is used up.
 * @param counting null if Intercom gives no count: the window is then taken whole
 */
export async function take(
  query: WindowQuery,
  counting: Counting | null,
  allowance: Allowance,
): Promise<Taken> {
  if (counting === null) return { windows: [{ query, matched: 0 }], cut: null };
  const windows: CountedWindow[] = [];
  let records = 0;
  const { recordsPerSlice: target, slicesAtOnce: atOnce = 1 } = allowance;
  for await (const counted of splitWindow(query, { ...counting, target, atOnce })) {
    windows.push(counted);
    records += counted.matched;
    const isFull = windows.length >= allowance.slices || records >= allowance.records;
    const { to } = counted.query.updated;
    const isLast = to === query.updated.to;
    if (isFull && !isLast && endsItsTime(counted.query)) return { windows, cut: to };
  }
  return { windows, cut: null };
}

/** The query. It asks for the whole day of its upper bound if the run's window is cut there. */
const throughAt = (query: WindowQuery, cut: EpochSeconds | null): WindowQuery =>
  cut !== null && query.updated.to === cut ? { ...query, through: true } : query;

/** The id of a run's slice, from its position in the plan: 0 gives `0001`. */
export const sliceId = (index: number): string => String(index + 1).padStart(4, '0');

/** @param planned how many slices the plan has before these */
export function slicesOf(
  taken: Taken,
  exact: Window,
  debt: Debt | null,
  planned: number,
): readonly PlannedSlice[] {
  return taken.windows.map(({ query }, index) => ({
    id: sliceId(planned + index),
    query: throughAt(query, taken.cut),
    exact,
    debt,
  }));
}
