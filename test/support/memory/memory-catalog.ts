/** The catalog as a map: everything that was published about each object, and the tables that follow from it. */
import type { CatalogTable } from '../../../functions/catalog/tables.ts';
import type { Catalog } from '../../../functions/core/ports.ts';
import { type SeenTables, unionSeen } from '../../../functions/core/sightings.ts';

/** Types by column by table. */
export type TypesByTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface MemoryCatalog {
  /** The catalog as one object's functions use it. */
  of(tables: (columns: SeenTables) => readonly CatalogTable[]): Catalog;
  /** Current state and history of a table have the same columns here. */
  types(): TypesByTable;
  /** Calls so far. */
  readonly published: { readonly firstDay: string }[];
}

const typesOf = ({ columns }: CatalogTable): Readonly<Record<string, string>> =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type]));

export function createMemoryCatalog(): MemoryCatalog {
  let told: SeenTables = {};
  const tables = new Map<string, CatalogTable>();
  const published: { readonly firstDay: string }[] = [];
  return {
    published,
    types: () => Object.fromEntries([...tables].map(([name, table]) => [name, typesOf(table)])),
    of: (tablesFrom) => ({
      async publish({ columns, firstDay }) {
        published.push({ firstDay });
        told = unionSeen(told, columns);
        for (const table of tablesFrom(told)) tables.set(table.name, table);
        return { status: 'published' };
      },
    }),
  };
}
