/** What the envelopes around records say (docs/intercom-api.md 4.1), in all the shapes they have been seen in. */
import { ContractError } from '../../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';

/** An answer that breaks the contract; the cursor stays and the run says so. */
export const broken = (code: string, what: string): ContractError =>
  new ContractError(`${what}: report it; nothing was committed`, { code });

/** A count or a page number; numeric strings have been seen (docs/intercom-api.md 4.1). */
export function countOf(value: JsonValue | undefined): number | null {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null;
}

/** `total_count`: matches of the whole query; null where the answer has none. */
export const totalCount = (body: JsonObject): number | null => countOf(body.total_count);

/**
 * The list of records under the first of `keys` that holds one.
 * @throws ContractError where there is none, or an item is no object: never taken for an empty list
 */
export function recordsOf(body: JsonObject, keys: readonly string[], path: string): readonly JsonObject[] {
  const list = keys.map((key) => body[key]).find((value) => Array.isArray(value));
  if (!Array.isArray(list))
    throw broken('records_missing', `${path} answered without '${keys.join("' or '")}'`);
  if (!list.every(isJsonObject))
    throw broken('record_not_an_object', `${path} listed something that is no record`);
  return list;
}

/** Query parameter of an URL, absolute or not. The URL is read, never followed. */
function parameterOf(url: string, name: string): string | null {
  return new URLSearchParams(url.slice(url.indexOf('?') + 1)).get(name);
}

const isNothing = (value: JsonValue | undefined): boolean => value === undefined || value === null;

/** True where `pages.next` is there, in whatever shape. */
export const announcesMore = (body: JsonObject): boolean =>
  isJsonObject(body.pages) && !isNothing(body.pages.next);

/** `unstated`: there is no `pages` object at all, so only the count can tell. */
type NextCursor = { readonly cursor: string } | 'end' | 'unstated';

/**
 * Where the next page of a cursor walk is: `pages.next` absent or null is the end (docs/intercom-api.md 4.1).
 * @throws ContractError where `next` is there but holds no cursor
 */
function nextCursor(body: JsonObject, path: string): NextCursor {
  const pages = body.pages;
  if (!isJsonObject(pages)) return 'unstated';
  const { next } = pages;
  if (isNothing(next)) return 'end';
  const cursor =
    typeof next === 'string'
      ? parameterOf(next, 'starting_after')
      : isJsonObject(next)
        ? next.starting_after
        : null;
  if (typeof cursor !== 'string' || cursor === '') {
    throw broken('next_without_cursor', `${path} announced a next page without a cursor`);
  }
  return { cursor };
}

export interface CursorPage {
  readonly records: readonly JsonObject[];
  readonly total: number | null;
  /** Of the next page; null on the last. */
  readonly cursor: string | null;
  /** Records of the walk so far, with this page. */
  readonly read: number;
}

/**
 * One page of a cursor walk.
 * @throws ContractError where the list is missing, or the end is not told before the count is reached
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
    throw broken('pages_missing', `${path} answered without 'pages' before its end`);
  }
  return { records, total, cursor: typeof next === 'string' ? null : next.cursor, read };
}

export interface PageNumbers {
  /** `end` by `next` null or absent, or by the last page's number; `unstated` without `pages`. */
  readonly next: 'more' | 'end' | 'unstated';
  /** The page number inside `next`; null where it shows none. */
  readonly nextPage: number | null;
  readonly perPage: number | null;
}

/** The `pages` of a page-number list whose page `page` was asked for; `next` is a URL here (docs/intercom-api.md 4.1). */
export function pageNumbers(body: JsonObject, page: number, isEmpty: boolean): PageNumbers {
  const pages = body.pages;
  if (!isJsonObject(pages)) return { next: 'unstated', nextPage: null, perPage: null };
  const { next } = pages;
  const perPage = countOf(pages.per_page);
  const total = countOf(pages.total_pages);
  const pastTheEnd = total !== null && page >= total && (total > 0 || isEmpty);
  if (isNothing(next) || pastTheEnd) return { next: 'end', nextPage: null, perPage };
  const named = typeof next === 'string' ? parameterOf(next, 'page') : isJsonObject(next) ? next.page : next;
  return { next: 'more', nextPage: countOf(named ?? undefined), perPage };
}
