/**
 * Compares two sides of a timeline by counts. A stretch whose counts are equal is left alone; another one is halved
 * until it is short enough to be listed. Differences that cancel each other out within a stretch go unseen.
 */
import { DAY_SECONDS, type EpochSeconds } from '../../../functions/core/time.ts';

/** `[from, to)` */
export interface Stretch {
  readonly from: EpochSeconds;
  readonly to: EpochSeconds;
}

/** The two sides. Both get the same bounds, and only bounds that `align` returned. */
export interface Sides {
  /** Intercom's count, with one request. @throws Error if it cannot be had */
  readonly count: (stretch: Stretch) => Promise<number>;
  /** Ids that Intercom lists. @throws Error if they cannot be had */
  readonly list: (stretch: Stretch) => Promise<ReadonlySet<string>>;
  readonly held: (stretch: Stretch) => readonly string[];
  readonly heldCount: (stretch: Stretch) => number;
  /** The last time, at or before this one, at which the timeline can be cut. */
  readonly align: (time: EpochSeconds) => EpochSeconds;
}

export interface Difference extends Stretch {
  readonly counted: number;
  readonly held: number;
  /** Ids that only Intercom lists. */
  readonly missing: readonly string[];
  /** Ids that only the lake holds. */
  readonly extra: readonly string[];
}

/** Listing this many records takes three pages: halving again would cost as much. */
const LISTED_AT_ONCE = 450;

const MONTH_SECONDS = 30 * DAY_SECONDS;

/** Where to cut a stretch in two; null if it cannot be cut. */
function middleOf({ from, to }: Stretch, align: Sides['align']): EpochSeconds | null {
  const middle = align(Math.floor((from + to) / 2));
  if (middle > from && middle < to) return middle;
  // The day of the middle began before the stretch. The next one may begin within it.
  const next = align(to - 1);
  return next > from && next < to ? next : null;
}

/** Stretches of about a month that tile `[from, to)`. */
export function months({ from, to }: Stretch, align: Sides['align']): readonly Stretch[] {
  const tiles: Stretch[] = [];
  let start = from;
  while (start < to) {
    const end = Math.min(to, align(start + MONTH_SECONDS));
    tiles.push({ from: start, to: end });
    start = end;
  }
  return tiles;
}

export async function* differences(
  sides: Sides,
  stretches: readonly Stretch[],
): AsyncGenerator<Difference, void, void> {
  async function* within(stretch: Stretch, counted: number): AsyncGenerator<Difference, void, void> {
    const held = sides.heldCount(stretch);
    if (counted === held) return;
    const at = Math.max(counted, held) <= LISTED_AT_ONCE ? null : middleOf(stretch, sides.align);
    if (at !== null) {
      const left = { from: stretch.from, to: at };
      const onLeft = await sides.count(left);
      yield* within(left, onLeft);
      yield* within({ from: at, to: stretch.to }, Math.max(0, counted - onLeft));
      return;
    }
    const listed = await sides.list(stretch);
    const ours = new Set(sides.held(stretch));
    const missing = [...listed].filter((id) => !ours.has(id));
    const extra = [...ours].filter((id) => !listed.has(id));
    yield { ...stretch, counted, held, missing, extra };
  }

  for (const stretch of stretches) yield* within(stretch, await sides.count(stretch));
}
