/** What objects are declared with: the object itself, columns, and the columns that many objects share. */
import type {
  ChildColumn,
  ChildSource,
  Column,
  ColumnType,
  ObjectDeclaration,
  ReadSpec,
} from '../core/declaration.ts';

type Optional = 'omit' | 'children';

/** Declares an object. Most have nothing to omit and no child tables. */
export const object = (
  declared: Omit<ObjectDeclaration, Optional> & Partial<Pick<ObjectDeclaration, Optional>>,
): ObjectDeclaration => ({ omit: [], children: [], ...declared });

type Details = Pick<Column, 'from' | 'personal' | 'plain'>;

/** A small list that is read whole, from one path. A workspace may have only a few of its records, or no such list. */
export function list({
  path,
  perPageSizes,
  stamped,
  ...declared
}: Pick<ObjectDeclaration, 'name' | 'description' | 'permission' | 'columns'> & {
  readonly path: string;
  /** For a list in pages; the first size is Intercom's default. @default one answer */
  readonly perPageSizes?: readonly number[];
  /** Whether every record has `updated_at`. @default false */
  readonly stamped?: true;
}): ObjectDeclaration {
  const read: ReadSpec =
    perPageSizes === undefined
      ? { kind: 'list', recordsKey: 'data', requests: [{ path }] }
      : { kind: 'page_number', path, recordsKey: 'data', perPageSizes };
  return object({
    ...declared,
    read,
    sync: { kind: 'full_refresh' },
    primaryKey: ['id'],
    versionField: stamped === true ? 'updated_at' : null,
  });
}

const columnOf =
  (type: ColumnType) =>
  (name: string, description: string, details: Details = {}): Column => ({
    name,
    type,
    description,
    ...details,
  });

export const string = columnOf('string');
export const integer = columnOf('integer');
export const number = columnOf('number');
export const boolean = columnOf('boolean');
export const timestamp = columnOf('timestamp');
/** The whole column is personal data. */
export const PERSONAL = { personal: true } as const;

/** Every documented leaf is listed as personal or plain. Any other leaf is new, and may be personal. */
type Leaves =
  | { readonly personal: true }
  | { readonly personal?: readonly string[]; readonly plain: readonly string[] };

export const json = (name: string, description: string, leaves: Leaves): Column => ({
  name,
  type: 'json',
  description,
  ...leaves,
});

export const childColumn = (from: ChildSource, column: Column): ChildColumn => ({ ...column, from });

export const objectType = (value: string): Column =>
  string('type', `Intercom's name for this kind of record: \`${value}\`.`);

export const id = (record: string): Column =>
  string('id', `Intercom's id of the ${record}, unique within the workspace.`);

export const workspaceId = (record: string): Column =>
  string('workspace_id', `Id of the workspace that the ${record} belongs to.`);

export const createdAt = (record: string): Column =>
  timestamp('created_at', `When the ${record} was created.`);

export const updatedAt = (record: string): Column =>
  timestamp('updated_at', `When the ${record} last changed.`);
