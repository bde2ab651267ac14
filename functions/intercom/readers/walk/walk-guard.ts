/** Stops walks that would never end: without such a guard, 253 companies once became 4 million rows. */
import { isJsonObject, type JsonValue } from '../../../core/json.ts';
import { contractError } from './list-answers.ts';

export interface GuardedPage {
  readonly records: readonly JsonValue[];
  /** Cursor of the next page; null at the end, and for numbered pages. */
  readonly cursor: string | null;
  /** Intercom's `total_count` with this page. */
  readonly total: number | null;
  /** Records of the walk so far, including this page. */
  readonly read: number;
  /** For numbered pages, which have no cursor. @default true if there is no cursor */
  readonly isLast?: boolean;
}

export interface WalkGuard {
  /** @throws ContractError for a repeated cursor or page, or a walk far beyond Intercom's own count */
  check(page: GuardedPage): void;
  /** Forgets cursors and pages, because the walk starts again with another query. */
  reset(): void;
}

const EMPTY_PAGES_IN_A_ROW = 3;

/** Records that move to the end during the walk are read again, so reading more than the count is normal. */
const farBeyond = (total: number): number => total * 3 + 1000;

const signature = (records: readonly JsonValue[]): string =>
  JSON.stringify(records.map((record) => (isJsonObject(record) ? [record.id, record.updated_at] : record)));

/**
 * @param samePages how many times the same page may come in a row: once with cursors, more often if new
 *   records at the top can shift a numbered list
 */
export function createWalkGuard(path: string, samePages = 1): WalkGuard {
  const cursors = new Set<string>();
  let lastPage = '';
  let sameInARow = 0;
  let emptyInARow = 0;
  let largestTotal: number | null = null;

  function checkContent(records: readonly JsonValue[], isLast: boolean): void {
    emptyInARow = records.length === 0 && !isLast ? emptyInARow + 1 : 0;
    if (emptyInARow > EMPTY_PAGES_IN_A_ROW) {
      throw contractError(
        'endless_walk',
        `${path} returned ${emptyInARow} empty pages in a row but announced more`,
      );
    }
    const page = signature(records);
    sameInARow = records.length > 0 && page === lastPage ? sameInARow + 1 : 1;
    lastPage = page;
    if (sameInARow > samePages) throw contractError('repeated_page', `${path} returned the same page twice`);
  }

  return {
    check({ records, cursor, total, read, isLast = cursor === null }) {
      checkContent(records, isLast);
      if (cursor !== null && cursors.has(cursor)) {
        throw contractError('repeated_cursor', `${path} returned the same cursor twice`);
      }
      if (cursor !== null) cursors.add(cursor);
      if (total !== null) largestTotal = Math.max(largestTotal ?? 0, total);
      if (largestTotal !== null && read > farBeyond(largestTotal)) {
        throw contractError(
          'endless_walk',
          `${path} returned ${read} records although it counts ${largestTotal}`,
        );
      }
    },
    reset() {
      cursors.clear();
      lastPage = '';
      sameInARow = 0;
      emptyInARow = 0;
    },
  };
}
