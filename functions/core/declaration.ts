/**
 * What an object declares about itself. Everything that varies between the 16 objects is data of
 * these types; paging, cursors, retries, files and commits exist once and read them.
 */
import type { ChildName, ObjectName } from './names.ts';

/**
 * Type of a column in the output. `timestamp` is an integer of Unix seconds; `json` is a JSON text in
 * a string; `number` may be fractional (a catalog makes it a double).
 */
export type ColumnType = 'string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** One sentence for the reader of the table. */
  readonly description: string;
  /** Where the value is in the record, dotted, when it is not the top-level field `name`. */
  readonly from?: string;
  /**
   * Personal data: `true` for the whole column, or the dotted paths inside a JSON column
   * (`[]` for the items of an array, `*` for every key): `author.email`, `data[].name`, `[].applied_by`.
   */
  readonly personal?: true | readonly string[];
  /**
   * Leaves of a JSON column that are known not to be personal (`''` for the column's own value). What is in
   * neither list is new, and with `sensitiveFields: 'hash'` it is hashed, also inside of what used to be a
   * plain leaf; `type`, `id` and `*_id` need not be listed.
   */
  readonly plain?: readonly string[];
}

/** Where a child column's value comes from: the parent's row, the list item itself, a field of it, its position from 0. */
export type ChildSource =
  | { readonly parent: string }
  | { readonly item: string }
  | { readonly self: true }
  | { readonly index: true };

export interface ChildColumn extends Omit<Column, 'from'> {
  readonly from: ChildSource;
}

/** A table derived from a list inside an object's records. */
export interface ChildDeclaration {
  readonly table: ChildName;
  readonly description: string;
  readonly primaryKey: readonly string[];
  /** Dotted path of the list inside the parent's record: `tags.data`, `admin_ids`. */
  readonly list: string;
  readonly columns: readonly ChildColumn[];
}

/** A list that Intercom cuts at 10 items inside a record; the whole is behind a sub-list endpoint (docs/intercom-api.md 6.2). */
export interface EmbeddedList {
  /** Field of the record holding `{data, total_count, has_more}`. */
  readonly field: string;
  /** Path of the sub-list; `{id}` is the record's id. */
  readonly path: string;
  readonly paging: 'none' | 'page_number';
  /** Keys under which the items may lie; facts CONFLICT: `data` (example) or `companies` (schema). */
  readonly recordsKeys: readonly string[];
  /** As of a page-number list. */
  readonly perPageSizes?: readonly number[];
  /** Child table whose expected row count this list's `total_count` gives. */
  readonly child: ChildName;
}

/** One request of an object that is served without pages. */
export interface ListRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Fields put on every record of this request: the model that was asked for. */
  readonly set?: Readonly<Record<string, string>>;
  /** An undocumented request that a workspace may refuse with 400, 404 or 422: then it has no records. */
  readonly optional?: true;
}

export interface SearchRead {
  readonly kind: 'search';
  readonly path: string;
  readonly recordsKey: string;
  readonly perPage: number;
  /** How the server compares times: whole days in the workspace's zone (contacts on 2.15), or exact seconds. */
  readonly granularity: 'day' | 'second';
}

/** What the engine knows about a paging style; only the readers tell the styles apart. */
export interface ReadStyle {
  /** Records in one answer. @default 1 */
  readonly perPage?: number;
  /** How the server compares times. @default 'second' */
  readonly granularity?: 'day' | 'second';
  /** Reading from a position uses it up: it may only be the last thing an attempt stores, and works once. */
  readonly spendsPosition?: true;
}

/** How an object is read: one kind per paging style, one reader per kind. */
export type ReadSpec = ReadStyle &
  (
    | { readonly kind: 'list'; readonly recordsKey: string; readonly requests: readonly ListRequest[] }
    | {
        readonly kind: 'page_number';
        readonly path: string;
        readonly recordsKey: string;
        /** Page sizes, largest first, each dividing the one before, so that offsets stay aligned when a page shrinks. */
        readonly perPageSizes: readonly number[];
      }
    | {
        readonly kind: 'cursor';
        readonly path: string;
        readonly recordsKey: string;
        readonly perPage: number;
      }
    | SearchRead
    | {
        readonly kind: 'scroll';
        readonly path: string;
        readonly recordsKey: string;
        readonly countPath: string;
        readonly spendsPosition: true;
      }
    | {
        /** The parts of each conversation that a search finds changed; one GET per conversation. */
        readonly kind: 'conversation_parts';
        readonly search: SearchRead;
        /** `{id}` is the conversation's id. */
        readonly detailPath: string;
      }
    | {
        /** A page-number list bounded by two query parameters in time. */
        readonly kind: 'time_range';
        readonly path: string;
        readonly recordsKey: string;
        readonly afterParameter: string;
        readonly beforeParameter: string;
        readonly perPageSizes: readonly number[];
        readonly maxWindowSeconds: number;
      }
  );

/** Boxes of the app's permissions in Intercom's Developer Hub, by their labels there. */
export type Permission =
  | 'Read and list users and companies'
  | 'Read conversations'
  | 'Read tickets'
  | 'Read admins'
  | 'Read admin activity logs'
  | 'Read and list articles';

export type SyncMode =
  | { readonly kind: 'full_refresh' }
  | { readonly kind: 'incremental'; readonly cursor: 'updated_at' | 'created_at' };

export interface ObjectDeclaration {
  readonly name: ObjectName;
  readonly description: string;
  readonly sync: SyncMode;
  readonly primaryKey: readonly string[];
  /**
   * The object whose records hold this one's rows as parts, one request each. The ids of those records
   * are what is counted, owed and deleted.
   */
  readonly recordsOf?: ObjectName;
  /** Field whose time orders versions of a record; null where Intercom stamps none. */
  readonly versionField: 'updated_at' | 'created_at' | null;
  /** Null: Intercom names no box of its own for it. */
  readonly permission: Permission | null;
  readonly read: ReadSpec;
  readonly columns: readonly Column[];
  /**
   * Dotted paths taken out of the record before it becomes a row: relationships that have a child
   * table, and attachments. `[]` stands for the items of an array, `*` for every key.
   */
  readonly omit: readonly string[];
  readonly embeddedLists: readonly EmbeddedList[];
  readonly children: readonly ChildDeclaration[];
}
