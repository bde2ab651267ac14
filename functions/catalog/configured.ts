/** The tables of the lake under one configuration. Pure. */
import type { ObjectDeclaration } from '../core/declaration.ts';
import { withoutChildren } from '../core/declared-tables.ts';
import type { ChildName } from '../core/names.ts';
import type { SeenTables } from '../core/sightings.ts';
import { asWritten, excludedColumns, type FieldRules } from '../rows/field-rules.ts';
import { type CatalogTable, catalogTables } from './tables.ts';

/** The part of a configuration that the tables depend on. */
export type TableRules = FieldRules & { readonly excludedTables: readonly ChildName[] };

function withoutExcluded(table: CatalogTable, rules: TableRules): CatalogTable {
  const excluded = excludedColumns(table.name, rules);
  // They are excluded now, but earlier runs may have recorded them.
  return { ...table, excluded, columns: table.columns.filter(({ name }) => !excluded.includes(name)) };
}

/** Every table of these objects, and `deletions`, without excluded columns and with hashed columns as text. */
export const configuredTables = (
  objects: readonly ObjectDeclaration[],
  rules: TableRules,
  seen: SeenTables,
): readonly CatalogTable[] => {
  const written = objects.map((object) => asWritten(withoutChildren(object, rules.excludedTables), rules));
  return catalogTables(written, seen).map((table) => withoutExcluded(table, rules));
};
