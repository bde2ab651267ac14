import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SliceQuery, Window, WindowQuery } from '../../../../../functions/core/reading.ts';
import {
  closedPart,
  EVERY_RECORD,
  type Filter,
  type SearchQuery,
  searchBody,
  searchesOf,
  searchFilter,
  searchFrom,
  upperOf,
} from '../../../../../functions/intercom/readers/walk/search-query.ts';

const bound = fc.option(fc.nat({ max: 2_000_000_000 }));
const windowArbitrary: fc.Arbitrary<SliceQuery> = fc.record({
  kind: fc.constant('window' as const),
  updated: fc.record({ from: bound, to: bound }),
  created: fc.option<Window>(fc.record({ from: bound, to: bound })),
  through: fc.boolean(),
});
const idsArbitrary: fc.Arbitrary<SliceQuery> = fc.record({
  kind: fc.constant('ids' as const),
  ids: fc.array(fc.string({ minLength: 1 }), { maxLength: 60 }),
});
const anyQuery = fc.oneof(fc.constant<SliceQuery>({ kind: 'all' }), windowArbitrary, idsArbitrary);

const searchFilters = (query: SliceQuery): readonly Filter[] => searchesOf(query).map(searchFilter);

const depth = (filter: Filter): number =>
  'field' in filter ? 0 : 1 + Math.max(0, ...filter.value.map(depth));
const leaves = (filter: Filter): readonly Extract<Filter, { field: string }>[] =>
  'field' in filter ? [filter] : filter.value.flatMap(leaves);
const groups = (filter: Filter): readonly number[] =>
  'field' in filter ? [] : [filter.value.length, ...filter.value.flatMap(groups)];

test('only =, > and <, two levels, 1 to 15 filters in a group (docs/intercom-api.md 5)', () => {
  fc.assert(
    fc.property(anyQuery, (query) => {
      for (const filter of searchFilters(query)) {
        expect(depth(filter)).toBeLessThanOrEqual(2);
        for (const size of groups(filter)) expect(size >= 1 && size <= 15).toBe(true);
        for (const leaf of leaves(filter)) expect(['=', '>', '<']).toContain(leaf.operator);
      }
    }),
  );
});

test('every id is asked for exactly once', () => {
  fc.assert(
    fc.property(idsArbitrary, (query) => {
      const asked = searchFilters(query).flatMap(leaves);
      expect(asked.map(({ value }) => value)).toEqual(query.kind === 'ids' ? query.ids : []);
      for (const { field, operator } of asked) expect([field, operator]).toEqual(['id', '=']);
    }),
  );
});

const matches = (at: number, filter: Filter, field: string): boolean => {
  if ('field' in filter) {
    if (filter.field !== field) return true;
    const value = Number(filter.value);
    return filter.operator === '>' ? at > value : filter.operator === '<' ? at < value : at === value;
  }
  const own = filter.value.filter((inner) => leaves(inner).some((leaf) => leaf.field === field));
  if (own.length === 0) return true;
  const results = own.map((inner) => matches(at, inner, field));
  return filter.operator === 'AND' ? results.every(Boolean) : results.some(Boolean);
};

test('windows that share a boundary tile: every second is in exactly one of them', () => {
  const time = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(time, time, (boundary, at) => {
      const left = searchFilters({
        kind: 'window',
        updated: { from: null, to: boundary },
        created: null,
        through: false,
      });
      const right = searchFilters({
        kind: 'window',
        updated: { from: boundary, to: null },
        created: null,
        through: false,
      });
      const inside = [...left, ...right].filter((filter) => matches(at, filter, 'updated_at'));
      expect(inside.length).toBe(1);
    }),
  );
});

test('the searches of a window with cuts tile it, and the closed ones are all but the open one', () => {
  const time = fc.integer({ min: 2, max: 60 });
  const cutWindow = fc
    .tuple(fc.uniqueArray(time, { maxLength: 8 }), fc.boolean(), fc.boolean(), fc.boolean())
    .map(([times, isFrom, isTo, through]): WindowQuery => {
      const cuts = times.sort((a, b) => a - b);
      const updated = { from: isFrom ? 1 : null, to: isTo ? 61 : null };
      return { kind: 'window', updated, created: null, through: through && isTo, cuts };
    });
  fc.assert(
    fc.property(cutWindow, fc.integer({ min: 0, max: 62 }), ({ cuts = [], ...whole }, at) => {
      const found = (search: SearchQuery): boolean => matches(at, searchFilter(search), 'updated_at');
      const searches = searchesOf({ ...whole, cuts });
      expect(searches).toHaveLength(cuts.length + 1);
      expect(searches.filter(found)).toHaveLength(found(whole) ? 1 : 0);
      const closed = searches.filter((search) => upperOf(search) !== null);
      const part = closedPart(searches);
      expect(part === null ? [] : [part].filter(found)).toHaveLength(closed.filter(found).length);
    }),
  );
});

describe('the shapes', () => {
  test('all: every record with a time', () => {
    const everything = { operator: 'AND', value: [{ field: 'updated_at', operator: '>', value: 0 }] };
    expect(searchFilters({ kind: 'all' })).toEqual([everything]);
  });

  test('a window split by creation', () => {
    const query: SliceQuery = {
      kind: 'window',
      updated: { from: 10, to: 20 },
      created: { from: 5, to: 7 },
      through: false,
    };
    const from = (field: string, value: number) => ({
      operator: 'OR',
      value: [
        { field, operator: '>', value },
        { field, operator: '=', value },
      ],
    });
    expect(searchFilters(query)).toEqual([
      {
        operator: 'AND',
        value: [
          from('updated_at', 10),
          { field: 'updated_at', operator: '<', value: 20 },
          from('created_at', 5),
          { field: 'created_at', operator: '<', value: 7 },
        ],
      },
    ]);
  });

  test('through includes the upper bound itself, and so its day', () => {
    const query: SliceQuery = {
      kind: 'window',
      updated: { from: null, to: 20 },
      created: null,
      through: true,
    };
    expect(leaves(searchFilters(query)[0] ?? { operator: 'OR', value: [] })).toEqual([
      { field: 'updated_at', operator: '>', value: 0 },
      { field: 'updated_at', operator: '<', value: 20 },
      { field: 'updated_at', operator: '=', value: 20 },
    ]);
  });

  test('a later lower bound leaves the rest of the window as it is', () => {
    const query: SearchQuery = {
      kind: 'window',
      updated: { from: 10, to: 20 },
      created: { from: 5, to: null },
      through: true,
    };
    expect(searchFrom(query, 15)).toEqual({ ...query, updated: { from: 15, to: 20 } });
    expect(searchFrom(EVERY_RECORD, 15)).toMatchObject({ updated: { from: 15, to: null } });
    expect(searchFrom({ kind: 'ids', ids: ['1'] }, 15)).toEqual({ kind: 'ids', ids: ['1'] });
  });

  test('a body is always sorted, and has a cursor only after the first page', () => {
    const filter: Filter = { field: 'id', operator: '=', value: '1' };
    const sort = { field: 'updated_at', order: 'ascending' };
    expect(searchBody(filter, 150, null)).toEqual({ query: filter, pagination: { per_page: 150 }, sort });
    expect(searchBody(filter, 7, 'abc')).toMatchObject({
      pagination: { per_page: 7, starting_after: 'abc' },
    });
  });
});
