/** What changed in a table between two states of the lake: rows that came, changed (by column) and vanished. */
import { literal, quoted } from '../../../functions/catalog/sql.ts';
import type { CatalogTable } from '../../../functions/catalog/tables.ts';
import type { AsOf } from './as-of.ts';
import type { LakeDatabase } from './lake-database.ts';
import type { QueryResult } from './run-sql.ts';

/** Columns of our own, which change with every read. */
const OWN = new Set(['_run_id', '_extracted_at', '_unknown', '_version', '_parent_version']);

/** Primary key as one text; several columns are joined by `/`. */
const keyOf = (side: string, { primaryKey }: CatalogTable): string =>
  `concat_ws('/', ${primaryKey.map((name) => `${side}.${quoted(name)}`).join(', ')})`;

function diffSql(table: CatalogTable): string {
  const columns = table.columns.map(({ name }) => name).filter((name) => !OWN.has(name));
  const cells = columns.map((name) => {
    const cell = (side: string): string => `CAST(${side}.${quoted(name)} AS VARCHAR)`;
    return `{name: ${literal(name)}, before: ${cell('old')}, after: ${cell('new')}}`;
  });
  const on = table.primaryKey.map((name) => `old.${quoted(name)} IS NOT DISTINCT FROM new.${quoted(name)}`);
  const side = (which: string, without: string): string =>
    `SELECT ${literal(which === 'new' ? 'added' : 'vanished')} AS change, ${keyOf(which, table)} AS key,
  NULL AS "column", NULL AS before, NULL AS after
FROM diff_${which} AS ${which} ANTI JOIN diff_${without} AS ${without} ON ${on.join(' AND ')}`;
  return `${side('new', 'old')}
UNION ALL
SELECT 'changed', key, cell.name, cell.before, cell.after
FROM (
  SELECT ${keyOf('new', table)} AS key, unnest([${cells.join(', ')}]) AS cell
  FROM diff_old AS old JOIN diff_new AS new ON ${on.join(' AND ')}
) AS pairs
WHERE cell.before IS DISTINCT FROM cell.after
UNION ALL
${side('old', 'new')}
ORDER BY ALL`;
}

export interface Difference {
  /** Rows, not cells. */
  readonly added: number;
  readonly changed: number;
  readonly vanished: number;
  /** `change`, `key`, and of a changed row `column`, `before` and `after` of each cell. */
  readonly rows: QueryResult;
}

/**
 * @param to undefined: what is committed now
 * @throws InputError, ContractError like a query
 */
export async function difference(
  database: LakeDatabase,
  table: CatalogTable,
  { from, to }: { readonly from: AsOf; readonly to: AsOf | undefined },
): Promise<Difference> {
  const keep = (name: string, asOf: AsOf | undefined): Promise<QueryResult> =>
    database.query(`CREATE OR REPLACE TEMP TABLE ${name} AS SELECT * FROM ${table.name}`, asOf);
  await keep('diff_old', from);
  await keep('diff_new', to);
  const rows = await database.query(diffSql(table), to);
  const keysOf = (change: string): number =>
    new Set(rows.rows.flatMap(([of, key]) => (of === change ? [key] : []))).size;
  return { added: keysOf('added'), changed: keysOf('changed'), vanished: keysOf('vanished'), rows };
}
