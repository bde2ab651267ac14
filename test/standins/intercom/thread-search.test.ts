/** Conversations and tickets are matched by the second (docs/intercom-api.md 5.2). */
import { describe, expect, test } from 'vitest';
import {
  all,
  byTime,
  type Client,
  DAY,
  idsOf,
  NOON_SECONDS,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

const T = NOON_SECONDS - DAY;

describe.each(['conversations', 'tickets'] as const)('%s', (object) => {
  const three = async (options = {}): Promise<{ client: Client; ids: string[] }> => {
    const client = await start({ sizes: { conversations: 0, tickets: 0 }, ...options });
    const truth = client.sim.workspace[object];
    return { client, ids: [T - 1, T, T + 1].map((at) => truth.create({}, { at })) };
  };
  const search = async (client: Client, operator: string, value: number | number[]): Promise<string[]> =>
    idsOf(
      await searchAll(client, object, {
        query: { field: 'updated_at', operator, value },
        sort: { field: 'updated_at', order: 'ascending' },
      }),
    );

  test.each([
    ['inclusive', '>', [1, 2]],
    ['inclusive', '<', [0, 1]],
    ['strict', '>', [2]],
    ['strict', '<', [0]],
    ['strict', '>=', [1, 2]],
    ['strict', '<=', [0, 1]],
    ['inclusive', '=', [1]],
    ['inclusive', '!=', [0, 2]],
  ] as const)('%s %s', async (comparison, operator, expected) => {
    const { client, ids } = await three({ switches: { comparison } });
    expect(await search(client, operator, T)).toEqual(expected.map((index) => ids[index]));
  });

  test('IN and NIN take lists', async () => {
    const { client, ids } = await three();
    expect(await search(client, 'IN', [T - 1, T + 1])).toEqual([ids[0], ids[2]]);
    expect(await search(client, 'NIN', [T - 1, T + 1])).toEqual([ids[1]]);
    const { status } = await client.post(`/${object}/search`, { query: byTime('updated_at', 'IN', T) });
    expect(status).toBe(400);
  });
});

test('conversations by their fields', async () => {
  const client = await start();
  const records = [...client.sim.workspace.conversations.records()];
  const find = async (query: unknown): Promise<string[]> =>
    idsOf(await searchAll(client, 'conversations', { query })).sort();
  const open = idsOf(records.filter((record) => record.open === true));
  expect(await find({ field: 'open', operator: '=', value: true })).toEqual(open.sort());
  const admin = records.find((record) => record.admin_assignee_id !== null)?.admin_assignee_id;
  const assigned = idsOf(records.filter((record) => record.admin_assignee_id === admin));
  expect(await find({ field: 'admin_assignee_id', operator: '=', value: admin })).toEqual(assigned.sort());
  const words = idsOf(
    records.filter((record) => /\bhelp\b|invoice/i.test(JSON.stringify(record.source ?? ''))),
  );
  expect(await find({ field: 'source.body', operator: '=', value: 'invoice' })).toEqual(
    words
      .filter((id) =>
        JSON.stringify(client.sim.workspace.conversations.record(id)?.source).includes('invoice'),
      )
      .sort(),
  );
  expect(await find({ field: 'source.body', operator: '=', value: 'The invoice' })).toEqual([]);
  const both = all(
    { field: 'state', operator: '=', value: 'closed' },
    byTime('created_at', '>', NOON_SECONDS - 40 * DAY),
  );
  const closed = records.filter(
    (record) => record.state === 'closed' && Number(record.created_at) >= NOON_SECONDS - 40 * DAY,
  );
  expect(await find(both)).toEqual(idsOf(closed).sort());
});

test('tickets by category word and type', async () => {
  const client = await start();
  const records = [...client.sim.workspace.tickets.records()];
  const word = { Customer: 'request', 'Back-office': 'task', Tracker: 'tracker' } as const;
  for (const [category, value] of Object.entries(word)) {
    const found = idsOf(
      await searchAll(client, 'tickets', { query: { field: 'category', operator: '=', value } }),
    );
    expect(found.sort()).toEqual(idsOf(records.filter((record) => record.category === category)).sort());
  }
  const { json } = await client.post('/tickets/search', {
    query: { field: 'category', operator: '=', value: 'Customer' },
  });
  expect([json.total_count, json.tickets]).toEqual([0, []]);
});

test('with an indexing delay, lists and GET are ahead of search', async () => {
  const client = await start({ indexingDelaySeconds: 120 });
  const { conversations } = client.sim.workspace;
  const query = byTime('updated_at', '>', NOON_SECONDS);
  const search = async (): Promise<unknown[]> => {
    const { json } = await client.post('/conversations/search', { query });
    return [json.total_count, idsOf(json.conversations as [])];
  };
  client.clock.pass(5);
  const created = conversations.create();
  const [old] = conversations.ids();
  conversations.update(String(old), { state: 'snoozed', title: 'later' });
  expect(await search()).toEqual([0, []]);
  expect((await client.get(`/conversations/${created}`)).status).toBe(200);
  expect(idsOf((await client.get('/conversations?per_page=2')).json.conversations as []).sort()).toEqual(
    [String(old), created].sort(),
  );
  const stale = await searchAll(client, 'conversations', {
    query: { field: 'id', operator: '=', value: old },
  });
  expect(stale[0]?.title).not.toBe('later');
  client.clock.pass(119);
  expect(await search()).toEqual([0, []]);
  client.clock.pass(1);
  expect(await search()).toEqual([2, [created, String(old)]]);
  conversations.delete(created);
  expect(await search()).toEqual([2, [created, String(old)]]);
  expect((await client.get(`/conversations/${created}`)).status).toBe(404);
  client.clock.pass(120);
  expect(await search()).toEqual([1, [String(old)]]);
});
