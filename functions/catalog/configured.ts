/** The tables of the lake under one configuration. Pure. */
import type { ObjectDeclaration } from '../core/declaration.ts';
import { type DeclaredTable, tablesOf, withoutChildren } from '../core/declared-tables.ts';
import type { ChildName, ObjectName } from '../core/names.ts';
import type { Attributes } from '../core/ports.ts';
import type { SeenTables } from '../core/sightings.ts';
import { asWritten, excludedColumns, type FieldRules } from '../rows/field-rules.ts';
import { ATTRIBUTE_COLUMNS, flatView, type WriteLeaf } from './flat.ts';
import { duckdbLeaf } from './json-paths.ts';
import { type CatalogTable, catalogTables } from './tables.ts';
import { timelineView } from './timeline.ts';
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

/** Every table of these objects, and the shared ones, without excluded columns and with hashed columns as text. */
export const configuredTables = (
  objects: readonly ObjectDeclaration[],
  rules: TableRules,
  seen: SeenTables,
): readonly CatalogTable[] => {
  const written = objects.map((object) => asWritten(withoutChildren(object, rules.excludedTables), rules));
  const declared = objects.flatMap(tablesOf);
  return catalogTables(written, seen).map((table) => withoutExcluded(table, declared, rules));
};

/** The object whose commits publish a flat view: the one that defines the attributes in it, if that object is read. */
function publisherOf(
  { name, object }: CatalogTable,
  objects: readonly ObjectDeclaration[],
): ObjectName | null {
  const definedBy = ATTRIBUTE_COLUMNS[name]?.definedBy;
  return objects.some((one) => one.name === definedBy) ? (definedBy ?? object) : object;
}

/** The tables whose flat views an object publishes; all of them for null. */
const publishedBy = (
  by: ObjectName | null,
  tables: readonly CatalogTable[],
  objects: readonly ObjectDeclaration[],
): readonly CatalogTable[] =>
  tables.filter((table) => hasLiveView(table) && (by === null || publisherOf(table, objects) === by));

/** The timeline needs conversations and their parts; the parts publish it. */
function timelineOf(
  by: ObjectName | null,
  tables: readonly CatalogTable[],
  leaf: WriteLeaf,
): readonly View[] {
  const [conversations, parts] = ['conversations', 'conversation_parts'].map((wanted) =>
    tables.find(({ name }) => name === wanted),
  );
  const isPublisher = by === null || by === 'conversation_parts';
  return conversations && parts && isPublisher ? [timelineView(conversations, parts, leaf)] : [];
}

/**
 * The views that are made from others: every `<table>_flat`, and the timeline of conversations.
 * @param by the object that publishes; null for all views
 * @param objects all objects of the pipeline
 * @param leaf how the engine reads the leaves of JSON
 */
export function derivedViews(
  by: ObjectName | null,
  objects: readonly ObjectDeclaration[],
  rules: TableRules,
  attributes: Attributes,
  leaf: WriteLeaf,
): readonly View[] {
  const tables = configuredTables(objects, rules, {});
  const declared = objects.flatMap(tablesOf);
  return [
    ...publishedBy(by, tables, objects).map((table) =>
      flatView(table, { tables, declared, rules, attributes, leaf }),
    ),
    ...timelineOf(by, tables, leaf),
  ];
}

export const derivedViewNames = (
  by: ObjectName,
  objects: readonly ObjectDeclaration[],
  rules: TableRules,
): readonly string[] => derivedViews(by, objects, rules, {}, duckdbLeaf).map(({ name }) => name);
