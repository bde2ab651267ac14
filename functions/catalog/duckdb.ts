/** The catalog as statements for DuckDB over a directory. Pure. */
import { MANIFEST_COLUMNS, type NestedType } from './manifests.ts';
import { list, literal, quoted } from './sql.ts';
import type { CatalogTable } from './tables.ts';
import type { CatalogType } from './types.ts';
import { createView, currentView, historyName, MANIFEST_FILES, MANIFESTS, PATH } from './views.ts';

export interface LakeManifests {
  /** Directory of the lake, absolute, with a slash at its end. */
  readonly root: string;
  /** Keys of the manifests: what is committed later is not seen, nor half of it. */
  readonly manifests: readonly string[];
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
export const asPattern = (path: string): string => path.replaceAll(/[*?[]/g, '[$&]');

/** No rows, but every column: DuckDB refuses to read no file at all. */
const nothing = (columns: TypedNames): string =>
  `SELECT\n${list(columns.map(([name, type]) => `CAST(NULL AS ${duckdbType(type)}) AS ${quoted(name)}`))}\nWHERE false`;

function manifestsSelect({ root, manifests }: LakeManifests): string {
  const columns: TypedNames = [['object', 'string'], ...Object.entries(MANIFEST_COLUMNS)];
  if (manifests.length === 0) return nothing(columns);
  const files = manifests.map((key) => literal(asPattern(root + key))).join(', ');
  return `SELECT * FROM read_json([${files}], ${NEWLINE_DELIMITED}, columns = ${struct(columns)})`;
}

const manifestFilesSelect = (root: string): string => `SELECT
  object, run_id, entry.key AS table_name, ${literal(root)} || file.key AS path, file.rows, file.bytes, file.sha256
FROM (SELECT object, run_id, unnest(map_entries(tables)) AS entry FROM ${MANIFESTS}) AS entries
CROSS JOIN unnest(entry.value.files) AS files(file)`;

const RUN_DATE = `regexp_extract(${PATH}, '/run_date=([^/]*)/run_id=[^/]*/[^/]*$', 1) AS run_date`;

/**
 * Reads the files that manifests list, and no other: DuckDB parses a row before any filter sees it, and the
 * rows of a run under way, or of one that was cut off, may be of other types than those committed.
 *
 * `run_date` is taken from the path here: DuckDB itself would make a column of every `name=value` in it, also of
 * the directories above the lake, in place of a field of that name.
 */
function historySelect(table: CatalogTable, filled: ReadonlySet<string>): string {
  const columns: TypedNames = table.columns.map(({ name, type }) => [name, type]);
  if (!filled.has(table.name)) {
    return nothing([...columns, ['run_date', 'string'], ['$path', 'string']]);
  }
  const options = [
    NEWLINE_DELIMITED,
    "filename = '$path'",
    'hive_partitioning = false',
    "maximum_object_size = getvariable('max_row_bytes')",
    `columns = ${struct(columns)}`,
  ];
  return `SELECT
${list([...columns.map(([name]) => quoted(name)), RUN_DATE, PATH])}
FROM read_json(getvariable('committed_files')[${literal(table.name)}], ${options.join(', ')})`;
}

/** Room for the longest row: 32 MB, or the longest that manifests tell of. More would cost memory for nothing. */
const SET_MAX_ROW_BYTES = `SET VARIABLE max_row_bytes = (
  SELECT greatest(32 * 1024 * 1024, coalesce(max(large.bytes), 0) + 1024)::UINTEGER
  FROM (SELECT unnest(completeness.large_rows) AS large FROM ${MANIFESTS}) AS larges
)`;

/**
 * Paths of the committed files by table: in a variable, because DuckDB reads the text of a view anew with every
 * query. A listed file that is gone has no rows, as in Athena, and keeps none of the others from being read.
 */
const setCommittedFiles = (root: string): string => `SET VARIABLE committed_files = (
  SELECT map_from_entries(list((table_name, paths)))
  FROM (
    SELECT table_name, list(regexp_replace(path, '[*?\\[]', '[\\0]', 'g')) AS paths
    FROM ${MANIFEST_FILES}
    WHERE path IN (SELECT file FROM glob(${literal(`${asPattern(root)}tables/*/*/*/*.ndjson*`)}))
    GROUP BY table_name
  ) AS by_table
)`;

/** The tables that have a committed file. */
export const FILLED_TABLES = "SELECT unnest(map_keys(getvariable('committed_files')))";

/** Words of Athena that DuckDB has under other names, so that one query runs in both. */
const MACROS: readonly string[] = [
  'CREATE OR REPLACE MACRO json_extract_scalar(json, path) AS json_extract_string(json, path)',
  'CREATE OR REPLACE MACRO from_unixtime(seconds) AS to_timestamp(seconds)',
  'CREATE OR REPLACE MACRO approx_percentile(value, share) AS approx_quantile(value, share)',
];

/** What is committed; to be run first, and again when there are other manifests. */
export const manifestStatements = (files: LakeManifests): readonly string[] => [
  ...MACROS,
  createView({ name: MANIFESTS, select: manifestsSelect(files) }),
  SET_MAX_ROW_BYTES,
  createView({ name: MANIFEST_FILES, select: manifestFilesSelect(files.root) }),
  setCommittedFiles(files.root),
];

/**
 * The tables, each with what is committed at that moment.
 * @param filled what `FILLED_TABLES` answers
 */
export const tableStatements = (
  tables: readonly CatalogTable[],
  filled: ReadonlySet<string>,
): readonly string[] =>
  tables.flatMap((table) => [
    createView({ name: historyName(table.name), select: historySelect(table, filled) }),
    createView(currentView(table)),
  ]);
