/**
 * Cuts windows into slices that tile without arithmetic on zones (DESIGN: windows tile). Neighbours
 * share one boundary v: left `< v`, right `> v OR = v`. For contacts both mean the start of v's day
 * in the workspace's zone, for the others the exact second; either way nothing falls between.
 */
import type { Probe, SliceQuery, Window } from '../../core/reading.ts';
import { DAY_SECONDS, type EpochSeconds } from '../../core/time.ts';

export type WindowQuery = Extract<SliceQuery, { kind: 'window' }>;

export interface CountedQuery {
  readonly query: WindowQuery;
  readonly matched: number;
}

export interface SplitOptions {
  readonly probe: (query: SliceQuery) => Promise<Probe>;
  /** Records a slice should hold at most; a window that cannot be cut further may hold more. */
  readonly target: number;
  readonly granularity: 'day' | 'second';
  /** Where the present is; the open end of a window is cut below it. */
  readonly now: EpochSeconds;
}

type Axis = 'updated' | 'created';

/** Shortest span worth cutting: under two days a day-granular boundary may fall outside in some zone. */
const shortestSpan = (granularity: 'day' | 'second'): number => (granularity === 'day' ? 2 * DAY_SECONDS : 2);

const windowOn = (query: WindowQuery, axis: Axis): Window => query[axis] ?? { from: null, to: null };

function cutAt(query: WindowQuery, axis: Axis, at: EpochSeconds): readonly [WindowQuery, WindowQuery] {
  const window = windowOn(query, axis);
  const left: WindowQuery = { ...query, [axis]: { from: window.from, to: at } };
  const right: WindowQuery = { ...query, [axis]: { from: at, to: window.to } };
  return axis === 'updated' ? [{ ...left, through: false }, right] : [left, right];
}

/**
 * The slices of a window, earliest first, as they are found: the caller may stop when it has enough,
 * and everything from the next slice's `updated.from` on is then still to do.
 */
export async function* splitWindow(query: WindowQuery, options: SplitOptions): AsyncGenerator<CountedQuery> {
  const { matched, first } = await options.probe(query);
  const lower = Math.max(query.updated.from ?? 0, first ?? 0);
  yield* cut(query, 'updated', { matched, lower, upper: query.updated.to ?? options.now }, options);
}

interface Span {
  readonly matched: number;
  /** The records lie within `[lower, upper)` on the axis. */
  readonly lower: EpochSeconds;
  readonly upper: EpochSeconds;
}

async function* cut(
  query: WindowQuery,
  axis: Axis,
  span: Span,
  options: SplitOptions,
): AsyncGenerator<CountedQuery> {
  if (span.matched <= options.target) {
    yield { query, matched: span.matched };
    return;
  }
  if (span.upper - span.lower <= shortestSpan(options.granularity)) {
    yield* cutOtherAxis(query, axis, span.matched, options);
    return;
  }
  const middle = Math.floor((span.lower + span.upper) / 2);
  const [left, right] = cutAt(query, axis, middle);
  const onLeft = Math.min((await options.probe(left)).matched, span.matched);
  const leftSpan = { matched: onLeft, lower: span.lower, upper: middle };
  const rightSpan = { matched: span.matched - onLeft, lower: middle, upper: span.upper };
  if (onLeft === 0) yield* cut(query, axis, rightSpan, options);
  else if (rightSpan.matched === 0 && windowOn(query, axis).to !== null) {
    yield* cut(query, axis, leftSpan, options);
  } else {
    yield* cut(left, axis, leftSpan, options);
    yield* cut(right, axis, rightSpan, options);
  }
}

/** A day of updates too large for one slice is cut by creation time, once; what remains is walked as it is. */
async function* cutOtherAxis(
  query: WindowQuery,
  axis: Axis,
  matched: number,
  options: SplitOptions,
): AsyncGenerator<CountedQuery> {
  if (axis === 'created' || options.granularity === 'second') {
    yield { query, matched };
    return;
  }
  const upper = options.now + DAY_SECONDS;
  yield* cut(query, 'created', { matched, lower: 0, upper }, options);
}
