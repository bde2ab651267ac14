/** Phone calls: list, one, and search with transcripts (docs/intercom-api.md 6.11). */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/standins/intercom/index.ts';
import {
  type Body,
  type Client,
  DAY,
  idsOf,
  listAll,
  NOON_SECONDS,
  start,
} from '../../support/intercom/simulator-client.ts';

const code = ({ json }: { readonly json: Body }): unknown => json.errors?.[0]?.code;
const conversationOf = (call: JsonObject): string => String(call.conversation_id);
const search = async (client: Client, ids: readonly unknown[]): Promise<readonly JsonObject[]> =>
  (await client.post('/calls/search', { conversation_ids: ids })).json.data ?? [];

/** Every call that has a conversation, asked for twenty conversations at a time. */
async function searchAllCalls(client: Client): Promise<JsonObject[]> {
  const ids = [...client.sim.workspace.conversations.ids()];
  const found: JsonObject[] = [];
  for (let from = 0; from < ids.length; from += 20)
    found.push(...(await search(client, ids.slice(from, from + 20))));
  return found;
}

const byId = (records: readonly JsonObject[]): JsonObject[] =>
  records.toSorted((a, b) => Number(a.id) - Number(b.id));

test('the list: 25 a page and at most 25, newest or oldest first', async () => {
  const client = await start();
  const first = (await client.get('/calls?per_page=100')).json;
  expect(first).toMatchObject({
    type: 'list',
    total_count: 30,
    pages: { type: 'pages', page: 1, per_page: 25, total_pages: 2 },
  });
  expect(first.data).toHaveLength(25);
  const last = (await client.get('/calls?page=2')).json;
  expect(last.data).toHaveLength(5);
  expect(last.pages).not.toHaveProperty('next');
  const times = async (): Promise<number[]> =>
    (await listAll(client, '/calls?per_page=7')).map((call) => Number(call.created_at));
  const newestFirst = await times();
  expect(newestFirst).toEqual(newestFirst.toSorted((a, b) => b - a));
  client.sim.setSwitches({ callsOrder: 'created_at_asc', contentNext: 'never' });
  expect((await client.get('/calls')).json.pages).not.toHaveProperty('next');
  client.sim.setSwitches({ contentNext: 'url' });
  expect(await times()).toEqual(newestFirst.toReversed());
  client.sim.setSwitches({ perPageOverflow: 'error' });
  expect((await client.get('/calls?per_page=26')).status).toBe(400);
});

test('one call is as listed; an unknown one is "Not Found"', async () => {
  const client = await start();
  for (const call of await listAll(client, '/calls'))
    expect((await client.get(`/calls/${String(call.id)}`)).json).toEqual(call);
  const missing = await client.get('/calls/1');
  expect([missing.status, missing.json.errors?.[0]]).toEqual([
    404,
    { code: 'not_found', message: 'Not Found' },
  ]);
});

test('calls of every kind, with contacts and conversations that are there', async () => {
  const client = await start();
  const { contacts, conversations } = client.sim.workspace;
  const calls = await listAll(client, '/calls');
  const some = (is: (call: JsonObject) => boolean): void => expect(calls.some(is)).toBe(true);
  some((call) => call.conversation_id === null);
  some((call) => call.contact_id === null);
  some((call) => call.admin_id === null);
  some((call) => call.phone === null);
  some((call) => call.answered_at === null && call.ended_at !== null);
  some((call) => call.fin_transcription_url !== null);
  some((call) => call.recording_url !== null && call.transcription_url === null);
  const owned = calls.filter((call) => call.conversation_id !== null);
  expect(new Set(owned.map(conversationOf)).size).toBeLessThan(owned.length);
  for (const call of owned) {
    const conversation = conversations.record(conversationOf(call));
    expect(JSON.stringify(conversation?.contacts)).toContain(`"${String(call.contact_id)}"`);
    expect(Number(call.created_at)).toBeGreaterThanOrEqual(Number(conversation?.created_at));
    expect(Number(call.updated_at)).toBeLessThanOrEqual(NOON_SECONDS);
  }
  for (const { contact_id: id } of calls) if (id !== null) expect(contacts.has(String(id))).toBe(true);
});

describe('search', () => {
  test('finds the calls of the conversations, as the truth has them', async () => {
    const client = await start();
    client.clock.pass(3600);
    const truth = client.sim.workspace.rows.calls();
    expect(truth.map(({ id }) => id).toSorted()).toEqual(idsOf(await listAll(client, '/calls')).toSorted());
    const owned = truth.filter((call) => call.conversation_id !== null);
    expect(byId(await searchAllCalls(client))).toEqual(byId(owned));
    expect(truth.filter((call) => call.conversation_id === null)[0]).toMatchObject({
      transcript: null,
      transcript_status: null,
    });
    const { conversation_ids: _ids, ...answer } = (
      await client.post('/calls/search', { conversation_ids: ['1', '2'] })
    ).json;
    expect(answer).toEqual({ type: 'list', data: [] });
    const [call] = owned;
    expect(await search(client, [call?.conversation_id, call?.conversation_id])).toHaveLength(
      owned.filter((one) => one.conversation_id === call?.conversation_id).length,
    );
    expect(await search(client, [Number(call?.conversation_id)])).not.toEqual([]);
  });

  test.each([
    ['none', []],
    ['21', Array.from({ length: 21 }, (_, id) => String(id))],
    ['no list', '1'],
    ['nothing', undefined],
  ])('%s: refused', async (_name, conversation_ids) => {
    const client = await start();
    const reply = await client.post('/calls/search', { conversation_ids });
    expect([reply.status, code(reply)]).toEqual([400, 'conversation_id_limit_exceeded']);
  });

  test('twenty are accepted, broken JSON is not', async () => {
    const client = await start();
    const twenty = Array.from({ length: 20 }, (_, id) => String(id));
    expect(await search(client, twenty)).toEqual([]);
    expect(code(await client.post('/calls/search', '{"conversation_ids":'))).toBe('parameter_invalid');
  });
});

test('a transcript comes minutes after the call, and the call does not move; some never come', async () => {
  const client = await start({ sizes: { calls: 0 } });
  const { calls, conversations } = client.sim.workspace;
  const [conversation = ''] = conversations.ids();
  for (let number = 0; number < 40; number += 1)
    calls.create({
      conversation_id: conversation,
      state: 'completed',
      answered_at: NOON_SECONDS,
      ended_at: NOON_SECONDS,
    });
  const statuses = async (): Promise<string[]> =>
    (await search(client, [conversation])).map((call) => {
      expect(call.transcript === null || (call.transcript as unknown[]).length === 0).toBe(
        call.transcript_status !== 'completed',
      );
      return String(call.transcript_status);
    });
  const count = async (status: string): Promise<number> =>
    (await statuses()).filter((one) => one === status).length;
  const times = byId(await search(client, [conversation])).map((call) => call.updated_at);
  const waiting = await count('pending');
  expect([await count('completed'), (await count('null')) > 0, waiting > 30]).toEqual([0, true, true]);
  client.clock.pass(8 * 60);
  const early = await count('completed');
  expect(early).toBeGreaterThan(0);
  expect(await count('pending')).toBe(waiting - early);
  client.clock.pass(DAY);
  expect(await count('completed')).toBeGreaterThan(early);
  expect(await count('pending')).toBeGreaterThan(0);
  expect(byId(await search(client, [conversation])).map((call) => call.updated_at)).toEqual(times);
  const entries = (await search(client, [conversation])).flatMap(
    (call) => call.transcript as readonly JsonObject[],
  );
  expect(entries).toContainEqual({});
  expect(entries).toContainEqual(expect.objectContaining({ text: expect.any(String) }));
});

test.each([
  ['bump', true],
  ['keep', false],
] as const)('a new call and its conversation: %s', async (callConversationBump, isMoved) => {
  const client = await start({ switches: { callConversationBump } });
  const { calls, conversations } = client.sim.workspace;
  const [id = ''] = conversations.ids();
  const parts = conversations.parts(id);
  client.clock.pass(60);
  calls.create({ conversation_id: id });
  expect(conversations.record(id)?.updated_at === NOON_SECONDS + 60).toBe(isMoved);
  expect(conversations.parts(id)).toEqual(parts);
});

test('days bring calls; one that is open ends on the next day', async () => {
  const client = await start();
  const { workspace } = client.sim;
  const open = (): string[] =>
    [...workspace.calls.records()].filter((call) => call.ended_at === null).map(({ id }) => String(id));
  let wasOpen = 0;
  for (let day = 1; day <= 12; day += 1) {
    const before = open();
    wasOpen += before.length;
    client.clock.pass(DAY);
    const { created, updated, toMs } = workspace.simulateDay(day);
    expect(created.calls?.length).toBeGreaterThan(1);
    for (const id of before) {
      expect(updated.calls).toContain(id);
      expect(workspace.calls.record(id)?.ended_at).not.toBeNull();
    }
    expect(open().length).toBeLessThan(2);
    for (const call of workspace.calls.records())
      expect(Number(call.updated_at)).toBeLessThanOrEqual(toMs / 1000);
  }
  expect(wasOpen).toBeGreaterThan(0);
  client.clock.pass(3600);
  const owned = workspace.rows.calls().filter((call) => call.conversation_id !== null);
  const found = byId(await searchAllCalls(client));
  expect(found).toEqual(byId(owned.filter((call) => workspace.conversations.has(conversationOf(call)))));
});

test('a workspace without phone calls, a token without the permission, a plan without conversations', async () => {
  const client = await start();
  const id = [...client.sim.workspace.calls.ids()][0] ?? '';
  const answers = (authorization: Record<string, string> = {}) =>
    Promise.all([
      client.get('/calls', authorization),
      client.get(`/calls/${id}`, authorization),
      client.post('/calls/search', { conversation_ids: ['1'] }, authorization),
    ]);
  const refused = async (token?: string): Promise<unknown[]> =>
    (await answers(token === undefined ? {} : { authorization: `Bearer ${token}` })).map((reply) => [
      reply.status,
      code(reply),
    ]);
  const thrice = (value: unknown): unknown[] => [value, value, value];
  expect((await answers()).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await answers()).every(({ headers }) => headers.has('x-ratelimit-remaining'))).toBe(true);
  expect(await refused(client.sim.issueToken({ scopes: ['read_users_companies'] }))).toEqual(
    thrice([403, 'forbidden']),
  );
  expect(await refused(client.sim.issueToken({ state: 'revoked' }))).toEqual(thrice([401, 'token_revoked']));
  client.sim.setSwitches({ callsFeature: 'off' });
  expect(await refused()).toEqual(thrice([404, 'not_found']));
  client.sim.setSwitches({ callsFeature: 'on', conversationsPlan: 'restricted' });
  expect(await refused()).toEqual(thrice([403, 'api_plan_restricted']));
});
