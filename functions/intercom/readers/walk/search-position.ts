/** The position of a search walk, and the check that its records are in order. */
import type { JsonObject } from '../../../core/json.ts';
import type { Position } from '../../../core/reading.ts';
import type { EpochSeconds } from '../../../core/time.ts';
import { stampOf } from './identify.ts';
import { contractError } from './list-answers.ts';

/** Where a search continues; kept in receipts. */
export type SearchPosition = {
  readonly startingAfter: string | null;
  /** Lower bound that replaced the slice's own after a refused cursor. */
  readonly resumedFrom: EpochSeconds | null;
  /** Which of the slice's searches: by id there is one per 15 ids. */
  readonly search: number;
  /** Searches whose first page has been counted. */
  readonly counted: number;
  /** Sum of the counts of those first pages; null if one had none. */
  readonly firstCount: number | null;
  readonly read: number;
  /** Highest `updated_at` so far, of records that cannot have moved since the walk began. */
  readonly highest: EpochSeconds | null;
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
  search: 0,
  counted: 0,
  firstCount: 0,
  read: 0,
  highest: null,
  startedAt: null,
  refusals: 0,
  perPage,
  ended: false,
});

export const searchPosition = (position: Position | null): SearchPosition | null =>
  position as SearchPosition | null;

/**
 * Checks the ascending order and returns the new highest `updated_at`. A record that changed since the
 * walk began may come in its old place with its new time (UNCONFIRMED), so times at or after `horizon` do
 * not raise the bar.
 * @throws ContractError `sort_ignored`
 */
export function highestInOrder(
  records: readonly JsonObject[],
  before: EpochSeconds | null,
  horizon: EpochSeconds,
  path: string,
): EpochSeconds | null {
  let highest = before;
  for (const record of records) {
    const at = stampOf(record, 'updated_at');
    if (at === null) continue;
    if (highest !== null && at < highest) {
      throw contractError('sort_ignored', `${path} did not sort by updated_at (${at} after ${highest})`);
    }
    if (at < horizon) highest = at;
  }
  return highest;
}
