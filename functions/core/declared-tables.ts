/** The declared tables of objects and of children, in the form that field rules need. */
import type { ChildDeclaration, Column, ObjectDeclaration } from './declaration.ts';
import type { ChildName, ObjectName } from './names.ts';
import { parsePath, type Step } from './paths.ts';
import { onlyInChildren, pathsInRecord } from './relationship.ts';

/** Every table except those that all objects share. */
export type DeclaredTableName = ObjectName | ChildName;

export type TableColumn = Omit<Column, 'from'>;

export interface DeclaredTable {
  readonly name: DeclaredTableName;
  readonly columns: readonly TableColumn[];
  readonly key: readonly string[];
  /** Columns that we join, order or resume by: keys, cursors and references. */
  readonly kept: ReadonlySet<string>;
  /** Paths of the record that are in another table, or not synced at all. */
  readonly omitted: readonly string[];
  /** For a child table whose list the parent keeps: where the parent has the same values. */
  readonly repeats?: {
    readonly table: DeclaredTableName;
    /** By column: paths in the parent's record. */
    readonly paths: ReadonlyMap<string, readonly (readonly Step[])[]>;
  };
}

const REFERENCE = /^id$|_ids?$/;

/** True for a reference to another record. The customer's own ids are declared personal and do not count. */
const isReference = ({ name, personal }: TableColumn): boolean =>
  personal === undefined && REFERENCE.test(name);

const keptOf = (columns: readonly TableColumn[], names: readonly (string | null)[]): ReadonlySet<string> =>
  new Set([...names.filter((name) => name !== null), ...columns.filter(isReference).map(({ name }) => name)]);

function childTable(parent: ObjectDeclaration, child: ChildDeclaration): DeclaredTable {
  const { table, columns, primaryKey } = child;
  const own: DeclaredTable = {
    name: table,
    columns,
    key: primaryKey,
    kept: keptOf(columns, primaryKey),
    omitted: [],
  };
  if (onlyInChildren(parent).includes(child)) return own;
  const paths = new Map(
    columns.map((column) => [column.name, pathsInRecord(child, column).map(parsePath)] as const),
  );
  return { ...own, repeats: { table: parent.name, paths } };
}

/** The table of an object, then those of its children. */
export function tablesOf(object: ObjectDeclaration): readonly DeclaredTable[] {
  const { name, columns, primaryKey, versionField, sync, omit, children } = object;
  const cursor = sync.kind === 'incremental' ? sync.cursor : null;
  const own: DeclaredTable = {
    name,
    columns,
    key: primaryKey,
    kept: keptOf(columns, [...primaryKey, versionField, cursor]),
    omitted: omit,
  };
  return [own, ...children.map((child) => childTable(object, child))];
}

/** Names of the tables that belong to the object alone: its own, then those of its children. */
export const ownTables = ({
  name,
  children,
}: Pick<ObjectDeclaration, 'name' | 'children'>): readonly DeclaredTableName[] => [
  name,
  ...children.map(({ table }) => table),
];

/** The object without these child tables: we fetch, write and count nothing for them. */
export function withoutChildren(object: ObjectDeclaration, left: readonly ChildName[]): ObjectDeclaration {
  if (left.length === 0) return object;
  return {
    ...object,
    children: object.children.filter(({ table }) => !left.includes(table)),
  };
}
