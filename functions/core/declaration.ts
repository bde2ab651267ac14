/**
 * What an object declares about itself. Everything that differs between objects is data of these
 * types. Paging, cursors, retries, files and commits exist once and read that data.
 */
import type { JsonValue } from './json.ts';
import type { ChildName, ObjectName } from './names.ts';

/**
 * Type of a column in the output. `timestamp` is an integer in Unix seconds. `json` is JSON text in a
 * string. `number` may be fractional (a catalog makes it a double).
 */
export type ColumnType = 'string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** One sentence for the reader of the table. */
  readonly description: string;
  /** Dotted path of the value in the record, if it is not the top-level field `name`. */
  readonly from?: string;
  /**
   * Personal data: `true` for the whole column, or the dotted paths inside a JSON column
   * (`[]` for the items of an array, `*` for every key): `author.email`, `data[].name`, `[].applied_by`.
   */
  readonly personal?: true | readonly string[];
  /**
   * Leaves of a JSON column that are known not to be personal (`''` for the column's own value). A leaf in
   * neither list is new: `sensitiveFields: 'hash'` hashes it, even inside something that used to be a plain
   * leaf. `type`, `id` and `*_id` need not be listed.
   */
  readonly plain?: readonly string[];
}

/**
 * Source of a child column's value: a field of the parent, a dotted path in the item, the item itself, its index from 0,
 * or what its list says about all of its items.
 */
export type ChildSource =
  | { readonly parent: string }
  | { readonly item: string }
  | { readonly self: true }
  | { readonly index: true }
  | { readonly list: string };

export interface ChildColumn extends Omit<Column, 'from'> {
  readonly from: ChildSource;
}

/** Where a list is inside a record. */
export interface ListPlace {
  /** Top-level field. In `_unknown` it names the relationship. */
  readonly field: string;
  /** Dotted paths inside the field that may hold the list. The field may also be the list itself. */
  readonly keys: readonly string[];
  /** If the field is missing, or the list null, there are no items, as for a message that was not an e-mail. */
  readonly nullMeansNone?: true;
  /**
   * A field of the record that only refers to the items and counts them. The list itself has to be asked for, unless
   * the field refers to nothing.
   */
  readonly referredToIn?: string;
  /** What being in this list says about an item, by name. */
  readonly says?: Readonly<Record<string, JsonValue>>;
}

/** How to ask for a list that did not come with its record, or only in part; `{id}` is the record's id. */
export type ListQuestion =
  /** A sub-list in one answer. */
  | { readonly kind: 'list'; readonly path: string; readonly recordsKeys: readonly string[] }
  /** A sub-list in pages; sizes as for a page-number list. */
  | {
      readonly kind: 'page_number';
      readonly path: string;
      readonly recordsKeys: readonly string[];
      readonly perPageSizes: readonly number[];
    }
  /** The record itself, which has the list in the same place. */
  | { readonly kind: 'record'; readonly path: string };

/**
 * A table derived from a list inside an object's records. If the parent keeps the list too, the table is a second view
 * of it: its rows are neither counted nor owed.
 */
export interface ChildDeclaration {
  readonly table: ChildName;
  readonly description: string;
  readonly primaryKey: readonly string[];
  readonly list: ListPlace;
  /** More lists whose items belong to the table. Such a table cannot ask. */
  readonly otherLists?: readonly ListPlace[];
  readonly ask?: ListQuestion;
  /** Search field that finds the parents of an item by the item's key, to count them. */
  readonly countedBy?: string;
  readonly columns: readonly ChildColumn[];
}

/** One request for an object that Intercom serves without pages. */
export interface ListRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Fields to add to every record of this request: the model that was requested. */
  readonly set?: Readonly<Record<string, string>>;
  /** Name in `observed` of an undocumented request: if it cannot be read, nothing is owed and nothing is proven. */
  readonly optional?: string;
}

/** What the records of a list lack, and how to ask for it. */
export type Detail =
  /** One GET for each record. The row is one field of the answer, with the id of the record as `key`. */
  | { readonly kind: 'field_of_each'; readonly path: string; readonly field: string; readonly key: string }
  /** One POST for up to `most` values of a field, in `parameter`. The answer is added to the records, by their ids. */
  | {
      readonly kind: 'more_of_several';
      readonly path: string;
      readonly parameter: string;
      readonly field: string;
      readonly most: number;
      /** Its name in `observed` if Intercom refuses the request. */
      readonly observedAs: string;
    };

export interface PageNumberRead {
  readonly kind: 'page_number';
  readonly path: string;
  readonly recordsKey: string;
  /** Page sizes, largest first, each dividing the one before, so that offsets stay aligned when a page shrinks. */
  readonly perPageSizes: readonly number[];
}

export interface SearchRead {
  readonly kind: 'search';
  readonly path: string;
  readonly recordsKey: string;
  readonly perPage: number;
  /** How the server compares times: by whole days in the workspace's zone (contacts on 2.15), or by seconds. */
  readonly granularity: 'day' | 'second';
}

/** What the engine knows about a paging style; only the readers tell the styles apart. */
export interface ReadStyle {
  /** Records in one answer. @default 1 */
  readonly perPage?: number;
  /** How the server compares times. @default 'second' */
  readonly granularity?: 'day' | 'second';
  /** How far outside its window a query may find records, because it asks for more. @default 0 */
  readonly slackSeconds?: number;
  /** Reading from a position uses it up: it works once, and only the last one of an attempt may be stored. */
  readonly spendsPosition?: true;
}

/** How an object is read: one kind per paging style, one reader per kind. */
export type ReadSpec = ReadStyle &
  (
    | { readonly kind: 'list'; readonly recordsKey: string; readonly requests: readonly ListRequest[] }
    | PageNumberRead
    | {
        readonly kind: 'cursor';
        readonly path: string;
        readonly recordsKey: string;
        readonly perPage: number;
      }
    | SearchRead
    | {
        /** A list, and what its records lack. */
        readonly kind: 'details';
        readonly list: PageNumberRead;
        readonly detail: Detail;
      }
    | {
        /** What a search finds for each record of a list: the ids of both. */
        readonly kind: 'members';
        readonly path: string;
        readonly recordsKey: string;
        readonly search: SearchRead;
        /** Search field that holds the id of a record of the list, and the column with it. */
        readonly field: string;
        /** Column with the id of what the search finds. */
        readonly key: string;
      }
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

/** A list of the records that were deleted, newest deletion first. If Intercom refuses it, there is no such list. */
export interface DeletedList {
  readonly path: string;
  /** The API version that has it (docs/intercom-api.md 11.9). */
  readonly version: string;
  readonly recordsKey: string;
  /** Field with the time of the deletion. */
  readonly timeField: string;
  /** Page sizes as for a page-number list. */
  readonly perPageSizes: readonly number[];
}

/** Asks for one record by its id: shows what became of a record that is owed and no longer listed. */
export interface SingleRead {
  /** `{id}` is the record's id. */
  readonly path: string;
  /** The API version that answers 410 for a record that was merged into another (docs/intercom-api.md 11.9). */
  readonly mergedVersion?: string;
}

/** The app's permissions in Intercom's Developer Hub, by their labels there. */
export type Permission =
  | 'Read and list users and companies'
  | 'Read conversations'
  | 'Read tickets'
  | 'Read admins'
  | 'Read admin activity logs'
  | 'Read and list articles'
  | 'Read and list news items and newsfeeds'
  | 'Read brands'
  | 'Read emails'
  | 'Read and write AI content';

export type SyncMode =
  | { readonly kind: 'full_refresh' }
  | { readonly kind: 'incremental'; readonly cursor: 'updated_at' | 'created_at' };

/** How an erasure finds out whose a record is (functions/rows/eraser.ts). */
export interface PersonPlaces {
  /** Each record is a person. */
  readonly isPerson?: true;
  /** Places of the people that a record is about, such as `contacts.contacts[]`. */
  readonly about?: readonly string[];
  /** Column with the id of the conversation or ticket that a row belongs to, if that may be with one person only. */
  readonly conversation?: { readonly column: string; readonly people?: string };
}

export interface ObjectDeclaration {
  readonly name: ObjectName;
  readonly description: string;
  readonly sync: SyncMode;
  readonly primaryKey: readonly string[];
  /** Columns of the key that a record may lack. @default none */
  readonly nullableKeys?: readonly string[];
  /**
   * The object whose records hold this one's rows as parts, one request each. The ids of those records
   * are what is counted, owed and deleted.
   */
  readonly recordsOf?: ObjectName;
  /** Field whose time orders versions of a record; null if Intercom stamps none. */
  readonly versionField: 'updated_at' | 'created_at' | null;
  /** Null: Intercom has no separate permission for this object. */
  readonly permission: Permission | null;
  readonly read: ReadSpec;
  readonly deletedList?: DeletedList;
  readonly single?: SingleRead;
  /** Missing: a record at most mentions people. */
  readonly person?: PersonPlaces;
  readonly columns: readonly Column[];
  /**
   * Dotted paths to remove from the record before it becomes a row: relationships that have a child
   * table, and attachments. `[]` stands for the items of an array, `*` for every key.
   */
  readonly omit: readonly string[];
  readonly children: readonly ChildDeclaration[];
}
