/** Page sizes and the shapes of `pages` (docs/intercom-api.md 4). */

import type { Order, Walk } from '../search/walk.ts';
import { keyRow, keyValue, packKey } from '../sorted-keys.ts';
import type { Table, Timed } from '../table.ts';
import type { Request, Services } from './context.ts';
import { ApiError } from './errors.ts';

export interface PageSize {
  readonly fallback: number;
  readonly max: number;
  /** @default the switch perPageOverflow */
  readonly overflow?: 'error' | 'clamp';
}

/** The requested page size. Beyond the maximum the switch decides. */
export function pageSize(services: Services, asked: unknown, { fallback, max, overflow }: PageSize): number {
  if (asked === null || asked === undefined) return fallback;
  const size = Number(asked);
  if (!Number.isInteger(size) || size < 1)
    throw new ApiError(400, 'parameter_invalid', 'per_page must be a positive integer');
  if (size <= max) return size;
  if ((overflow ?? services.switches().perPageOverflow) === 'clamp') return max;
  throw new ApiError(400, 'parameter_invalid', `per_page must be at most ${max}`);
}

const perPageValue = (services: Services, perPage: number): number | string =>
  services.switches().perPageType === 'string' ? String(perPage) : perPage;

export interface CursorList<S extends Timed> {
  readonly table: Table<S>;
  readonly walk: Walk;
  readonly order: Order;
  readonly perPage: number;
  readonly startingAfter: string | undefined;
  /** Ids of conversations and tickets are numbers inside cursors (docs/intercom-api.md 4.2). */
  readonly numericId: boolean;
  /** Identifies the query, to notice a cursor of another one. */
  readonly query: string;
}

export interface CursorPage {
  readonly rows: readonly number[];
  readonly total: number;
  /** JSON text without `next` on the last page (docs/intercom-api.md 4.1). */
  readonly pages: string;
}

const badCursor = (): ApiError =>
  new ApiError(
    400,
    'client_error',
    'Invalid starting_after param. Please try again using a starting_after value from a paginated response',
  );

/** Styles A and B: keyset paging, so a record whose sort value changes moves (docs/intercom-api.md 4.2). */
export function cursorPage<S extends Timed>(services: Services, list: CursorList<S>): CursorPage {
  const { table, walk, perPage, startingAfter, query } = list;
  const cursor = startingAfter === undefined ? undefined : services.cursors.open(startingAfter, query);
  const row = cursor === undefined ? undefined : table.rowOf(cursor.id);
  if (startingAfter !== undefined && (cursor === undefined || row === undefined)) throw badCursor();
  const after = cursor === undefined || row === undefined ? undefined : packKey(cursor.value, row);
  const keys = walk.next(after, list.order, perPage + 1);
  const shown = keys.slice(0, perPage);
  const page = cursor?.page ?? 1;
  const last = shown.at(-1);
  const next =
    keys.length <= perPage || last === undefined
      ? undefined
      : {
          page: page + 1,
          starting_after: services.cursors.issue(
            { value: keyValue(last), id: table.idOf(keyRow(last)), page: page + 1 },
            list.numericId,
            query,
          ),
        };
  return {
    rows: shown.map(keyRow),
    total: walk.total,
    pages: JSON.stringify({
      type: 'pages',
      ...(next === undefined ? {} : { next }),
      page,
      per_page: perPageValue(services, perPage),
      total_pages: Math.ceil(walk.total / perPage),
    }),
  };
}

export interface NumberedPage<T> {
  readonly items: readonly T[];
  readonly pages: string;
}

/** Style C: `pages.next` is an absolute URL, null (or absent) on the last page (docs/intercom-api.md 4). */
export function numberedPage<T>(
  services: Services,
  request: Request,
  all: readonly T[],
  perPage: number,
  lastNext: 'null' | 'absent' = 'null',
): NumberedPage<T> {
  const page = pageNumber(request);
  const totalPages = Math.ceil(all.length / perPage);
  const query = new URLSearchParams(request.query);
  query.set('per_page', String(perPage));
  query.set('page', String(page + 1));
  const host = services.switches().nextUrlHost === 'own' ? services.url() : 'https://api.intercom.io';
  const next = page < totalPages ? `${host}${request.path}?${query}` : null;
  return {
    items: all.slice((page - 1) * perPage, page * perPage),
    pages: JSON.stringify({
      type: 'pages',
      ...(next === null && lastNext === 'absent' ? {} : { next }),
      page,
      per_page: perPageValue(services, perPage),
      total_pages: totalPages,
    }),
  };
}

export function pageNumber(request: Request): number {
  const page = Number(request.query.get('page') ?? '1');
  if (!Number.isInteger(page) || page < 1)
    throw new ApiError(400, 'parameter_invalid', 'page must be a positive integer');
  return page;
}

/** Style C for lists whose `pages.next` no document shows: the switch contentNext decides. */
export function contentPage<T>(
  services: Services,
  request: Request,
  all: readonly T[],
  perPage: number,
): NumberedPage<T> {
  const { items, pages } = numberedPage(services, request, all, perPage, 'absent');
  if (services.switches().contentNext === 'url') return { items, pages };
  const { next: _next, ...nextless } = JSON.parse(pages);
  return { items, pages: JSON.stringify(nextless) };
}

type ListRest = Readonly<Record<string, string | number | null>>;

const COMMA = Buffer.from(',');
const tail = (rest: ListRest): string =>
  Object.entries(rest)
    .map(([name, value]) => `,"${name}":${value}`)
    .join('');

/** The text of a list, built from the texts of its records. */
export const listText = (
  type: string,
  key: string,
  records: readonly string[],
  rest: ListRest = {},
): string => `{"type":"${type}","${key}":[${records.join(',')}]${tail(rest)}}`;

/** The same list from records in UTF-8. This saves joining and encoding hundreds of kilobytes per page. */
export function listBytes(type: string, key: string, records: readonly Buffer[], rest: ListRest): Buffer {
  const pieces: Buffer[] = [Buffer.from(`{"type":"${type}","${key}":[`)];
  records.forEach((record, i) => {
    if (i > 0) pieces.push(COMMA);
    pieces.push(record);
  });
  pieces.push(Buffer.from(`]${tail(rest)}}`));
  return Buffer.concat(pieces);
}
