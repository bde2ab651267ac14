/** Oddities of single records and answers, over HTTP (docs/intercom-api.md 10a). */
import { describe, expect, test } from 'vitest';
import type { JsonObject, Switches } from '../../../lib/standins/intercom/index.ts';
import {
  byTime,
  type Client,
  DAY,
  idsOf,
  listAll,
  NOON_SECONDS,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

const since = { query: byTime('updated_at', '>', NOON_SECONDS - 400 * DAY) };
const byUpdate = { ...since, sort: { field: 'updated_at', order: 'ascending' } };
const times = (records: readonly JsonObject[]): number[] => records.map((one) => Number(one.updated_at));
const isAscending = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value >= Number(values[i - 1]));
const set = (client: Client, switches: Partial<Switches>): void => client.sim.setSwitches(switches);

describe('search', () => {
  test('a lagging index serves present records in their old places', async () => {
    const client = await start({ indexingDelaySeconds: 120, switches: { searchDocuments: 'current' } });
    const { conversations } = client.sim.workspace;
    const before = idsOf(await searchAll(client, 'conversations', byUpdate));
    const changed = before[5] ?? '';
    conversations.update(changed, { title: 'New' });
    const lagging = await searchAll(client, 'conversations', byUpdate);
    expect(idsOf(lagging)).toEqual(before);
    expect(lagging[5]).toMatchObject({ id: changed, title: 'New', updated_at: NOON_SECONDS });
    expect(isAscending(times(lagging))).toBe(false);
    client.clock.pass(121);
    expect(idsOf(await searchAll(client, 'conversations', byUpdate)).at(-1)).toBe(changed);
  });

  test.each(['contacts', 'conversations', 'tickets'] as const)(
    '%s can come in no order at all',
    async (object) => {
      const client = await start({ switches: { sort: 'unsorted' } });
      const found = await searchAll(client, object, { ...byUpdate, perPage: 7 });
      expect(idsOf(found).sort()).toEqual([...client.sim.workspace[object].ids()].sort());
      expect(isAscending(times(found))).toBe(false);
      expect(isAscending(times(found.toReversed()))).toBe(false);
    },
  );

  test.each([0, 60])('a deleted record stays counted until told otherwise, delay %i s', async (delay) => {
    const client = await start({ indexingDelaySeconds: delay });
    const { conversations } = client.sim.workspace;
    const [id = '', other = ''] = conversations.ids();
    conversations.update(id, { updated_at: NOON_SECONDS - 7 * DAY });
    client.clock.pass(delay + 1);
    set(client, { countedAfterDeletion: [{ object: 'conversations', ids: [id] }] });
    conversations.delete(id);
    conversations.delete(other);
    client.clock.pass(delay + 1);
    const counted = async (query: JsonObject): Promise<[number | undefined, number]> => {
      const { json } = await client.post('/conversations/search', { query, pagination: { per_page: 150 } });
      return [json.total_count, (json.conversations as JsonObject[]).length];
    };
    const left = conversations.size;
    expect(await counted(since.query)).toEqual([left + 1, left]);
    expect(await counted(byTime('updated_at', '=', NOON_SECONDS - 7 * DAY))).toEqual([1, 0]);
    expect((await client.get(`/conversations/${id}`)).status).toBe(404);
    expect(idsOf(await listAll(client, '/conversations?per_page=7', 'conversations'))).not.toContain(id);
    set(client, { countedAfterDeletion: [] });
    expect(await counted(since.query)).toEqual([left, left]);
  });
});

describe('rate headers', () => {
  const reset = async (client: Client): Promise<number> =>
    Number((await client.get('/me')).headers.get('x-ratelimit-reset'));

  test('the reset is 6 s late, or as late as the switch says; the window is not', async () => {
    const client = await start({ rateLimit: { perApp: 1, perWorkspace: 9 } });
    client.clock.pass(3);
    expect(await reset(client)).toBe(NOON_SECONDS + 16);
    expect((await client.get('/me')).status).toBe(429);
    client.clock.pass(7);
    set(client, { rateResetLateSeconds: 0 });
    expect(await reset(client)).toBe(NOON_SECONDS + 20);
  });

  test('one answer can show nothing remaining and a reset a day ahead', async () => {
    const client = await start();
    const headers = { 'X-RateLimit-Remaining': '0', 'x-ratelimit-reset': String(NOON_SECONDS + DAY) };
    client.sim.addFault({ match: { path: '/tags' }, times: 1, respond: { kind: 'headers', headers } });
    const odd = await client.get('/tags');
    expect([odd.status, odd.headers.get('x-ratelimit-remaining')]).toEqual([200, '0']);
    expect(odd.headers.get('x-ratelimit-reset')).toBe(String(NOON_SECONDS + DAY));
    expect(odd.json.data).not.toEqual([]);
    expect((await client.get('/tags')).headers.get('x-ratelimit-remaining')).not.toBe('0');
  });

  test('the Date header can be missing, in one answer or in all', async () => {
    const client = await start();
    const respond = { kind: 'headers', headers: { date: null } } as const;
    client.sim.addFault({ match: { path: '/tags' }, times: 1, respond });
    expect((await client.get('/tags')).headers.get('date')).toBeNull();
    expect((await client.get('/tags')).headers.get('date')).not.toBeNull();
    set(client, { dateHeader: 'absent' });
    expect((await client.get('/tags')).headers.get('date')).toBeNull();
  });
});

describe('embedded lists', () => {
  type ListName = Switches['embeddedLists'][number]['list'];
  const served: { readonly [Name in ListName]: (client: Client) => Promise<JsonObject[]> } = {
    'contacts.tags': (client) => searchAll(client, 'contacts', since),
    'contacts.companies': (client) => listAll(client, '/contacts?per_page=150'),
    'contacts.notes': (client) => searchAll(client, 'contacts', since),
    'conversations.tags': (client) => searchAll(client, 'conversations', since),
    'companies.tags': (client) => listAll(client, '/companies?per_page=60'),
    'companies.segments': (client) => listAll(client, '/companies?per_page=60'),
    'tickets.ticket_parts': (client) => searchAll(client, 'tickets', since),
    'teams.admin_ids': (client) => listAll(client, '/teams', 'teams'),
  };
  const names = Object.keys(served) as ListName[];
  const fieldOf = (list: ListName): string => list.split('.')[1] ?? '';
  const itemsIn = (value: unknown): readonly unknown[] => {
    if (Array.isArray(value)) return value;
    return Object.values((value ?? {}) as object).find((one) => Array.isArray(one)) ?? [];
  };
  const filled = (records: readonly JsonObject[], field: string): JsonObject =>
    records.find((record) => itemsIn(record[field]).length > 1) ?? {};

  test.each(names)('%s: every form, for some records and for all', async (list) => {
    const client = await start();
    const field = fieldOf(list);
    const before = filled(await served[list](client), field);
    const id = String(before.id);
    const items = itemsIn(before[field]);
    const ids = items.map((item) => (typeof item === 'object' ? (item as JsonObject).id : item));
    const odd = async (as: Switches['embeddedLists'][number]['as'], who: 'all' | string[] = [id]) => {
      set(client, { embeddedLists: [{ list, ids: who, as }] });
      return await served[list](client);
    };
    const value = async (as: Switches['embeddedLists'][number]['as']): Promise<unknown> =>
      (await odd(as)).find((record) => record.id === id)?.[field];

    const absent = await odd('absent');
    expect(absent.filter((record) => !(field in record)).map((record) => record.id)).toEqual([id]);
    expect((await odd('absent', 'all')).some((record) => field in record)).toBe(false);
    expect(await value('null')).toBeNull();
    const wrapped = (await value('other_wrapper')) as JsonObject;
    const usual = Array.isArray(before[field]) ? [] : Object.keys(before[field] as object);
    expect(Object.keys(wrapped).filter((key) => Array.isArray(wrapped[key]) && usual.includes(key))).toEqual(
      [],
    );
    expect(itemsIn(wrapped)).toEqual(items);
    expect(Object.keys(((await value('unknown_shape')) as JsonObject).by_id as object).sort()).toEqual(
      ids.map(String).sort(),
    );
    expect(itemsIn(await value('items_without_id')).every((item) => !Object.hasOwn(Object(item), 'id'))).toBe(
      true,
    );
    expect(itemsIn(await value('strings'))).toEqual(ids.map(String));
    expect(itemsIn(await value('numbers'))).toEqual(ids.map((_, index) => index + 1));
    set(client, { embeddedLists: [] });
    expect((await served[list](client)).find((record) => record.id === id)).toEqual(before);
  });

  test('a GET has the same form', async () => {
    const client = await start();
    const [contact = ''] = client.sim.workspace.contacts.ids();
    const [conversation = ''] = client.sim.workspace.conversations.ids();
    const [team = ''] = client.sim.workspace.objects.teams.ids();
    set(client, {
      embeddedLists: [
        { list: 'contacts.tags', ids: [contact], as: 'null' },
        { list: 'conversations.tags', ids: [conversation], as: 'absent' },
        { list: 'teams.admin_ids', ids: [team], as: 'absent' },
      ],
    });
    expect((await client.get(`/teams/${team}`)).json).not.toHaveProperty('admin_ids');
    expect((await client.get(`/contacts/${contact}`)).json.tags).toBeNull();
    expect((await client.get(`/conversations/${conversation}`)).json).not.toHaveProperty('tags');
  });
});

describe('times', () => {
  type TimeObject = Switches['recordTimes'][number]['object'];
  const paths: Readonly<Record<TimeObject, readonly [path: string, key: string]>> = {
    contacts: ['/contacts?per_page=150', 'data'],
    companies: ['/companies?per_page=60', 'data'],
    conversations: ['/conversations?per_page=150', 'conversations'],
    tickets: ['', ''],
    activity_logs: ['/admins/activity_logs?created_at_after=0&per_page=250', 'activity_logs'],
  };
  const records = (client: Client, object: TimeObject): Promise<JsonObject[]> =>
    object === 'tickets' ? searchAll(client, 'tickets', since) : listAll(client, ...paths[object]);

  test.each(Object.keys(paths) as TimeObject[])('%s: null, absent, text', async (object) => {
    const client = await start();
    const field = object === 'activity_logs' ? 'created_at' : 'updated_at';
    const before = (await records(client, object))[0] ?? {};
    const id = String(before.id);
    const one = async (as: Switches['recordTimes'][number]['as']): Promise<JsonObject | undefined> => {
      set(client, { recordTimes: [{ object, field, ids: [id], as }] });
      return (await records(client, object)).find((record) => record.id === id);
    };
    expect(await one('null')).toEqual({ ...before, [field]: null });
    expect(await one('absent')).not.toHaveProperty(field);
    expect(await one('text')).toEqual({ ...before, [field]: String(before[field]) });
  });

  test('the index still finds the record by its time', async () => {
    const client = await start();
    const { contacts } = client.sim.workspace;
    const [id = ''] = contacts.ids();
    contacts.update(id, {}, { at: NOON_SECONDS });
    set(client, { recordTimes: [{ object: 'contacts', field: 'updated_at', ids: 'all', as: 'null' }] });
    const found = await searchAll(client, 'contacts', { query: byTime('updated_at', '=', NOON_SECONDS) });
    expect(found.find((record) => record.id === id)).toMatchObject({ updated_at: null });
  });
});

describe('one record', () => {
  test.each([403, 404, 410, 500])('can be refused with %i', async (status) => {
    const client = await start();
    const [id = '', other = ''] = client.sim.workspace.conversations.ids();
    const json = { type: 'error.list', errors: [{ code: 'forbidden', message: 'No' }] };
    const remove = client.sim.addFault({
      match: { path: `/conversations/${id}` },
      respond: { status, json },
    });
    expect((await client.get(`/conversations/${id}`)).status).toBe(status);
    expect((await client.get(`/conversations/${other}`)).status).toBe(200);
    remove();
    expect((await client.get(`/conversations/${id}`)).status).toBe(200);
  });

  test('can have email and Email', async () => {
    const client = await start();
    const { contacts } = client.sim.workspace;
    const [id = ''] = contacts.ids();
    contacts.update(id, { email: 'a@b.example', Email: 'A@b.example' });
    expect((await client.get(`/contacts/${id}`)).text).toMatch(
      /"email":"a@b\.example".*"Email":"A@b\.example"/,
    );
  });

  test('can lack sub-list items, once or for ever', async () => {
    const client = await start();
    const { contacts, companies } = client.sim.workspace;
    const [id = ''] = [...contacts.ids()].filter((one) => contacts.relations(one).tagIds.length > 10);
    const total = contacts.relations(id).tagIds.length;
    const length = async (list: string): Promise<number> =>
      (await client.get(`/contacts/${id}/${list}`)).json.data?.length ?? -1;
    set(client, { shortSubLists: [{ list: 'tags', ids: [id], missing: 2, lasts: 'once' }] });
    expect([await length('tags'), await length('tags')]).toEqual([total - 2, total]);
    set(client, { shortSubLists: [{ list: 'tags', ids: 'all', missing: 3, lasts: 'forever' }] });
    expect([await length('tags'), await length('tags')]).toEqual([total - 3, total - 3]);
    contacts.attachCompany(id, [...companies.ids()][0] ?? '');
    set(client, { shortSubLists: [{ list: 'companies', ids: [id], missing: 99, lasts: 'once' }] });
    const { json } = await client.get(`/contacts/${id}/companies`);
    expect([json.data, json.total_count]).toEqual([[], contacts.relations(id).companyIds.length]);
  });

  test('can list fewer parts than its total_count, once or for ever', async () => {
    const client = await start();
    const { conversations } = client.sim.workspace;
    const [id = ''] = [...conversations.ids()].filter((one) => conversations.partCount(one) > 2);
    const total = conversations.partCount(id);
    const parts = async (): Promise<readonly [number, number]> => {
      const list = (await client.get(`/conversations/${id}`)).json.conversation_parts as unknown as {
        conversation_parts: JsonObject[];
        total_count: number;
      };
      return [list.conversation_parts.length, list.total_count];
    };
    set(client, { missingParts: [{ ids: [id], missing: 1, lasts: 'once' }] });
    expect([await parts(), await parts()]).toEqual([
      [total - 1, total],
      [total, total],
    ]);
    set(client, { missingParts: [{ ids: 'all', missing: 2, lasts: 'forever' }] });
    expect([await parts(), await parts()]).toEqual([
      [total - 2, total],
      [total - 2, total],
    ]);
  });
});

test('data attributes can share model and full name, and an archived one its name with a live one', async () => {
  const client = await start();
  const twin = (id: number, full_name: string, archived: boolean) =>
    ({ id, model: 'contact', full_name: `custom_attributes.${full_name}`, archived }) as const;
  set(client, {
    twinAttributes: [
      twin(11, 'plan', false),
      twin(12, 'plan', false),
      twin(101, 'tier', true),
      twin(202, 'tier', false),
    ],
  });
  const ids = async (query: string): Promise<readonly unknown[]> => {
    const records = (await client.get(`/data_attributes?${query}`)).json.data ?? [];
    return records.map((one) => one.id).filter((id) => [11, 12, 101, 202].includes(Number(id)));
  };
  expect(await ids('include_archived=true')).toEqual([11, 12, 101, 202]);
  expect(await ids('model=contact')).toEqual([11, 12, 202]);
  expect(await ids('model=company')).toEqual([]);
});

test('an activity log can lack its id', async () => {
  const client = await start();
  const [id = ''] = client.sim.workspace.activityLogs.ids();
  set(client, { activityLogsWithoutId: [id] });
  const logs = await listAll(
    client,
    '/admins/activity_logs?created_at_after=0&per_page=250',
    'activity_logs',
  );
  expect(logs.filter((log) => !('id' in log))).toHaveLength(1);
  expect(logs).toHaveLength(client.sim.workspace.activityLogs.size);
});

test('a workspace can be 15 years old with few logs', async () => {
  const client = await start({ sizes: { historyDays: 15 * 365, activity_logs: 181 } });
  expect((await client.get('/me')).json.app).toMatchObject({ created_at: NOON_SECONDS - 15 * 365 * DAY });
  expect(client.sim.workspace.activityLogs.size).toBe(181);
});

test('deleted conversations come newest first, 60 a page at most; 2.15 has no such list', async () => {
  const client = await start({ sizes: { conversations: 80 } });
  const { conversations } = client.sim.workspace;
  const ids = [...conversations.ids()].slice(0, 70);
  for (const [i, id] of ids.entries()) conversations.delete(id, { at: NOON_SECONDS - ((i * 7) % 70) });
  const { json } = await client.get('/conversations/deleted?per_page=150', { 'intercom-version': '2.16' });
  const deleted = (json.conversations as JsonObject[]).map((one) => Number(one.deleted_at));
  expect(deleted).toHaveLength(60);
  expect(isAscending(deleted.toReversed())).toBe(true);
  expect(json.total_count).toBe(70);
  const old = await client.get('/conversations/deleted');
  expect([old.status, old.json.errors?.[0]?.code]).toEqual([400, 'intercom_version_invalid']);
});

test('a merged contact is a 404 in 2.15, and a 410 with a link from 2.16 on; deleted records are 404', async () => {
  const client = await start();
  const { contacts, companies, tickets } = client.sim.workspace;
  const roleOf = (id: string): unknown => contacts.record(id)?.role;
  const [lead = ''] = [...contacts.ids()].filter((id) => roleOf(id) === 'lead');
  const [user = '', gone = ''] = [...contacts.ids()].filter((id) => roleOf(id) === 'user');
  contacts.merge(lead, user);
  expect((await client.get(`/contacts/${lead}`)).status).toBe(404);
  const merged = await client.get(`/contacts/${lead}`, { 'intercom-version': '2.16' });
  expect([merged.status, merged.json.errors?.[0]?.code]).toEqual([410, 'contact_merged']);
  expect(merged.headers.get('link')).toBe(`</contacts/${user}>; rel="canonical"`);
  const [company = ''] = companies.ids();
  const [ticket = ''] = tickets.ids();
  contacts.delete(gone);
  companies.delete(company);
  tickets.delete(ticket);
  for (const path of [`/contacts/${gone}`, `/companies/${company}`, `/tickets/${ticket}`]) {
    expect((await client.get(path)).status).toBe(404);
  }
});
