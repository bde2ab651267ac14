/** Every answer is what the truth says, for every object, and is the same in every process. */
import { describe, expect, test } from 'vitest';
import type { ObjectName, Workspace } from '../../../lib/standins/intercom/index.ts';
import {
  byTime,
  type Client,
  DAY,
  idsOf,
  listAll,
  NOON,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

const ever = byTime('created_at', '>', 86_400);

/** The text of each record as lists serve it, cut out of the response. */
const SERVED: Readonly<Record<ObjectName, (client: Client) => Promise<object[]>>> = {
  contacts: (client) => searchAll(client, 'contacts', { query: ever }),
  companies: (client) => {
    client.sim.setSwitches({ scrollUserlessCompanies: 'present' });
    return scrollAll(client);
  },
  conversations: (client) => searchAll(client, 'conversations', { query: ever }),
  tickets: (client) => searchAll(client, 'tickets', { query: ever, perPage: 5 }),
  calls: (client) => listAll(client, '/calls'),
  admins: (client) => listAll(client, '/admins', 'admins'),
  teams: (client) => listAll(client, '/teams', 'teams'),
  tags: (client) => listAll(client, '/tags'),
  segments: async (client) => [
    ...(await listAll(client, '/segments', 'segments')),
    ...(await listAll(client, '/segments?type=company', 'segments')),
  ],
  data_attributes: (client) => listAll(client, '/data_attributes?include_archived=true'),
  ticket_types: async (client) =>
    (await listAll(client, '/ticket_types')).map(({ ticket_states: _states, ...type }) => type),
  ticket_states: (client) => listAll(client, '/ticket_states'),
  brands: (client) => listAll(client, '/brands'),
  emails: (client) => listAll(client, '/emails'),
  away_status_reasons: (client) => listAll(client, '/away_status_reasons'),
  news_items: (client) => listAll(client, '/news/news_items'),
  newsfeeds: (client) => listAll(client, '/news/newsfeeds'),
  internal_articles: (client) => listAll(client, '/internal_articles'),
  external_pages: (client) => listAll(client, '/ai/external_pages'),
  content_import_sources: (client) => listAll(client, '/ai/content_import_sources'),
  articles: (client) => listAll(client, '/articles'),
  collections: (client) => listAll(client, '/help_center/collections'),
  help_centers: (client) => listAll(client, '/help_center/help_centers'),
  subscription_types: (client) => listAll(client, '/subscription_types'),
  activity_logs: (client) => listAll(client, '/admins/activity_logs?created_at_after=0', 'activity_logs'),
};

async function scrollAll(client: Client): Promise<object[]> {
  const found: object[] = [];
  let { json } = await client.get('/companies/scroll');
  while ((json.data ?? []).length > 0) {
    found.push(...(json.data ?? []));
    json = (await client.get(`/companies/scroll?scroll_param=${String(json.scroll_param)}`)).json;
  }
  return found;
}

const byText = (records: Iterable<unknown>): string[] =>
  [...records].map((record) => JSON.stringify(record)).sort();

/** The truth with JavaScript's numbers, like a response after JSON.parse. */
const plain = (records: Iterable<unknown>): unknown[] =>
  [...records].map((record) => JSON.parse(JSON.stringify(record)) as unknown);

const NAMES = Object.keys(SERVED) as ObjectName[];

describe.each(['as seeded', 'after two days'])('%s', (state) => {
  test.each(NAMES)('%s', async (name) => {
    const client = await start();
    if (state === 'after two days') liveTwoDays(client);
    const truth = client.sim.workspace.objects[name];
    const served = await SERVED[name](client);
    expect(served.length).toBeGreaterThan(0);
    expect(truth.size).toBe(served.length);
    expect([...truth.ids()]).toHaveLength(truth.size);
    expect(byText(served)).toEqual(byText(plain(truth.records())));
  });

  test('the text of each record, digit by digit', async () => {
    const client = await start();
    if (state === 'after two days') liveTwoDays(client);
    for (const [path, name] of [
      ['/contacts?per_page=150', 'contacts'],
      ['/conversations?per_page=150', 'conversations'],
    ] as const) {
      const { text, json } = await client.get(path);
      const truth = client.sim.workspace.objects[name];
      for (const id of idsOf((json.data ?? json.conversations) as [])) {
        expect(text).toContain(truth.json(id));
        expect(truth.json(id)).toBe(JSON.stringify(truth.record(id)));
      }
    }
  });
});

function liveTwoDays(client: Client): void {
  for (const day of [1, 2]) {
    client.clock.pass(DAY);
    client.sim.workspace.simulateDay(day);
  }
}

/** The whole truth as one text. */
function snapshot(workspace: Workspace): string {
  const { contacts, conversations, companies, tickets } = workspace;
  const lines = Object.entries(workspace.objects).flatMap(([name, truth]) =>
    [...truth.ids()].map((id) => `${name} ${id} ${truth.json(id)}`),
  );
  return [
    ...lines,
    ...[...contacts.ids()].map((id) => JSON.stringify(contacts.relations(id))),
    ...[...conversations.ids()].map((id) => JSON.stringify(conversations.parts(id))),
    ...[...companies.ids()].map((id) => JSON.stringify(companies.contactIds(id))),
    ...[...tickets.ids()].map((id) => JSON.stringify(tickets.parts(id))),
    JSON.stringify(workspace.deletedConversations()),
    JSON.stringify(workspace.rows.segment_contact()),
    JSON.stringify(workspace.rows.contact_note()),
  ].join('\n');
}

describe('determinism', () => {
  test('two simulators with one seed are one workspace, also after the same days', async () => {
    const [a, b] = [await start(), await start({ now: () => NOON + 5_000, baseTime: NOON })];
    expect(snapshot(a.sim.workspace) === snapshot(b.sim.workspace)).toBe(true);
    liveTwoDays(a);
    for (const day of [1, 2])
      b.sim.workspace.simulateDay(day, {
        fromMs: NOON + (day - 1) * DAY * 1000,
        toMs: NOON + day * DAY * 1000,
      });
    expect(snapshot(a.sim.workspace) === snapshot(b.sim.workspace)).toBe(true);
  });

  test('another seed is another workspace', async () => {
    const [a, b] = [await start({ seed: 1 }), await start({ seed: 2 })];
    expect(snapshot(a.sim.workspace) === snapshot(b.sim.workspace)).toBe(false);
  });

  test('requests change nothing', async () => {
    const client = await start();
    const before = snapshot(client.sim.workspace);
    for (const name of NAMES) await SERVED[name](client);
    expect(snapshot(client.sim.workspace) === before).toBe(true);
  });
});

test('a day creates, updates, deletes, merges, untags and logs, inside its window', async () => {
  const client = await start();
  const { workspace } = client.sim;
  client.clock.pass(DAY);
  const report = workspace.simulateDay(1);
  expect([report.fromMs, report.toMs]).toEqual([NOON, NOON + DAY * 1000]);
  for (const kind of ['created', 'updated', 'deleted'] as const) {
    for (const object of ['contacts', 'conversations', 'companies'] as const)
      expect(report[kind][object]?.length).toBeGreaterThan(0);
  }
  expect(report.created.tickets?.length).toBeGreaterThan(0);
  expect(report.created.activity_logs?.length).toBeGreaterThan(4);
  expect(report.untagged.length).toBeGreaterThan(0);
  expect(report.merged).toHaveLength(1);
  const inside = (at: unknown): boolean => Number(at) > NOON / 1000 && Number(at) <= NOON / 1000 + DAY;
  const gone = new Set([...Object.values(report.deleted).flat(), ...report.merged.map(({ lead }) => lead)]);
  for (const [object, ids] of Object.entries({ ...report.updated })) {
    for (const id of ids.filter((candidate) => !gone.has(candidate))) {
      expect(inside(workspace.objects[object as ObjectName].record(id)?.updated_at)).toBe(true);
    }
  }
  for (const id of gone) expect(NAMES.some((name) => workspace.objects[name].has(id))).toBe(false);
  expect(() => workspace.simulateDay(0)).toThrow('whole number');
  expect(() => workspace.simulateDay(2, { fromMs: NOON, toMs: NOON - 1 })).toThrow('before it begins');
});

test('days replayed before the first request equal those of the process that lived through them', async () => {
  const lived = await start();
  const toldDays: number[] = [];
  for (const day of [1, 2, 3]) {
    await lived.get('/contacts');
    lived.clock.pass(DAY);
    toldDays.push(lived.sim.workspace.simulateDay(day).toMs);
  }
  const replayed = await start({ baseTime: NOON, now: () => NOON + 3 * DAY * 1000 + 77_000 });
  expect([1, 2, 3].map((day) => replayed.sim.workspace.simulateDay(day).toMs)).toEqual(toldDays);
  expect(snapshot(lived.sim.workspace) === snapshot(replayed.sim.workspace)).toBe(true);
});

test('a day is never older than an earlier read', async () => {
  const client = await start();
  client.clock.pass(5 * DAY);
  await client.get('/contacts');
  const read = client.clock.ms;
  client.clock.pass(600);
  expect(client.sim.workspace.simulateDay(1)).toMatchObject({ fromMs: read, toMs: read + 600_000 });
  expect(client.sim.workspace.simulateDay(2)).toMatchObject({ fromMs: read + 600_000, toMs: read + 600_000 });
});

test('changes to missing records are refused', async () => {
  const { sim } = await start();
  const { contacts, conversations, tickets, tags, companies } = sim.workspace;
  const [id = ''] = contacts.ids();
  expect(() => contacts.update('nobody', {})).toThrow('contacts: no record "nobody"');
  expect(() => contacts.tag(id, 'none')).toThrow('no tag "none"');
  expect(() => contacts.update(id, { tags: null })).toThrow('cannot be set this way');
  expect(() => contacts.merge(id, id)).toThrow('into itself');
  expect(() => companies.tag([...companies.ids()][0] ?? '', 'none')).toThrow('no tag "none"');
  expect(() => conversations.redactPart([...conversations.ids()][0] ?? '', 'none')).toThrow('no part "none"');
  expect(() => tickets.setState([...tickets.ids()][0] ?? '', 'none')).toThrow('no ticket state "none"');
  expect(() => tags.delete('none')).toThrow('tags: no record "none"');
});

test('a deleted tag disappears from everything it was on', async () => {
  const client = await start();
  const { contacts, tags } = client.sim.workspace;
  const id = [...contacts.ids()].find((contact) => contacts.relations(contact).tagIds.length > 12) ?? '';
  const [tag = ''] = contacts.relations(id).tagIds;
  const before = contacts.relations(id).tagIds.length;
  expect((await client.get(`/contacts/${id}`)).text).toContain(`"${tag}"`);
  tags.delete(tag);
  expect((await client.get(`/contacts/${id}`)).json.tags).toMatchObject({ total_count: before - 1 });
  expect(idsOf((await client.get(`/contacts/${id}/tags`)).json.data)).toHaveLength(before - 1);
});

test('tagging bumps the contact, or not, by switch', async () => {
  const client = await start({ switches: { contactTagBump: 'keep' } });
  const { contacts, tags } = client.sim.workspace;
  const [id = ''] = contacts.ids();
  const before = contacts.record(id)?.updated_at;
  const tag = [...tags.ids()].find((candidate) => !contacts.relations(id).tagIds.includes(candidate)) ?? '';
  contacts.tag(id, tag);
  expect(contacts.record(id)?.updated_at).toBe(before);
  expect(contacts.relations(id).tagIds).toContain(tag);
  client.sim.setSwitches({ contactTagBump: 'bump' });
  contacts.untag(id, tag, { at: 1_800_000_000 });
  expect(contacts.record(id)?.updated_at).toBe(1_800_000_000);
});
