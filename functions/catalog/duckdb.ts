/** The catalog as statements for DuckDB over a directory. Pure. */
import type { TableName } from '../core/names.ts';
import { MANIFEST_COLUMNS, type NestedType } from './manifests.ts';
import { list, literal, quoted } from './sql.ts';
import type { CatalogTable } from './tables.ts';
import type { CatalogType } from './types.ts';
import {
  createView,
  currentView,
  historyName,
  isCommitted,
  MANIFEST_FILES,
  MANIFESTS,
  PATH,
} from './views.ts';

export interface LakeFiles {
  /** Directory of the lake, absolute, with a slash at its end. */
  readonly root: string;
  /** Keys of the manifests: what is committed later is not seen, nor half of it. */
  readonly manifests: readonly string[];
  /** Tables with any file. */
  readonly filled: ReadonlySet<TableName>;
}

const SCALARS: Readonly<Record<CatalogType, string>> = {
  string: 'VARCHAR',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
};

function duckdbType(type: NestedType): string {
  if (typeof type === 'string') return SCALARS[type];
  if ('array' in type) return `${duckdbType(type.array)}[]`;
  if ('map' in type) return `MAP(VARCHAR, ${duckdbType(type.map)})`;
  const fields = Object.entries(type.struct).map(([name, inner]) => `${quoted(name)} ${duckdbType(inner)}`);
  return `STRUCT(${fields.join(', ')})`;
}

type TypedNames = readonly (readonly [name: string, type: NestedType])[];

const struct = (columns: TypedNames): string =>
  `{${columns.map(([name, type]) => `${quoted(name)}: ${literal(duckdbType(type))}`).join(', ')}}`;

const NEWLINE_DELIMITED = "format = 'newline_delimited'";

/** A path within a pattern: DuckDB takes every path for one. */
const asPattern = (path: string): string => path.replaceAll(/[*?[]/g, '[$&]');

/** No rows, but every column: DuckDB refuses a pattern that finds no file. */
const nothing = (columns: TypedNames): string =>
  `SELECT\n${list(columns.map(([name, type]) => `CAST(NULL AS ${duckdbType(type)}) AS ${quoted(name)}`))}\nWHERE false`;

function manifestsSelect({ root, manifests }: LakeFiles): string {
  const columns: TypedNames = [['object', 'string'], ...Object.entries(MANIFEST_COLUMNS)];
  if (manifests.length === 0) return nothing(columns);
  const files = manifests.map((key) => literal(asPattern(root + key))).join(', ');
  return `SELECT * FROM read_json([${files}], ${NEWLINE_DELIMITED}, columns = ${struct(columns)})`;
}

const manifestFilesSelect = (root: string): string => `SELECT
  object, run_id, entry.key AS table_name, ${literal(root)} || file.key AS path, file.rows, file.bytes, file.sha256
FROM (SELECT object, run_id, unnest(map_entries(tables)) AS entry FROM ${MANIFESTS}) AS entries
CROSS JOIN unnest(entry.value.files) AS files(file)`;

function historySelect(table: CatalogTable, { root, filled }: LakeFiles): string {
  const columns: TypedNames = table.columns.map(({ name, type }) => [name, type]);
  if (!filled.has(table.name)) {
    return nothing([...columns, ['run_date', 'string'], ['$path', 'string']]);
  }
  const options = [
    NEWLINE_DELIMITED,
    "filename = '$path'",
    "hive_partitioning = true, hive_types = {run_date: 'VARCHAR'}",
    "maximum_object_size = getvariable('max_row_bytes')",
    `columns = ${struct(columns)}`,
  ];
  return `SELECT
${list([...columns.map(([name]) => quoted(name)), 'run_date', PATH])}
FROM read_json(${literal(`${asPattern(root)}tables/${table.name}/*/*/*.ndjson*`)}, ${options.join(', ')})
WHERE ${isCommitted(table)}`;
}

/** Room for the longest row: 32 MB, or the longest that manifests tell of. More would cost memory for nothing. */
const SET_MAX_ROW_BYTES = `SET VARIABLE max_row_bytes = (
  SELECT greatest(32 * 1024 * 1024, coalesce(max(large.bytes), 0) + 1024)::UINTEGER
  FROM (SELECT unnest(completeness.large_rows) AS large FROM ${MANIFESTS}) AS larges
)`;

/** Words of Athena that DuckDB has under other names, so that one query runs in both. */
const MACROS: readonly string[] = [
  'CREATE OR REPLACE MACRO json_extract_scalar(json, path) AS json_extract_string(json, path)',
  'CREATE OR REPLACE MACRO from_unixtime(seconds) AS to_timestamp(seconds)',
  'CREATE OR REPLACE MACRO approx_percentile(value, share) AS approx_quantile(value, share)',
];

/** Everything to run, in this order; may be run again when there are more files. */
export const duckdbStatements = (tables: readonly CatalogTable[], files: LakeFiles): readonly string[] => [
  ...MACROS,
  createView({ name: MANIFESTS, select: manifestsSelect(files) }),
  SET_MAX_ROW_BYTES,
  createView({ name: MANIFEST_FILES, select: manifestFilesSelect(files.root) }),
  ...tables.flatMap((table) => [
    createView({ name: historyName(table.name), select: historySelect(table, files) }),
    createView(currentView(table)),
  ]),
];
