/** The catalog as DuckDB statements over a directory. Pure. */
import type { ObjectName } from '../core/names.ts';
import { JSON_MACROS } from './json-paths.ts';
import { MANIFEST_COLUMNS, type NestedType } from './manifests.ts';
import { list, literal, quoted } from './sql.ts';
import type { CatalogTable } from './tables.ts';
import type { CatalogType } from './types.ts';
import {
  createView,
  historyName,
  MANIFEST_FILES,
  MANIFEST_RUNS,
  MANIFESTS,
  PATH,
  viewsOfAll,
} from './views.ts';

export interface LakeManifests {
  /** Absolute path of the lake's directory, with a trailing slash. */
  readonly root: string;
  /** Keys of the manifests. Anything committed later is not visible, not even in part. */
  readonly manifests: readonly string[];
  /** Set for an earlier state: in rewritten files, only the rows of these runs are visible. */
  readonly runs?: readonly { readonly object: ObjectName; readonly runId: string }[] | undefined;
}

/** In an earlier state, the runs that had been committed by then. */
const RUNS_AS_OF = 'runs_as_of';

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

/** A path, escaped as a pattern: DuckDB treats every path as one. */
export const asPattern = (path: string): string => path.replaceAll(/[*?[]/g, '[$&]');

/** No rows but every column: DuckDB refuses an empty list of files. */
const nothing = (columns: TypedNames): string =>
  `SELECT\n${list(columns.map(([name, type]) => `CAST(NULL AS ${duckdbType(type)}) AS ${quoted(name)}`))}\nWHERE false`;

/** Every column, and an error as soon as anyone reads one. */
const refused = (columns: TypedNames, problem: string): string =>
  `SELECT\n${list(columns.map(([name, type]) => `CAST(problem AS ${duckdbType(type)}) AS ${quoted(name)}`))}\nFROM (SELECT error(${literal(problem)}) AS problem)`;

function manifestsSelect({ root, manifests }: LakeManifests): string {
  const columns: TypedNames = [['object', 'string'], ...Object.entries(MANIFEST_COLUMNS)];
  if (manifests.length === 0) return nothing(columns);
  const files = manifests.map((key) => literal(asPattern(root + key))).join(', ');
  return `SELECT * FROM read_json([${files}], ${NEWLINE_DELIMITED}, columns = ${struct(columns)})`;
}

/** The list of manifests is fixed, so each counts unless another replaces it. */
const THAT_COUNT = `FROM ${MANIFESTS}
  WHERE (object, run_id) NOT IN (SELECT object, unnest(replaces) FROM ${MANIFESTS} WHERE replaces IS NOT NULL)`;

const manifestFilesSelect = (root: string): string => `SELECT
  object, run_id, entry.key AS table_name, ${literal(root)} || file.key AS path, file.rows, file.bytes, file.sha256
FROM (
  SELECT object, run_id, unnest(map_entries(tables)) AS entry ${THAT_COUNT}
) AS entries
CROSS JOIN unnest(entry.value.files) AS files(file)`;

const setRunsAsOf = (runs: NonNullable<LakeManifests['runs']>): string => {
  const rows = runs.map(({ object, runId }) => `(${literal(object)}, ${literal(runId)})`);
  const values =
    rows.length === 0
      ? `('', '')) AS none (object, run_id) WHERE false`
      : `${rows.join(', ')}) AS runs (object, run_id)`;
  return `CREATE OR REPLACE TABLE ${RUNS_AS_OF} AS SELECT * FROM (VALUES ${values}`;
};

/** True for rows of the runs of an earlier state. In a table that all objects write to, the file tells the object. */
function isOfThen({ name, object }: CatalogTable): string {
  if (object !== null)
    return `"_run_id" IN (SELECT run_id FROM ${RUNS_AS_OF} WHERE object = ${literal(object)})`;
  return `EXISTS (
  SELECT 1 FROM ${MANIFEST_FILES} AS files JOIN ${RUNS_AS_OF} AS runs ON runs.object = files.object
  WHERE files.table_name = ${literal(name)} AND files.path = rows.${PATH} AND runs.run_id = rows."_run_id"
)`;
}

const RUN_DATE = `regexp_extract(${PATH}, '/run_date=([^/]*)/run_id=[^/]*/[^/]*$', 1) AS run_date`;

/**
 * Reads only the files that manifests list. DuckDB parses rows before it filters them, and rows of a run that is in
 * progress or was cut off may have types that differ from the committed ones.
 *
 * We take `run_date` from the path ourselves. DuckDB would make a column of every `name=value` in the path, including
 * directories above the lake, and hide a field of that name.
 */
function historySelect(
  table: CatalogTable,
  filled: ReadonlySet<string>,
  damaged: ReadonlyMap<string, string>,
  isEarlier: boolean,
): string {
  const columns: TypedNames = table.columns.map(({ name, type }) => [name, type]);
  const problem = damaged.get(table.name);
  if (problem !== undefined)
    return refused([...columns, ['run_date', 'string'], ['$path', 'string']], problem);
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
FROM read_json(getvariable('committed_files')[${literal(table.name)}], ${options.join(', ')}) AS rows${isEarlier ? `\nWHERE ${isOfThen(table)}` : ''}`;
}

/** Room for the longest row: 32 MB, or the longest row that manifests list. More would waste memory. */
const SET_MAX_ROW_BYTES = `SET VARIABLE max_row_bytes = (
  SELECT greatest(32 * 1024 * 1024, coalesce(max(large.bytes), 0) + 1024)::UINTEGER
  FROM (SELECT unnest(completeness.large_rows) AS large FROM ${MANIFESTS}) AS larges
)`;

/**
 * Paths of the committed files by table, in a variable, because DuckDB parses the text of a view again with every
 * query. As in Athena, a listed file that is missing has no rows, and the others stay readable.
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

/** Athena's functions that have other names in DuckDB, so that the same query runs in both. */
const MACROS: readonly string[] = [
  ...JSON_MACROS,
  'CREATE OR REPLACE MACRO from_unixtime(seconds) AS to_timestamp(seconds)',
  'CREATE OR REPLACE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMPTZ)',
  // If the number of values is even, Athena takes the greater of the two in the middle.
  'CREATE OR REPLACE MACRO approx_percentile(value, share) AS -quantile_disc(-value, 1 - share)',
];

/** Defines what is committed. Run these first, and again when the manifests have changed. */
export const manifestStatements = (files: LakeManifests): readonly string[] => [
  ...MACROS,
  createView({ name: MANIFESTS, select: manifestsSelect(files) }),
  SET_MAX_ROW_BYTES,
  createView({ name: MANIFEST_RUNS, select: `SELECT object, run_id ${THAT_COUNT}` }),
  createView({ name: MANIFEST_FILES, select: manifestFilesSelect(files.root) }),
  setCommittedFiles(files.root),
  ...(files.runs === undefined ? [] : [setRunsAsOf(files.runs)]),
];

/**
 * Defines the tables, each with the files committed at that moment.
 * @param filled the result of `FILLED_TABLES`
 * @param options.isEarlier true if the manifests were shown with `runs`
 */
export const tableStatements = (
  tables: readonly CatalogTable[],
  filled: ReadonlySet<string>,
  {
    damaged = new Map(),
    isEarlier = false,
  }: { readonly damaged?: ReadonlyMap<string, string>; readonly isEarlier?: boolean } = {},
): readonly string[] =>
  [
    ...tables.map((table) => ({
      name: historyName(table.name),
      select: historySelect(table, filled, damaged, isEarlier),
    })),
    ...viewsOfAll(tables),
  ].map(createView);
