/** The tables of the lake for query engines, from the declarations and the types seen. Pure. */
import type { ChildDeclaration, Column, ColumnType, ObjectDeclaration } from '../core/declaration.ts';
import { DELETIONS, type ObjectName, type TableName } from '../core/names.ts';
import { ofColumn, type SeenColumns, type SeenTables } from '../core/sightings.ts';
import { type CatalogType, catalogType } from './types.ts';

export interface CatalogColumn {
  readonly name: string;
  readonly type: CatalogType;
  readonly description: string;
  /** Null for a field that Intercom sends but we do not declare. */
  readonly declared: ColumnType | null;
  /** True if there is no value yet: the type is provisional, and the first value decides. */
  readonly isUndecided: boolean;
}

/** How the current state follows from all committed rows. */
export type CurrentRule =
  /** For each primary key, the row with the greatest `_version`. */
  | { readonly kind: 'latest' }
  /** The rows of the object's last committed run. */
  | { readonly kind: 'last_run'; readonly object: ObjectName }
  /** The rows whose `_parent_version` is the `_version` of their parent's current row. */
  | { readonly kind: 'child'; readonly parent: TableName; readonly on: readonly JoinColumns[] };

export interface JoinColumns {
  readonly column: string;
  readonly parentColumn: string;
}

export interface CatalogTable {
  readonly name: TableName;
  readonly description: string;
  readonly columns: readonly CatalogColumn[];
  readonly primaryKey: readonly string[];
  readonly current: CurrentRule;
  /** Object whose manifests list the table's files; null if any object's may. */
  readonly object: ObjectName | null;
  /** Columns that field rules exclude. Earlier files may still have them. */
  readonly excluded: readonly string[];
}

type PlainColumn = Pick<Column, 'name' | 'type' | 'description'>;

const RUN_COLUMNS: readonly PlainColumn[] = [
  { name: '_run_id', type: 'string', description: 'Run that wrote the row.' },
  { name: '_extracted_at', type: 'timestamp', description: 'When the response with the record arrived.' },
];

const VERSION: PlainColumn = {
  name: '_version',
  type: 'string',
  description: 'Orders all versions of a record; the greatest is the newest.',
};

const PARENT_VERSION: PlainColumn = {
  name: '_parent_version',
  type: 'string',
  description: "`_version` of the parent's row that the row belongs to.",
};

const DELETION_COLUMNS: readonly PlainColumn[] = [
  { name: 'object', type: 'string', description: 'Object of the deleted record, such as `conversations`.' },
  { name: 'id', type: 'string', description: "The record's id." },
  {
    name: 'how',
    type: 'string',
    description: 'How it was noticed: `not_found` means listed, then 404 twice.',
  },
  { name: 'detected_at', type: 'timestamp', description: 'When it was noticed.' },
];

/**
 * Names that the engines use for the partition and the address of a row's file. A field of Intercom's with such
 * a name is in the files but is not a column.
 */
const TAKEN = ['run_date', '$path'];

/** SQL can write any other name. A field with an unwritable name is in the files only. */
const isWritable = (name: string): boolean => name !== '' && !name.includes('\0');

const typed = ({ name, type, description }: PlainColumn, seen: SeenColumns): CatalogColumn => ({
  name,
  type: catalogType(name, type, ofColumn(seen, name) ?? []),
  description,
  declared: type,
  isUndecided: false,
});

/** Engines ignore case: of two names that differ only in case, the first one becomes a column. */
function withoutTwins(columns: readonly CatalogColumn[]): readonly CatalogColumn[] {
  const known = new Set<string>(TAKEN);
  return columns.filter(({ name }) => known.size < known.add(name.toLowerCase()).size);
}

/** Declared columns, then undeclared fields by name, then our own columns. */
function columnsOf(
  declared: readonly PlainColumn[],
  own: readonly PlainColumn[],
  seen: SeenColumns = {},
): readonly CatalogColumn[] {
  const known = new Set([...declared, ...own].map(({ name }) => name));
  const more = Object.keys(seen)
    .filter((name) => !known.has(name) && isWritable(name))
    .sort()
    .map((name): CatalogColumn => {
      const types = ofColumn(seen, name) ?? [];
      return {
        name,
        type: catalogType(name, null, types),
        description: 'Sent by Intercom, but not in its documentation.',
        declared: null,
        isUndecided: types.length === 0,
      };
    });
  const typedAll = (columns: readonly PlainColumn[]) => columns.map((column) => typed(column, seen));
  return withoutTwins([...typedAll(declared), ...more, ...typedAll(own)]);
}

/** Columns of the child that repeat its parent's primary key. */
function joinColumns(child: ChildDeclaration, parentKey: readonly string[]): readonly JoinColumns[] {
  return child.columns.flatMap(({ name, from }) =>
    'parent' in from && parentKey.includes(from.parent) ? [{ column: name, parentColumn: from.parent }] : [],
  );
}

function tablesOf(object: ObjectDeclaration, seen: SeenTables): readonly CatalogTable[] {
  const { name, description, columns, primaryKey, sync } = object;
  const own: CatalogTable = {
    name,
    description,
    columns: columnsOf(columns, [...RUN_COLUMNS, VERSION], seen[name]),
    primaryKey,
    current: sync.kind === 'incremental' ? { kind: 'latest' } : { kind: 'last_run', object: name },
    object: name,
    excluded: [],
  };
  const children = object.children.map(
    (child): CatalogTable => ({
      name: child.table,
      description: child.description,
      columns: columnsOf(child.columns, [...RUN_COLUMNS, PARENT_VERSION], seen[child.table]),
      primaryKey: child.primaryKey,
      current: { kind: 'child', parent: name, on: joinColumns(child, primaryKey) },
      object: name,
      excluded: [],
    }),
  );
  return [own, ...children];
}

const DELETIONS_TABLE: CatalogTable = {
  name: DELETIONS,
  description: 'Records that were deleted in Intercom; their rows in the other tables stay.',
  columns: columnsOf(DELETION_COLUMNS, [...RUN_COLUMNS, VERSION]),
  primaryKey: ['object', 'id'],
  current: { kind: 'latest' },
  object: null,
  excluded: [],
};

/** Every table of these objects, with parents before their children, and `deletions`. */
export const catalogTables = (
  objects: readonly ObjectDeclaration[],
  seen: SeenTables,
): readonly CatalogTable[] => [...objects.flatMap((object) => tablesOf(object, seen)), DELETIONS_TABLE];
