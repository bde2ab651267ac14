/** The truth about the simulated workspace, and everything that can happen to it. */
import type { ListName } from './generate/lists.ts';
import type { JsonObject } from './json.ts';
import type { WorkspaceSizes } from './sizes.ts';

export type ObjectName =
  | ListName
  | 'contacts'
  | 'companies'
  | 'conversations'
  | 'tickets'
  | 'calls'
  | 'admins'
  | 'teams'
  | 'tags'
  | 'segments'
  | 'data_attributes'
  | 'ticket_types'
  | 'ticket_states'
  | 'articles'
  | 'collections'
  | 'help_centers'
  | 'subscription_types'
  | 'activity_logs';

/** Options of every mutation. */
export interface MutationOptions {
  /** The time of the change, in epoch seconds. @default the simulator's clock */
  readonly at?: number;
}

/** The truth about one object, without paging. Records are as the object's list endpoint serialises them. */
export interface RecordTruth {
  readonly size: number;
  ids(): Iterable<string>;
  has(id: string): boolean;
  /** Numbers beyond 2^53 are RawJson, which JSON.stringify writes digit by digit. */
  record(id: string): JsonObject | undefined;
  records(): Iterable<JsonObject>;
  /** The exact text of the record in a list response. */
  json(id: string): string | undefined;
}

/** Small objects, stored as plain records: any field can be set. */
export interface PlainTruth extends RecordTruth {
  create(fields: JsonObject, options?: MutationOptions): string;
  update(id: string, fields: JsonObject, options?: MutationOptions): void;
  delete(id: string, options?: MutationOptions): void;
}

export interface ContactRelations {
  readonly tagIds: readonly string[];
  readonly companyIds: readonly string[];
  readonly segmentIds: readonly string[];
  readonly noteIds: readonly string[];
  readonly optedInSubscriptionTypeIds: readonly string[];
  readonly optedOutSubscriptionTypeIds: readonly string[];
}

export interface ContactTruth extends RecordTruth {
  /** All relationships, not only the first 10. */
  relations(id: string): ContactRelations;
  create(fields?: JsonObject, options?: MutationOptions): string;
  update(id: string, fields: JsonObject, options?: MutationOptions): void;
  delete(id: string, options?: MutationOptions): void;
  archive(id: string, options?: MutationOptions): void;
  unarchive(id: string, options?: MutationOptions): void;
  tag(id: string, tagId: string, options?: MutationOptions): void;
  untag(id: string, tagId: string, options?: MutationOptions): void;
  attachCompany(id: string, companyId: string, options?: MutationOptions): void;
  detachCompany(id: string, companyId: string, options?: MutationOptions): void;
  addSegment(id: string, segmentId: string, options?: MutationOptions): void;
  removeSegment(id: string, segmentId: string, options?: MutationOptions): void;
  /** All notes as GET /contacts/{id}/notes serves them, newest first. */
  notes(id: string): readonly JsonObject[];
  /** Returns the id of the note. */
  addNote(id: string, fields?: { readonly body?: string }, options?: MutationOptions): string;
  deleteNote(id: string, noteId: string, options?: MutationOptions): void;
  /** The lead disappears. `intoId` remains and gets the lead's tags and companies (docs/intercom-api.md 5.1). */
  merge(leadId: string, intoId: string, options?: MutationOptions): void;
}

export interface CompanyTruth extends RecordTruth {
  /** The contacts of the company. */
  contactIds(id: string): readonly string[];
  tagIds(id: string): readonly string[];
  segmentIds(id: string): readonly string[];
  create(fields?: JsonObject, options?: MutationOptions): string;
  update(id: string, fields: JsonObject, options?: MutationOptions): void;
  delete(id: string, options?: MutationOptions): void;
  tag(id: string, tagId: string, options?: MutationOptions): void;
  untag(id: string, tagId: string, options?: MutationOptions): void;
}

export interface ConversationTruth extends RecordTruth {
  /** All parts, even beyond the newest 500, oldest first. */
  parts(id: string): readonly JsonObject[];
  partCount(id: string): number;
  tagIds(id: string): readonly string[];
  /** The answer of GET /conversations/{id}, with at most 500 parts. */
  detail(id: string): JsonObject | undefined;
  create(fields?: JsonObject, options?: MutationOptions): string;
  update(id: string, fields: JsonObject, options?: MutationOptions): void;
  delete(id: string, options?: MutationOptions): void;
  addPart(id: string, part?: JsonObject, options?: MutationOptions): string;
  redactPart(id: string, partId: string, options?: MutationOptions): void;
  close(id: string, options?: MutationOptions): void;
  reopen(id: string, options?: MutationOptions): void;
  rate(id: string, rating: number, remark: string | null, options?: MutationOptions): void;
  tag(id: string, tagId: string, options?: MutationOptions): void;
  untag(id: string, tagId: string, options?: MutationOptions): void;
}

export interface TicketTruth extends RecordTruth {
  parts(id: string): readonly JsonObject[];
  create(fields?: JsonObject, options?: MutationOptions): string;
  update(id: string, fields: JsonObject, options?: MutationOptions): void;
  delete(id: string, options?: MutationOptions): void;
  addPart(id: string, part?: JsonObject, options?: MutationOptions): string;
  /** Moves the ticket to a ticket state (by id) and adds the part that records it. */
  setState(id: string, ticketStateId: string, options?: MutationOptions): void;
}

export interface Membership {
  readonly contact: string;
  readonly segment: string;
}

/** The rows of tables that no list of records contains, as a complete extraction must have them now. */
export interface RowTruth {
  /** Without archived contacts, if search does not find them. */
  segment_contact(): readonly { readonly segment_id: string; readonly contact_id: string }[];
  /** Without archived contacts, if search does not find them. */
  contact_note(): readonly JsonObject[];
  /** Only the transcript of a call with a conversation can be requested. It is null for the others. */
  calls(): readonly JsonObject[];
  /** Articles with statistics, under the names that the switch sets. */
  article_statistics(): readonly JsonObject[];
}

export interface DayReport {
  readonly day: number;
  /** Epoch milliseconds: every timestamp of the day is in (fromMs, toMs]. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly created: Readonly<Partial<Record<ObjectName, readonly string[]>>>;
  readonly updated: Readonly<Partial<Record<ObjectName, readonly string[]>>>;
  readonly deleted: Readonly<Partial<Record<ObjectName, readonly string[]>>>;
  readonly merged: readonly { readonly lead: string; readonly into: string }[];
  readonly untagged: readonly { readonly contact: string; readonly tag: string }[];
  readonly entered: readonly Membership[];
  readonly left: readonly Membership[];
  readonly noted: readonly { readonly contact: string; readonly note: string }[];
  readonly unnoted: readonly { readonly contact: string; readonly note: string }[];
}

/** The whole truth, of which HTTP shows only pages. */
export interface Workspace extends Readonly<Record<ListName, PlainTruth>> {
  readonly id: string;
  readonly timezone: string;
  readonly baseTimeMs: number;
  readonly sizes: WorkspaceSizes;
  readonly contacts: ContactTruth;
  readonly companies: CompanyTruth;
  readonly conversations: ConversationTruth;
  readonly tickets: TicketTruth;
  readonly calls: PlainTruth;
  readonly admins: PlainTruth;
  readonly teams: PlainTruth;
  readonly tags: PlainTruth;
  readonly segments: PlainTruth;
  readonly dataAttributes: PlainTruth;
  readonly ticketTypes: PlainTruth;
  /** As they are inside tickets and ticket types; `objects.ticket_states` is the list. */
  readonly ticketStates: PlainTruth;
  readonly articles: PlainTruth;
  readonly collections: PlainTruth;
  readonly helpCenters: PlainTruth;
  readonly subscriptionTypes: PlainTruth;
  readonly activityLogs: PlainTruth;
  readonly rows: RowTruth;
  /** The same truths by their names in the API. */
  readonly objects: Readonly<Record<ObjectName, RecordTruth>>;
  /** The ids of company segments (GET /segments?type=company). All other segments are contact segments. */
  companySegmentIds(): readonly string[];
  /** Conversations deleted so far (GET /conversations/deleted with 2.16). */
  deletedConversations(): readonly { readonly id: string; readonly deletedAt: number }[];
  /** An admin changes the time zone: day boundaries move, and a log entry appears (docs/intercom-api.md 5.1). */
  setTimezone(timezone: string, options?: MutationOptions): void;
  /**
   * Applies a deterministic batch of creates, updates, deletes, tag removals, a merge and log entries. Their times lie
   * in the window. By default the window is the n-th 24 hours after `baseTime`, cut off at the present.
   * It never begins before the previous day or the last request, because a change cannot be older than a read.
   * Days that are replayed before the first request give the same workspace in every process, if seed, sizes and
   * baseTime are the same and the clock is past them. If `window` is given, it replaces these rules.
   */
  simulateDay(day: number, window?: { readonly fromMs?: number; readonly toMs?: number }): DayReport;
}
