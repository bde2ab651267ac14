/**
 * The statements that every warehouse gets alike, run by DuckDB over loads of random histories; and the text of what
 * differs.
 */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SparkSQL } from 'dt-sql-parser';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuredTables } from '../../../../functions/catalog/configured.ts';
import type { CatalogTable } from '../../../../functions/catalog/tables.ts';
import { parseConfig } from '../../../../functions/config/config.ts';
import { OBJECTS, TABLES } from '../../../../functions/objects/index.ts';
import { DIALECTS, WAREHOUSES } from '../../../../lib/cli/load/dialects.ts';
import { currentView, insertNew, loadStatements } from '../../../../lib/cli/load/load-statements.ts';

const CONFIG = parseConfig({}, TABLES);
const ALL = configuredTables(Object.values(OBJECTS), CONFIG, {});

const tableOf = (name: string): CatalogTable => {
  const found = ALL.find((table) => table.name === name);
  if (found === undefined) throw new Error(`There is no table ${name}.`);
  return found;
};

const PLACES = { from: 's3://lake/', manifestUrl: () => 's3://lake/work/load/1.json' };

/** For DuckDB, which takes the portable statements as Redshift gets them. */
const NAMING = { ...DIALECTS.redshift, schema: '' };
const { quoted } = NAMING;

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

type Row = Readonly<Record<string, string | null>>;

async function createTable(name: string, { columns }: CatalogTable): Promise<void> {
  const definitions = columns.map((column) => `${quoted(column.name)} VARCHAR`).join(', ');
  await connection.run(`CREATE OR REPLACE TABLE ${name} (${definitions})`);
}

async function fill(name: string, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const names = Object.keys(row).map(quoted).join(', ');
    const values = Object.values(row).map((value) => (value === null ? 'NULL' : `'${value}'`));
    await connection.run(`INSERT INTO ${name} (${names}) VALUES (${values.join(', ')})`);
  }
}

const rowsOf = async (sql: string) =>
  (await connection.runAndReadAll(sql))
    .getRowObjects()
    .map((row) => JSON.stringify(row))
    .toSorted();

const version = (run: number, at: number): string => `0${run}-${at}`;
const runId = (run: number): string => `2026010${run}T000000000Z-aaaaaa`;

/** Versions of tickets over a few runs; some are read twice. */
const versions = fc.uniqueArray(
  fc.record({ id: fc.constantFrom('a', 'b', 'c'), run: fc.integer({ min: 1, max: 5 }) }),
  { selector: ({ id, run }) => `${id} ${run}`, maxLength: 12 },
);

describe('a load', () => {
  it('inserts every version once, whatever the loads overlap in, and shows the newest', async () => {
    const table = tableOf('tickets');
    await fc.assert(
      fc.asyncProperty(
        versions,
        fc.array(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), { maxLength: 4 }),
        async (all, someLoads) => {
          const rows = all.map(
            ({ id, run }): Row =>
              ({ id, title: null, _version: version(run, 1), _run_id: runId(run) }) as Row,
          );
          const known = rows.map(({ id, _version, _run_id }): Row => ({ id, _version, _run_id }) as Row);
          await createTable('tickets_history', table);
          // The last load takes everything, as after a long pause.
          for (const runs of [...someLoads, [1, 2, 3, 4, 5]]) {
            await createTable('tickets_staging', table);
            const ids = runs.map(runId);
            await fill(
              'tickets_staging',
              known.filter(({ _run_id }) => ids.includes(_run_id ?? '')),
            );
            await connection.run(insertNew(table, NAMING));
          }
          expect(await rowsOf('SELECT id, _version, _run_id FROM tickets_history')).toEqual(
            known.map((row) => JSON.stringify(row)).toSorted(),
          );
          await connection.run(currentView(table, NAMING));
          const newest = [...new Set(all.map(({ id }) => id))].map((id) => {
            const last = Math.max(...all.filter((one) => one.id === id).map(({ run }) => run));
            return JSON.stringify({ id, _version: version(last, 1) });
          });
          expect(await rowsOf('SELECT id, _version FROM tickets')).toEqual(newest.toSorted());
        },
      ),
      { numRuns: 25 },
    );
  });

  it('takes rows without an id of their own once, too', async () => {
    const table = tableOf('data_attributes');
    const row: Row = { model: 'contact', full_name: 'email', id: null, _version: '1', _run_id: runId(1) };
    await createTable('data_attributes_history', table);
    for (let time = 0; time < 2; time += 1) {
      await createTable('data_attributes_staging', table);
      await fill('data_attributes_staging', [row]);
      await connection.run(insertNew(table, NAMING));
    }
    expect(await rowsOf('SELECT full_name FROM data_attributes_history')).toHaveLength(1);
  });

  it('shows children of the newest version that knows the list, and of the last run of what is read whole', async () => {
    await connection.run('CREATE OR REPLACE TABLE intercom_last_runs (object VARCHAR, run_id VARCHAR)');
    await connection.run(`INSERT INTO intercom_last_runs VALUES ('companies', '${runId(2)}')`);
    for (const [parent, child, key] of [
      ['contacts', 'contact_tag', 'contact_id'],
      ['companies', 'company_tag', 'company_id'],
    ] as const) {
      await createTable(`${parent}_history`, tableOf(parent));
      await createTable(`${child}_history`, tableOf(child));
      const parentRow = (id: string, run: number, unknown: string | null): Row => ({
        id,
        _version: version(run, 1),
        _run_id: runId(run),
        _unknown: unknown,
      });
      const childRow = (id: string, run: number, tag: string): Row => ({
        [key]: id,
        tag_id: tag,
        _parent_version: version(run, 1),
        _run_id: runId(run),
      });
      await fill(`${parent}_history`, [
        parentRow('known', 1, null),
        parentRow('known', 2, null),
        parentRow('unknown', 1, null),
        parentRow('unknown', 2, '["tags"]'),
        parentRow('gone', 1, null),
        parentRow('never', 2, '["tags"]'),
      ]);
      await fill(`${child}_history`, [
        childRow('known', 1, 'old'),
        childRow('known', 2, 'new'),
        childRow('unknown', 1, 'kept'),
        childRow('gone', 1, 'of the last version'),
      ]);
      await connection.run(currentView(tableOf(child), NAMING));
      const shown = await rowsOf(`SELECT ${key} AS id, tag_id FROM ${child}`);
      const wanted = [
        { id: 'known', tag_id: 'new' },
        { id: 'unknown', tag_id: 'kept' },
        // Only the table of what is read whole knows that a record is gone.
        ...(parent === 'contacts' ? [{ id: 'gone', tag_id: 'of the last version' }] : []),
      ];
      expect(shown).toEqual(wanted.map((row) => JSON.stringify(row)).toSorted());
    }
  });

  it.each(WAREHOUSES)('names exactly the files, in statements that are short enough (%s)', (warehouse) => {
    const dialect = { ...DIALECTS[warehouse], filesPerCopy: 2 };
    const files = ['1.ndjson.gz', '2.ndjson', '3.ndjson.gz', '4.ndjson.gz'].map((key) => ({
      key: `tables/tags/${key}`,
      bytes: 5,
    }));
    const load = loadStatements([{ table: tableOf('tags'), files }], [], dialect, PLACES);
    const text = load.statements.join(';\n');
    const lists = load.manifests.map(({ body }) => JSON.stringify(body)).join();
    for (const { key } of files) {
      const places = [...`${text}${lists}`.matchAll(/tables\/tags\/[\w.]+/g)].filter(
        ([found]) => found === key,
      );
      expect([key, places.length]).toEqual([key, 1]);
    }
    expect(load.statements.filter((sql) => sql.startsWith('INSERT INTO tags_history'))).toHaveLength(3);
  });

  it('names the schema before every table that stays', () => {
    const loads = ALL.map((table) => ({ table, files: [{ key: `tables/${table.name}/1.gz`, bytes: 1 }] }));
    const lastRuns = [{ object: 'tags', runId: runId(1) }];
    for (const warehouse of WAREHOUSES) {
      const { statements } = loadStatements(loads, lastRuns, DIALECTS[warehouse], {
        ...PLACES,
        schema: 'crm',
      });
      const named = statements.flatMap((sql) => [
        ...sql.matchAll(
          /(?:INTO|FROM|JOIN|EXISTS|VIEW) ([a-z_.]+(?:_history|_last_runs|_staging)|[a-z_.]+ AS)/g,
        ),
      ]);
      const bare = named.flatMap(([, name = '']) => (name.startsWith('crm.') ? [] : [name]));
      expect([warehouse, new Set(bare.filter((name) => !name.endsWith('_staging')))]).toEqual([
        warehouse,
        new Set(),
      ]);
    }
  });

  it('is of SQL that Spark can parse', () => {
    const loads = ALL.map((table) => ({ table, files: [{ key: `tables/${table.name}/1.gz`, bytes: 1 }] }));
    const { statements } = loadStatements(
      loads,
      [{ object: 'tags', runId: runId(1) }],
      DIALECTS.spark,
      PLACES,
    );
    const parser = new SparkSQL();
    const problems = statements.flatMap((sql) =>
      parser.validate(sql).map(({ message }) => `${message}: ${sql}`),
    );
    expect(problems).toEqual([]);
    expect(statements.length).toBeGreaterThan(100);
  });
});
