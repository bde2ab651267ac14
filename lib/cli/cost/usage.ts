/**
 * How much of AWS a pipeline uses in a month. Figures per run are counted: test/e2e/cost.test.ts runs the
 * workflow and compares them. Figures that no test here can measure are marked ASSUMED. Pure.
 */

import { RENEW_MS } from '../../../functions/core/cap-shares.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { LOOK_MS } from '../../../functions/intercom/http/request-cap.ts';
import { REQUESTS_IN_FLIGHT } from '../../../functions/intercom/readers/walk/pace.ts';
import { DAYS_PER_MONTH } from './prices.ts';

/** The size of a workspace: records that exist now, and changes per day. */
export interface Volumes {
  readonly contacts: number;
  readonly companies: number;
  readonly conversations: number;
  readonly tickets: number;
  readonly partsPerConversation: number;
  readonly changedContactsPerDay: number;
  readonly changedConversationsPerDay: number;
  readonly changedTicketsPerDay: number;
}

/** A workspace in which nothing happens. */
export const IDLE: Volumes = {
  contacts: 0,
  companies: 0,
  conversations: 0,
  tickets: 0,
  partsPerConversation: 8,
  changedContactsPerDay: 0,
  changedConversationsPerDay: 0,
  changedTicketsPerDay: 0,
};

/** The workspaces that the README quotes. */
export const SIZES = {
  idle: IDLE,
  small: {
    ...IDLE,
    contacts: 10_000,
    companies: 500,
    conversations: 10_000,
    tickets: 500,
    changedContactsPerDay: 300,
    changedConversationsPerDay: 100,
    changedTicketsPerDay: 20,
  },
  medium: {
    ...IDLE,
    contacts: 200_000,
    companies: 10_000,
    conversations: 300_000,
    tickets: 20_000,
    changedContactsPerDay: 10_000,
    changedConversationsPerDay: 3_000,
    changedTicketsPerDay: 300,
  },
  large: {
    ...IDLE,
    contacts: 2_000_000,
    companies: 100_000,
    conversations: 5_000_000,
    tickets: 300_000,
    changedContactsPerDay: 100_000,
    changedConversationsPerDay: 30_000,
    changedTicketsPerDay: 3_000,
  },
} as const satisfies Readonly<Record<string, Volumes>>;

/** Objects that run together, and how often. */
export interface RunGroup {
  readonly objects: readonly ObjectName[];
  readonly runsPerMonth: number;
}

/** What is counted in a run. */
const KINDS = [
  'stateTransitions',
  'invocations',
  's3Puts',
  's3Lists',
  's3Gets',
  'dynamoDbWrites',
  'dynamoDbReads',
] as const;

export type RunUsage = Readonly<Record<(typeof KINDS)[number], number>>;

/** Usage of a run apart from its objects. */
const PER_RUN: RunUsage = {
  stateTransitions: 6,
  invocations: 2,
  s3Puts: 2,
  s3Lists: 0,
  s3Gets: 3,
  dynamoDbWrites: 3,
  dynamoDbReads: 3,
};

/** Usage of an object of which little changed: one slice, and one invocation each to plan, extract and commit. */
const PER_OBJECT: RunUsage = {
  stateTransitions: 9,
  invocations: 3,
  s3Puts: 7,
  s3Lists: 7,
  s3Gets: 18,
  dynamoDbWrites: 6,
  dynamoDbReads: 10,
};

const usageOf = (amount: (kind: keyof RunUsage) => number): RunUsage =>
  Object.fromEntries(KINDS.map((kind) => [kind, amount(kind)])) as RunUsage;

export const NO_USAGE: RunUsage = usageOf(() => 0);

const add = (usage: RunUsage, other: RunUsage, times: number): RunUsage =>
  usageOf((kind) => usage[kind] + times * other[kind]);

/** The list of deleted conversations is a slice of its own. */
const DELETED_LIST: RunUsage = {
  stateTransitions: 3,
  invocations: 1,
  s3Puts: 3,
  s3Lists: 1,
  s3Gets: 5,
  dynamoDbWrites: 1,
  dynamoDbReads: 2,
};

/**
 * With `concurrency`, whatever sends requests takes a share of it, soon checks whether it may have more, and gives it back
 * (docs/decisions/013). Several do so at a time, so that some must read again.
 */
const SHARE: RunUsage = { ...NO_USAGE, dynamoDbWrites: 3, dynamoDbReads: 4 };

/** Planning these objects sends requests, which ask how much there is to read. */
const COUNTED: readonly ObjectName[] = ['contacts', 'conversations', 'conversation_parts', 'tickets'];

/**
 * Usage of a run of these objects if little changed.
 * @param isCapped whether `concurrency` is set
 */
export function runUsage(objects: readonly ObjectName[], isCapped = false): RunUsage {
  const lists = objects.includes('conversations') ? 1 : 0;
  const usage = add(add(PER_RUN, PER_OBJECT, objects.length), DELETED_LIST, lists);
  const counted = objects.filter((object) => COUNTED.includes(object)).length;
  // Shares: one for StartRun, which asks whose workspace it is, one for each slice, and one for each plan that counts.
  return isCapped ? add(usage, SHARE, 1 + objects.length + lists + counted) : usage;
}

/** ASSUMED seconds of an invocation apart from reading: cold start, token, a few requests to AWS. */
const INVOCATION_SECONDS = 1.5;
/** ASSUMED seconds from request to answer, for a page and for a single conversation. */
const PAGE_SECONDS = 1;
const CONVERSATION_SECONDS = 0.4;
/** Records per page of a search, and per page of companies. */
const SEARCH_PAGE = 150;
const COMPANY_PAGE = 100;
/** Memory in GB of the larger extractors (lib/constructs/extractors.ts). */
const MEMORY_GB = 1;

/** ASSUMED bytes of a compressed record with its child rows. A conversation counts without its parts. */
const BYTES = { contact: 600, company: 500, conversation: 1_200, part: 700, ticket: 2_500 } as const;

/** ASSUMED bytes of log per invocation and per state transition. */
const LOG_BYTES = { invocation: 2_000, stateTransition: 2_500 } as const;

/** How many superseded runs of full-refresh objects are kept: the default of `history`. */
const HISTORY_RUNS = 30;

/** ASSUMED permits in a batch. A batch costs one write of the budget. */
const PERMITS_PER_WRITE = 10;

/** Usage in a month. */
export interface MonthlyUsage extends RunUsage {
  readonly gbSeconds: number;
  readonly requestsToIntercom: number;
  readonly logGb: number;
  readonly runs: number;
  readonly secretReads: number;
  /** GB that each month adds, and GB that stay the same from month to month. */
  readonly storedGbPerMonth: number;
  readonly storedGbConstant: number;
}

const runsOf = (groups: readonly RunGroup[], object: ObjectName): number =>
  groups.find(({ objects }) => objects.includes(object))?.runsPerMonth ?? 0;

/** The part of a workspace that the configured objects read. */
function configured(volumes: Volumes, groups: readonly RunGroup[]): Volumes {
  const having = (isThere: boolean, amount: number): number => (isThere ? amount : 0);
  const isRead = (object: ObjectName): boolean => runsOf(groups, object) > 0;
  const hasConversations = isRead('conversations') || isRead('conversation_parts');
  return {
    contacts: having(isRead('contacts'), volumes.contacts),
    companies: having(isRead('companies'), volumes.companies),
    conversations: having(hasConversations, volumes.conversations),
    tickets: having(isRead('tickets'), volumes.tickets),
    partsPerConversation: having(isRead('conversation_parts'), volumes.partsPerConversation),
    changedContactsPerDay: having(isRead('contacts'), volumes.changedContactsPerDay),
    changedConversationsPerDay: having(hasConversations, volumes.changedConversationsPerDay),
    changedTicketsPerDay: having(isRead('tickets'), volumes.changedTicketsPerDay),
  };
}

/** How many objects search through conversations. */
const conversationSearches = (groups: readonly RunGroup[]): number =>
  (['conversations', 'conversation_parts'] as const).filter((object) => runsOf(groups, object) > 0).length;

interface Reading {
  readonly requests: number;
  readonly seconds: number;
}

/**
 * Requests and seconds of reading in a month. Contacts are searched by whole days (docs/intercom-api.md 5), so
 * each run reads today's changes again: on average those of half a day.
 */
function reading(volumes: Volumes, groups: readonly RunGroup[]): Reading {
  const pagesPerMonth = (changedPerDay: number): number => (changedPerDay * DAYS_PER_MONTH) / SEARCH_PAGE;
  const contactPages = (runsOf(groups, 'contacts') * volumes.changedContactsPerDay) / 2 / SEARCH_PAGE;
  const companyPages = (runsOf(groups, 'companies') * volumes.companies) / COMPANY_PAGE;
  const hasParts = runsOf(groups, 'conversation_parts') > 0;
  const pages =
    contactPages +
    companyPages +
    conversationSearches(groups) * pagesPerMonth(volumes.changedConversationsPerDay) +
    pagesPerMonth(volumes.changedTicketsPerDay);
  const conversations = hasParts ? volumes.changedConversationsPerDay * DAYS_PER_MONTH : 0;
  return {
    requests: pages + conversations,
    seconds: pages * PAGE_SECONDS + (conversations * CONVERSATION_SECONDS) / REQUESTS_IN_FLIGHT,
  };
}

const GB = 1e9;

/** Bytes of a table after this many days of operation: all first records, and every version since. */
export function storedBytes(
  table: 'contacts' | 'conversations' | 'conversation_parts',
  volumes: Volumes,
  days: number,
): number {
  const conversations = volumes.conversations + days * volumes.changedConversationsPerDay;
  switch (table) {
    case 'contacts':
      return (volumes.contacts + days * volumes.changedContactsPerDay) * BYTES.contact;
    case 'conversations':
      return conversations * BYTES.conversation;
    case 'conversation_parts':
      return conversations * volumes.partsPerConversation * BYTES.part;
    default:
      return table satisfies never;
  }
}

/** Bytes that stay for good: every version of every changed record. */
function addedBytesPerDay(volumes: Volumes): number {
  const conversation = BYTES.conversation + volumes.partsPerConversation * BYTES.part;
  return (
    volumes.changedContactsPerDay * BYTES.contact +
    volumes.changedConversationsPerDay * conversation +
    volumes.changedTicketsPerDay * BYTES.ticket
  );
}

/** Bytes of the first load. Companies, the only large object that is read in full, count once for each run that is kept. */
function initialBytes(volumes: Volumes): number {
  const conversation = BYTES.conversation + volumes.partsPerConversation * BYTES.part;
  return (
    volumes.contacts * BYTES.contact +
    volumes.conversations * conversation +
    volumes.tickets * BYTES.ticket +
    volumes.companies * BYTES.company * HISTORY_RUNS
  );
}

/** @param isCapped whether `concurrency` is set. The waiting of invocations for their turn is not counted. */
export function monthlyUsage(
  workspace: Volumes,
  groups: readonly RunGroup[],
  isCapped = false,
): MonthlyUsage {
  const volumes = configured(workspace, groups);
  const base = groups.reduce(
    (usage, { objects, runsPerMonth }) => add(usage, runUsage(objects, isCapped), runsPerMonth),
    NO_USAGE,
  );
  const runs = groups.reduce((total, { runsPerMonth }) => total + runsPerMonth, 0);
  const { requests, seconds } = reading(volumes, groups);
  const permits = requests / PERMITS_PER_WRITE;
  const logBytes =
    base.invocations * LOG_BYTES.invocation + base.stateTransitions * LOG_BYTES.stateTransition;
  return {
    ...base,
    dynamoDbWrites: base.dynamoDbWrites + permits + (isCapped ? (seconds * 1_000) / RENEW_MS : 0),
    dynamoDbReads: base.dynamoDbReads + permits + (isCapped ? (seconds * 1_000) / LOOK_MS : 0),
    runs,
    requestsToIntercom: requests,
    gbSeconds: (base.invocations * INVOCATION_SECONDS + seconds) * MEMORY_GB,
    // A container reads its two secrets once. The worst case is a new container for every invocation.
    secretReads: base.invocations * 2,
    logGb: logBytes / GB,
    storedGbPerMonth: (addedBytesPerDay(volumes) * DAYS_PER_MONTH) / GB,
    storedGbConstant: initialBytes(volumes) / GB,
  };
}

/** Requests and Lambda seconds of the first load. */
export function initialLoad(
  workspace: Volumes,
  groups: readonly RunGroup[],
): { readonly requests: number; readonly gbSeconds: number } {
  const { contacts, companies, conversations, tickets } = configured(workspace, groups);
  const searched = contacts + conversationSearches(groups) * conversations + tickets;
  const pages = searched / SEARCH_PAGE + companies / COMPANY_PAGE;
  const single = runsOf(groups, 'conversation_parts') > 0 ? conversations : 0;
  const seconds = pages * PAGE_SECONDS + (single * CONVERSATION_SECONDS) / REQUESTS_IN_FLIGHT;
  return { requests: pages + single, gbSeconds: seconds * MEMORY_GB };
}
