/** The tables of the lake under one configuration. Pure. */
import type { ObjectDeclaration } from '../core/declaration.ts';
import { type DeclaredTable, tablesOf, withoutChildren } from '../core/declared-tables.ts';
import type { ChildName, ObjectName } from '../core/names.ts';
import type { Attributes } from '../core/ports.ts';
import type { SeenTables } from '../core/sightings.ts';
import { asWritten, excludedColumns, type FieldRules } from '../rows/field-rules.ts';
import { ATTRIBUTE_COLUMNS, flatName, flatView, type WriteLeaf } from './flat.ts';
import { type CatalogTable, catalogTables } from './tables.ts';
import { hasLiveView, type View } from './views.ts';

/** The part of a configuration that the tables depend on. */
export type TableRules = FieldRules & { readonly excludedTables: readonly ChildName[] };

function withoutExcluded(
  table: CatalogTable,
  declared: readonly DeclaredTable[],
  rules: TableRules,
): CatalogTable {
  const found = declared.find(({ name }) => name === table.name);
  const excluded = found === undefined ? [] : excludedColumns(found, rules);
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
  const declared = objects.flatMap(tablesOf);
  return catalogTables(written, seen).map((table) => withoutExcluded(table, declared, rules));
};

/** The object with whose commits a flat view is published: the one that defines the attributes in it, if that is read. */
function publisherOf(
  { name, object }: CatalogTable,
  objects: readonly ObjectDeclaration[],
): ObjectName | null {
  const definedBy = ATTRIBUTE_COLUMNS[name]?.definedBy;
  return objects.some((one) => one.name === definedBy) ? (definedBy ?? object) : object;
}

/** The flat tables that an object publishes; all of them for null. */
const publishedBy = (
  by: ObjectName | null,
  tables: readonly CatalogTable[],
  objects: readonly ObjectDeclaration[],
): readonly CatalogTable[] =>
  tables.filter((table) => hasLiveView(table) && (by === null || publisherOf(table, objects) === by));

/**
 * The `<table>_flat` views.
 * @param by the object that publishes; null for all views
 * @param objects all objects of the pipeline
 * @param leaf the engine's way to the leaves of JSON
 */
export function configuredFlats(
  by: ObjectName | null,
  objects: readonly ObjectDeclaration[],
  rules: TableRules,
  attributes: Attributes,
  leaf: WriteLeaf,
): readonly View[] {
  const tables = configuredTables(objects, rules, {});
  const declared = objects.flatMap(tablesOf);
  return publishedBy(by, tables, objects).map((table) =>
    flatView(table, { tables, declared, rules, attributes, leaf }),
  );
}

/** The names of the views that an object publishes. */
export const configuredFlatNames = (
  by: ObjectName,
  objects: readonly ObjectDeclaration[],
  rules: TableRules,
): readonly string[] =>
  publishedBy(by, configuredTables(objects, rules, {}), objects).map(({ name }) => flatName(name));
