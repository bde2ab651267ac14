/** Sets of moments as sorted, disjoint half-open intervals [from, to) of epoch seconds. */

export type Interval = readonly [from: number, to: number];
export type Intervals = readonly Interval[];

/** Later than every timestamp. */
export const END = 2 ** 32;
export const EVER: Intervals = [[0, END]];

export function union(sets: readonly Intervals[]): Intervals {
  const sorted = sets.flat().sort((a, b) => a[0] - b[0]);
  const merged: Interval[] = [];
  for (const [from, to] of sorted) {
    if (from >= to) continue;
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
    else merged.push([from, to]);
  }
  return merged;
}

export function intersect(left: Intervals, right: Intervals): Intervals {
  const pairs = left.flatMap(([from, to]) =>
    right.map(([a, b]): Interval => [Math.max(from, a), Math.min(to, b)]),
  );
  return pairs.filter(([from, to]) => from < to);
}

export function complement(intervals: Intervals): Intervals {
  const gaps: Interval[] = [];
  let from = 0;
  for (const [a, b] of union([intervals])) {
    if (from < a) gaps.push([from, a]);
    from = b;
  }
  if (from < END) gaps.push([from, END]);
  return gaps;
}

export const contains = (intervals: Intervals, moment: number): boolean =>
  intervals.some(([from, to]) => moment >= from && moment < to);
