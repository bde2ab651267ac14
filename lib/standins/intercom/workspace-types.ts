/** The truth about the simulated workspace, and everything that can happen to it. */
import type { JsonObject } from './json.ts';
import type { WorkspaceSizes } from './sizes.ts';

export type ObjectName =
  | 'contacts'
  | 'companies'
  | 'conversations'
  | 'tickets'
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
  /** Epoch seconds the change happens at. @default the simulator's clock */
  readonly at?: number;
}

/** The truth about one object, past all paging. Records are as the object's LIST endpoint serialises them. */
export interface RecordTruth {
  readonly size: number;
  ids(): Iterable<string>;
  has(id: string): boolean;
  /** Numbers beyond 2^53 are RawJson; JSON.stringify writes them as the wire has them. */
  record(id: string): JsonObject | undefined;
  records(): Iterable<JsonObject>;
  /** The exact text of the record in a list response. */
  json(id: string): string | undefined;
}

/** Small objects kept as plain records: any field can be set. */
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
  /** All of them, not the first 10. */
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
  /** The lead disappears, `intoId` remains and gets its tags and companies (docs/intercom-api.md 5.1). */
  merge(leadId: string, intoId: string, options?: MutationOptions): void;
}

export interface CompanyTruth extends RecordTruth {
  /** Contacts attached to the company. */
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
  /** ALL parts, also beyond the newest 500, oldest first. */
  parts(id: string): readonly JsonObject[];
  partCount(id: string): number;
  tagIds(id: string): readonly string[];
  /** What GET /conversations/{id} serves (parts cut at 500). */
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
  /** Moves the ticket to a state (by id of a ticket state) and writes the part that says so. */
  setState(id: string, ticketStateId: string, options?: MutationOptions): void;
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
}

/** What is true, whatever HTTP paging shows of it. */
export interface Workspace {
  readonly id: string;
  readonly timezone: string;
  readonly baseTimeMs: number;
  readonly sizes: WorkspaceSizes;
  readonly contacts: ContactTruth;
  readonly companies: CompanyTruth;
  readonly conversations: ConversationTruth;
  readonly tickets: TicketTruth;
  readonly admins: PlainTruth;
  readonly teams: PlainTruth;
  readonly tags: PlainTruth;
  readonly segments: PlainTruth;
  readonly dataAttributes: PlainTruth;
  readonly ticketTypes: PlainTruth;
  readonly ticketStates: PlainTruth;
  readonly articles: PlainTruth;
  readonly collections: PlainTruth;
  readonly helpCenters: PlainTruth;
  readonly subscriptionTypes: PlainTruth;
  readonly activityLogs: PlainTruth;
  /** The same truths by their name on the wire. */
  readonly objects: Readonly<Record<ObjectName, RecordTruth>>;
  /** Ids of company segments (GET /segments?type=company); the others are contact segments. */
  companySegmentIds(): readonly string[];
  /** Conversations deleted so far (GET /conversations/deleted with 2.16). */
  deletedConversations(): readonly { readonly id: string; readonly deletedAt: number }[];
  /** An admin changes the zone: day boundaries move, a log entry appears (docs/intercom-api.md 5.1). */
  setTimezone(timezone: string, options?: MutationOptions): void;
  /**
   * A deterministic batch of creates, updates, deletes, tag removals, a merge and log entries, whose timestamps lie in
   * the window. By default that is the n-th 24 hours after `baseTime`, ending now if they are not over yet, and never
   * before the previous day or the last request served: a change cannot be older than what a client has read.
   * So days replayed before the first request, on the same seed, sizes and baseTime and with a clock past them, give
   * the same workspace in every process. With `window` given, only the window counts.
   */
  simulateDay(day: number, window?: { readonly fromMs?: number; readonly toMs?: number }): DayReport;
}
