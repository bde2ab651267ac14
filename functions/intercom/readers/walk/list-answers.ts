/** Reads the envelopes around records (docs/intercom-api.md 4.1), in every shape they have been seen in. */
import { ContractError } from '../../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import { listUnder } from '../../../core/relationship.ts';
import { idText, parseCount } from '../../../core/scalars.ts';

export const contractError = (code: string, what: string): ContractError =>
  new ContractError(`${what}. If this lasts, report it`, { code });

/**
 * Accepts only the record with this id.
 * @throws ContractError if the answer is not a record, or another one
 */
export const onlyRecord =
  (id: string, path: string) =>
  (body: JsonObject): void => {
    if (idText(body.id) === id) return;
    throw contractError('other_record', `${path} answered without the record that we asked for`);
  };

/** `total_count`: how many records match the whole query; null if the answer gives no count. */
export const totalCount = (body: JsonObject): number | null => parseCount(body.total_count);

/**
 * The list under one of `keys`, or under `data`. The caller sorts out what is in it.
 * @throws ContractError if there is no list: that is never taken for an empty one
 */
export function recordsOf(body: JsonObject, keys: readonly string[], path: string): readonly JsonValue[] {
  const list = listUnder(body, [...keys, 'data']);
  if (list !== undefined) return list;
  throw contractError('records_missing', `${path} answered without '${keys.join("' or '")}'`);
}

/**
 * The same for a list that comes without pages.
 * @throws ContractError if there is no list, or it announces more pages
 */
export function wholeList(body: JsonObject, key: string, path: string): readonly JsonValue[] {
  if (!announcesMore(body)) return recordsOf(body, [key], path);
  throw contractError('unexpected_pages', `${path} announced more pages, which this list does not have`);
}

/** A query parameter of a URL, absolute or relative. The URL is read, never followed. */
function parameterOf(url: string, name: string): string | null {
  return new URLSearchParams(url.slice(url.indexOf('?') + 1)).get(name);
}

const isAbsent = (value: JsonValue | undefined): boolean => value === undefined || value === null;

/** True if `pages.next` is present, in any shape that can lead anywhere. */
function announcesMore(body: JsonObject): boolean {
  const next = isJsonObject(body.pages) ? body.pages.next : null;
  return !isAbsent(next) && next !== '' && !(isJsonObject(next) && Object.keys(next).length === 0);
}

/** `unstated`: there is no `pages` object at all, so only the count can show the end. */
type NextCursor = { readonly cursor: string } | 'end' | 'unstated';

/**
 * The cursor of the next page. If `pages.next` is absent or null, this is the end (docs/intercom-api.md 4.1).
 * @throws ContractError if `next` is present but holds no cursor
 */
function nextCursor(body: JsonObject, path: string): NextCursor {
  const pages = body.pages;
  if (!isJsonObject(pages)) return 'unstated';
  const { next } = pages;
  if (isAbsent(next)) return 'end';
  const cursor =
    typeof next === 'string'
      ? parameterOf(next, 'starting_after')
      : isJsonObject(next)
        ? next.starting_after
        : null;
  if (typeof cursor !== 'string' || cursor === '') {
    throw contractError('next_without_cursor', `${path} announced a next page without a cursor`);
  }
  return { cursor };
}

export interface CursorPage {
  readonly records: readonly JsonValue[];
  readonly total: number | null;
  /** Cursor of the next page; null on the last. */
  readonly cursor: string | null;
  /** Records of the walk so far, including this page. */
  readonly read: number;
}

/**
 * One page of a cursor walk.
 * @throws ContractError if the list is missing, or if nothing shows that this is the last page or not
 */
export function cursorPage(
  body: JsonObject,
  recordsKey: string,
  path: string,
  readBefore: number,
): CursorPage {
  const records = recordsOf(body, [recordsKey], path);
  const total = totalCount(body);
  const read = readBefore + records.length;
  const next = nextCursor(body, path);
  if (next === 'unstated' && (total === null || read < total)) {
    throw contractError('pages_missing', `${path} answered without 'pages' before its end`);
  }
  return { records, total, cursor: typeof next === 'string' ? null : next.cursor, read };
}

export interface PageNumbers {
  /** `end` if `next` is null, or absent with no page left, or if this is page `total_pages`; `unstated` without `pages`. */
  readonly next: 'more' | 'end' | 'unstated';
  /** The page number inside `next`; null if it has none. */
  readonly nextPage: number | null;
  readonly perPage: number | null;
}

/** Reads `pages` of a page-number list, asked for page `page`; `next` is a URL here (docs/intercom-api.md 4.1). */
export function pageNumbers(body: JsonObject, page: number, isEmpty: boolean): PageNumbers {
  const pages = body.pages;
  if (!isJsonObject(pages)) return { next: 'unstated', nextPage: null, perPage: null };
  const { next } = pages;
  const perPage = parseCount(pages.per_page);
  const total = parseCount(pages.total_pages);
  const pastTheEnd = total !== null && page >= total && (total > 0 || isEmpty);
  // Without `next`, the number of pages shows that some remain (docs/intercom-api.md 6.10.3).
  if (next === undefined && total !== null && page < total && !isEmpty) {
    return { next: 'more', nextPage: null, perPage };
  }
  if (isAbsent(next) || pastTheEnd) return { next: 'end', nextPage: null, perPage };
  const named = typeof next === 'string' ? parameterOf(next, 'page') : isJsonObject(next) ? next.page : next;
  return { next: 'more', nextPage: parseCount(named ?? undefined), perPage };
}
