/**
 * Cuts windows into slices that leave no gap, without time zone arithmetic. Neighbours share one
 * boundary v: left `< v`, right `> v OR = v`. If the server compares whole days, both mean the start of
 * v's day in the workspace's zone; otherwise the exact second. Either way no record falls between them.
 */
import type { Probe, SliceQuery, Window, WindowQuery } from '../../core/reading.ts';
import { DAY_SECONDS, type EpochSeconds } from '../../core/time.ts';

/** A window with Intercom's count of its records. */
export interface CountedWindow {
  readonly query: WindowQuery;
  readonly matched: number;
}

/** How Intercom counts the records of an object. */
export interface Counting {
  readonly probe: (query: SliceQuery) => Promise<Probe>;
  readonly granularity: 'day' | 'second';
  /** The present: the open end of a window is cut below it. */
  readonly now: EpochSeconds;
}

export interface SplitOptions extends Counting {
  /** The most records a slice should hold. A window that cannot be cut further may hold more. */
  readonly target: number;
}

type Axis = 'updated' | 'created';

/** The shortest span worth cutting. Within two days, the start of a day may lie outside the span in some zone. */
const shortestSpan = (granularity: 'day' | 'second'): number => (granularity === 'day' ? 2 * DAY_SECONDS : 2);

const windowOn = (query: WindowQuery, axis: Axis): Window => query[axis] ?? { from: null, to: null };

function cutAt(query: WindowQuery, axis: Axis, at: EpochSeconds): readonly [WindowQuery, WindowQuery] {
  const window = windowOn(query, axis);
  const left: WindowQuery = { ...query, [axis]: { from: window.from, to: at } };
  const right: WindowQuery = { ...query, [axis]: { from: at, to: window.to } };
  return axis === 'updated' ? [{ ...left, through: false }, right] : [left, right];
}

/**
 * The pieces of a window, earliest first, as they are found. The caller may stop when it has enough:
 * everything from the next piece's `updated.from` on is then still unread.
 */
export async function* splitWindow(query: WindowQuery, options: SplitOptions): AsyncGenerator<CountedWindow> {
  const { matched, first } = await options.probe(query);
  if (matched === null) {
    // Without a count there is nothing to cut by: the window is read as it is.
    yield { query, matched: 0 };
    return;
  }
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
): AsyncGenerator<CountedWindow> {
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
  const onLeft = Math.min((await options.probe(left)).matched ?? 0, span.matched);
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

/** Cuts one day of updates that is too large for a slice by creation time, once. If that does not help, it stays whole. */
async function* cutOtherAxis(
  query: WindowQuery,
  axis: Axis,
  matched: number,
  options: SplitOptions,
): AsyncGenerator<CountedWindow> {
  if (axis === 'created' || options.granularity === 'second') {
    yield { query, matched };
    return;
  }
  const upper = options.now + DAY_SECONDS;
  yield* cut(query, 'created', { matched, lower: 0, upper }, options);
}
