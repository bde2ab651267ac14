/**
 * What passes between a reader and the sync engine. A reader walks one slice of one object and reports
 * what happened as a stream of events. It decides nothing about files, receipts or commits.
 */
import type { JsonObject, JsonValue } from './json.ts';
import type { TableName } from './names.ts';
import type { RecordLists } from './relationship.ts';
import type { Requests } from './requests.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

/** `[from, to)` in Unix seconds. Null is unbounded. */
export interface Window {
  readonly from: EpochSeconds | null;
  readonly to: EpochSeconds | null;
}

/** A bounded piece of one object's records, read on its own. */
export interface Slice {
  /** Four digits, unique within the object's plan. */
  readonly id: string;
  readonly query: SliceQuery;
  /** Exact bounds that the engine applies: the run's outer bounds, or the debt's. */
  readonly exact: Window;
  /** Records that Intercom counts and never lists, as earlier runs found. @default 0 */
  readonly knownShort?: number;
}

export type SliceQuery =
  /** The whole object: how objects without a filter are read. */
  | { readonly kind: 'all' }
  | WindowQuery
  /** Records by id: what earlier runs could not read. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** The object's list of deleted records, back to `since`; null: all of it. */
  | { readonly kind: 'deleted'; readonly since: EpochSeconds | null };

/** Records by the object's cursor field. */
export interface WindowQuery {
  readonly kind: 'window';
  /** With `to` null the window is open and reaches the present. */
  readonly updated: Window;
  /** Splits a day that is too large for one slice. Null: not split. */
  readonly created: Window | null;
  /** Ask for the whole day of the upper bound, because the engine cuts that day by `exact`. */
  readonly through: boolean;
  /** Only records whose search field has this value. */
  readonly where?: { readonly field: string; readonly value: string };
  /** Times between the bounds of `updated`. The parts between them may be read at the same time. */
  readonly cuts?: readonly EpochSeconds[];
}

/**
 * How a deletion was noticed. `deleted_list`: Intercom lists it as deleted. `not_found`: listed, then 404 twice, and
 * no longer listed. `absent`: no longer listed, and 404 twice. `merged`: merged into another record.
 */
export type DeletionHow = 'deleted_list' | 'not_found' | 'absent' | 'merged';

/** A record as Intercom sent it, with what identifies and orders it. */
export interface ReadRecord {
  /** The primary key as one text; several keys are joined by `/`. */
  readonly id: string;
  readonly record: JsonObject;
  /** Version time in Unix seconds; 0 if the object has none. */
  readonly stampedAt: EpochSeconds;
  readonly receivedAtMs: EpochMs;
  /** Relationships that the record came without, by field (functions/core/relationship.ts). */
  readonly unknown?: readonly string[];
  /** Its lists, if they have been looked at. */
  readonly lists?: RecordLists;
  /** The record's own time could not be read: `stampedAt` is when it arrived. */
  readonly untimed?: true;
}

/** What came in place of a record, or of an item of one of its lists, and cannot be a row. */
export interface Reject {
  /** The table that it is no row of; null if the record is another object's. */
  readonly table: TableName | null;
  /** Where it came from, such as `tags.data[3]`. */
  readonly path: string;
  readonly reason: string;
  readonly value: JsonValue;
  readonly receivedAtMs: EpochMs;
}

/** Assumptions about Intercom that did not hold, such as `{ sort: 'not honoured' }`. */
export type Observed = Readonly<Record<string, string>>;

/** Where a reader continues. It is JSON, kept in the receipt, and only the reader understands it. */
export type Position = JsonValue;

/** Evidence for the proof of completeness, counted while reading. */
export interface PageEvidence {
  /** Parts that Intercom counts in the conversations of this page (`statistics.count_conversation_parts`). */
  readonly partsExpected?: number;
  /** Parts that came with those conversations. */
  readonly partsWritten?: number;
  readonly observed?: Observed;
  /** Ids of conversations with more parts than the 500 that Intercom returns (docs/intercom-api.md 6.4). */
  readonly overCap?: readonly string[];
}

/** What a debt stands for: records by id, or a window of them. */
export type DebtScope =
  | { readonly ids: readonly string[] }
  | {
      readonly window: Window;
      readonly created?: Window | null;
      /**
       * Exact bounds, if they differ from the window: a slice inside a run's window covers whole days
       * of contacts, and so does the debt it leaves.
       */
      readonly exact?: Window;
    };

/** Deletions and debts belong to the page that follows them: a walk that resumes before that page reports them again. */
export type ReadEvent =
  /** The records of one step. The walk can continue after it at `position`. */
  | {
      readonly type: 'page';
      /** Records of the main table, in the order of the answer. */
      readonly records: readonly ReadRecord[];
      /** Ids that count as read: the records' own, or those of `recordsOf` if the object declares it. */
      readonly ids: readonly string[];
      readonly position: Position;
      readonly rejects?: readonly Reject[];
      readonly evidence?: PageEvidence;
    }
  /** The walk starts again. What this slice has read so far belongs to no consistent walk and is dropped. */
  | { readonly type: 'restart'; readonly reason: string }
  /** Someone else is using what only one reader may use at a time. Try again later, without billed waiting. */
  | { readonly type: 'wait'; readonly seconds: number; readonly reason: string }
  /** Records that are gone. */
  | {
      readonly type: 'deleted';
      readonly ids: readonly string[];
      readonly how: DeletionHow;
      /** The records that they were merged into, by id, if Intercom says so. */
      readonly mergedInto?: Readonly<Record<string, string>>;
    }
  /** Could not be read after all retries. The walk continues without it. */
  | { readonly type: 'debt'; readonly scope: DebtScope; readonly reason: string }
  /** The rest of the slice cannot be read, though Intercom answers: it becomes a debt, and the object continues. */
  | { readonly type: 'lost'; readonly error: Error }
  /** The reader saw the end marker of its paging style. */
  | {
      readonly type: 'end';
      /** Intercom's count of what the slice should hold; null if it gives none. */
      readonly matched: number | null;
    };

/** Walks one slice from its beginning, or from a position. */
export type ReadSlice = (slice: Slice, position: Position | null) => AsyncGenerator<ReadEvent, void, void>;

/** The answer to a count probe. */
export interface Probe {
  /** Intercom's count of records in the window; null if it did not come. */
  readonly matched: number | null;
  /** Cursor-field value of the earliest record in the window; null if the window is empty. */
  readonly first: EpochSeconds | null;
}

/** What Intercom lists for a window. Nothing of it is written. */
export interface Listing {
  /** Intercom's count, as it came with the list; null if it did not. */
  readonly matched: number | null;
  /** Ids, each with its time as it came. */
  readonly times: ReadonlyMap<string, string>;
}

/** One object as the sync engine sees it. */
export interface ObjectReader {
  readonly read: ReadSlice;
  /** What this reader has sent so far. Missing if it counts nothing. */
  readonly requests?: () => Requests;
  /** Counts the records of a query; null if Intercom gives no such count for the object. */
  readonly probe: ((query: SliceQuery) => Promise<Probe>) | null;
  /** Lists a window; null if it cannot be listed although Intercom answers. Missing if the object has no windows. */
  readonly list?: (query: WindowQuery) => Promise<Listing | null>;
}
