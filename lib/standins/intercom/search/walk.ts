/**
 * The sorted matches of a query, from any key on. A query that only concerns the sorted time is answered from the index
 * in O(log n + page). Any other query is resolved once and remembered until the index changes.
 */
import { keyRow, keyValue, packKey, type SortedKeys } from '../sorted-keys.ts';
import type { Timed } from '../table.ts';
import type { SearchIndex } from '../world/search-index.ts';
import type { Intervals } from './intervals.ts';
import { matches, type Query, speaksOnlyOf, timesOf } from './query.ts';

export type Order = 'ascending' | 'descending';

export interface Walk {
  readonly total: number;
  /** The keys after `after` in the given order, at most `limit`. */
  next(after: number | undefined, order: Order, limit: number): number[];
}

const count = (keys: SortedKeys, intervals: Intervals): number =>
  intervals.reduce((sum, [from, to]) => sum + keys.rank(packKey(to, 0)) - keys.rank(packKey(from, 0)), 0);

function* inIntervals(
  keys: SortedKeys,
  intervals: Intervals,
  after: number | undefined,
  order: Order,
): Generator<number> {
  const ordered = order === 'ascending' ? intervals : [...intervals].reverse();
  for (const [from, to] of ordered) {
    const low = packKey(from, 0);
    const high = packKey(to, 0);
    if (order === 'ascending') {
      if (after !== undefined && after >= high) continue;
      for (const key of keys.from(after === undefined ? low : Math.max(low, after + 1))) {
        if (key >= high) break;
        yield key;
      }
    } else {
      if (after !== undefined && after < low) continue;
      for (const key of keys.below(after === undefined ? high : Math.min(high, after))) {
        if (key < low) break;
        yield key;
      }
    }
  }
}

function take(keys: Generator<number>, limit: number): number[] {
  const taken: number[] = [];
  if (limit <= 0) return taken;
  for (const key of keys) {
    taken.push(key);
    if (taken.length >= limit) break;
  }
  return taken;
}

export const indexWalk = (keys: SortedKeys, intervals: Intervals): Walk => ({
  total: count(keys, intervals),
  next: (after, order, limit) => take(inIntervals(keys, intervals, after, order), limit),
});

/** The first position whose key is at or above `key`. */
function position(keys: Float64Array, key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function resolvedWalk(keys: Float64Array): Walk {
  return {
    total: keys.length,
    next(after, order, limit) {
      if (order === 'ascending') {
        const start = after === undefined ? 0 : position(keys, after + 1);
        return [...keys.subarray(start, start + limit)];
      }
      const end = after === undefined ? keys.length : position(keys, after);
      return [...keys.subarray(Math.max(0, end - limit), end)].reverse();
    },
  };
}

/** The sort field in seconds, or -1 if the record has none (docs/intercom-api.md 4.2). */
export type SortValue<S extends Timed> = (state: S, id: string) => number;

export interface ResolveOptions<S extends Timed> {
  readonly index: SearchIndex<S>;
  readonly query: Query<S>;
  readonly idOf: (row: number) => string;
  readonly sort: 'updated_at' | 'created_at' | 'id' | SortValue<S>;
}

/** Tests the rows of the smaller range of times. */
export function resolve<S extends Timed>({ index, query, idOf, sort }: ResolveOptions<S>): Float64Array {
  const updated = timesOf(query, 'updated_at');
  const created = timesOf(query, 'created_at');
  const byUpdated = count(index.byUpdated, updated) <= count(index.byCreated, created);
  const candidates = byUpdated
    ? inIntervals(index.byUpdated, updated, undefined, 'ascending')
    : inIntervals(index.byCreated, created, undefined, 'ascending');
  const found: number[] = [];
  for (const key of candidates) {
    const row = keyRow(key);
    const updatedAt = byUpdated ? keyValue(key) : index.updatedAt(row);
    const createdAt = byUpdated ? index.createdAt(row) : keyValue(key);
    let state: S | undefined;
    const stateOf = (): S => {
      state ??= index.state(row);
      return state;
    };
    const subject = { updated_at: updatedAt, created_at: createdAt, id: idOf(row), state: stateOf };
    if (!matches(query, subject)) continue;
    const value =
      sort === 'updated_at'
        ? updatedAt
        : sort === 'created_at'
          ? createdAt
          : sort === 'id'
            ? 0
            : sort(stateOf(), subject.id);
    found.push(packKey(value, row));
  }
  return Float64Array.from(found).sort();
}

/** A walk straight over the index, if the index holds the answer. */
export function directWalk<S extends Timed>(
  index: SearchIndex<S>,
  query: Query<S>,
  sort: ResolveOptions<S>['sort'],
): Walk | undefined {
  if (sort === 'updated_at' && speaksOnlyOf(query, 'updated_at')) {
    return indexWalk(index.byUpdated, timesOf(query, 'updated_at'));
  }
  if (sort === 'created_at' && speaksOnlyOf(query, 'created_at')) {
    return indexWalk(index.byCreated, timesOf(query, 'created_at'));
  }
  return undefined;
}
