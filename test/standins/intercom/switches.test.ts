/** The switches that no other test uses, each with its other values. */
import { expect, test } from 'vitest';
import { DEFAULT_SWITCHES, type JsonObject, type Switches } from '../../../lib/standins/intercom/index.ts';
import {
  byTime,
  type Client,
  DAY,
  idsOf,
  listAll,
  type Reply,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

const only = (client: Client, ...scopes: never[]): Record<string, string> => ({
  authorization: `Bearer ${client.sim.issueToken({ scopes })}`,
});
const code = (reply: Reply): unknown => reply.json.errors?.[0]?.code;
const times = (records: readonly JsonObject[], field: string): number[] =>
  records.map((record) => Number(record[field]));
const isDescending = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value <= Number(values[i - 1]));

test('order of the cursor lists', async () => {
  const client = await start();
  const contacts = (): Promise<JsonObject[]> => listAll(client, '/contacts?per_page=60');
  const conversations = (): Promise<JsonObject[]> =>
    listAll(client, '/conversations?per_page=7', 'conversations');
  expect(isDescending(times(await contacts(), 'created_at'))).toBe(true);
  expect(isDescending(times(await conversations(), 'updated_at'))).toBe(true);
  client.sim.setSwitches({ contactsOrder: 'updated_at_desc', conversationsOrder: 'created_at_desc' });
  expect(isDescending(times(await contacts(), 'updated_at'))).toBe(true);
  expect(isDescending(times(await conversations(), 'created_at'))).toBe(true);
  client.sim.setSwitches({ contactsOrder: 'id_asc', conversationsOrder: 'id_asc' });
  expect(idsOf(await contacts())).toEqual([...client.sim.workspace.contacts.ids()]);
  expect(idsOf(await conversations())).toEqual([...client.sim.workspace.conversations.ids()]);
});

test('archived contacts are listed and found', async () => {
  const client = await start({ switches: { archivedContacts: 'present' } });
  const [id = ''] = client.sim.workspace.contacts.ids();
  client.sim.workspace.contacts.archive(id);
  expect(idsOf(await listAll(client, '/contacts?per_page=150'))).toContain(id);
  expect(idsOf(await searchAll(client, 'contacts', { query: byTime('created_at', '>', DAY) }))).toContain(id);
});

test('search can serve records as they are now, although it found them as they were', async () => {
  const client = await start({ indexingDelaySeconds: 60, switches: { searchDocuments: 'current' } });
  const { contacts } = client.sim.workspace;
  const [changed = '', gone = ''] = contacts.ids();
  contacts.update(changed, { os: 'BeOS' });
  contacts.delete(gone);
  const { json } = await client.post('/contacts/search', {
    query: { field: 'id', operator: 'IN', value: [changed, gone] },
  });
  expect(json).toMatchObject({ total_count: 2, data: [{ id: changed, os: 'BeOS' }] });
});

test('not found: texts and pages', async () => {
  const client = await start({
    switches: {
      contactNotFound: 'Contact Not Found',
      conversationNotFound: 'html',
      ticketNotFound: 'not_found',
    },
  });
  expect((await client.get('/contacts/1')).json.errors?.[0]?.message).toBe('Contact Not Found');
  const html = await client.get('/conversations/1');
  expect([html.status, html.text]).toEqual([404, expect.stringContaining('<center>nginx</center>')]);
  expect(code(await client.get('/tickets/1'))).toBe('not_found');
});

test('page sizes', async () => {
  const client = await start({
    switches: {
      contactsDefaultPerPage: '50',
      companiesDefaultPerPage: '20',
      companyContactsMaxPerPage: '50',
    },
  });
  expect((await client.get('/contacts')).json.data).toHaveLength(50);
  expect((await client.get('/companies')).json.data).toHaveLength(20);
  const [id] = client.sim.workspace.companies.ids();
  expect((await client.get(`/companies/${id}/contacts?per_page=60`)).json.pages?.per_page).toBe(50);
});

test('last page of the help center, statistics, ticket parts, query errors, body size', async () => {
  const client = await start({
    switches: {
      helpCenterLastNext: 'null',
      articleStatistics: 'conversations',
      ticketPartsKept: 'oldest',
      invalidQueryCode: 'client_error',
      maxBody: '64KiB',
    },
  });
  expect((await client.get('/articles?per_page=250')).json.pages).toHaveProperty('next', null);
  const { articles } = client.sim.workspace;
  const article = [...articles.records()].find(({ state }) => state === 'published')?.id;
  expect((await client.get(`/articles/${String(article)}`)).json.statistics).toHaveProperty('conversations');
  const { tickets } = client.sim.workspace;
  const long = [...tickets.ids()].find((id) => tickets.parts(id).length > 500) ?? '';
  const served = (await client.get(`/tickets/${long}`)).json.ticket_parts as { ticket_parts: JsonObject[] };
  expect(idsOf(served.ticket_parts)).toEqual(idsOf(tickets.parts(long).slice(0, 500)));
  client.sim.setSwitches({ ticketPartsKept: 'newest' });
  const newest = (await client.get(`/tickets/${long}`)).json.ticket_parts as { ticket_parts: JsonObject[] };
  expect(idsOf(newest.ticket_parts)).toEqual(idsOf(tickets.parts(long).slice(-500)));
  expect(code(await client.post('/tickets/search', {}))).toBe('client_error');
  expect((await client.post('/tickets/search', { query: 'x'.repeat(70_000) })).status).toBe(413);
});

test.each([
  ['companiesScope', 'write_users_companies', '/companies'],
  ['teamsScope', 'read_users_companies', '/teams'],
  ['tagsScope', 'read_users_companies', '/tags'],
  ['meScope', 'read_admins', '/me'],
  ['activityLogsScope', 'read_admins', '/admins/activity_logs?created_at_after=0'],
] as const)('%s may be %s', async (name, scope, path) => {
  const client = await start({ switches: { [name]: scope } });
  expect((await client.get(path, only(client, scope as never))).status).toBe(200);
  expect((await client.get(path, only(client))).status).toBe(403);
});

test.each([
  ['teamsScope', '/teams'],
  ['ticketTypesScope', '/ticket_types'],
  ['subscriptionTypesScope', '/subscription_types'],
  ['dataAttributesScope', '/data_attributes'],
] as const)('%s may be none', async (name, path) => {
  const client = await start({ switches: { [name]: 'none' } });
  expect((await client.get(path, only(client))).status).toBe(200);
});

test.each([
  ['contactCompanyBump', 'keep', false],
  ['contactCompanyBump', 'bump', true],
  ['contactSegmentBump', 'keep', false],
  ['contactSegmentBump', 'bump', true],
  ['companyTagBump', 'keep', false],
  ['companyTagBump', 'bump', true],
  ['conversationTagBump', 'keep', false],
  ['conversationTagBump', 'bump', true],
] as const)('%s: %s', async (name, value, bumped) => {
  const client = await start({ switches: { [name]: value } });
  const { contacts, companies, conversations, segments, tags } = client.sim.workspace;
  const [contact = ''] = contacts.ids();
  const [company = ''] = companies.ids();
  const [conversation = ''] = conversations.ids();
  const [tag = ''] = tags.ids();
  const acts: Record<typeof name, () => JsonObject | undefined> = {
    contactCompanyBump: () => {
      contacts.attachCompany(contact, company);
      return contacts.record(contact);
    },
    contactSegmentBump: () => {
      contacts.addSegment(contact, [...segments.ids()][0] ?? '');
      return contacts.record(contact);
    },
    companyTagBump: () => {
      companies.tag(company, tag);
      return companies.record(company);
    },
    conversationTagBump: () => {
      conversations.tag(conversation, tag);
      return conversations.record(conversation);
    },
  };
  expect(acts[name]()?.updated_at === Math.floor(client.clock.ms / 1000)).toBe(bumped);
});

test('rate headers can be missing altogether', async () => {
  const client = await start({ switches: { rateHeaders: 'never' } });
  expect((await client.get('/me')).headers.get('x-ratelimit-limit')).toBeNull();
});

test('a switch can be set and set back while the simulator runs', async () => {
  const client = await start();
  const set = (changes: Partial<Switches>): void => client.sim.setSwitches(changes);
  set({ requestId: 'null', sort: 'ignored' });
  set(DEFAULT_SWITCHES);
  expect((await client.get('/nowhere')).json.request_id).toMatch(/^000/);
});
