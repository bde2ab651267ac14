/** Cuts windows at times. The parts share their bounds. Pure. */
import type { Window, WindowQuery } from './reading.ts';
import type { EpochSeconds } from './time.ts';

/** The windows between the cuts: one more than there are cuts. @param cuts ascending, within the window */
export function windowsBetween({ from, to }: Window, cuts: readonly EpochSeconds[]): readonly Window[] {
  const bounds = [from, ...cuts, to];
  return bounds.slice(1).map((end, index) => ({ from: bounds[index] ?? null, to: end }));
}

/** The query cut by update time. Only the last part may include the day of its upper bound. */
export const cutByUpdate = (query: WindowQuery, cuts: readonly EpochSeconds[]): readonly WindowQuery[] =>
  windowsBetween(query.updated, cuts).map((updated, index) => ({
    ...query,
    updated,
    through: index === cuts.length && query.through,
  }));
