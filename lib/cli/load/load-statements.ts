/**
 * SQL that loads exactly the committed files of a lake into a warehouse, and creates views of the current state there.
 * Loads may be repeated and may overlap: a row that is already there is not inserted again. Pure.
 */
import { list } from '../../../functions/catalog/sql.ts';
import { type CatalogTable, UNKNOWN } from '../../../functions/catalog/tables.ts';
import type { Dialect, LoadedFile, LoadManifest } from './dialects.ts';

/** A table with the files to load. */
export interface TableLoad {
  readonly table: CatalogTable;
  readonly files: readonly LoadedFile[];
}

/** The newest committed run of an object. It is the current state of an object that is read whole. */
export interface LastRun {
  readonly object: string;
  readonly runId: string;
}

/** A list of files that a statement reads. */
export interface StoredManifest {
  readonly url: string;
  readonly body: LoadManifest;
}

export interface Load {
  readonly statements: readonly string[];
  /** To store before the statements run. */
  readonly manifests: readonly StoredManifest[];
}

const RUNS = 'intercom_last_runs';

/** How statements name columns and tables. */
export interface Naming extends Pick<Dialect, 'quoted' | 'stagesInSchema'> {
  /** Before the name of each table, such as `intercom.`; empty for the default schema. */
  readonly schema: string;
}

const history = (name: string, { schema }: Naming): string => `${schema}${name}_history`;

const stagingName = ({ name }: CatalogTable, { schema, stagesInSchema }: Naming): string =>
  `${stagesInSchema ? schema : ''}${name}_staging`;

/** Fields that Intercom does not document get no column: their types may change with every load. */
const columnsOf = ({ columns }: CatalogTable) => columns.filter(({ declared }) => declared !== null);

const definitions = (table: CatalogTable, { quoted, types }: Dialect): string =>
  list(columnsOf(table).map(({ name, type }) => `${quoted(name)} ${types[type]}`));

const names = (table: CatalogTable, { quoted }: Naming, alias: string): string =>
  list(columnsOf(table).map(({ name }) => `${alias}.${quoted(name)}`));

/** Rows are the same if key, version and run are. A missing key compares as empty text. */
function isThere(table: CatalogTable, { quoted }: Naming): string {
  const version = table.current.kind === 'child' ? '_parent_version' : '_version';
  const columns = [...new Set([...table.primaryKey, version, '_run_id'])];
  return columns
    .map((name) => {
      const isOfKey = table.primaryKey.includes(name);
      const isText = table.columns.find((column) => column.name === name)?.type === 'string';
      const side = (alias: string) =>
        isOfKey && isText ? `COALESCE(${alias}.${quoted(name)}, '')` : `${alias}.${quoted(name)}`;
      return `${side('known')} = ${side('new_rows')}`;
    })
    .join('\n    AND ');
}

export const insertNew = (table: CatalogTable, dialect: Naming): string =>
  `INSERT INTO ${history(table.name, dialect)} (\n${list(columnsOf(table).map(({ name }) => dialect.quoted(name)))}\n)\nSELECT\n${names(table, dialect, 'new_rows')}\nFROM ${stagingName(table, dialect)} AS new_rows\nWHERE NOT EXISTS (\n  SELECT 1 FROM ${history(table.name, dialect)} AS known\n  WHERE ${isThere(table, dialect)}\n)`;

const lastRunOf = (object: string, { schema }: Naming): string =>
  `(SELECT MAX(run_id) FROM ${schema}${RUNS} WHERE object = '${object}')`;

/** The current state by the rules of the lake's own views (docs/output.md), in SQL that every warehouse has. */
export function currentView(table: CatalogTable, dialect: Naming): string {
  const { quoted } = dialect;
  const create = `CREATE OR REPLACE VIEW ${dialect.schema}${table.name} AS\nSELECT\n${names(table, dialect, 'records')}\nFROM `;
  const { current } = table;
  if (current.kind === 'last_run') {
    return `${create}${history(table.name, dialect)} AS records\nWHERE records.${quoted('_run_id')} = ${lastRunOf(current.object, dialect)}`;
  }
  if (current.kind === 'latest') {
    const key = table.primaryKey.map(quoted).join(', ');
    return `${create}(\n  SELECT ${history(table.name, dialect)}.*,\n    ROW_NUMBER() OVER (PARTITION BY ${key} ORDER BY ${quoted('_version')} DESC) AS row_rank\n  FROM ${history(table.name, dialect)}\n) AS records\nWHERE records.row_rank = 1`;
  }
  const { parent, on, fields, ofLastRun } = current;
  const key = on.map(({ parentColumn }) => quoted(parentColumn)).join(', ');
  // In LIKE an underscore matches any character. No two lists differ only in that.
  const isMissing = fields
    .map((field) => `COALESCE(${quoted(UNKNOWN)}, '') LIKE '%"${field}"%'`)
    .join(' OR ');
  const isKnown = `CASE WHEN ${isMissing} THEN 0 ELSE 1 END`;
  const order = ofLastRun ? '_run_id' : '_version';
  const matches = on.map(
    ({ column, parentColumn }) => `parents.${quoted(parentColumn)} = records.${quoted(column)}`,
  );
  const isOfLastRun = ofLastRun ? `\n  AND parents.last_run_id = ${lastRunOf(parent, dialect)}` : '';
  return `${create}${history(table.name, dialect)} AS records\nJOIN (\n  SELECT ${key}, ${quoted('_version')}, ${isKnown} AS is_known,\n    ROW_NUMBER() OVER (PARTITION BY ${key} ORDER BY ${isKnown} DESC, ${quoted(order)} DESC) AS row_rank,\n    MAX(${quoted('_run_id')}) OVER (PARTITION BY ${key}) AS last_run_id\n  FROM ${history(parent, dialect)}\n) AS parents\n  ON ${[...matches, `parents.${quoted('_version')} = records.${quoted('_parent_version')}`].join('\n  AND ')}\nWHERE parents.row_rank = 1 AND parents.is_known = 1${isOfLastRun}`;
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** One statement can read compressed files or plain ones, not both. */
const byCompression = (files: readonly LoadedFile[]) =>
  [true, false].map((isGzip) => ({
    isGzip,
    files: files.filter(({ key }) => key.endsWith('.gz') === isGzip),
  }));

interface Places {
  /** Where the warehouse finds the lake. */
  readonly from: string;
  /** The address at which to store a list of files. */
  readonly manifestUrl: (body: LoadManifest) => string;
  /** Schema or dataset for the tables. @default that of the connection */
  readonly schema?: string | undefined;
}

function loadOf({ table, files }: TableLoad, dialect: Dialect & Naming, { from, manifestUrl }: Places): Load {
  const into = stagingName(table, dialect);
  const columns = definitions(table, dialect);
  const manifests: StoredManifest[] = [];
  const statements = byCompression(files).flatMap((group) =>
    chunks(group.files, dialect.filesPerCopy).flatMap((some) => {
      const body: LoadManifest = {
        entries: some.map(({ key, bytes }) => ({
          url: from + key,
          mandatory: true,
          meta: { content_length: bytes },
        })),
      };
      const url = dialect.needsManifest ? manifestUrl(body) : '';
      if (dialect.needsManifest) manifests.push({ url, body });
      return [
        ...dialect.staging(into, columns),
        dialect.copy({ into, columns, files: some, isGzip: group.isGzip, from, manifestUrl: url }),
        insertNew(table, dialect),
        dialect.dropStaging(into),
      ];
    }),
  );
  return { statements, manifests };
}

/**
 * Tables, the rows of the files, the last runs, and the views, in this order.
 * @param loads all tables, with parents before children; a table without files is created all the same
 */
export function loadStatements(
  loads: readonly TableLoad[],
  lastRuns: readonly LastRun[],
  of: Dialect,
  places: Places,
): Load {
  const dialect = { ...of, schema: places.schema === undefined ? '' : `${places.schema}.` };
  const all = loads.map((load) => loadOf(load, dialect, places));
  const text = dialect.types.string;
  return {
    manifests: all.flatMap(({ manifests }) => manifests),
    statements: [
      ...loads.map(
        ({ table }) =>
          `CREATE TABLE IF NOT EXISTS ${history(table.name, dialect)} (\n${definitions(table, dialect)}\n)`,
      ),
      `CREATE TABLE IF NOT EXISTS ${dialect.schema}${RUNS} (object ${text}, run_id ${text})`,
      ...all.flatMap(({ statements }) => statements),
      ...(lastRuns.length === 0
        ? []
        : [
            `INSERT INTO ${dialect.schema}${RUNS} (object, run_id) VALUES\n${list(lastRuns.map(({ object, runId }) => `('${object}', '${runId}')`))}`,
          ]),
      ...loads.map(({ table }) => currentView(table, dialect)),
    ],
  };
}
