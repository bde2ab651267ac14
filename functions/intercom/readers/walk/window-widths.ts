/**
 * How wide the windows of a time range are. A range of fifteen years may hold a hundred entries or millions, and
 * Intercom breaks off answers over long ranges at an unknown width (docs/intercom-api.md 6.9). So windows
 * double while they are sparse and are halved when they fail. Pure.
 */
import type { EpochSeconds } from '../../../core/time.ts';

/** Where a walk over windows continues; kept in receipts. */
export type WindowPosition = {
  /** Beginning of the next window; a window is read again from its first page. */
  readonly windowStart: EpochSeconds;
  /** End of the whole range, exclusive. */
  readonly to: EpochSeconds;
  readonly widthSeconds: number;
  /** The last window was sparse: each of the next ones may be twice as wide as the one before. */
  readonly growing: boolean;
  /** A width that failed; null if none has, or if enough good windows followed. */
  readonly tooWide: number | null;
  /** Good windows since the last failure. */
  readonly good: number;
  /** Good windows before a failed width is tried again; doubles with every failure. */
  readonly patience: number;
};

export interface RangeWindow {
  readonly from: EpochSeconds;
  readonly to: EpochSeconds;
}

/** No window is made shorter. */
export const MIN_WINDOW_SECONDS = 600;

/** Windows that are asked for at once; only one at the beginning of an attempt, which may be a short one. */
export const AT_ONCE = 4;

const FIRST_PATIENCE = 3;

/** Windows with more full pages than this are halved: a stop costs up to a window. */
const MANY_PAGES = 4;

export const beginWindows = ({ from, to }: RangeWindow, widthSeconds: number): WindowPosition => ({
  windowStart: from,
  to,
  widthSeconds,
  growing: false,
  tooWide: null,
  good: 0,
  patience: FIRST_PATIENCE,
});

const doubled = (width: number, { tooWide }: WindowPosition): number =>
  tooWide === null || width * 2 < tooWide ? width * 2 : width;

/** The next windows, earliest first and at most `most`; neighbours share a boundary. */
export function nextWindows(position: WindowPosition, most: number): readonly RangeWindow[] {
  const windows: RangeWindow[] = [];
  let from = position.windowStart;
  let width = position.widthSeconds;
  while (windows.length < most && from < position.to) {
    const to = Math.min(from + width, position.to);
    windows.push({ from, to });
    from = to;
    if (position.growing) width = doubled(width, position);
  }
  return windows;
}

/**
 * After a window that was read whole.
 * @param fullPages its records, in pages of the largest size
 */
export function afterGood(
  position: WindowPosition,
  { from, to }: RangeWindow,
  fullPages: number,
): WindowPosition {
  const width = Math.max(to - from, position.widthSeconds);
  const good = position.good + 1;
  const tooWide = good >= position.patience ? null : position.tooWide;
  const next = { ...position, windowStart: to, good, tooWide };
  if (fullPages > MANY_PAGES) {
    const half = Math.max(MIN_WINDOW_SECONDS, Math.floor((to - from) / 2));
    return { ...next, growing: false, widthSeconds: half };
  }
  const growing = fullPages <= 1;
  return { ...next, growing, widthSeconds: growing ? doubled(width, next) : width };
}

/** After a window that was too much; null at the shortest, which cannot be halved. */
export function afterTooMuch(position: WindowPosition, { from, to }: RangeWindow): WindowPosition | null {
  const width = to - from;
  if (width <= MIN_WINDOW_SECONDS) return null;
  return {
    ...position,
    windowStart: from,
    widthSeconds: Math.max(MIN_WINDOW_SECONDS, Math.floor(width / 2)),
    growing: false,
    tooWide: width,
    good: 0,
    patience: position.tooWide === null && position.good > 0 ? position.patience * 2 : position.patience,
  };
}

/** After a window that is given up and becomes a debt. */
export const afterLost = (position: WindowPosition, { to }: RangeWindow): WindowPosition => ({
  ...position,
  windowStart: to,
  growing: false,
});
