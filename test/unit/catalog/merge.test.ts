/** Merging into tables that Glue already has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyTable } from '../../../functions/catalog/athena.ts';
import { type GlueColumn, type GlueTable, UNDECIDED } from '../../../functions/catalog/glue.ts';
import { columnsOf, mergedTable, mergedView, type StoredTable } from '../../../functions/catalog/merge.ts';
import { catalogTables } from '../../../functions/catalog/tables.ts';
import type { SeenColumns, SeenType } from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

const LAKE = { bucket: 'b', database: 'd', firstDay: '2026-11-22' };

function tagsHistory(seen: SeenColumns = {}, firstDay = LAKE.firstDay): GlueTable {
  const [tags] = catalogTables([OBJECTS.tags], { tags: seen });
  if (tags === undefined) throw new Error('no table');
  return historyTable(tags, { ...LAKE, firstDay });
}

const typesOf = (table: StoredTable): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries((table.StorageDescriptor?.Columns ?? []).map(({ Name, Type }) => [Name, Type]));

describe('a table that exists', () => {
  it('stays the same if nothing is new', () => {
    const table = tagsHistory({ shade: ['string'], later: [] });
    expect(mergedTable(table, table)).toEqual(table);
  });

  it('gets new columns and loses none', () => {
    const merged = mergedTable(tagsHistory({ old: ['boolean'] }), tagsHistory({ fresh: ['number'] }));
    expect(typesOf(merged)).toMatchObject({ id: 'string', fresh: 'double', old: 'boolean' });
  });

  it('loses what field rules exclude, in upper or lower case', () => {
    const stored = tagsHistory({ Shade: ['string'], other: ['string'] });
    const merged = mergedTable(stored, tagsHistory(), { excluded: ['Shade'] });
    expect(Object.keys(typesOf(merged))).toEqual([...Object.keys(typesOf(tagsHistory())), 'other']);
  });

  it.each([
    ['bigint', 'double', 'double'],
    ['double', 'bigint', 'double'],
    ['boolean', 'double', 'string'],
    ['string', 'bigint', 'string'],
    ['bigint', 'string', 'string'],
    ['int', 'bigint', 'bigint'],
    ['struct<a:bigint>', 'struct<a:bigint,b:string>', 'struct<a:bigint,b:string>'],
  ])('with a column of type %s that gets %s then has %s', (before, now, after) => {
    const column = (Type: string): GlueColumn[] => [{ Name: 'x', Type }];
    const table = (Type: string): GlueTable => ({
      ...tagsHistory(),
      StorageDescriptor: { ...tagsHistory().StorageDescriptor, Columns: column(Type) },
    });
    expect(typesOf(mergedTable(table(before), table(now)))).toEqual({ x: after });
  });

  it('takes the type of the first value for a column without values, and not the provisional type', () => {
    const [none, some] = [tagsHistory({ x: [] }), tagsHistory({ x: ['number'] })];
    expect(none.StorageDescriptor.Columns.find(({ Name }) => Name === 'x')?.Parameters).toEqual(UNDECIDED);
    expect(mergedTable(none, some)).toEqual(some);
    expect(mergedTable(some, none)).toEqual(some);
  });

  it('keeps what a user has added or written', () => {
    const wanted = tagsHistory();
    const stored = {
      ...wanted,
      Description: 'Mine',
      Owner: 'me',
      Parameters: { ...wanted.Parameters, 'write.by': 'me', classification: 'csv' },
      StorageDescriptor: {
        ...wanted.StorageDescriptor,
        Columns: wanted.StorageDescriptor.Columns.map((column) => ({ ...column, Comment: 'Mine' })).concat([
          { Name: 'of_mine', Type: 'int', Comment: '' },
        ]),
        SerdeInfo: { ...wanted.StorageDescriptor.SerdeInfo, Parameters: { 'ignore.malformed.json': 'true' } },
      },
    };
    const merged = mergedTable(stored, wanted);
    expect(merged).toEqual({ ...stored, Parameters: { ...stored.Parameters, classification: 'json' } });
    expect(columnsOf(merged).map(({ name }) => name)).not.toContain('of_mine');
  });

  it('is the same in any order and after any number of merges', () => {
    const types: readonly SeenType[] = ['boolean', 'integer', 'number', 'string', 'json'];
    const seen = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.uniqueArray(fc.constantFrom(...types), { maxLength: 3 }),
      { maxKeys: 3 },
    );
    const day = fc.constantFrom('2026-11-20', '2026-11-22', '2026-11-30');
    fc.assert(
      fc.property(fc.array(fc.tuple(seen, day), { minLength: 1, maxLength: 4 }), (knowledge) => {
        const tables = knowledge.map(([columns, firstDay]) => tagsHistory(columns, firstDay));
        const [first = tagsHistory(), ...rest] = tables;
        const [last = first, ...before] = tables.toReversed();
        const forth = [...rest, first, ...rest].reduce((table, next) => mergedTable(table, next), first);
        const back = before.reduce((table, next) => mergedTable(table, next), last);
        expect(typesOf(forth)).toEqual(typesOf(back));
        expect(forth.Parameters).toEqual(back.Parameters);
      }),
    );
  });
});

describe('the partitions begin', () => {
  const begin = (stored: string, wanted: string, isWhole?: boolean): string | undefined => {
    const table = tagsHistory();
    const before = { ...table, Parameters: { ...table.Parameters, 'projection.run_date.range': stored } };
    const merged = mergedTable(before, tagsHistory({}, wanted), isWhole === undefined ? {} : { isWhole });
    return merged.Parameters['projection.run_date.range'];
  };

  it.each([
    ['earlier if an earlier file is known', '2026-11-22,NOW', '2026-11-01', '2026-11-01,NOW'],
    ['on the same day, while that is recent', '2026-11-22,NOW', '2026-12-23', '2026-11-22,NOW'],
    ['later after a month of them is empty', '2026-11-22,NOW', '2026-12-24', '2026-12-24,NOW'],
    ['with the data, whatever was stored there', 'NOW-3DAYS,NOW', '2026-11-22', '2026-11-22,NOW'],
  ])('%s', (_what, stored, wanted, expected) => {
    expect(begin(stored, wanted)).toBe(expected);
  });

  it('never later in a table that others also write', () => {
    expect(begin('2020-01-01,NOW', '2026-11-22', false)).toBe('2020-01-01,NOW');
  });
});

describe('a view that exists', () => {
  const view = (select: string, ...names: string[]): GlueTable => ({
    ...tagsHistory(),
    Name: 'tags',
    TableType: 'VIRTUAL_VIEW',
    Parameters: { presto_view: 'true' },
    StorageDescriptor: { Columns: names.map((Name) => ({ Name, Type: 'string' })), SerdeInfo: {} },
    ViewOriginalText: select,
    ViewExpandedText: '/* Presto View */',
  });

  it('stays the same if nothing is new', () => {
    expect(mergedView(view('a', 'x'), view('a', 'x'))).toEqual(view('a', 'x'));
  });

  it("selects what ours selects, in the same order, and keeps the user's descriptions", () => {
    const stored = {
      ...view('a', 'x', 'y'),
      Description: 'Mine',
      Parameters: { presto_view: 'true', mine: '1' },
      StorageDescriptor: { Columns: [{ Name: 'x', Type: 'bigint', Comment: 'Mine' }], SerdeInfo: {} },
    };
    expect(mergedView(stored, view('b', 'z', 'x'))).toEqual({
      ...view('b', 'z', 'x'),
      Description: 'Mine',
      Parameters: { presto_view: 'true', mine: '1' },
      StorageDescriptor: {
        Columns: [
          { Name: 'z', Type: 'string' },
          { Name: 'x', Type: 'string', Comment: 'Mine' },
        ],
        SerdeInfo: {},
      },
    });
  });
});
