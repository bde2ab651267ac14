/**
 * Walks a page-number list once (docs/intercom-api.md 4, style C). Pages are asked for by number on our own
 * host and path; `pages.next` only shows whether there is another one. Each page is asked for with a size that
 * divides its offset, because page numbers are whole. If the count falls, the walk goes back by as many records: what
 * follows a deleted record moves up, perhaps into a page that was already read.
 */
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { Answer, IntercomClient, Query } from '../../http/client.ts';
import type { Failure } from '../../http/failures.ts';
import type { RetryLimits } from '../../http/retry.ts';
import { contractError, type PageNumbers, pageNumbers, recordsOf, totalCount } from './list-answers.ts';
import { askSmaller, createPageSizes, type PageSizes } from './page-sizes.ts';
import type { AskOptions } from './requests.ts';
import { createWalkGuard } from './walk-guard.ts';

export interface NumberList {
  readonly path: string;
  readonly query?: Query;
  /** Keys that may hold the records; the first that holds a list is used. */
  readonly recordsKeys: readonly string[];
  /** Largest first; each divides the one before. */
  readonly perPageSizes: readonly number[];
}

export interface NumberPage {
  readonly records: readonly JsonValue[];
  readonly receivedAtMs: EpochMs;
  readonly total: number | null;
  /** Records before the next page, which may be one that was read before. */
  readonly nextOffset: number;
  readonly isLast: boolean;
}

export interface NumberWalkOptions {
  /** Records to skip at the beginning. @default 0 */
  readonly offset?: number;
  /** Intercom's count with the page before that offset. @default null, if there is none */
  readonly countBefore?: number | null;
  /** Page sizes shared by several walks, so that each knows what the others learned. They change at any moment. */
  readonly sizes?: PageSizes;
  /** How long the smallest page is tried. */
  readonly patience?: RetryLimits;
  /** Failures of the first page that mean there is no list at all; then nothing is yielded. */
  readonly absent?: (failure: Failure) => boolean;
}

/** New records at the top of a list can make the same page come again, but not forever. */
const SAME_PAGES = 3;

/** A count that only goes up and down, as from replicas that differ, must not keep a walk from ending. */
const MOST_STEPS_BACK = 10;

/** The largest size up to `most` for which a page begins at the offset. */
const sizeAt = (offset: number, sizes: readonly number[], most: number): number =>
  sizes.find((size) => size <= most && offset % size === 0) ?? 1;

/** Without `pages` only the count can show the end; without a count nothing can. */
function isEnd(numbers: PageNumbers, total: number | null, read: number, path: string): boolean {
  if (numbers.next !== 'unstated') return numbers.next === 'end';
  if (total !== null && read >= total) return true;
  throw contractError('pages_missing', `${path} answered without 'pages' before its end`);
}

function checkNext(
  { nextPage }: PageNumbers,
  page: number,
  records: readonly JsonValue[],
  path: string,
): void {
  if (records.length === 0)
    throw contractError('empty_page', `${path} returned an empty page ${page} but announced more`);
  if (nextPage !== null && nextPage !== page + 1) {
    throw contractError('unexpected_next_page', `${path} announced page ${nextPage} after page ${page}`);
  }
}

/**
 * @throws ContractError for empty pages before the end, repeated pages and pages out of order
 */
export async function* walkNumbers(
  client: IntercomClient,
  ask: AskOptions,
  list: NumberList,
  { offset = 0, countBefore = null, sizes: shared, patience, absent }: NumberWalkOptions = {},
): AsyncGenerator<NumberPage, void, void> {
  const { path, query = {}, recordsKeys } = list;
  const guard = createWalkGuard(path, SAME_PAGES);
  let ladder = list.perPageSizes;
  let sizes = shared ?? createPageSizes(ladder);
  let at = offset;
  let count = countBefore;
  let stepsBack = 0;

  /** How many records were deleted since the page before: those behind them have moved up by as many. */
  function movedUp(total: number | null): number {
    const gone = count === null || total === null ? 0 : count - total;
    count = total ?? count;
    return Math.max(0, gone);
  }

  for (;;) {
    const first = at === offset;
    let asked = 1;
    const fetchPage = (most: number, limits: RetryLimits): Promise<Answer> => {
      asked = sizeAt(at, ladder, most);
      const page = at / asked + 1;
      const accept = (body: JsonObject): void => {
        const listed = recordsOf(body, recordsKeys, path);
        const numbers = pageNumbers(body, page, listed.length === 0);
        const isLast = isEnd(numbers, totalCount(body), at + listed.length, path);
        if (!isLast) checkNext(numbers, page, listed, path);
      };
      const expect = first ? absent : undefined;
      const options = ask(first ? 'urgent' : 'bulk', { accept, patience: limits, expect });
      return client.get(path, { ...query, page, per_page: asked }, options);
    };
    const answer = await askSmaller(sizes, fetchPage, patience);
    if (answer.failure !== null) return;

    const page = at / asked + 1;
    const records = recordsOf(answer.body, recordsKeys, path);
    const numbers = pageNumbers(answer.body, page, records.length === 0);
    let size = asked;
    if (numbers.perPage !== null && numbers.perPage > 0 && numbers.perPage < asked) {
      // Intercom cut the page size (UNCONFIRMED for most lists): count in its pages from here on.
      size = numbers.perPage;
      ladder = [size];
      sizes = createPageSizes(ladder);
      at = Math.floor(at / size) * size;
      if (page > 1) continue;
    }
    const total = totalCount(answer.body);
    const moved = movedUp(total);
    const isBack = moved > 0 && at > 0 && stepsBack < MOST_STEPS_BACK;
    if (isBack) stepsBack += 1;
    const nextOffset = isBack ? Math.max(0, at - Math.ceil(moved / size) * size) : at + size;
    const isLast = !isBack && isEnd(numbers, total, at + records.length, path);
    guard.check({ records, cursor: null, total, read: at - offset + records.length, isLast });
    yield { records, receivedAtMs: answer.receivedAtMs, total, nextOffset, isLast };
    if (isLast) return;
    sizes.good();
    at = nextOffset;
  }
}
