/** The SQL for Athena parses in Athena's dialects: Trino for views, Hive for tables. */
import { HiveSQL, TrinoSQL } from 'dt-sql-parser';
import { describe, expect, it } from 'vitest';
import { athenaStatements, glueTables } from '../../../functions/catalog/athena.ts';
import { catalogTables } from '../../../functions/catalog/tables.ts';
import { CHILD_NAMES, OBJECT_NAMES, SHARED_TABLES } from '../../../functions/core/names.ts';
import type { SeenColumns } from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

const LAKE = { root: 's3://my-lake/', database: 'intercom', firstDay: '2026-11-22' };
const TABLES = catalogTables(Object.values(OBJECTS), {
  contacts: { 'We"ird, name': ['string'], select: ['number'], Ünicode: [], Camel: ['boolean'] },
});
const OWN = [...OBJECT_NAMES, ...CHILD_NAMES];
const NAMES = [...OWN, ...SHARED_TABLES];
const glue = new Map(glueTables(TABLES, LAKE).map((table) => [table.Name, table]));
const text = athenaStatements(TABLES, LAKE);

it('is checked by parsers that refuse invalid SQL', () => {
  expect(new TrinoSQL().validate('CREATE OR REPLACE VIEW a AS SELECT FROM WHERE')).not.toEqual([]);
  expect(new HiveSQL().validate('CREATE EXTERNAL TABLE `a` (`b` ) LOCATION')).not.toEqual([]);
});

it.each(text.views.map((sql) => [sql.slice(0, sql.indexOf(' AS')), sql]))(
  '%s parses as Trino',
  (_name, sql) => {
    expect(new TrinoSQL().validate(sql)).toEqual([]);
  },
);

it.each(text.tables.map((sql) => [sql.slice(0, sql.indexOf(' (')), sql]))(
  '%s parses as Hive',
  (_name, sql) => {
    expect(new HiveSQL().validate(sql)).toEqual([]);
  },
);

/** Names of the columns that a view selects. */
const selected = (sql: string): readonly string[] =>
  sql
    .slice('SELECT'.length, sql.indexOf('\nFROM'))
    .split(',\n')
    .flatMap((line) => line.split(', '))
    .map((item) => item.trim().split(/[\s.]/).at(-1)?.replaceAll('"', '') ?? '');

/** Hive's types as Athena writes them in the definition of a view. */
const TRINO: Readonly<Record<string, string>> = {
  string: 'varchar',
  bigint: 'bigint',
  double: 'double',
  boolean: 'boolean',
};

/** Athena calls a view stale if its columns differ in order or type from what its text selects. */
describe.each([...glue.values()].filter(({ TableType }) => TableType === 'VIRTUAL_VIEW'))(
  'the view $Name for Glue',
  ({ Name, Description, ViewOriginalText = '', ViewExpandedText, Parameters, StorageDescriptor }) => {
    const [, encoded = ''] = /^\/\* Presto View: (.*) \*\/$/.exec(ViewOriginalText) ?? [];
    const definition = JSON.parse(Buffer.from(encoded, 'base64').toString());

    it('is kept as Athena keeps its own', () => {
      expect(Object.keys(definition)).toEqual([
        'originalSql',
        'catalog',
        'schema',
        'columns',
        'runAsInvoker',
      ]);
      expect(definition).toMatchObject({
        catalog: 'awsdatacatalog',
        schema: 'intercom',
        runAsInvoker: true,
      });
      expect({ ViewExpandedText, Parameters }).toEqual({
        ViewExpandedText: '/* Presto View */',
        Parameters: { presto_view: 'true', comment: 'Presto View' },
      });
      expect(new TrinoSQL().validate(definition.originalSql)).toEqual([]);
    });

    it('has no description, which Trino would take for the comment that makes it a view', () => {
      expect(Description).toBeUndefined();
    });

    it('has the columns that it selects, in their order, of the types that their table has', () => {
      const columns = StorageDescriptor.Columns.map((column) => [column.Name, TRINO[column.Type]]);
      expect(definition.columns.map((column: Record<string, string>) => [column.name, column.type])).toEqual(
        columns,
      );
      expect(selected(definition.originalSql)).toEqual(columns.map(([name]) => name));
      const history = glue.get(`${Name}_history`)?.StorageDescriptor.Columns;
      if (history !== undefined) {
        const run = ['run_date', 'varchar'];
        expect([...columns, run]).toEqual(history.map((column) => [column.Name, TRINO[column.Type]]));
      }
    });
  },
);

describe('the tables for Glue', () => {
  it('are the files, a history and views per table, and the manifests', () => {
    const ofTables = NAMES.flatMap((name) => [name, `${name}_history`, `${name}_files`]);
    const live = OWN.map((name) => `${name}_live`);
    const expected = ['manifests', 'manifest_runs', 'manifest_files', ...ofTables, ...live];
    expect([...glue.keys()].sort()).toEqual(expected.sort());
  });

  it('read the files of the layout, partitioned by a projected run_date', () => {
    expect(glue.get('contact_tag_files')).toMatchObject({
      TableType: 'EXTERNAL_TABLE',
      PartitionKeys: [{ Name: 'run_date', Type: 'string' }],
      Parameters: {
        'projection.enabled': 'true',
        'projection.run_date.type': 'date',
        'projection.run_date.range': '2026-11-22,NOW',
        'storage.location.template': `s3://my-lake/tables/contact_tag/run_date=\${run_date}/`,
      },
      StorageDescriptor: {
        Location: 's3://my-lake/tables/contact_tag/',
        SerdeInfo: { SerializationLibrary: 'org.apache.hive.hcatalog.data.JsonSerDe' },
      },
    });
  });

  it('read every file as text, so that no value of an uncommitted row fails a query', () => {
    for (const name of NAMES) {
      const types = glue.get(`${name}_files`)?.StorageDescriptor.Columns.map(({ Type }) => Type);
      expect(new Set(types)).toEqual(new Set(['string']));
    }
    const sql = text.views.find((view) => view.startsWith('CREATE OR REPLACE VIEW contacts_history '));
    expect(sql).toContain('\n  "id",\n');
    expect(sql).toContain('\n  TRY_CAST("created_at" AS bigint) AS "created_at",\n');
    expect(sql).not.toMatch(/[^_]CAST/);
  });

  it('ask in one way which manifests count, so that all parts of a query see the same runs', () => {
    const asking = text.views.filter((sql) => /\bmanifests\b/.test(sql.replace(/^.* AS\n/, '')));
    expect(asking.map((sql) => sql.slice('CREATE OR REPLACE VIEW '.length, sql.indexOf(' AS')))).toEqual([
      'manifest_runs',
      'manifest_files',
    ]);
    const rules = asking.map((sql) => sql.slice(sql.indexOf('\nFROM ('), sql.indexOf(' AS marked')));
    expect(new Set(rules).size).toBe(1);
    expect(
      asking.every((sql) => sql.endsWith('\nWHERE position = 1 AND NOT waits AND NOT is_replaced')),
    ).toBe(true);
    const waiting =
      "from_iso8601_timestamp(committed_at) > current_timestamp - INTERVAL '1' MINUTE AS is_new";
    expect(rules[0]?.split('\n').map((line) => line.trim())).toContain(`${waiting},`);
    const teams = text.views.find((sql) => sql.startsWith('CREATE OR REPLACE VIEW teams '));
    expect(teams).toContain("FROM manifest_runs WHERE object = 'teams'");
  });

  it('have every manifest, by object', () => {
    const { PartitionKeys, Parameters } = glue.get('manifests') ?? {};
    expect(PartitionKeys).toEqual([{ Name: 'object', Type: 'string' }]);
    expect(Parameters?.['projection.object.values']?.split(',')).toEqual(OBJECT_NAMES);
  });

  it('have no column with a name that Athena refuses: the whole table would be unreadable', () => {
    const columns = glue.get('contacts_history')?.StorageDescriptor.Columns ?? [];
    const added = columns.filter(({ Comment }) => Comment?.startsWith('Sent by Intercom, but not in'));
    expect(added.map(({ Name, Type }) => [Name, Type])).toEqual([
      ['camel', 'boolean'],
      ['select', 'double'],
      ['ünicode', 'string'],
    ]);
    const long = 'x'.repeat(256);
    const tables = catalogTables([OBJECTS.tags], { tags: { [long]: ['string'], 'a,b': ['string'], ok: [] } });
    const tags = glueTables(tables, LAKE).find(({ Name }) => Name === 'tags');
    const names = tags?.StorageDescriptor.Columns.map(({ Name }) => Name);
    expect(names).toEqual(['type', 'id', 'name', 'ok', '_run_id', '_extracted_at', '_version']);
  });

  it('rank by a name that no column has, and have no column with the name of a partition', () => {
    const seen: SeenColumns = { _rank: ['number'], __Rank: [], run_date: [], run_id: [], $path: [] };
    const tables = catalogTables([OBJECTS.contacts], { contacts: seen });
    const named = new Map(glueTables(tables, LAKE).map((table) => [table.Name, table]));
    const added = named
      .get('contacts_history')
      ?.StorageDescriptor.Columns.filter(({ Comment }) =>
        Comment?.startsWith('Sent by Intercom, but not in'),
      );
    expect(added?.map(({ Name }) => Name)).toEqual(['__rank', '_rank', 'run_id']);
    const encoded = named.get('contacts')?.ViewOriginalText?.slice(16, -3) ?? '';
    const sql = JSON.parse(Buffer.from(encoded, 'base64').toString()).originalSql;
    expect(sql).toMatch(/AS "___rank"\n.*WHERE "___rank" = 1$/s);
    expect(new TrinoSQL().validate(sql)).toEqual([]);
  });

  it('create views after everything that they read', () => {
    const order = [...glue.keys()];
    for (const [name, { TableType, ViewOriginalText = '' }] of glue) {
      if (TableType !== 'VIRTUAL_VIEW') continue;
      const sql = Buffer.from(ViewOriginalText.slice(16, -3), 'base64').toString();
      const read = [...sql.matchAll(/(?:FROM|JOIN) (\w+)/g)].map((match) => match[1] ?? '');
      expect(read.length).toBeGreaterThan(0);
      for (const source of read) expect(order.indexOf(source)).toBeLessThan(order.indexOf(name));
    }
  });
});
