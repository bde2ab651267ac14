/** Page sizes that shrink if a page is too much for Intercom, and grow back (docs/intercom-api.md 1). */

import { isTooMuchAsked } from '../../http/failures.ts';
import { HASTY, PATIENT, type RetryLimits } from '../../http/retry.ts';

export interface PageSizes {
  current(): number;
  /**
   * Shrinks, unless another page has already made the size smaller than the one that was too much.
   * @returns false if that was the smallest: then only patience is left
   */
  shrink(tooMuch: number): boolean;
  isSmallest(): boolean;
  /** Counts a good page. After enough of them the size grows. */
  good(): void;
}

/** Good pages before the size first grows; twice as many each time the larger size fails again. */
const GROW_AFTER = 5;

/**
 * @param ladder sizes, largest first
 * @param start the size to begin with; the next smaller one if it is not on the ladder
 */
export function createPageSizes(ladder: readonly number[], start?: number): PageSizes {
  const sizes = ladder.length === 0 ? [1] : ladder;
  const last = sizes.length - 1;
  const at = start === undefined ? 0 : sizes.findIndex((size) => size <= start);
  let index = at === -1 ? last : at;
  let goodInARow = 0;
  let growAfter = GROW_AFTER;
  let justGrown = false;
  const sizeAt = (position: number): number => sizes[position] ?? 1;
  return {
    current: () => sizeAt(index),
    isSmallest: () => index === last,
    shrink(tooMuch) {
      if (tooMuch <= sizeAt(last)) return false;
      if (tooMuch > sizeAt(index)) return true;
      if (justGrown) growAfter *= 2;
      justGrown = false;
      index += 1;
      goodInARow = 0;
      return true;
    },
    good() {
      goodInARow += 1;
      if (index === 0 || goodInARow < growAfter) return;
      index -= 1;
      justGrown = true;
      goodInARow = 0;
    },
  };
}

/** 150, 75, 37, 18, 9, 4, 2, 1. */
export function halvings(largest: number): readonly number[] {
  return largest <= 1 ? [1] : [largest, ...halvings(Math.floor(largest / 2))];
}

/**
 * Asks for a page, and for smaller ones while it is too much. Sizes above the smallest get only one
 * quick second try, because a smaller page is the better retry.
 */
export async function askSmaller<T>(
  sizes: PageSizes,
  ask: (size: number, patience: RetryLimits) => Promise<T>,
  atSmallest: RetryLimits = PATIENT,
): Promise<T> {
  for (;;) {
    const size = sizes.current();
    try {
      return await ask(size, sizes.isSmallest() ? atSmallest : HASTY);
    } catch (error) {
      if (!isTooMuchAsked(error) || !sizes.shrink(size)) throw error;
    }
  }
}
