/**
 * The views of committed data. Their text is the same in DuckDB and Athena: `<table>_history` has the rows of all
 * files, with the file's address in `"$path"`, and `manifest_files` has the addresses that manifests list.
 */
import type { ObjectName, TableName } from '../core/names.ts';
import { list, literal, quoted } from './sql.ts';
import type { CatalogTable, JoinColumns } from './tables.ts';

/** A view and its SELECT statement. */
export interface View {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly select: string;
}

export const MANIFESTS = 'manifests';
export const MANIFEST_FILES = 'manifest_files';
export const historyName = (table: TableName): string => `${table}_history`;

/** Address of the file that holds a row. */
export const PATH = '"$path"';

/** The part of a table that its view needs. */
export type ViewedTable = Pick<CatalogTable, 'name' | 'description' | 'primaryKey' | 'current' | 'object'> &
  Pick<View, 'columns'>;

/** A condition that is true for committed rows: a manifest lists their file. */
function isCommitted({ name, object }: Pick<CatalogTable, 'name' | 'object'>, alias = ''): string {
  const ofObject = object === null ? '' : ` AND object = ${literal(object)}`;
  const path = alias === '' ? PATH : `${alias}.${PATH}`;
  return `${path} IN (SELECT path FROM ${MANIFEST_FILES} WHERE table_name = ${literal(name)}${ofObject})`;
}

const names = ({ columns }: ViewedTable): readonly string[] => columns.map(({ name }) => quoted(name));

/** A name that no column has: Intercom may give a field any name. */
function rankName({ columns }: ViewedTable): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  let name = '_rank';
  while (taken.has(name)) name = `_${name}`;
  return name;
}

function latestRows(table: ViewedTable): string {
  const columns = list(names(table));
  const rank = quoted(rankName(table));
  const key = table.primaryKey.map(quoted).join(', ');
  return `SELECT
${columns}
FROM (
  SELECT
${columns},
  row_number() OVER (PARTITION BY ${key} ORDER BY "_version" DESC) AS ${rank}
  FROM ${historyName(table.name)}
  WHERE ${isCommitted(table)}
) AS ranked
WHERE ${rank} = 1`;
}

const rowsOfLastRun = (table: ViewedTable, object: ObjectName): string => `SELECT
${list(names(table))}
FROM ${historyName(table.name)}
WHERE ${isCommitted(table)}
  AND "_run_id" = (SELECT max(run_id) FROM ${MANIFESTS} WHERE object = ${literal(object)})`;

function childRows(table: ViewedTable, parent: TableName, on: readonly JoinColumns[]): string {
  const keys = on.map(
    ({ column, parentColumn }) => `parent.${quoted(parentColumn)} = child.${quoted(column)}`,
  );
  return `SELECT
${list(names(table).map((name) => `child.${name}`))}
FROM ${historyName(table.name)} AS child
JOIN ${parent} AS parent
  ON ${[...keys, 'parent."_version" = child."_parent_version"'].join('\n  AND ')}
WHERE ${isCommitted(table, 'child')}`;
}

function currentSelect(table: ViewedTable): string {
  const { current } = table;
  switch (current.kind) {
    case 'latest':
      return latestRows(table);
    case 'last_run':
      return rowsOfLastRun(table, current.object);
    case 'child':
      return childRows(table, current.parent, current.on);
    default:
      return current satisfies never;
  }
}

/** `<table>`: the current state, from committed runs only. */
export const currentView = (table: ViewedTable): View => ({
  name: table.name,
  description: table.description,
  columns: table.columns,
  select: currentSelect(table),
});

export const createView = ({ name, select }: Pick<View, 'name' | 'select'>): string =>
  `CREATE OR REPLACE VIEW ${name} AS\n${select}`;
