/** Shapes that break clients: cut lists, cut parts, odd values (docs/intercom-api.md 6). */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/standins/intercom/index.ts';
import { DAY, idsOf, listAll, NOON_SECONDS, start } from '../../support/intercom/simulator-client.ts';

interface Embedded {
  readonly data: readonly { readonly id: string; readonly url: string }[];
  readonly url: string;
  readonly total_count: number;
  readonly has_more: boolean;
}

test('embedded lists are cut at 10; the sub-lists are complete', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const long = { tags: 0, companies: 0 };
  for (const id of contacts.ids()) {
    const record = (await client.get(`/contacts/${id}`)).json as unknown as Record<
      'tags' | 'companies',
      Embedded
    >;
    const { tagIds, companyIds } = contacts.relations(id);
    for (const [name, ids] of [
      ['tags', tagIds],
      ['companies', companyIds],
    ] as const) {
      expect(record[name]).toMatchObject({
        url: `/contacts/${id}/${name}`,
        total_count: ids.length,
        has_more: ids.length > 10,
      });
      expect(record[name].data.map((item) => item.id)).toEqual(ids.slice(0, 10));
      if (ids.length <= 10) continue;
      long[name] += 1;
      expect(idsOf(await listAll(client, `${record[name].url}?per_page=5`))).toEqual(ids);
    }
  }
  expect(long.tags).toBeGreaterThan(1);
  expect(long.companies).toBeGreaterThan(1);
});

test('companies of a contact: 50 a page, 60 at most, key by switch', async () => {
  const client = await start();
  const [id] = client.sim.workspace.contacts.ids();
  expect((await client.get(`/contacts/${id}/companies?per_page=99`)).json).toMatchObject({
    type: 'list',
    data: expect.any(Array),
    pages: { per_page: 60, next: null },
  });
  client.sim.setSwitches({ contactCompaniesKey: 'companies' });
  expect((await client.get(`/contacts/${id}/companies`)).json.companies).toBeInstanceOf(Array);
  expect((await client.get('/contacts/6762f0d01bb69f9f21ffffff/companies')).json.errors?.[0]).toEqual({
    code: 'not_found',
    message: 'User Not Found',
  });
});

describe('conversation parts', () => {
  const partsOf = (record: JsonObject): { conversation_parts: JsonObject[]; total_count: number } =>
    record.conversation_parts as unknown as { conversation_parts: JsonObject[]; total_count: number };

  test('only the 500 newest of the long one, oldest first, total by switch', async () => {
    const client = await start();
    const { conversations } = client.sim.workspace;
    const id = [...conversations.ids()].find((candidate) => conversations.partCount(candidate) > 500) ?? '';
    const truth = conversations.parts(id);
    expect(truth).toHaveLength(520);
    const served = (await client.get(`/conversations/${id}`)).json;
    expect(partsOf(served).total_count).toBe(520);
    expect(partsOf(served).conversation_parts).toEqual(
      truth.slice(-500).map((part) => JSON.parse(JSON.stringify(part))),
    );
    const times = partsOf(served).conversation_parts.map((part) => Number(part.created_at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    client.sim.setSwitches({ partsTotalCount: 'capped' });
    expect(partsOf((await client.get(`/conversations/${id}`)).json).total_count).toBe(500);
  });

  test('never in lists; the statistics, if any, count them and the first message', async () => {
    const client = await start();
    const { conversations } = client.sim.workspace;
    for (const record of await listAll(client, '/conversations?per_page=150', 'conversations')) {
      expect(record).not.toHaveProperty('conversation_parts');
      if (record.statistics === null) continue;
      expect(record.statistics).toMatchObject({
        count_conversation_parts: conversations.partCount(String(record.id)) + 1,
      });
    }
    client.sim.setSwitches({ countedParts: 'parts' });
    const [id = ''] = [...conversations.ids()].filter((one) => conversations.record(one)?.statistics);
    expect((await client.get(`/conversations/${id}`)).json.statistics).toMatchObject({
      count_conversation_parts: conversations.partCount(id),
    });
  });

  test('a part added, redacted, tagged: the conversation moves, older parts stay', async () => {
    const client = await start();
    const { conversations } = client.sim.workspace;
    const [id = ''] = [...conversations.ids()].filter((candidate) => conversations.partCount(candidate) > 3);
    const before = conversations.parts(id);
    client.clock.pass(30);
    const added = conversations.addPart(id, { part_type: 'comment', body: '<p>more</p>' });
    client.clock.pass(30);
    conversations.redactPart(id, String(before[0]?.id));
    conversations.close(id);
    conversations.reopen(id);
    conversations.rate(id, 4, 'ok');
    const record = (await client.get(`/conversations/${id}`)).json;
    const parts = partsOf(record).conversation_parts;
    expect(record.updated_at).toBe(NOON_SECONDS + 60);
    expect(record).toMatchObject({
      open: true,
      state: 'open',
      conversation_rating: { rating: 4, remark: 'ok' },
    });
    expect(parts[0]).toMatchObject({ redacted: true, body: null, updated_at: NOON_SECONDS + 60 });
    expect(parts.slice(1, before.length)).toEqual(before.slice(1));
    expect(parts.find((part) => part.id === added)).toMatchObject({
      created_at: NOON_SECONDS + 30,
      body: '<p>more</p>',
    });
    expect(parts).toHaveLength(before.length + 4);
  });

  test('plain text on request', async () => {
    const client = await start();
    const texts = await Promise.all(
      [...client.sim.workspace.conversations.ids()].map((id) =>
        client.get(`/conversations/${id}?display_as=plaintext`),
      ),
    );
    expect(texts.some(({ text }) => /"body":"[^"]*<p>/.test(text))).toBe(false);
  });
});

describe('tickets', () => {
  test('search embeds parts and type; some parts are newer than the ticket', async () => {
    const client = await start();
    const { json } = await client.post('/tickets/search', {
      query: { field: 'created_at', operator: '>', value: 1 },
      pagination: { per_page: 150 },
    });
    const tickets = json.tickets as unknown as {
      id: string;
      updated_at: number;
      ticket_parts: { ticket_parts: JsonObject[]; total_count: number };
      ticket_type: JsonObject;
    }[];
    const late = tickets.filter(
      (ticket) => Number(ticket.ticket_parts.ticket_parts.at(-1)?.created_at) > ticket.updated_at,
    );
    expect(late.length).toBeGreaterThan(1);
    expect(
      tickets.some(
        (ticket) => ticket.ticket_parts.total_count > 500 && ticket.ticket_parts.ticket_parts.length === 500,
      ),
    ).toBe(true);
    expect(
      tickets.every(
        (ticket) =>
          'ticket_type_attributes' in ticket.ticket_type && !('ticket_states' in ticket.ticket_type),
      ),
    ).toBe(true);
    expect((await client.get('/tickets/1')).json.errors?.[0]).toEqual({
      code: 'ticket_not_found',
      message: 'Ticket not found',
    });
  });

  test('a state change adds a part; a switch decides if it bumps the ticket', async () => {
    const client = await start({ switches: { ticketPartBump: 'keep' } });
    const { tickets, ticketStates } = client.sim.workspace;
    const [id = ''] = tickets.ids();
    const before = tickets.record(id)?.updated_at;
    tickets.setState(id, [...ticketStates.ids()][3] ?? '');
    const served = (await client.get(`/tickets/${id}`)).json;
    expect(served).toMatchObject({ updated_at: before, ticket_state: { category: 'resolved' } });
    expect(tickets.parts(id).at(-1)).toMatchObject({ created_at: NOON_SECONDS, ticket_state: 'resolved' });
  });
});

test('answers contain every value that trips parsers', async () => {
  const client = await start();
  const { contacts, conversations, companies } = client.sim.workspace;
  const texts = [...contacts.ids()].map((id) => contacts.json(id)).join('\n');
  expect(texts).toMatch(/"legacy_number":90071992547\d{5}[,}]/);
  expect(texts).toContain('"legacy_number":-9007199254740993');
  expect(texts).toContain('\\ud83d"');
  expect(texts).toContain('"attachments":"a customer called it so"');
  expect(texts).toContain('"favourite colour":');
  expect(texts).toContain('"field_of_tomorrow":');
  expect(texts).toMatch(/"monthly_spend":\d+[,}]/);
  expect(texts).toMatch(/"monthly_spend":\d+\.\d+/);
  expect([...contacts.records()].some((record) => !('email_domain' in record) && record.email === null)).toBe(
    true,
  );
  const details = [...conversations.ids()].map((id) => JSON.stringify(conversations.detail(id))).join('\n');
  for (const piece of [
    '"source":null',
    '"statistics":null',
    '"teammates":null',
    '"type":"admin.list"',
    '"email_address_headers":[{"type":"from"',
    '\u2028',
    '"redacted":true',
    '"company":null',
    '"quick_reply_uuid"',
    '"a_type_of_tomorrow"',
    '"attachments":[{"type":"upload"',
    '"tags":null',
    '"email":""',
  ]) {
    expect(details).toContain(piece);
  }
  const records = [...companies.records()];
  expect(records.some((record) => !('last_request_at' in record))).toBe(true);
  expect(records.some((record) => JSON.stringify(record.plan) === '{}')).toBe(true);
  expect(JSON.stringify(records)).toContain('"employees":9007199254740993');
  expect(
    new Set([...contacts.records()].map((record) => Math.floor(Number(record.updated_at) / DAY))).size,
  ).toBeGreaterThan(50);
});

test('unpaged lists: switches and flags', async () => {
  const client = await start();
  const admins = (reply: { json: JsonObject }): JsonObject[] => reply.json.admins as unknown as JsonObject[];
  expect(admins(await client.get('/admins')).some((admin) => 'avatar' in admin)).toBe(false);
  expect(admins(await client.get('/admins?display_avatar=true'))[0]?.avatar).toMatchObject({
    type: 'avatar',
  });
  client.sim.setSwitches({
    adminAvatar: 'string',
    segmentsTypeCompany: 'ignored',
    archivedTicketTypes: 'excluded',
  });
  expect(admins(await client.get('/admins?display_avatar=true'))[0]?.avatar).toMatch(/^https:/);
  const contactSegments = (await client.get('/segments')).text;
  expect((await client.get('/segments?type=company')).text).toBe(contactSegments);
  client.sim.setSwitches({ segmentsTypeCompany: 'company_segments' });
  expect(idsOf((await client.get('/segments?type=company')).json.segments as [])).toEqual(
    client.sim.workspace.companySegmentIds(),
  );
  const types = (await client.get('/ticket_types')).json.data ?? [];
  expect(types.some((type) => type.archived === true)).toBe(false);
  client.sim.setSwitches({ archivedTicketTypes: 'included' });
  expect(((await client.get('/ticket_types')).json.data ?? []).length).toBe(types.length + 1);
  const attributes = async (query: string): Promise<JsonObject[]> => [
    ...((await client.get(`/data_attributes?${query}`)).json.data ?? []),
  ];
  expect((await attributes('model=conversation')).every((record) => record.model === 'conversation')).toBe(
    true,
  );
  expect(await attributes('include_archived=true')).toHaveLength(client.sim.workspace.dataAttributes.size);
  expect(await attributes('')).toHaveLength(client.sim.workspace.dataAttributes.size - 1);
});

test('segment counts follow the contacts', async () => {
  const client = await start();
  const { contacts, segments } = client.sim.workspace;
  const [segment = ''] = segments.ids();
  const count = async (): Promise<number> => {
    const { json } = await client.get('/segments?include_count=true');
    return Number((json.segments as unknown as JsonObject[])[0]?.count);
  };
  const members = (): string[] =>
    [...contacts.ids()].filter((id) => contacts.relations(id).segmentIds.includes(segment));
  expect(await count()).toBe(members().length);
  contacts.delete(members()[0] ?? '');
  contacts.addSegment([...contacts.ids()].find((id) => !members().includes(id)) ?? '', segment);
  contacts.delete(members()[0] ?? '');
  expect(await count()).toBe(members().length);
});

test('activity logs: bounds, missing start, long ranges, retention', async () => {
  const client = await start();
  const [log] = client.sim.workspace.activityLogs.records();
  const at = Number(log?.created_at);
  const count = async (query: string): Promise<number> =>
    ((await client.get(`/admins/activity_logs?per_page=250&${query}`)).json.activity_logs as [])?.length;
  expect(await count(`created_at_after=${at}&created_at_before=${at}`)).toBe(1);
  const total = await count('created_at_after=0');
  client.sim.setSwitches({ activityLogBounds: 'exclusive', activityLogRetention: '90_days' });
  expect(await count(`created_at_after=${at}&created_at_before=${at}`)).toBe(0);
  expect(await count('created_at_after=0')).toBeLessThanOrEqual(total);
  const missing = await client.get('/admins/activity_logs');
  expect([missing.status, missing.json.errors?.[0]?.code]).toEqual([404, 'parameter_not_found']);
  client.sim.setSwitches({ activityLogsWithoutAfter: 'last_30_days', activityLogLongRange: '504' });
  expect((await client.get('/admins/activity_logs')).status).toBe(200);
  const long = await client.get('/admins/activity_logs?created_at_after=0');
  expect([long.status, long.headers.get('content-type')]).toEqual([504, 'text/html']);
});

test('article statistics are only on the single article', async () => {
  const client = await start();
  const [article] = (await listAll(client, '/articles')).filter(({ state }) => state === 'published');
  expect(article).not.toHaveProperty('statistics');
  const single = await client.get(`/articles/${article?.id}`);
  expect(single.json.statistics).toHaveProperty('conversions');
  const { statistics: _statistics, ...rest } = single.json;
  expect(rest).toEqual(article);
  expect((await client.get('/articles/search?phrase=how')).json.data).toHaveProperty('articles');
});

test('article statistics: none of drafts, and numbers that grow', async () => {
  const client = await start();
  const { articles, rows } = client.sim.workspace;
  const read = async (): Promise<JsonObject[]> => {
    const found: JsonObject[] = [];
    for (const id of articles.ids()) {
      const { state, statistics } = (await client.get(`/articles/${id}`)).json;
      expect(statistics === null).toBe(state === 'draft');
      if (statistics !== null) found.push({ article_id: id, ...(statistics as JsonObject) });
    }
    return found;
  };
  const before = await read();
  expect(before.length).toBeGreaterThan(10);
  expect(before).toEqual(rows.article_statistics());
  for (const one of before) {
    const shares = [
      one.happy_reaction_percentage,
      one.neutral_reaction_percentage,
      one.sad_reaction_percentage,
    ];
    const sum = shares.reduce((total: number, share) => total + Number(share), 0);
    expect(Math.abs(sum - (one.reactions === 0 ? 0 : 100))).toBeLessThan(0.3);
  }
  expect(before.some((one) => one.reactions === 0)).toBe(true);
  expect(before.some((one) => !Number.isInteger(one.happy_reaction_percentage))).toBe(true);
  client.clock.pass(3 * DAY);
  for (const day of [1, 2, 3]) client.sim.workspace.simulateDay(day);
  client.sim.setSwitches({ articleStatistics: 'conversations' });
  const after = await read();
  expect(after).toEqual(rows.article_statistics());
  const grew = after.filter((one, index) => Number(one.views) > Number(before[index]?.views)).length;
  expect([grew > 10, grew < after.length]).toEqual([true, true]);
  after.forEach((one, index) => {
    const was = before[index];
    expect(one.article_id).toBe(was?.article_id);
    expect(Number(one.views)).toBeGreaterThanOrEqual(Number(was?.views));
    expect(Number(one.conversations)).toBeGreaterThanOrEqual(Number(was?.conversions));
  });
});
