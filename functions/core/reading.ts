/**
 * The interface between a reader and the sync engine. A reader walks one slice of one object and reports
 * what happened as a stream of events. It decides nothing about files, receipts or commits.
 */
import type { JsonObject, JsonValue } from './json.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

/** `[from, to)` in Unix seconds; null is unbounded. */
export interface Window {
  readonly from: EpochSeconds | null;
  readonly to: EpochSeconds | null;
}

/** A bounded piece of one object's work, as planned. */
export interface Slice {
  /** Four digits, unique within the object's plan. */
  readonly id: string;
  readonly query: SliceQuery;
  /** Exact bounds that we apply ourselves: the run's outer ones, or the debt's. */
  readonly exact: Window;
}

export type SliceQuery =
  /** The whole object, for objects that have no filter. */
  | { readonly kind: 'all' }
  /**
   * Records by the object's cursor field. If `updated.to` is null, the window is open and reaches the
   * present. `through` includes the whole day of the upper bound, because `exact` cuts it on our side.
   */
  | {
      readonly kind: 'window';
      readonly updated: Window;
      /** Splits a day that is too large for one slice; null: not split. */
      readonly created: Window | null;
      readonly through: boolean;
    }
  /** Records by id: those that earlier runs could not read. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

/** A record as Intercom sent it, with the time that orders its versions. */
export interface ReadRecord {
  readonly record: JsonObject;
  /** Version time in Unix seconds; 0 if Intercom sets none. */
  readonly stampedAt: EpochSeconds;
  readonly receivedAtMs: EpochMs;
}

/** Where a reader continues. JSON that is kept in the receipt; only the reader understands it. */
export type Position = JsonValue;

/** Evidence for the proof of completeness, counted while reading. */
export interface PageEvidence {
  /** Sum of `statistics.count_conversation_parts` over the conversations of this page. */
  readonly partsExpected?: number;
  /** Parts that came with those conversations. */
  readonly partsWritten?: number;
  /** Conversations with more parts than the 500 newest that Intercom returns (docs/intercom-api.md 6.4). */
  readonly overCap?: readonly string[];
}

export type DebtScope =
  | { readonly ids: readonly string[] }
  | {
      readonly window: Window;
      readonly created?: Window | null;
      /**
       * Exact bounds on our side, if they differ from the window: a slice of contacts covers whole days,
       * and so does the debt that it leaves.
       */
      readonly exact?: Window;
    };

export type ReadEvent =
  /** Records of one step. After it the walk can continue at `position`. */
  | {
      readonly type: 'page';
      /** Rows of the main table, in the order of the answer. */
      readonly records: readonly ReadRecord[];
      /** Ids that count as read: those of the records, or for conversation parts those of the conversations. */
      readonly ids: readonly string[];
      readonly position: Position;
      readonly evidence?: PageEvidence;
    }
  /** The walk started again. What this slice read so far is dropped: it is not part of one consistent walk. */
  | { readonly type: 'restart'; readonly reason: string }
  /** Another client holds the workspace's only scroll. Try again later, in a Wait state, which is not billed. */
  | { readonly type: 'wait'; readonly seconds: number; readonly reason: string }
  /** Records that are deleted: listed, then 404 twice. */
  | { readonly type: 'deleted'; readonly ids: readonly string[]; readonly how: 'not_found' }
  /** Could not be read after all retries. The walk continues without it. */
  | { readonly type: 'debt'; readonly scope: DebtScope; readonly reason: string }
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
  /** Intercom's count of records in the window. */
  readonly matched: number;
  /** Cursor-field value of the earliest record in the window; null if there is none. */
  readonly first: EpochSeconds | null;
}

/** One object as the sync engine sees it. */
export interface ObjectReader {
  readonly read: ReadSlice;
  /** Counts a window of a search object; null if the object has no such count. */
  readonly probe: ((query: SliceQuery) => Promise<Probe>) | null;
}
