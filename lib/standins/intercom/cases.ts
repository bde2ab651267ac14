/** Oddities of single records and answers, as live workspaces have shown them. */

/** Ids of records, or all records of the object. */
export type Ids = 'all' | readonly string[];

export const isAmong = (ids: Ids, id: string): boolean => ids === 'all' || ids.includes(id);

/** How long a shortage lasts: only for the first answer about each record, or forever. */
export type Lasts = 'once' | 'forever';

/** An embedded list in another form. */
export interface EmbeddedListCase {
  readonly list:
    | 'contacts.tags'
    | 'contacts.companies'
    | 'contacts.notes'
    | 'conversations.tags'
    | 'companies.tags'
    | 'companies.segments'
    | 'tickets.ticket_parts'
    | 'teams.admin_ids';
  readonly ids: Ids;
  /**
   * `absent`: no key. `null`. `other_wrapper`: the items under the other known key (`data` or the name of the list).
   * `unknown_shape`: an object by id. `items_without_id`, `strings` and `numbers`: odd items in the usual wrapper.
   */
  readonly as:
    | 'absent'
    | 'null'
    | 'other_wrapper'
    | 'unknown_shape'
    | 'items_without_id'
    | 'strings'
    | 'numbers';
}

/** A time that is null, missing, or a number in text. The index still knows the real time. */
export interface TimeCase {
  readonly object: 'contacts' | 'companies' | 'conversations' | 'tickets' | 'activity_logs';
  readonly field: 'created_at' | 'updated_at';
  readonly ids: Ids;
  readonly as: 'null' | 'absent' | 'text';
}

/** A sub-list of a contact that lacks its last items. */
export interface SubListCase {
  readonly list: 'tags' | 'companies' | 'segments' | 'subscriptions' | 'notes';
  readonly ids: Ids;
  readonly missing: number;
  readonly lasts: Lasts;
}

/** GET of a conversation lists fewer parts than its own `total_count`: the oldest are missing. */
export interface PartsCase {
  readonly ids: Ids;
  readonly missing: number;
  readonly lasts: Lasts;
}

/** Records that `total_count` still counts after their deletion, although nothing lists them any more. */
export interface CountedCase {
  readonly object: 'contacts' | 'conversations' | 'tickets';
  readonly ids: Ids;
}

/** One more custom data attribute, which may share model and full name with another one. */
export interface TwinAttribute {
  readonly id: number;
  readonly model: 'contact' | 'company' | 'conversation';
  readonly full_name: string;
  readonly archived: boolean;
}

export interface Cases {
  /** `X-RateLimit-Reset` is this many seconds after the end of the window. Live it is 6. */
  readonly rateResetLateSeconds: number;
  readonly embeddedLists: readonly EmbeddedListCase[];
  readonly recordTimes: readonly TimeCase[];
  readonly shortSubLists: readonly SubListCase[];
  readonly missingParts: readonly PartsCase[];
  /** Lasts until the entry is removed. Set it before the deletion. */
  readonly countedAfterDeletion: readonly CountedCase[];
  readonly twinAttributes: readonly TwinAttribute[];
  /** Ids of activity logs that are served without their id. */
  readonly activityLogsWithoutId: readonly string[];
}

export const NO_CASES: Cases = {
  rateResetLateSeconds: 6,
  embeddedLists: [],
  recordTimes: [],
  shortSubLists: [],
  missingParts: [],
  countedAfterDeletion: [],
  twinAttributes: [],
  activityLogsWithoutId: [],
};
