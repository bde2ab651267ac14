/** The position of a search walk, and whether its records are in order. Pure. */
import { isJsonObject, type JsonValue } from '../../../core/json.ts';
import type { Position } from '../../../core/reading.ts';
import { parseTime } from '../../../core/scalars.ts';
import type { EpochSeconds } from '../../../core/time.ts';

export type SearchPosition = {
  readonly startingAfter: string | null;
  /** Lower bound that replaced the slice's own after a refused cursor. */
  readonly resumedFrom: EpochSeconds | null;
  /** Count of the first page; null if it had none. */
  readonly firstCount: number | null;
  readonly read: number;
  /** Highest `updated_at` so far, of records that cannot have moved recently. */
  readonly highest: EpochSeconds | null;
  /** The records so far came in the order of `updated_at`. */
  readonly ordered: boolean;
  /** How often a record came with a later time than all before it. */
  readonly rises: number;
  /** Pages of this walk, restarts included. */
  readonly pages: number;
  /** When the walk began, on Intercom's clock. */
  readonly startedAt: EpochSeconds | null;
  /** Refused cursors in a row without progress. */
  readonly refusals: number;
  readonly perPage: number;
  /** All pages are read; only the end is left to report. */
  readonly ended: boolean;
};

export const searchBeginning = (perPage: number): SearchPosition => ({
  startingAfter: null,
  resumedFrom: null,
  firstCount: null,
  read: 0,
  highest: null,
  ordered: true,
  rises: 0,
  pages: 0,
  startedAt: null,
  refusals: 0,
  perPage,
  ended: false,
});

/** Where the searches of a slice continue, each at its own place; kept in receipts. */
export type SearchPositions = { readonly searches: readonly SearchPosition[] };

/** A position that another version of this code left is not used: the slice is read again, and nothing counts twice. */
export function searchPositions(position: Position | null): SearchPositions | null {
  const positions = position as Partial<SearchPositions> | null;
  return positions?.searches === undefined ? null : { searches: positions.searches };
}

/** What a page says about the order of the walk. */
export type Order = Pick<SearchPosition, 'highest' | 'ordered' | 'rises'>;

/**
 * Follows the ascending order, which 2.15 keeps without documenting it. Only where a walk continues after a refused
 * cursor depends on it. A record that changed a moment ago may come in its old place with its new time
 * (docs/intercom-api.md 10), so times at or after `horizon` do not raise the bar.
 */
export function followOrder(records: readonly JsonValue[], before: Order, horizon: EpochSeconds): Order {
  let { highest, ordered, rises } = before;
  for (const record of records) {
    const at = isJsonObject(record) ? parseTime(record.updated_at) : null;
    if (at === null || at >= horizon) continue;
    if (highest !== null && at < highest) ordered = false;
    else {
      if (highest !== null && at > highest) rises += 1;
      highest = at;
    }
  }
  return { highest, ordered, rises };
}

/** A few records may come in order by chance: one time in 40,320 for eight of them. */
const ENOUGH_RISES = 7;

/** True if everything before `highest` has been listed. */
export const isInOrder = ({ ordered, rises }: Order): boolean => ordered && rises >= ENOUGH_RISES;
