/**
 * The catalog for Athena: Glue's tables as data, and as SQL text. Nothing is registered per run: partitions are
 * projected, and views keep only the files that manifests list. Pure.
 */
import { OBJECT_NAMES } from '../core/names.ts';
import { createTable, type GlueColumn, type GlueTable, glueView, UNDECIDED } from './glue.ts';
import { COUNTING_COLUMNS, MANIFEST_COLUMNS, MANIFEST_FILE_COLUMNS, type NestedType } from './manifests.ts';
import { list, literal, quoted } from './sql.ts';
import { type CatalogTable, RUN_DATE } from './tables.ts';
import {
  createView,
  historyName,
  MANIFEST_FILES,
  MANIFEST_RUNS,
  MANIFESTS,
  PATH,
  type View,
  type ViewedTable,
  viewsOf,
  viewsOfAll,
} from './views.ts';

export interface AthenaLake {
  /** Address of the lake, such as `s3://company-lake/raw/intercom/`. Keys are appended to it. */
  readonly root: string;
  readonly database: string;
  /** First day of the partitions, such as `2026-11-22`; not after the first committed file. */
  readonly firstDay: string;
}

const JSON_SERDE = 'org.apache.hive.hcatalog.data.JsonSerDe';
const TEXT_INPUT = 'org.apache.hadoop.mapred.TextInputFormat';
const TEXT_OUTPUT = 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat';

/** The longest comment that Glue accepts. */
const MAX_COMMENT = 255;

/**
 * Names that Athena accepts according to its documentation: no special characters except the underscore, at most
 * 255 bytes. A field with any other name is in the files but not in Athena, so that the table stays readable.
 */
const isColumnName = (name: string): boolean =>
  /^[\p{L}\p{N}_]+$/u.test(name) && Buffer.byteLength(name) <= 255;

/** The table with only the column names that Athena accepts, in lower case. */
function forAthena(table: CatalogTable): CatalogTable {
  const columns = table.columns.filter(({ name }) => isColumnName(name));
  return { ...table, columns: columns.map((column) => ({ ...column, name: column.name.toLowerCase() })) };
}

function hiveType(type: NestedType): string {
  if (typeof type === 'string') return type;
  if ('array' in type) return `array<${hiveType(type.array)}>`;
  if ('map' in type) return `map<string,${hiveType(type.map)}>`;
  const fields = Object.entries(type.struct).map(([name, inner]) => `${name}:${hiveType(inner)}`);
  return `struct<${fields.join(',')}>`;
}

/** A table over JSON files, partitioned by a key with computed values (partition projection). */
function jsonTable(table: {
  readonly name: string;
  readonly description: string;
  readonly location: string;
  readonly columns: readonly GlueColumn[];
  readonly partition: string;
  readonly projection: Readonly<Record<string, string>>;
  /** Prefix of a partition's folder, before its value. */
  readonly folder: string;
}): GlueTable {
  const { name, description, location, columns, partition, projection, folder } = table;
  const settings = Object.entries(projection).map(([key, value]) => [
    `projection.${partition}.${key}`,
    value,
  ]);
  return {
    Name: name,
    Description: description,
    TableType: 'EXTERNAL_TABLE',
    Parameters: {
      EXTERNAL: 'TRUE',
      classification: 'json',
      'projection.enabled': 'true',
      ...Object.fromEntries(settings),
      'storage.location.template': `${location}${folder}\${${partition}}/`,
    },
    PartitionKeys: [{ Name: partition, Type: 'string' }],
    StorageDescriptor: {
      Columns: columns,
      Location: location,
      InputFormat: TEXT_INPUT,
      OutputFormat: TEXT_OUTPUT,
      SerdeInfo: { SerializationLibrary: JSON_SERDE },
    },
  };
}

const filesName = (table: CatalogTable['name']): string => `${table}_files`;

/** The columns of a table's history, with the types as which they are read. */
export const historyColumns = (table: CatalogTable): readonly GlueColumn[] => [
  ...forAthena(table).columns.map(({ name, type, description, isUndecided }) => ({
    Name: name,
    Type: type,
    Comment: description.slice(0, MAX_COMMENT),
    ...(isUndecided && { Parameters: UNDECIDED }),
  })),
  { Name: RUN_DATE, Type: 'string', Comment: 'Day on which the run began.' },
];

/**
 * `<table>_files`, over every file of the table, as text: a row of a run in progress may have a type that its
 * column does not have yet, and a single value that cannot be read fails a query, whatever the query filters by.
 * @param columns those of the history
 */
export const filesTable = (
  table: CatalogTable,
  columns: readonly GlueColumn[],
  { root, firstDay }: AthenaLake,
): GlueTable =>
  jsonTable({
    name: filesName(table.name),
    description: `${table.description} Every row of every file as text, uncommitted rows included: query ${historyName(table.name)} instead.`,
    location: `${root}tables/${table.name}/`,
    columns: columns.flatMap(({ Name }) => (Name === RUN_DATE ? [] : [{ Name, Type: 'string' }])),
    partition: RUN_DATE,
    projection: {
      type: 'date',
      format: 'yyyy-MM-dd',
      range: `${firstDay},NOW`,
      interval: '1',
      'interval.unit': 'DAYS',
    },
    folder: 'run_date=',
  });

/** `manifests`, over the manifests of all objects. */
export const manifestsTable = ({ root }: AthenaLake): GlueTable =>
  jsonTable({
    name: MANIFESTS,
    description:
      'One row for each committed run of an object: what it wrote, and the proof that it is complete.',
    location: `${root}manifests/`,
    columns: Object.entries(MANIFEST_COLUMNS).map(([name, type]) => ({ Name: name, Type: hiveType(type) })),
    partition: 'object',
    projection: { type: 'enum', values: OBJECT_NAMES.join(',') },
    folder: '',
  });

/** A column with its type. Filters on it reach uncommitted rows too, where a plain CAST would fail. */
const typed = ({ Name, Type }: GlueColumn): string =>
  Type === 'string' ? quoted(Name) : `TRY_CAST(${quoted(Name)} AS ${Type}) AS ${quoted(Name)}`;

const history = ({ name, object }: CatalogTable, columns: readonly GlueColumn[]): View => ({
  name: historyName(name),
  columns: columns.map((column) => ({ name: column.Name, type: column.Type })),
  select: `SELECT
${list(columns.map(typed))}
FROM ${filesName(name)}
WHERE ${PATH} IN (
  SELECT path FROM ${MANIFEST_FILES}
  WHERE table_name = ${literal(name)}${object === null ? '' : ` AND object = ${literal(object)}`}
)`,
});

/** `<table>_history`: the committed rows. */
export function historyView(
  table: CatalogTable,
  columns: readonly GlueColumn[],
  { database }: AthenaLake,
): GlueTable {
  const view = glueView(history(table, columns), database);
  return { ...view, StorageDescriptor: { ...view.StorageDescriptor, Columns: columns } };
}

/**
 * Which manifests count, in one scan: each manifest has a row for itself and one for each that it replaces.
 *
 * A query lists files and manifests at several moments, and all of these must see the same commits. So a manifest only
 * counts for queries that begin a minute after it, which all scans of a query agree on: its files are in every list by
 * then, and what it replaces still is. If something that it replaces is gone, as after an urgent erasure, it counts at
 * once.
 */
const THAT_COUNT = `FROM (
  SELECT *, bool_or(position > 1 AND NOT waits) OVER (PARTITION BY object, named) AS is_replaced
  FROM (
    SELECT *, is_new AND bool_and(is_there) OVER (PARTITION BY object, run_id) AS waits
    FROM (
      SELECT
        object,
        run_id,
        IF(position = 1, tables) AS tables,
        named,
        position,
        from_iso8601_timestamp(committed_at) > current_timestamp - INTERVAL '1' MINUTE AS is_new,
        bool_or(position = 1) OVER (PARTITION BY object, named) AS is_there
      FROM ${MANIFESTS}
      CROSS JOIN UNNEST(ARRAY[run_id] || coalesce(replaces, ARRAY[])) WITH ORDINALITY AS ids (named, position)
    ) AS known
  ) AS settled
) AS marked`;

const IS_COUNTED = 'position = 1 AND NOT waits AND NOT is_replaced';

const COUNTING: View = {
  name: MANIFEST_RUNS,
  columns: COUNTING_COLUMNS,
  select: `SELECT
  object, run_id
${THAT_COUNT}
WHERE ${IS_COUNTED}`,
};

const manifestFiles = ({ root }: AthenaLake): View => ({
  name: MANIFEST_FILES,
  columns: MANIFEST_FILE_COLUMNS,
  select: `SELECT
  object, run_id, table_name, ${literal(root)} || file_key AS path, file_rows AS "rows", bytes, sha256
${THAT_COUNT}
CROSS JOIN UNNEST(tables) AS entries (table_name, content)
CROSS JOIN UNNEST(content.files) AS files (file_key, file_rows, bytes, sha256)
WHERE ${IS_COUNTED}`,
});

/** `manifest_runs`: the manifests that count. */
export const manifestRunsView = ({ database }: AthenaLake): GlueTable => glueView(COUNTING, database);

/** `manifest_files`: the files that these manifests list. */
export const manifestFilesView = (lake: AthenaLake): GlueTable =>
  glueView(manifestFiles(lake), lake.database);

const viewed = (table: CatalogTable, columns: readonly GlueColumn[]): ViewedTable => ({
  ...table,
  columns: columns.flatMap(({ Name, Type }) => (Name === RUN_DATE ? [] : [{ name: Name, type: Type }])),
});

/**
 * `<table>` and `<table>_live`.
 * @param columns those of the history
 */
export const tableViews = (
  table: CatalogTable,
  columns: readonly GlueColumn[],
  { database }: AthenaLake,
): readonly GlueTable[] => viewsOf(viewed(table, columns)).map((view) => glueView(view, database));

const currentViews = (tables: readonly CatalogTable[]): readonly View[] =>
  viewsOfAll(tables.map((table) => viewed(table, historyColumns(table))));

/** Everything that a new catalog gets, with each table before the views that read it. */
export const glueTables = (tables: readonly CatalogTable[], lake: AthenaLake): readonly GlueTable[] => [
  manifestsTable(lake),
  ...tables.map((table) => filesTable(table, historyColumns(table), lake)),
  manifestRunsView(lake),
  manifestFilesView(lake),
  ...tables.map((table) => historyView(table, historyColumns(table), lake)),
  ...currentViews(tables).map((view) => glueView(view, lake.database)),
];

/** The names of the catalog's tables and views for these tables, as patterns. */
export const gluePatterns = (tables: readonly CatalogTable[]): readonly string[] => [
  MANIFESTS,
  'manifest_*',
  ...tables.flatMap(({ name }) => [name, `${name}_*`]),
];

/** The statements for Athena: Hive DDL for tables, Trino SQL for views. */
export function athenaStatements(
  tables: readonly CatalogTable[],
  lake: AthenaLake,
): { readonly tables: readonly string[]; readonly views: readonly string[] } {
  const files = tables.map((table) => filesTable(table, historyColumns(table), lake));
  const histories = tables.map((table) => history(table, historyColumns(table)));
  return {
    tables: [manifestsTable(lake), ...files].map(createTable),
    views: [COUNTING, manifestFiles(lake), ...histories, ...currentViews(tables)].map(createView),
  };
}
