/**
 * Queries of the three searches (docs/intercom-api.md 5): only `=`, `>` and `<`, at most two levels of nesting
 * and 15 filters in a group. `>` alone would skip the bound itself: its day (contacts), or its second if `>`
 * is strict. So the lower bound is always `> v OR = v`.
 */

import { cutByUpdate } from '../../../core/cut-window.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { SliceQuery, WindowQuery } from '../../../core/reading.ts';
import type { EpochSeconds } from '../../../core/time.ts';

export type Filter =
  | {
      readonly field: string;
      readonly operator: '=' | '>' | '<';
      readonly value: EpochSeconds | string;
    }
  | { readonly operator: 'AND' | 'OR'; readonly value: readonly Filter[] };

/** The most filters in one group (docs/intercom-api.md 5). */
const GROUP_SIZE = 15;

const orEqual = (field: string, operator: '>' | '<', value: EpochSeconds): Filter => ({
  operator: 'OR',
  value: [
    { field, operator, value },
    { field, operator: '=', value },
  ],
});

const lowerBound = (field: string, from: EpochSeconds | null): readonly Filter[] =>
  from === null ? [] : [orEqual(field, '>', from)];

function upperBound(field: string, to: EpochSeconds | null, through: boolean): readonly Filter[] {
  if (to === null) return [];
  return [through ? orEqual(field, '<', to) : { field, operator: '<', value: to }];
}

/** `updated_at > 0`: every record with a time. A search needs a query (docs/intercom-api.md 5). */
const EVERYTHING: Filter = { field: 'updated_at', operator: '>', value: 0 };

function windowFilter({ updated, created, through, where }: WindowQuery): Filter {
  const lower = updated.from === null ? [EVERYTHING] : lowerBound('updated_at', updated.from);
  const value = [
    ...lower,
    ...upperBound('updated_at', updated.to, through),
    ...lowerBound('created_at', created?.from ?? null),
    ...upperBound('created_at', created?.to ?? null, false),
    ...(where === undefined ? [] : [{ field: where.field, operator: '=' as const, value: where.value }]),
  ];
  return { operator: 'AND', value };
}

/** What one search asks for: a window, or up to 15 ids. */
export type SearchQuery = Omit<WindowQuery, 'cuts'> | Extract<SliceQuery, { readonly kind: 'ids' }>;

export const EVERY_RECORD: WindowQuery = {
  kind: 'window',
  updated: { from: null, to: null },
  created: null,
  through: false,
};

/** The searches that a slice needs. They may be walked at the same time. */
export function searchesOf(query: SliceQuery): readonly SearchQuery[] {
  if (query.kind === 'deleted') return [];
  if (query.kind !== 'ids') {
    const { cuts = [], ...window } = query.kind === 'all' ? EVERY_RECORD : query;
    return cutByUpdate(window, cuts);
  }
  return Array.from({ length: Math.ceil(query.ids.length / GROUP_SIZE) }, (_, index) => ({
    kind: 'ids',
    ids: query.ids.slice(index * GROUP_SIZE, (index + 1) * GROUP_SIZE),
  }));
}

export function searchFilter(query: SearchQuery): Filter {
  if (query.kind === 'window') return windowFilter(query);
  return { operator: 'OR', value: query.ids.map((id) => ({ field: 'id', operator: '=', value: id })) };
}

/** The same search with `from` as lower bound of `updated_at`. A search by id has no bound and stays the same. */
export const searchFrom = (query: SearchQuery, from: EpochSeconds): SearchQuery =>
  query.kind === 'window' ? { ...query, updated: { ...query.updated, from } } : query;

/** Upper bound of `updated_at`; null if the search reaches the present. */
export const upperOf = (query: SearchQuery): EpochSeconds | null =>
  query.kind === 'window' ? query.updated.to : null;

/** What all the searches before the present ask for together; null if there are none. */
export function closedPart(searches: readonly SearchQuery[]): SearchQuery | null {
  const [first] = searches;
  const last = searches.findLast((one) => upperOf(one) !== null);
  if (first?.kind !== 'window' || last?.kind !== 'window') return null;
  return { ...last, updated: { from: first.updated.from, to: last.updated.to } };
}

/** Body of one search request. Always sorted, which 2.15 does without documenting it (docs/intercom-api.md 5). */
export function searchBody(filter: Filter, perPage: number, startingAfter: string | null): JsonObject {
  return {
    query: filter as unknown as JsonObject,
    pagination:
      startingAfter === null ? { per_page: perPage } : { per_page: perPage, starting_after: startingAfter },
    sort: { field: 'updated_at', order: 'ascending' },
  };
}
