/** Search as docs/intercom-api.md 4 and 5 describe it: keyset cursors over `updated_at`, filters, total counts. */
import type { JsonObject } from '../../../functions/core/json.ts';
import type { Handler, Request, SearchBody } from './reader-harness.ts';

interface Field {
  readonly field: string;
  readonly operator: '=' | '>' | '<';
  readonly value: number | string;
}
interface Group {
  readonly operator: 'AND' | 'OR';
  readonly value: readonly (Field | Group)[];
}

const DAY = 86_400;

function matches(record: JsonObject, filter: Field | Group, day: boolean): boolean {
  if ('field' in filter) return compares(record[filter.field], filter, day);
  const results = filter.value.map((inner) => matches(record, inner, day));
  return filter.operator === 'AND' ? results.every(Boolean) : results.some(Boolean);
}

function compares(value: unknown, { operator, value: wanted }: Field, day: boolean): boolean {
  if (typeof value !== 'number' || typeof wanted !== 'number') return operator === '=' && value === wanted;
  const start = day ? wanted - (wanted % DAY) : wanted;
  const end = day ? start + DAY : wanted + 1;
  if (operator === '>') return value >= end;
  return operator === '<' ? value < start : value >= start && value < end;
}

export interface SearchOptions {
  /** The records of the workspace, read again by every request. */
  readonly records: () => readonly JsonObject[];
  readonly recordsKey?: string;
  /** Compares whole UTC days. */
  readonly day?: boolean;
  readonly total?: boolean;
}

const stamp = (record: JsonObject): number => Number(record.updated_at);

const byKey = (a: JsonObject, b: JsonObject): number =>
  stamp(a) - stamp(b) || String(a.id).localeCompare(String(b.id));

const cursorOf = (record: JsonObject): string =>
  Buffer.from(JSON.stringify([stamp(record) * 1000, record.id, 2])).toString('base64');

function isAfter(record: JsonObject, cursor: string): boolean {
  const [at, id] = JSON.parse(Buffer.from(cursor, 'base64').toString()) as [number, string];
  return stamp(record) * 1000 > at || (stamp(record) * 1000 === at && String(record.id) > id);
}

/** Answers one search request. */
export function searchAnswer(body: SearchBody, options: SearchOptions): JsonObject {
  const { records, recordsKey = 'data', day = false, total = true } = options;
  const { per_page: perPage = 20, starting_after: after } = body.pagination ?? {};
  const found = records()
    .filter((record) => matches(record, body.query as Group, day))
    .sort(byKey);
  const rest = after === undefined ? found : found.filter((record) => isAfter(record, after));
  const page = rest.slice(0, perPage);
  const last = page.at(-1);
  const next =
    rest.length > perPage && last !== undefined ? { page: 2, starting_after: cursorOf(last) } : undefined;
  return {
    type: 'list',
    [recordsKey]: page,
    ...(total ? { total_count: found.length } : {}),
    pages: { type: 'pages', page: 1, per_page: String(perPage), total_pages: 1, next },
  };
}

/** A server that offers one search and nothing else. */
export const searchHandler =
  (options: SearchOptions): Handler =>
  ({ body }: Request) => ({ json: searchAnswer(body, options) });
