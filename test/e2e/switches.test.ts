/**
 * Whatever a real Intercom turns out to do where the documentation is silent or contradicts itself, a
 * run is whole or fails loudly: every value of every switch of the simulator.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_READINGS, DEFAULT_SWITCHES, type Readings } from '../../lib/standins/intercom/index.ts';
import { emptyTables, synced, tableProblems } from '../support/local/expected-tables.ts';
import { type Bench, type Session, startBench } from '../support/local/local-bench.ts';
import { childrenOf, OBJECTS, type Table } from '../support/local/tables.ts';

type SwitchName = keyof Readings;
type Values = { readonly [Name in SwitchName]: readonly Readings[Name][] };

/** Every value but the default. */
const OTHER_VALUES: Values = {
  garbageVersion: ['ignored'],
  missingVersion: ['1.0'],
  versionMessageStop: ['with'],
  requestId: ['uuid', 'null', 'absent'],
  otherRegionToken: ['unauthorized'],
  auRegionName: ['Australia'],
  maxBody: ['64KiB'],
  remainingOnFirst: ['limit'],
  rateHeaders: ['absent_on_first', 'never'],
  rateLimitHeader: ['minute'],
  dateHeader: ['absent'],
  retryAfter: ['present'],
  rateLimitCode: ['too_many_requests'],
  unknownTokenCode: ['token_not_found'],
  revokedTokenCode: ['unauthorized'],
  noAuthorizationCode: ['unauthorized'],
  missingScope: ['403_token_unauthorized', '401_token_unauthorized', '401_unauthorized'],
  planRestriction: ['402'],
  conversationsPlan: ['restricted'],
  activityLogsPlan: ['restricted'],
  companiesScope: ['write_users_companies'],
  teamsScope: ['read_users_companies', 'none'],
  tagsScope: ['read_users_companies'],
  ticketTypesScope: ['none'],
  subscriptionTypesScope: ['none'],
  dataAttributesScope: ['none'],
  meScope: ['read_admins'],
  newsFeature: ['off'],
  aiContentPlan: ['restricted'],
  brandsScope: ['none'],
  emailsScope: ['none'],
  awayStatusReasonsScope: ['read_admins'],
  callsFeature: ['off'],
  activityLogsScope: ['read_admins'],
  uninstallAnswer: ['200_json', '204'],
  badCodeBody: ['message'],
  badClientMessage: ['unauthorized_client'],
  denial: ['without_state'],
  tokenRequestJson: ['rejected'],
  contactNotFound: ['Contact Not Found'],
  companyNotFound: ['html'],
  conversationNotFound: ['html'],
  ticketNotFound: ['not_found'],
  perPageOverflow: ['error'],
  perPageType: ['string'],
  contactsDefaultPerPage: ['50'],
  companiesDefaultPerPage: ['20'],
  companyContactsMaxPerPage: ['50', '60'],
  cursorLifetime: ['one_minute'],
  foreignCursor: ['refused'],
  cursorNewlines: ['embedded'],
  nextUrlHost: ['global'],
  helpCenterLastNext: ['null'],
  contentNext: ['never'],
  contactsOrder: ['updated_at_desc', 'id_asc'],
  conversationsOrder: ['created_at_desc', 'id_asc'],
  callsOrder: ['created_at_asc'],
  contactCompaniesKey: ['companies'],
  sort: ['ignored', 'unsorted'],
  shortSortOrder: ['rejected'],
  comparison: ['strict'],
  invalidQueryCode: ['client_error', 'bad_request'],
  searchDocuments: ['current'],
  segmentMembers: ['current'],
  unknownSegment: ['400'],
  archivedContacts: ['present'],
  contactTagBump: ['keep'],
  contactCompanyBump: ['keep'],
  contactSegmentBump: ['bump'],
  contactNoteBump: ['keep'],
  companyTagBump: ['bump'],
  conversationTagBump: ['keep'],
  callConversationBump: ['keep'],
  ticketPartBump: ['keep'],
  companiesCap: ['unlimited'],
  scrollUserlessCompanies: ['present'],
  deletedCompanies: ['listed'],
  countedParts: ['parts'],
  partsTotalCount: ['capped'],
  ticketPartsKept: ['oldest'],
  archivedTicketTypes: ['excluded'],
  adminAvatar: ['string'],
  segmentsTypeCompany: ['ignored'],
  articleStatistics: ['conversations'],
  activityLogBounds: ['exclusive'],
  activityLogsWithoutAfter: ['last_30_days'],
  activityLogLongRange: ['504'],
  activityLogRetention: ['90_days'],
};

const TALKS: readonly Table[] = ['conversations', 'conversation_parts'];
const SEARCHED: readonly Table[] = ['contacts', 'tickets', 'segment_contact', ...TALKS];

const CONTENT = [
  'news_items',
  'newsfeeds',
  'internal_articles',
  'external_pages',
  'content_import_sources',
  'calls',
] as const;

/** Objects that a switch can make a difference to; if none is named, a search and a list stand for all. */
const CONCERNED: { readonly [Name in SwitchName]?: readonly Table[] } = {
  maxBody: SEARCHED,
  rateHeaders: ['contacts', 'conversation_parts'],
  conversationsPlan: [...TALKS, 'calls'],
  callsFeature: ['calls'],
  callsOrder: ['calls'],
  callConversationBump: ['calls'],
  segmentMembers: ['segment_contact'],
  unknownSegment: ['segment_contact'],
  contactNoteBump: ['contacts'],
  activityLogsPlan: ['activity_logs'],
  companiesScope: ['companies'],
  teamsScope: ['teams'],
  tagsScope: ['tags'],
  ticketTypesScope: ['ticket_types'],
  subscriptionTypesScope: ['subscription_types'],
  dataAttributesScope: ['data_attributes'],
  newsFeature: ['news_items', 'newsfeeds'],
  aiContentPlan: ['external_pages', 'content_import_sources'],
  brandsScope: ['brands'],
  emailsScope: ['emails'],
  awayStatusReasonsScope: ['away_status_reasons'],
  activityLogsScope: ['activity_logs'],
  companyNotFound: ['companies'],
  conversationNotFound: TALKS,
  ticketNotFound: ['tickets'],
  perPageOverflow: ['contacts', 'companies', 'articles', 'collections', 'activity_logs', 'tickets', 'calls'],
  perPageType: ['contacts', 'companies', 'articles', 'collections', 'activity_logs'],
  companiesDefaultPerPage: ['companies'],
  cursorLifetime: SEARCHED,
  foreignCursor: SEARCHED,
  cursorNewlines: SEARCHED,
  nextUrlHost: ['contacts', 'articles', 'collections', 'activity_logs', 'companies'],
  helpCenterLastNext: ['articles', 'collections'],
  contentNext: CONTENT,
  conversationsOrder: TALKS,
  sort: SEARCHED,
  shortSortOrder: SEARCHED,
  comparison: SEARCHED,
  searchDocuments: SEARCHED,
  companiesCap: ['companies'],
  scrollUserlessCompanies: ['companies'],
  deletedCompanies: ['companies', 'contacts'],
  companyTagBump: ['companies'],
  conversationTagBump: TALKS,
  ticketPartBump: ['tickets'],
  countedParts: TALKS,
  partsTotalCount: ['conversation_parts', 'tickets'],
  ticketPartsKept: ['tickets'],
  archivedTicketTypes: ['ticket_types', 'tickets'],
  adminAvatar: ['admins'],
  segmentsTypeCompany: ['segments'],
  articleStatistics: ['articles', 'article_statistics'],
  activityLogBounds: ['activity_logs'],
  activityLogsWithoutAfter: ['activity_logs'],
  activityLogLongRange: ['activity_logs'],
  activityLogRetention: ['activity_logs'],
};

/** Readings of the API under which an object cannot be had: it must say so, and commit nothing. */
const CANNOT: { readonly [Name in SwitchName]?: { readonly status: string; readonly error: string | null } } =
  {
    conversationsPlan: { status: 'unavailable', error: null },
    activityLogsPlan: { status: 'unavailable', error: null },
    callsFeature: { status: 'unavailable', error: null },
    newsFeature: { status: 'unavailable', error: null },
    aiContentPlan: { status: 'unavailable', error: null },
  };

/** Rows more than the truth has are right under these. */
const MORE_IS_SERVED: readonly SwitchName[] = ['deletedCompanies'];
/** Rows fewer, too: logs are not kept for ever. */
const LESS_IS_SERVED: readonly SwitchName[] = ['activityLogRetention'];

const SETTINGS = Object.entries(OTHER_VALUES).flatMap(([name, values]) =>
  values.map((value) => [name as SwitchName, value as string] as const),
);

let bench: Bench;
let session: Session;
let archived: ReadonlySet<string>;

/** Lets the simulator forget what it keeps ready to be served, which a switch may change. */
function forgetTexts(): void {
  const { contacts, tags } = bench.simulator.workspace;
  for (const id of archived) contacts.archive(id);
  tags.create({ name: 'One more' });
}

beforeAll(async () => {
  bench = await startBench();
  const { workspace } = bench.simulator;
  const { contacts, companies, articles, ticketTypes } = workspace;
  const [first = ''] = contacts.ids();
  archived = new Set([first]);
  const [company = ''] = [...companies.ids()].filter((id) => companies.contactIds(id).length > 1);
  companies.delete(company);
  const [type = ''] = ticketTypes.ids();
  ticketTypes.update(type, { archived: true });
  // More than a page of 250.
  for (let number = 0; number < 260; number += 1) articles.create({ title: `Article ${number}` });
  // More than a page of each.
  for (const name of CONTENT) for (let number = 0; number < 60; number += 1) workspace[name].create({});
  session = await bench.open();
});
afterAll(async () => {
  await session?.close();
  await bench?.close();
});

/** What became of each object, and the id of the run. */
async function refreshed(objects: readonly Table[]) {
  const result = await session.run({ mode: 'full_refresh', objects });
  if (result.status !== 'finished') throw new Error(`the run ended as ${result.status}`);
  expect(result.runs).toHaveLength(1);
  const [run] = result.runs;
  const outcomes = (run?.objects ?? []).map(({ object, status, error }) => ({ object, status, error }));
  return { runId: run?.run_id ?? '', outcomes };
}

describe('every switch of the simulator', () => {
  test('is in the list', () => {
    expect(Object.keys(OTHER_VALUES).sort()).toEqual(Object.keys(DEFAULT_READINGS).sort());
    for (const [name, value] of SETTINGS) expect(value, name).not.toBe(DEFAULT_READINGS[name]);
  });

  test.each(SETTINGS)('%s: %s', async (name, value) => {
    const { simulator } = bench;
    const switches: Partial<Readings> = { [name]: value };
    const objects = CONCERNED[name] ?? ['contacts', 'admins'];
    const outcome = CANNOT[name] ?? { status: 'committed', error: null };
    simulator.setSwitches(switches);
    forgetTexts();
    try {
      const { runId, outcomes } = await refreshed(objects);
      const named = OBJECTS.filter((object) => objects.includes(object));
      expect(outcomes).toEqual(named.map((object) => ({ object, ...outcome })));
      const lake = await bench.lake((run) => run === runId);
      const committed = objects.filter((object) => lake.manifests(object).length > 0);
      expect(committed).toEqual(CANNOT[name] === undefined ? objects : []);
      const truth = synced(emptyTables(), { simulator, switches, archived }, committed);
      const tables = committed.flatMap((object) => [object, ...childrenOf(object)]);
      const problems = tables.flatMap((table) => tableProblems(table, truth[table], lake.current(table)));
      const allowed = (problem: string): boolean =>
        (MORE_IS_SERVED.includes(name) && problem.endsWith('should not be there')) ||
        (LESS_IS_SERVED.includes(name) && problem.endsWith('is missing'));
      expect(problems.filter((problem) => !allowed(problem))).toEqual([]);
    } finally {
      simulator.setSwitches(DEFAULT_SWITCHES);
    }
  });
});
