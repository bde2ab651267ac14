/**
 * Cuts windows into slices that leave no gap, without time zone arithmetic. Neighbours share one
 * boundary v: left `< v`, right `> v OR = v`. If the server compares whole days, both mean the start of
 * v's day in the workspace's zone; otherwise the exact second. Either way no record falls between them.
 */
import { cutByUpdate, windowsBetween } from '../../core/cut-window.ts';
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
  /** Slices that are read at once: a window that is large enough is cut into at least as many. */
  readonly atOnce: number;
}

type Axis = 'updated' | 'created';

/** The most windows of one cut, unless few slices are made even. All of them are counted at once. */
const MOST_PIECES = 16;

/** Less than this share of the largest slice is not worth a slice of its own. */
const LEAST_SHARE = 0.2;

/** Less than this share of the largest slice is not worth a walk of its own. Each walk costs half a page. */
const WALK_SHARE = 0.05;

/** Parts of a slice that may be read at the same time. */
const MOST_WALKS = 4;

/** How full slices are planned: counts are never quite even, and none may become too large. */
const FILL = 0.95;

/** Windows counted for each slice if there are few: the slices come out even, and none has to be cut again. */
const WINDOWS_PER_SLICE = 4;

/** A piece may be larger than its aim by this factor before it is cut again. */
const TOLERANCE = 1.25;

/** A count that is only for speed must be worth this many records, as a share of the largest slice. */
const COUNT_SHARE = 0.04;

/** The shortest span worth cutting. Within two days, the start of a day may lie outside the span in some zone. */
const shortestSpan = (granularity: 'day' | 'second'): number => (granularity === 'day' ? 2 * DAY_SECONDS : 2);

const windowOn = (query: WindowQuery, axis: Axis): Window => query[axis] ?? { from: null, to: null };

/** Times that cut a span evenly into `parts`, or into fewer if they would be too short. */
function evenCuts(
  { lower, upper }: Span,
  parts: number,
  granularity: 'day' | 'second',
): readonly EpochSeconds[] {
  const most = Math.min(parts, Math.floor((upper - lower) / (shortestSpan(granularity) / 2)));
  return Array.from({ length: Math.max(0, most - 1) }, (_unused, index) =>
    Math.floor(lower + ((upper - lower) * (index + 1)) / most),
  );
}

/** Times that cut the records evenly, as far as we know where they lie; fewer if the parts would be too short. */
function cutsByCount(
  { matched, upper, spans }: Piece,
  parts: number,
  granularity: 'day' | 'second',
): readonly EpochSeconds[] {
  const shortest = shortestSpan(granularity) / 2;
  const cuts: EpochSeconds[] = [];
  let before = 0;
  let next = 1;
  for (const span of spans) {
    for (; next < parts && (matched * next) / parts <= before + span.matched; next += 1) {
      const share = ((matched * next) / parts - before) / span.matched;
      const at = Math.floor(span.lower + (span.upper - span.lower) * share);
      const last = cuts.at(-1) ?? spans[0]?.lower ?? at;
      if (at - last >= shortest && upper - at >= shortest) cuts.push(at);
    }
    before += span.matched;
  }
  return cuts;
}

const cutAt = (query: WindowQuery, axis: Axis, cuts: readonly EpochSeconds[]): readonly WindowQuery[] =>
  axis === 'updated'
    ? cutByUpdate(query, cuts)
    : windowsBetween(windowOn(query, axis), cuts).map((created) => ({ ...query, created }));

interface Span {
  readonly matched: number;
  /** The records lie within `[lower, upper)` on the axis. */
  readonly lower: EpochSeconds;
  readonly upper: EpochSeconds;
}

/** A part of a window, and where its records lie. */
interface Piece extends Span {
  readonly query: WindowQuery;
  /** The windows with records that were counted in it, earliest first. */
  readonly spans: readonly Span[];
}

/** What is known once the whole is counted. */
interface Aims extends Counting {
  /** The most records of a slice. */
  readonly most: number;
  /** Records that a slice should have. */
  readonly aim: number;
  /** A window with up to this many records is not cut again. */
  readonly enough: number;
  /** There are few slices, and all are read at once: they have to be even, and found with few counts in sequence. */
  readonly isFine: boolean;
  /** How many more counts may be made only for speed: no slice would be too large without them. */
  spare: number;
}

function aimsOf({ target: most, atOnce, ...counting }: SplitOptions, matched: number): Aims {
  const least = Math.ceil(most * LEAST_SHARE);
  // A multiple of the slices that are read at once: none is left to be read alone.
  const rounds = Math.max(1, Math.ceil(matched / (most * FILL * atOnce)));
  const aim = Math.max(least, Math.ceil(matched / (rounds * atOnce)), 1);
  const spare = Math.floor(matched / (most * COUNT_SHARE));
  const isFine = atOnce > 1 && Math.ceil(matched / aim) <= MOST_PIECES / 2;
  return { ...counting, most, aim, enough: Math.min(most, Math.floor(aim * TOLERANCE)), isFine, spare };
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
  const span = { matched, lower, upper: query.updated.to ?? options.now };
  yield* cut(pieceOf(query, span), 'updated', aimsOf(options, matched));
}

const pieceOf = (query: WindowQuery, span: Span): Piece => ({
  ...span,
  query,
  spans: span.matched === 0 ? [] : [span],
});

async function* cut(piece: Piece, axis: Axis, aims: Aims): AsyncGenerator<CountedWindow> {
  const { query, matched } = piece;
  if (matched <= aims.enough) {
    yield whole(piece, axis, aims);
    return;
  }
  const isTooLarge = matched > aims.most;
  if (piece.upper - piece.lower <= shortestSpan(aims.granularity)) {
    if (isTooLarge) yield* cutOtherAxis(piece, axis, aims);
    else yield { query, matched };
    return;
  }
  const slices = matched / aims.aim;
  const needed = isTooLarge ? piecesOf(slices) : Math.ceil(slices) * 2;
  const cuts = evenCuts(piece, Math.max(needed, finePieces(slices, aims)), aims.granularity);
  const forSpeed = isTooLarge ? Math.max(0, cuts.length + 1 - needed) : cuts.length;
  if (forSpeed > aims.spare) {
    yield whole(piece, axis, aims);
    return;
  }
  aims.spare -= forSpeed;
  const shares = aims.isFine ? Math.round(slices) : 1;
  for (const part of packed(await counted(piece, axis, cuts, aims), axis, shares, aims.enough))
    yield* cut(part, axis, aims);
}

/** Pieces of a fine cut: the same number for each slice, with at most half of the spare counts. */
function finePieces(slices: number, { isFine, spare }: Aims): number {
  const whole = Math.ceil(slices);
  return isFine ? whole * Math.min(WINDOWS_PER_SLICE, Math.floor((spare / 2 + 1) / whole)) : 0;
}

/** As many pieces as slices are needed, or few enough that cutting each of them again gives that many. */
function piecesOf(slices: number): number {
  let pieces = Math.ceil(slices);
  while (pieces > MOST_PIECES) pieces = Math.ceil(pieces / MOST_PIECES);
  return Math.max(2, pieces);
}

/** The pieces between the cuts, with their counts. The last one is not counted: it has what the others leave. */
async function counted(
  whole: Piece,
  axis: Axis,
  cuts: readonly EpochSeconds[],
  { probe }: Counting,
): Promise<readonly Piece[]> {
  const queries = cutAt(whole.query, axis, cuts);
  const counts = await Promise.all(queries.slice(0, -1).map(probe));
  let left = whole.matched;
  return queries.map((query, index): Piece => {
    const matched = index < counts.length ? Math.min(counts[index]?.matched ?? 0, left) : left;
    left -= matched;
    const span = { matched, lower: cuts[index - 1] ?? whole.lower, upper: cuts[index] ?? whole.upper };
    return pieceOf(query, span);
  });
}

/**
 * Joins neighbours whose middles lie in the same one of `shares` even shares, unless they have more than `enough`
 * together. An empty piece joins any neighbour, unless it reaches the present.
 */
function packed(pieces: readonly Piece[], axis: Axis, shares: number, enough: number): readonly Piece[] {
  const all: Piece[] = [];
  const share = pieces.reduce((sum, { matched }) => sum + matched, 0) / shares;
  let counted = 0;
  let shareBefore = 0;
  for (const piece of pieces) {
    const before = all.at(-1);
    const matched = (before?.matched ?? 0) + piece.matched;
    const isOpen = axis === 'updated' && piece.query.updated.to === null;
    const isAlone = before !== undefined && (before.matched === 0 || (piece.matched === 0 && !isOpen));
    const shareOf = Math.min(shares - 1, Math.floor((counted + piece.matched / 2) / share));
    const isSame = shareOf === shareBefore && matched <= enough;
    counted += piece.matched;
    shareBefore = shareOf;
    if (before === undefined || !(isSame || isAlone)) {
      all.push(piece);
      continue;
    }
    const { from } = windowOn(before.query, axis);
    const query = { ...piece.query, [axis]: { from, to: windowOn(piece.query, axis).to } };
    const lower = before.matched === 0 ? piece.lower : before.lower;
    const upper = piece.matched === 0 ? before.upper : piece.upper;
    all[all.length - 1] = { query, matched, lower, upper, spans: [...before.spans, ...piece.spans] };
  }
  return all;
}

/** A window that is read as one slice, with the times at which its reader may cut it. */
function whole(piece: Piece, axis: Axis, { most, granularity }: Aims): CountedWindow {
  const { query, matched } = piece;
  const walks = Math.min(MOST_WALKS, Math.floor(matched / Math.ceil(most * WALK_SHARE)));
  const cuts = axis === 'updated' ? cutsByCount(piece, walks, granularity) : [];
  return { query: cuts.length === 0 ? query : { ...query, cuts }, matched };
}

/** Cuts one day of updates that is too large for a slice by creation time, once. If that does not help, it stays whole. */
async function* cutOtherAxis(piece: Piece, axis: Axis, aims: Aims): AsyncGenerator<CountedWindow> {
  const { query, matched } = piece;
  if (axis === 'created' || aims.granularity === 'second') {
    yield { query, matched };
    return;
  }
  yield* cut(pieceOf(query, { matched, lower: 0, upper: aims.now + DAY_SECONDS }), 'created', aims);
}
