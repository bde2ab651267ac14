/** Merging into tables that Glue already has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filesTable, historyColumns } from '../../../functions/catalog/athena.ts';
import { type GlueColumn, type GlueTable, UNDECIDED } from '../../../functions/catalog/glue.ts';
import {
  mergedHistoryColumns,
  mergedTable,
  mergedView,
  type StoredColumn,
  type StoredTable,
} from '../../../functions/catalog/merge.ts';
import { type CatalogTable, catalogTables } from '../../../functions/catalog/tables.ts';
import type { SeenColumns, SeenType } from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

const LAKE = { root: 's3://b/', database: 'd', firstDay: '2026-11-22' };

function tagsTable(seen: SeenColumns): CatalogTable {
  const [tags] = catalogTables([OBJECTS.tags], { tags: seen });
  if (tags === undefined) throw new Error('no table');
  return tags;
}

function tagsFiles(seen: SeenColumns = {}, firstDay = LAKE.firstDay): GlueTable {
  const tags = tagsTable(seen);
  return filesTable(tags, historyColumns(tags), { ...LAKE, firstDay });
}

const tagsHistory = (seen: SeenColumns = {}): readonly GlueColumn[] => historyColumns(tagsTable(seen));

const stored = (Columns: readonly StoredColumn[]): StoredTable => ({ StorageDescriptor: { Columns } });

/** The columns of a history that has these already. */
const merged = (
  before: readonly StoredColumn[],
  now: readonly GlueColumn[],
  excluded: readonly string[] = [],
): readonly GlueColumn[] => mergedHistoryColumns(stored(before), now, excluded);

const typesOf = (columns: readonly StoredColumn[] = []): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(columns.map(({ Name, Type }) => [Name, Type]));

describe('the columns of a history', () => {
  it('are what we know if there is none', () => {
    expect(mergedHistoryColumns(null, tagsHistory(), [])).toEqual(tagsHistory());
  });

  it('stay as they are if nothing is new', () => {
    const columns = tagsHistory({ shade: ['string'], later: [] });
    expect(merged(columns, columns)).toEqual(columns);
  });

  it('get new ones and lose none', () => {
    const columns = merged(tagsHistory({ old: ['boolean'] }), tagsHistory({ fresh: ['number'] }));
    expect(typesOf(columns)).toMatchObject({ id: 'string', fresh: 'double', old: 'boolean' });
  });

  it('lose what field rules leave out, however it is written', () => {
    const columns = merged(tagsHistory({ Shade: ['string'], other: ['string'] }), tagsHistory(), ['Shade']);
    expect(Object.keys(typesOf(columns))).toEqual([...Object.keys(typesOf(tagsHistory())), 'other']);
  });

  it.each([
    ['bigint', 'double', 'double'],
    ['double', 'bigint', 'double'],
    ['boolean', 'double', 'string'],
    ['string', 'bigint', 'string'],
    ['bigint', 'string', 'string'],
    ['int', 'bigint', 'bigint'],
  ])('that has one of %s, with %s to come, has %s', (before, now, after) => {
    expect(typesOf(merged([{ Name: 'x', Type: before }], [{ Name: 'x', Type: now }]))).toEqual({ x: after });
  });

  it('take the type of the first value of one that had none, and not that of none', () => {
    const [none, some] = [tagsHistory({ x: [] }), tagsHistory({ x: ['number'] })];
    expect(none.find(({ Name }) => Name === 'x')?.Parameters).toEqual(UNDECIDED);
    expect(merged(none, some)).toEqual(some);
    expect(merged(some, none)).toEqual(some);
  });

  it('keep what a user has written, and are none of other types than ours', () => {
    const mine = tagsHistory().map((column) => ({ ...column, Comment: 'Mine' }));
    expect(merged([...mine, { Name: 'of_mine', Type: 'int', Comment: '' }], tagsHistory())).toEqual(mine);
  });

  it('are the same whoever comes first, and however often', () => {
    const types: readonly SeenType[] = ['boolean', 'integer', 'number', 'string', 'json'];
    const seen = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.uniqueArray(fc.constantFrom(...types), { maxLength: 3 }),
      { maxKeys: 3 },
    );
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 4 }), (knowledge) => {
        const histories = knowledge.map((columns) => tagsHistory(columns));
        const [first = tagsHistory(), ...rest] = histories;
        const [last = first, ...before] = histories.toReversed();
        const forth = [...rest, first, ...rest].reduce((columns, next) => merged(columns, next), first);
        const back = before.reduce((columns, next) => merged(columns, next), last);
        expect(typesOf(forth)).toEqual(typesOf(back));
      }),
    );
  });
});

describe('a table that is there', () => {
  it('stays as it is if nothing is new', () => {
    const table = tagsFiles({ shade: ['string'], later: [] });
    expect(mergedTable(table, table)).toEqual(table);
  });

  it('gets new columns, loses none, and has nested ones as we write them', () => {
    const table = (Type: string, name: string): GlueTable => ({
      ...tagsFiles(),
      StorageDescriptor: {
        Columns: [
          { Name: 'x', Type },
          { Name: name, Type: 'string' },
        ],
        SerdeInfo: {},
      },
    });
    const { StorageDescriptor } = mergedTable(
      table('struct<a:bigint>', 'old'),
      table('struct<a:bigint,b:string>', 'fresh'),
    );
    expect(typesOf(StorageDescriptor.Columns)).toEqual({
      x: 'struct<a:bigint,b:string>',
      fresh: 'string',
      old: 'string',
    });
  });

  it('loses what field rules leave out', () => {
    const table = mergedTable(tagsFiles({ Shade: ['string'] }), tagsFiles(), { excluded: ['Shade'] });
    expect(table).toEqual(tagsFiles());
  });

  it('keeps what a user has added or written', () => {
    const wanted = tagsFiles();
    const table = {
      ...wanted,
      Description: 'Mine',
      Owner: 'me',
      Parameters: { ...wanted.Parameters, 'write.by': 'me', classification: 'csv' },
      StorageDescriptor: {
        ...wanted.StorageDescriptor,
        Columns: [...wanted.StorageDescriptor.Columns, { Name: 'of_mine', Type: 'int', Comment: '' }],
        SerdeInfo: { ...wanted.StorageDescriptor.SerdeInfo, Parameters: { 'ignore.malformed.json': 'true' } },
      },
    };
    expect(mergedTable(table, wanted)).toEqual({
      ...table,
      Parameters: { ...table.Parameters, classification: 'json' },
    });
  });

  it('begins its partitions at the same day whoever comes first', () => {
    const days = ['2026-11-20', '2026-11-22', '2026-11-30'].map((firstDay) => tagsFiles({}, firstDay));
    const begin = (tables: readonly GlueTable[]) =>
      tables.reduce((table, next) => mergedTable(table, next)).Parameters;
    expect(begin(days)).toEqual(begin(days.toReversed()));
  });
});

describe('the partitions begin', () => {
  const begin = (stored: string, wanted: string, isWhole?: boolean): string | undefined => {
    const table = tagsFiles();
    const before = { ...table, Parameters: { ...table.Parameters, 'projection.run_date.range': stored } };
    const after = mergedTable(before, tagsFiles({}, wanted), isWhole === undefined ? {} : { isWhole });
    return after.Parameters['projection.run_date.range'];
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
    ...tagsFiles(),
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

  it('no longer says that a column has no value once it has', () => {
    const [none, some] = [view('a', 'x'), view('b', 'x')];
    const Columns = [{ Name: 'x', Type: 'string', Parameters: UNDECIDED }];
    const before = { ...none, StorageDescriptor: { ...none.StorageDescriptor, Columns } };
    expect(mergedView(before, some)).toEqual(some);
    expect(mergedView(some, before)).toEqual(before);
  });

  it('selects what ours selects, in its order, and keeps what was written about it', () => {
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
