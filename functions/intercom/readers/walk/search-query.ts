/**
 * Queries of the three searches (docs/intercom-api.md 5): only `=`, `>` and `<`, at most two levels of nesting
 * and 15 filters in a group. `>` alone would skip the bound itself: its day (contacts), or its second if `>`
 * is strict. So the lower bound is always `> v OR = v`.
 */
import type { JsonObject } from '../../../core/json.ts';
import type { SliceQuery, Window, WindowQuery } from '../../../core/reading.ts';
import type { EpochSeconds } from '../../../core/time.ts';

export type Filter =
  | {
      readonly field: string;
      readonly operator: '=' | '>' | '<';
      readonly value: EpochSeconds | string;
    }
  | { readonly operator: 'AND' | 'OR'; readonly value: readonly Filter[] };

/** Most filters in one group (docs/intercom-api.md 5). */
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

function idFilters(ids: readonly string[]): readonly Filter[] {
  const groups = Array.from({ length: Math.ceil(ids.length / GROUP_SIZE) }, (_, index) =>
    ids.slice(index * GROUP_SIZE, (index + 1) * GROUP_SIZE),
  );
  return groups.map((group) => ({
    operator: 'OR',
    value: group.map((id) => ({ field: 'id', operator: '=', value: id })),
  }));
}

const OPEN: Window = { from: null, to: null };

const asWindow = (query: SliceQuery): SliceQuery =>
  query.kind === 'all' ? { kind: 'window', updated: OPEN, created: null, through: false } : query;

/** The filters a slice needs, one search each: a single one, or one per 15 ids. */
export function searchFilters(query: SliceQuery): readonly Filter[] {
  const asked = asWindow(query);
  if (asked.kind === 'ids') return idFilters(asked.ids);
  return asked.kind === 'window' ? [windowFilter(asked)] : [];
}

/** The same slice with `from` as lower bound of `updated_at`. Searches by id have no bound and stay the same. */
export function searchFrom(query: SliceQuery, from: EpochSeconds): SliceQuery {
  const asked = asWindow(query);
  return asked.kind === 'window' ? { ...asked, updated: { ...asked.updated, from } } : asked;
}

/** Upper bound of `updated_at`; null if the slice reaches the present. */
export const upperOf = (query: SliceQuery): EpochSeconds | null =>
  query.kind === 'window' ? query.updated.to : null;

/** Body of one search request. Always sorted, which 2.15 does without documenting it (docs/intercom-api.md 5). */
export function searchBody(filter: Filter, perPage: number, startingAfter: string | null): JsonObject {
  return {
    query: filter as unknown as JsonObject,
    pagination:
      startingAfter === null ? { per_page: perPage } : { per_page: perPage, starting_after: startingAfter },
    sort: { field: 'updated_at', order: 'ascending' },
  };
}
