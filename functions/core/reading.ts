/**
 * What passes between a reader and the sync engine. A reader walks one slice of one object and tells
 * what happened, as a stream of events; it decides nothing about files, receipts or commits.
 */
import type { JsonObject, JsonValue } from './json.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

/** `[from, to)` in Unix seconds; null is unbounded. */
export interface Window {
  readonly from: EpochSeconds | null;
  readonly to: EpochSeconds | null;
}

/** A bounded piece of one object's work, as the plan wrote it. */
export interface Slice {
  /** Four digits, unique within the object's plan. */
  readonly id: string;
  readonly query: SliceQuery;
  /** Exact bounds applied on our side: the run's outer ones, or the debt's. */
  readonly exact: Window;
}

export type SliceQuery =
  /** The object whole, as objects without a filter are read. */
  | { readonly kind: 'all' }
  /**
   * Records by the object's cursor field. `updated.to` null: open, reaches the present.
   * `through`: take in all of the upper bound's day, because `exact` cuts it on our side.
   */
  | {
      readonly kind: 'window';
      readonly updated: Window;
      /** Splits a day too large for one slice; null: not split. */
      readonly created: Window | null;
      readonly through: boolean;
    }
  /** Records by id: what earlier runs could not read. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

/** A record as it came, with the time that orders its versions. */
export interface ReadRecord {
  readonly record: JsonObject;
  /** Version time in Unix seconds; 0 where Intercom stamps none. */
  readonly stampedAt: EpochSeconds;
  readonly receivedAtMs: EpochMs;
}

/** Where a reader goes on; JSON, kept in the receipt, understood by the reader alone. */
export type Position = JsonValue;

/** Evidence for the proof of completeness, counted while reading. */
export interface PageEvidence {
  /** `statistics.count_conversation_parts` of the conversations of this page, summed. */
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
       * Exact bounds on our side where they are not the window's own: a slice within a run's window
       * covers whole days of contacts, and so does the debt it leaves.
       */
      readonly exact?: Window;
    };

export type ReadEvent =
  /** Records of one step; after it the walk can go on at `position`. */
  | {
      readonly type: 'page';
      /** Rows of the main table, in the order of the answer. */
      readonly records: readonly ReadRecord[];
      /** Ids that count as read: the records' own, or for conversation parts the conversations'. */
      readonly ids: readonly string[];
      readonly position: Position;
      readonly evidence?: PageEvidence;
    }
  /** The walk began anew: what this slice read so far is not part of one consistent walk and is dropped. */
  | { readonly type: 'restart'; readonly reason: string }
  /** Somebody else holds the one scroll of the workspace; try again later, in unbilled time. */
  | { readonly type: 'wait'; readonly seconds: number; readonly reason: string }
  /** Records known to be gone: listed, then 404 twice. Ids of `object`. */
  | { readonly type: 'deleted'; readonly ids: readonly string[]; readonly how: 'not_found' }
  /** Could not be read after all retries; the walk goes on without it. */
  | { readonly type: 'debt'; readonly scope: DebtScope; readonly reason: string }
  /** The paging style's own end marker was seen. */
  | {
      readonly type: 'end';
      /** Intercom's count of what the slice should hold; null where it gives none. */
      readonly matched: number | null;
    };

/** Walks one slice from the beginning, or from a position. */
export type ReadSlice = (slice: Slice, position: Position | null) => AsyncGenerator<ReadEvent, void, void>;

/** Answer of a count probe. */
export interface Probe {
  /** Intercom's count of records in the window. */
  readonly matched: number;
  /** Cursor-field value of the earliest record in the window; null where there is none. */
  readonly first: EpochSeconds | null;
}

/** One object as the sync engine sees it. */
export interface ObjectReader {
  readonly read: ReadSlice;
  /** Counts a window of a search object; null where the object has no such count. */
  readonly probe: ((query: SliceQuery) => Promise<Probe>) | null;
}
