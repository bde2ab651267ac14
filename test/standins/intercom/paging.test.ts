/** The four paging styles (docs/intercom-api.md 4). */
import { describe, expect, test } from 'vitest';
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

const ever = byTime('updated_at', '>', NOON_SECONDS - 1000 * DAY);
const nextOf = (next: unknown): { page: number; starting_after: string } =>
  next as { page: number; starting_after: string };

describe('A and B: cursors', () => {
  test('GET /contacts: 10 by default, 150 at most, next absent at the end', async () => {
    const client = await start();
    const first = await client.get('/contacts');
    expect(first.json.data).toHaveLength(10);
    expect(first.json).toMatchObject({
      type: 'list',
      total_count: 340,
      pages: { type: 'pages', page: 1, per_page: 10, total_pages: 34 },
    });
    expect(Object.keys(first.json.pages?.next ?? {}).sort()).toEqual(['page', 'starting_after']);
    const last = await client.get(
      `/contacts?per_page=150&starting_after=${encodeURIComponent(nextOf((await client.get(`/contacts?per_page=150&starting_after=${encodeURIComponent(nextOf((await client.get('/contacts?per_page=999')).json.pages?.next).starting_after)}`)).json.pages?.next).starting_after)}`,
    );
    expect(last.json.pages).toEqual({ type: 'pages', page: 3, per_page: 150, total_pages: 3 });
    expect(idsOf(await listAll(client, '/contacts?per_page=50')).sort()).toEqual(
      [...client.sim.workspace.contacts.ids()].sort(),
    );
  });

  test('cursors are base64 of [ms, id, next page]', async () => {
    const client = await start();
    const decode = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64').toString());
    const sort = { field: 'updated_at', order: 'ascending' };
    const contacts = await client.post('/contacts/search', { query: ever, sort });
    const lastContact = contacts.json.data?.at(-1);
    expect(contacts.json.data).toHaveLength(50);
    expect(decode(nextOf(contacts.json.pages?.next).starting_after)).toEqual([
      Number(lastContact?.updated_at) * 1000,
      lastContact?.id,
      2,
    ]);
    const conversations = await client.post('/conversations/search', { query: ever, sort });
    const last = (conversations.json.conversations as { updated_at: number; id: string }[]).at(-1);
    expect(conversations.json.conversations).toHaveLength(20);
    expect(decode(nextOf(conversations.json.pages?.next).starting_after)).toEqual([
      Number(last?.updated_at) * 1000,
      Number(last?.id),
      2,
    ]);
    const unsorted = await client.post('/contacts/search', {
      query: ever,
      pagination: {
        per_page: 150,
        starting_after: Buffer.from('[-1,"6762f0d01bb69f9f21000100",3]').toString('base64'),
      },
    });
    expect(unsorted.json.data?.every((record) => record.last_replied_at === null)).toBe(true);
  });

  test.each([
    ['/contacts/search', 'updated_at', 'ascending'],
    ['/contacts/search', 'created_at', 'descending'],
    ['/contacts/search', 'id', 'ascending'],
    ['/conversations/search', 'id', 'ascending'],
    ['/conversations/search', 'updated_at', 'descending'],
    ['/tickets/search', 'created_at', 'ascending'],
  ])('%s by %s %s gives each record once, in order', async (path, field, order) => {
    const client = await start();
    const object = path.split('/')[1] as 'contacts';
    const found = await searchAll(client, object, { query: ever, sort: { field, order }, perPage: 7 });
    expect(new Set(idsOf(found))).toEqual(new Set(client.sim.workspace[object].ids()));
    expect(found).toHaveLength(client.sim.workspace[object].size);
    const values = found.map((record) =>
      field === 'id' ? Number.parseInt(String(record.id).slice(-9), 16) : Number(record[field]),
    );
    const sorted = values.toSorted((a, b) => (order === 'ascending' ? a - b : b - a));
    expect(values).toEqual(sorted);
  });

  test('a walk finds all of more than 150 records that share one second', async () => {
    const client = await start();
    const counts = Map.groupBy(client.sim.workspace.contacts.records(), (record) =>
      Number(record.updated_at),
    );
    const [second, crowd] = [...counts].sort((a, b) => b[1].length - a[1].length)[0] ?? [0, []];
    expect(crowd.length).toBeGreaterThan(150);
    const walked = await searchAll(client, 'contacts', {
      query: byTime('updated_at', '=', second),
      sort: { field: 'updated_at', order: 'ascending' },
      perPage: 50,
    });
    expect(idsOf(walked)).toEqual(expect.arrayContaining(idsOf(crowd)));
  });

  test('without sort: last replied first, those without it last; sort can be ignored', async () => {
    const client = await start();
    const plain = idsOf(await searchAll(client, 'contacts', { query: ever }));
    client.sim.setSwitches({ sort: 'ignored' });
    const ignored = await searchAll(client, 'contacts', {
      query: ever,
      sort: { field: 'updated_at', order: 'ascending' },
    });
    expect(idsOf(ignored)).toEqual(plain);
    const replied = ignored.map((record) => Number(record.last_replied_at ?? -1));
    expect(replied).toEqual(replied.toSorted((a, b) => b - a));
  });

  test('paging belongs in the body; page has no effect', async () => {
    const client = await start();
    const body = { query: ever, pagination: { per_page: 5, page: 3 } };
    const first = await client.post('/contacts/search', body);
    const cursor = encodeURIComponent(nextOf(first.json.pages?.next).starting_after);
    const again = await client.post(`/contacts/search?starting_after=${cursor}&per_page=9`, body);
    expect(again.json.data).toEqual(first.json.data);
    expect(first.json.pages?.page).toBe(1);
  });

  test('nothing matches: zero pages', async () => {
    const client = await start();
    const { json } = await client.post('/contacts/search', { query: byTime('updated_at', '<', 86_400) });
    expect(json).toEqual({
      type: 'list',
      data: [],
      total_count: 0,
      pages: { type: 'pages', page: 1, per_page: 50, total_pages: 0 },
    });
  });

  test('per_page beyond the maximum: clamped or refused', async () => {
    const client = await start();
    const ask = (): ReturnType<Client['post']> =>
      client.post('/contacts/search', { query: ever, pagination: { per_page: 500 } });
    expect((await ask()).json.data).toHaveLength(150);
    client.sim.setSwitches({ perPageOverflow: 'error' });
    expect((await ask()).json.errors?.[0]?.code).toBe('parameter_invalid');
    client.sim.setSwitches({ perPageType: 'string' });
    expect((await client.get('/contacts')).json.pages?.per_page).toBe('10');
  });
});

describe('cursors that are refused', () => {
  const garbage = [
    'hello',
    '',
    Buffer.from('[1,2]').toString('base64'),
    Buffer.from('["a","b",2]').toString('base64'),
    Buffer.from('[1,"no such id",2]').toString('base64'),
  ];
  test.each(garbage)('%j', async (cursor) => {
    const client = await start();
    const { status, json } = await client.post('/contacts/search', {
      query: ever,
      pagination: { starting_after: cursor },
    });
    expect([status, json.errors?.[0]]).toEqual([
      400,
      {
        code: 'client_error',
        message:
          'Invalid starting_after param. Please try again using a starting_after value from a paginated response',
      },
    ]);
    expect((await client.get(`/contacts?starting_after=${encodeURIComponent(cursor)}`)).status).toBe(400);
  });

  test('expired, or of another query, by switch', async () => {
    const client = await start({ switches: { cursorLifetime: 'one_minute', foreignCursor: 'refused' } });
    const first = await client.post('/contacts/search', { query: ever });
    const pagination = { starting_after: nextOf(first.json.pages?.next).starting_after };
    expect((await client.post('/contacts/search', { query: ever, pagination })).status).toBe(200);
    const other = { query: byTime('updated_at', '>', 1), pagination };
    expect((await client.post('/contacts/search', other)).status).toBe(400);
    client.clock.pass(61);
    expect((await client.post('/contacts/search', { query: ever, pagination })).status).toBe(400);
  });

  test('newlines inside cursors do no harm', async () => {
    const client = await start({ switches: { cursorNewlines: 'embedded' } });
    const first = await client.get('/conversations');
    expect(nextOf(first.json.pages?.next).starting_after).toContain('\n');
    expect(await listAll(client, '/conversations', 'conversations')).toHaveLength(60);
  });
});

describe('records that move during a walk', () => {
  const walk = async (order: string, between: (client: Client, page: number) => void): Promise<string[]> => {
    const client = await start();
    client.clock.pass(60);
    const sort = { field: 'updated_at', order };
    return idsOf(
      await searchAll(client, 'contacts', {
        query: ever,
        sort,
        perPage: 100,
        between: (page) => between(client, page),
      }),
    );
  };
  const touch = (id: string) => (client: Client, page: number) => {
    if (page === 1) client.sim.workspace.contacts.update(id, { os: 'BeOS' });
  };

  test('ascending: seen twice; descending: missed', async () => {
    const client = await start();
    const sort = (order: string): object => ({
      query: ever,
      sort: { field: 'updated_at', order },
      pagination: { per_page: 150 },
    });
    const oldest = String((await client.post('/contacts/search', sort('ascending'))).json.data?.[0]?.id);
    expect((await walk('ascending', touch(oldest))).filter((id) => id === oldest)).toHaveLength(2);
    expect((await walk('descending', touch(oldest))).filter((id) => id === oldest)).toHaveLength(0);
  });

  test('a cursor whose record was deleted still works', async () => {
    const client = await start();
    const sort = { field: 'updated_at', order: 'ascending' };
    const everything = idsOf(await searchAll(client, 'contacts', { query: ever, sort }));
    const ends: string[] = [];
    const walked = await searchAll(client, 'contacts', {
      query: ever,
      sort,
      perPage: 100,
      between: (page) => {
        const last = everything[page * 100 - 1] ?? '';
        ends.push(last);
        client.sim.workspace.contacts.delete(last);
      },
    });
    expect(idsOf(walked)).toEqual(everything);
    expect(ends).toHaveLength(3);
  });

  test('total_count drifts with creations', async () => {
    const client = await start();
    const before = (await client.post('/contacts/search', { query: ever })).json.total_count;
    client.sim.workspace.contacts.create();
    expect((await client.post('/contacts/search', { query: ever })).json.total_count).toBe(
      Number(before) + 1,
    );
  });
});

describe('C: page numbers', () => {
  test('articles: 25, newest first, next is a URL and absent at the end', async () => {
    const client = await start();
    const { json } = await client.get('/articles');
    expect(json.data).toHaveLength(25);
    expect(json.pages).toEqual({
      type: 'pages',
      next: `${client.sim.url}/articles?per_page=25&page=2`,
      page: 1,
      per_page: 25,
      total_pages: 2,
    });
    const last = (await client.get('/articles?page=2')).json;
    expect('next' in (last.pages ?? {})).toBe(false);
    const times = (await listAll(client, '/articles?per_page=7')).map((record) => Number(record.updated_at));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(times).toHaveLength(30);
  });

  test('an article edited during the walk shifts the pages', async () => {
    const client = await start();
    const before = idsOf(await listAll(client, '/articles?per_page=10'));
    const edited = before.at(-1) ?? '';
    let page = 0;
    const walked = idsOf(
      await listAll(client, '/articles?per_page=10', 'data', () => {
        page += 1;
        if (page === 1) client.sim.workspace.articles.update(edited, { title: 'New' });
      }),
    );
    expect(walked).not.toContain(edited);
    expect(walked.filter((id) => id === before[9])).toHaveLength(2);
  });

  test('collections: 20 and a filter; activity logs: null at the end; the host may be the global one', async () => {
    const client = await start();
    expect((await client.get('/help_center/collections')).json.data).toHaveLength(20);
    const some = (await client.get('/help_center/collections?help_center_id=120')).json.data;
    expect(some?.every((record) => record.help_center_id === 120)).toBe(true);
    const logs = (await client.get('/admins/activity_logs?created_at_after=0&per_page=250')).json;
    expect(logs.pages?.next).toBeNull();
    expect('total_count' in logs).toBe(false);
    client.sim.setSwitches({ nextUrlHost: 'global' });
    expect((await client.get('/admins/activity_logs?created_at_after=0')).json.pages?.next).toMatch(
      /^https:\/\/api\.intercom\.io\//,
    );
    expect((await client.get('/articles?page=0')).status).toBe(400);
  });
});
