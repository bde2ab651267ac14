/**
 * The views of the current state. Their SQL is the same in DuckDB and Athena: in both, `<table>_history` has every
 * committed row.
 */
import { RUN_ID_LENGTH } from '../core/lake-keys.ts';
import { DELETIONS, type ObjectName, type TableName } from '../core/names.ts';
import { list, literal, quoted } from './sql.ts';
import { type CatalogTable, type CurrentRule, type RecordColumn, UNKNOWN } from './tables.ts';

export interface View {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly select: string;
}

export const MANIFESTS = 'manifests';
export const MANIFEST_RUNS = 'manifest_runs';
export const MANIFEST_FILES = 'manifest_files';
export const historyName = (table: TableName): string => `${table}_history`;
export const liveName = (table: TableName): string => `${table}_live`;

/** Address of the file that holds a row. */
export const PATH = '"$path"';

/** The part of a table that its views need. */
export type ViewedTable = Pick<CatalogTable, 'name' | 'primaryKey' | 'current' | 'object' | 'records'> &
  Pick<View, 'columns'>;

const names = ({ columns }: ViewedTable): readonly string[] => columns.map(({ name }) => quoted(name));

/** A name that no column has: Intercom may give a field any name. */
function freeName({ columns }: ViewedTable, wanted: string): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  let name = wanted;
  while (taken.has(name)) name = `_${name}`;
  return name;
}

function latestRows(table: ViewedTable): string {
  const columns = list(names(table));
  const rank = quoted(freeName(table, '_rank'));
  const key = table.primaryKey.map(quoted).join(', ');
  return `SELECT
${columns}
FROM (
  SELECT
${columns},
  row_number() OVER (PARTITION BY ${key} ORDER BY "_version" DESC) AS ${rank}
  FROM ${historyName(table.name)}
) AS ranked
WHERE ${rank} = 1`;
}

/**
 * An erasure of the run has a longer id, but its rows have the run's. The run may have no file, so `manifest_files` does
 * not know it.
 */
const lastRunOf = (object: ObjectName): string =>
  `(SELECT max(substr(run_id, 1, ${RUN_ID_LENGTH})) FROM ${MANIFEST_RUNS} WHERE object = ${literal(object)})`;

const rowsOfLastRun = (table: ViewedTable, object: ObjectName): string => `SELECT
${list(names(table))}
FROM ${historyName(table.name)}
WHERE "_run_id" = ${lastRunOf(object)}`;

type ChildRule = Extract<CurrentRule, { readonly kind: 'child' }>;

/** Rows of each parent's newest version that knows the list: a list that did not come leaves them as they are. */
function childRows(table: ViewedTable, { parent, on, fields, ofLastRun }: ChildRule): string {
  const key = on.map(({ parentColumn }) => quoted(parentColumn)).join(', ');
  const matches = on.map(
    ({ column, parentColumn }) => `parent.${quoted(parentColumn)} = child.${quoted(column)}`,
  );
  const newest = ofLastRun ? 'max_by("_version", "_run_id")' : 'max("_version")';
  const isKnown = fields
    .map((field) => `strpos(coalesce(${quoted(UNKNOWN)}, ''), ${literal(JSON.stringify(field))}) = 0`)
    .join(' AND ');
  const isThere = ofLastRun ? `\n  HAVING max("_run_id") = ${lastRunOf(parent)}` : '';
  return `SELECT
${list(names(table).map((name) => `child.${name}`))}
FROM ${historyName(table.name)} AS child
JOIN (
  SELECT ${key}, ${newest} FILTER (WHERE ${isKnown}) AS "_version"
  FROM ${historyName(parent)}
  GROUP BY ${key}${isThere}
) AS parent
  ON ${[...matches, 'parent."_version" = child."_parent_version"'].join('\n  AND ')}`;
}

function currentSelect(table: ViewedTable): string {
  const { current } = table;
  switch (current.kind) {
    case 'latest':
      return latestRows(table);
    case 'last_run':
      return rowsOfLastRun(table, current.object);
    case 'child':
      return childRows(table, current);
    default:
      return current satisfies never;
  }
}

/** `<table>`: the current state, from committed runs only. */
const currentView = (table: ViewedTable): View => ({
  name: table.name,
  columns: table.columns,
  select: currentSelect(table),
});

interface LiveRule {
  /** A window function as a column: when the record was last read. */
  readonly readAt?: string;
  readonly join?: string;
  readonly condition: string;
}

/** A record that was read after its deletion was noticed is live. */
function liveRule(table: ViewedTable, { column, object }: RecordColumn, index: number): LiveRule {
  const { current } = table;
  const key = `live.${quoted(column)}`;
  if (current.kind === 'child' && current.parent === object)
    return { condition: `${key} IN (SELECT "id" FROM ${liveName(object)})` };
  const readAt = quoted(freeName(table, `_read${index}`));
  const gone = `gone${index}`;
  return {
    readAt: `max("_extracted_at") OVER (PARTITION BY ${quoted(column)}) AS ${readAt}`,
    join: `LEFT JOIN ${DELETIONS} AS ${gone}
  ON ${gone}.object = ${literal(object)}
  AND ${gone}.id = ${key}
  AND ${gone}.detected_at >= live.${readAt}`,
    condition: `${gone}.id IS NULL`,
  };
}

/**
 * Rows of the current state whose records are not deleted: all rows of a live record, including those that did not come
 * again with it, such as parts beyond the newest 500.
 */
function liveSelect(table: ViewedTable): string {
  const rules = table.records.map((record, index) => liveRule(table, record, index));
  const readAts = rules.flatMap(({ readAt }) => readAt ?? []);
  const joins = rules.flatMap(({ join }) => join ?? []);
  const from =
    readAts.length === 0
      ? table.name
      : `(\n  SELECT\n${list([...names(table), ...readAts])}\n  FROM ${table.name}\n)`;
  const conditions = rules.map(({ condition }) => condition).join(' AND ');
  return [
    `SELECT\n${list(names(table).map((name) => `live.${name}`))}\nFROM ${from} AS live`,
    ...joins,
    ...(rules.length === 0 ? [] : [`WHERE ${conditions}`]),
  ].join('\n');
}

/** Whether the table has a `<table>_live`: the shared tables have no deleted rows. */
export const hasLiveView = ({ object }: Pick<CatalogTable, 'object'>): boolean => object !== null;

/** `<table>_live`: the current state without records that were deleted or merged into others. */
const liveView = (table: ViewedTable): View => ({
  name: liveName(table.name),
  columns: table.columns,
  select: liveSelect(table),
});

/** The views of a table besides its history. */
export const viewsOf = (table: ViewedTable): readonly View[] =>
  hasLiveView(table) ? [currentView(table), liveView(table)] : [currentView(table)];

/** The views of tables, each after those that it reads: every live view reads `deletions`. */
export const viewsOfAll = (tables: readonly ViewedTable[]): readonly View[] => [
  ...tables.map(currentView),
  ...tables.filter(hasLiveView).map(liveView),
];

export const createView = ({ name, select }: Pick<View, 'name' | 'select'>): string =>
  `CREATE OR REPLACE VIEW ${name} AS\n${select}`;
