/** What a Glue catalog holds, through its API; every view must show what its history has, and that what files have. */
import { type GlueClient, paginateGetTables, type Table } from '@aws-sdk/client-glue';
import type { TypesByTable } from './memory/memory-catalog.ts';

export interface CatalogView {
  /** Types by column, of current states; checked to be those of the histories. */
  readonly types: TypesByTable;
  readonly versions: ReadonlyMap<string, string>;
  readonly tables: ReadonlyMap<string, Table>;
}

const typesOf = (table: Table | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (table?.StorageDescriptor?.Columns ?? []).map(({ Name = '', Type = '' }) => [Name, Type]),
  );

const TRINO: Readonly<Record<string, string>> = { string: 'varchar', timestamp: 'timestamp(3)' };

/** The definition that Athena reads of a view. */
export function definitionOf({ ViewOriginalText = '' }: Table): {
  readonly originalSql: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
} {
  const [, encoded = ''] = /^\/\* Presto View: (.*) \*\/$/.exec(ViewOriginalText) ?? [];
  return JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
}

/** The three of one table have the same columns, but for the partition. */
function checkColumns(name: string, tables: ReadonlyMap<string, Table>): void {
  const [view, history, files] = [name, `${name}_history`, `${name}_files`].map((one) => {
    const { run_date: _, ...types } = typesOf(tables.get(one));
    return types;
  });
  if (JSON.stringify(history) !== JSON.stringify(view)) {
    throw new Error(`${name} has other columns than its history.`);
  }
  const missing = Object.keys(view ?? {}).filter((column) => files?.[column] !== 'string');
  if (missing.length > 0) throw new Error(`${name}_files does not have ${missing[0]} as text.`);
}

function checkView(view: Table): void {
  const columns = JSON.stringify(
    Object.entries(typesOf(view)).map(([name, type]) => ({ name, type: TRINO[type] ?? type })),
  );
  const { columns: defined, originalSql } = definitionOf(view);
  if (JSON.stringify(defined) !== columns)
    throw new Error(`${view.Name} has columns its definition does not have.`);
  // Without quotes in the one view that is written by hand.
  const missing = defined.filter(({ name }) => !new RegExp(`["\\s.(]${name}[",\\s)]`).test(originalSql));
  if (missing.length > 0) throw new Error(`${view.Name} does not select ${missing[0]?.name}.`);
}

export async function readCatalog(client: GlueClient, DatabaseName: string): Promise<CatalogView> {
  const tables = new Map<string, Table>();
  for await (const { TableList = [] } of paginateGetTables({ client }, { DatabaseName })) {
    for (const table of TableList) tables.set(table.Name ?? '', table);
  }
  const views = [...tables].filter(([, { TableType }]) => TableType === 'VIRTUAL_VIEW');
  for (const [, view] of views) checkView(view);
  const current = views.filter(([name]) => tables.has(`${name}_history`));
  for (const [name] of current) checkColumns(name, tables);
  return {
    types: Object.fromEntries(current.map(([name, table]) => [name, typesOf(table)])),
    versions: new Map([...tables].map(([name, { VersionId = '' }]) => [name, VersionId])),
    tables,
  };
}
