/** Takes slices of a window, from its beginning, until an allowance is used up. */

import type { Debt, PlannedSlice } from '../../core/engine-files.ts';
import type { Probe, SliceQuery, Window } from '../../core/reading.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { type CountedQuery, splitWindow, type WindowQuery } from './split-window.ts';

export interface Allowance {
  /** Records that an hour of the learned rate allowance reads. */
  readonly records: number;
  readonly slices: number;
  readonly recordsPerSlice: number;
}

/** How the object is counted. */
export interface SliceSource {
  readonly probe: ((query: SliceQuery) => Promise<Probe>) | null;
  readonly granularity: 'day' | 'second';
  readonly now: EpochSeconds;
}

export type UnnumberedSlice = Omit<PlannedSlice, 'id'>;

export interface Taken {
  readonly queries: readonly CountedQuery[];
  /** Where the taking stopped; null: the window is taken whole. */
  readonly cut: EpochSeconds | null;
}

/** The window with the whole day of its upper bound where `exact` cuts that day on our side. */
export const asQuery = (window: Window, created: Window | null, exact: Window): WindowQuery => ({
  kind: 'window',
  updated: window,
  created,
  through: window.to !== null && window.to === exact.to,
});

/** The pieces of one day stay together: a cut inside them would not be a cut in time. */
const endsItsTime = ({ created }: WindowQuery): boolean => created === null || created.to === null;

/** Takes slices until the allowance is used up. */
export async function take(query: WindowQuery, source: SliceSource, allowance: Allowance): Promise<Taken> {
  const { probe, granularity, now } = source;
  if (probe === null) return { queries: [{ query, matched: 0 }], cut: null };
  const queries: CountedQuery[] = [];
  let records = 0;
  for await (const counted of splitWindow(query, {
    probe,
    granularity,
    now,
    target: allowance.recordsPerSlice,
  })) {
    queries.push(counted);
    records += counted.matched;
    const isFull = queries.length >= allowance.slices || records >= allowance.records;
    const { to } = counted.query.updated;
    const isLast = to === query.updated.to;
    if (isFull && !isLast && endsItsTime(counted.query)) return { queries, cut: to };
  }
  return { queries, cut: null };
}

/** The query with the whole day of its upper bound taken in, where it ends the run's window. */
const throughAt = (query: WindowQuery, cut: EpochSeconds | null): WindowQuery =>
  cut !== null && query.updated.to === cut ? { ...query, through: true } : query;

export function slicesOf(taken: Taken, exact: Window, debt: Debt | null): readonly UnnumberedSlice[] {
  return taken.queries.map(({ query }) => ({ query: throughAt(query, taken.cut), exact, debt }));
}
