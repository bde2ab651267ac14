/** The tables of the lake for query engines, from the declarations and the types seen. Pure. */
import type { ChildDeclaration, Column, ColumnType, ObjectDeclaration } from '../core/declaration.ts';
import { DELETIONS, type ObjectName, REJECTS, type TableName } from '../core/names.ts';
import { listFields } from '../core/relationship.ts';
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
  /** The rows of each parent's newest version in which the list was known. */
  | {
      readonly kind: 'child';
      readonly parent: ObjectName;
      readonly on: readonly JoinColumns[];
      /** The lists' names in the parent's `_unknown`. */
      readonly fields: readonly string[];
      /** The parent is read whole: its version from the newest run counts, if the last run has the parent. */
      readonly ofLastRun: boolean;
    };

export interface JoinColumns {
  readonly column: string;
  readonly parentColumn: string;
}

/** A column with the id of a record that `deletions` may name. */
export interface RecordColumn {
  readonly column: string;
  readonly object: ObjectName;
}

export interface CatalogTable {
  readonly name: TableName;
  readonly description: string;
  readonly columns: readonly CatalogColumn[];
  readonly primaryKey: readonly string[];
  readonly current: CurrentRule;
  /** The records that a row stands for. A row is live while none of them is deleted. */
  readonly records: readonly RecordColumn[];
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

export const UNKNOWN = '_unknown';

const UNKNOWN_COLUMN: PlainColumn = {
  name: UNKNOWN,
  type: 'json',
  description:
    'Lists that Intercom did not send with this version, such as `["tags"]`, or sent in part, such as `["ticket_parts: 500 of 612"]`; null if all came.',
};

const DELETION_COLUMNS: readonly PlainColumn[] = [
  { name: 'object', type: 'string', description: 'Object of the deleted record, such as `conversations`.' },
  { name: 'id', type: 'string', description: "The record's id." },
  {
    name: 'how',
    type: 'string',
    description:
      'How it was noticed: `not_found` (listed, then 404 twice, and no longer listed), `deleted_list` (in the list of deleted records), `absent` (no longer listed, then 404 twice) or `merged`.',
  },
  {
    name: 'merged_into',
    type: 'string',
    description: 'Id of the record that it was merged into; null unless `how` is `merged`.',
  },
  { name: 'detected_at', type: 'timestamp', description: 'When it was noticed.' },
];

const REJECT_COLUMNS: readonly PlainColumn[] = [
  { name: 'object', type: 'string', description: 'Object that it was sent for, such as `contacts`.' },
  { name: 'reason', type: 'string', description: 'Why it cannot be a row.' },
  { name: 'path', type: 'string', description: 'Where it was in the answer, such as `tags.data[3]`.' },
  { name: 'record', type: 'json', description: 'What Intercom sent, under the field rules.' },
];

/** The partition that a row's file lies in. */
export const RUN_DATE = 'run_date';

/**
 * Names that the engines use for the partition and the address of a row's file. An Intercom field with such
 * a name is in the files but is not a column.
 */
const TAKEN = [RUN_DATE, '$path'];

/** SQL can write any other name. A field with an unwritable name is only in the files. */
const isWritable = (name: string): boolean => name !== '' && !name.includes('\0');

const typed = ({ name, type, description }: PlainColumn, seen: SeenColumns): CatalogColumn => ({
  name,
  type: catalogType(name, type, ofColumn(seen, name) ?? []),
  description,
  declared: type,
  isUndecided: false,
});

/** Engines ignore case: if two names differ only in case, the first one becomes a column. */
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

/** A description that begins with a column of another table marks a reference to it. */
const REFERENCE = /^`(\w+)\.(\w+)`/;

/** The column that a column refers to, by its description. */
export function referenceOf({
  description,
}: Pick<Column, 'description'>): { table: string; column: string } | null {
  const [, table, column] = REFERENCE.exec(description) ?? [];
  return table === undefined || column === undefined ? null : { table, column };
}

/** Objects whose deletions are noticed, and whose rows may outlive the record. */
const DELETABLE: readonly ObjectName[] = ['contacts', 'companies', 'conversations', 'tickets'];

/** The columns of the primary key that are ids of records which may be deleted. */
function recordColumns(
  name: TableName,
  primaryKey: readonly string[],
  columns: readonly PlainColumn[],
): readonly RecordColumn[] {
  return columns.flatMap((column) => {
    if (!primaryKey.includes(column.name)) return [];
    const table = column.name === 'id' ? name : referenceOf(column)?.table;
    const object = DELETABLE.find((one) => one === table);
    return object === undefined ? [] : [{ column: column.name, object }];
  });
}

function tablesOf(object: ObjectDeclaration, seen: SeenTables): readonly CatalogTable[] {
  const { name, description, columns, primaryKey, sync } = object;
  const ofLastRun = sync.kind === 'full_refresh';
  const unknown = object.children.length === 0 ? [] : [UNKNOWN_COLUMN];
  const own: CatalogTable = {
    name,
    description,
    columns: columnsOf(columns, [...RUN_COLUMNS, ...unknown, VERSION], seen[name]),
    primaryKey,
    current: ofLastRun ? { kind: 'last_run', object: name } : { kind: 'latest' },
    records: recordColumns(name, primaryKey, columns),
    object: name,
    excluded: [],
  };
  const children = object.children.map(
    (child): CatalogTable => ({
      name: child.table,
      description: child.description,
      columns: columnsOf(child.columns, [...RUN_COLUMNS, PARENT_VERSION], seen[child.table]),
      primaryKey: child.primaryKey,
      current: {
        kind: 'child',
        parent: name,
        on: joinColumns(child, primaryKey),
        fields: listFields(child),
        ofLastRun,
      },
      records: recordColumns(child.table, child.primaryKey, child.columns),
      object: name,
      excluded: [],
    }),
  );
  return [own, ...children];
}

const sharedTable = (
  table: Pick<CatalogTable, 'name' | 'description' | 'primaryKey'>,
  columns: readonly PlainColumn[],
): CatalogTable => ({
  ...table,
  columns: columnsOf(columns, [...RUN_COLUMNS, VERSION]),
  current: { kind: 'latest' },
  records: [],
  object: null,
  excluded: [],
});

const SHARED: readonly CatalogTable[] = [
  sharedTable(
    {
      name: DELETIONS,
      description: 'Records that were deleted or merged in Intercom; their rows in the other tables stay.',
      primaryKey: ['object', 'id'],
    },
    DELETION_COLUMNS,
  ),
  sharedTable(
    {
      name: REJECTS,
      description: 'What Intercom sent that cannot be a row, such as a record without an id.',
      primaryKey: ['object', '_version'],
    },
    REJECT_COLUMNS,
  ),
];

/** Every table of these objects, with parents before their children, then those that all objects share. */
export const catalogTables = (
  objects: readonly ObjectDeclaration[],
  seen: SeenTables,
): readonly CatalogTable[] => [...objects.flatMap((object) => tablesOf(object, seen)), ...SHARED];
