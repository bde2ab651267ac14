/**
 * The views of the current state. Their text is the same in DuckDB and Athena: in both, `<table>_history` has every
 * committed row.
 */
import type { ObjectName, TableName } from '../core/names.ts';
import { list, literal, quoted } from './sql.ts';
import type { CatalogTable, JoinColumns } from './tables.ts';

/** A view and its SELECT statement. */
export interface View {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly select: string;
}

export const MANIFESTS = 'manifests';
export const MANIFEST_FILES = 'manifest_files';
export const historyName = (table: TableName): string => `${table}_history`;

/** Address of the file that holds a row. */
export const PATH = '"$path"';

/** As much of a table as its view is made of. */
export type ViewedTable = Pick<CatalogTable, 'name' | 'primaryKey' | 'current'> & Pick<View, 'columns'>;

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
) AS ranked
WHERE ${rank} = 1`;
}

const rowsOfLastRun = (table: ViewedTable, object: ObjectName): string => `SELECT
${list(names(table))}
FROM ${historyName(table.name)}
WHERE "_run_id" = (SELECT max(run_id) FROM ${MANIFESTS} WHERE object = ${literal(object)})`;

function childRows(table: ViewedTable, parent: TableName, on: readonly JoinColumns[]): string {
  const keys = on.map(
    ({ column, parentColumn }) => `parent.${quoted(parentColumn)} = child.${quoted(column)}`,
  );
  return `SELECT
${list(names(table).map((name) => `child.${name}`))}
FROM ${historyName(table.name)} AS child
JOIN ${parent} AS parent
  ON ${[...keys, 'parent."_version" = child."_parent_version"'].join('\n  AND ')}`;
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
  columns: table.columns,
  select: currentSelect(table),
});

export const createView = ({ name, select }: Pick<View, 'name' | 'select'>): string =>
  `CREATE OR REPLACE VIEW ${name} AS\n${select}`;
