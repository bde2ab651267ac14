import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../../functions/core/json.ts';
import { OBJECTS } from '../../../../../functions/objects/index.ts';
import {
  ALL,
  errorList,
  type Handler,
  type Reply,
  range,
  serve,
  sliceOf,
  testReader,
  walk,
} from '../../../../support/intercom/reader-harness.ts';

const CONTACTS = OBJECTS.contacts;

const items = (count: number): readonly JsonObject[] => range(0, count).map((id) => ({ id: String(id) }));

/** As Intercom embeds it: at most 10 items. */
const cutList = (count: number, more: object = {}): JsonObject => ({
  type: 'list',
  data: items(Math.min(10, count)),
  total_count: count,
  has_more: count > 10,
  ...more,
});

const NONE = cutList(0);

const contact = (id: string, tags: unknown, companies: unknown): object => ({
  id,
  updated_at: 5,
  tags,
  companies,
  notes: NONE,
  opted_in_subscription_types: NONE,
  opted_out_subscription_types: NONE,
});

async function readContacts(contacts: readonly object[], sub: Handler, inFlight = 4) {
  const server = await serve((request) =>
    request.method === 'POST'
      ? { json: { data: contacts, total_count: contacts.length, pages: {} } }
      : sub(request),
  );
  const { reader } = testReader(server.url, CONTACTS, { inFlight });
  return { server, ...(await walk(reader.read(sliceOf(ALL), null))) };
}

const countIn = (record: JsonObject | undefined, field: string) => {
  const { data, total_count } = (record?.[field] ?? {}) as { data?: unknown[]; total_count?: number };
  return [data?.length, total_count];
};

function companiesPage(total: number, key: string): Handler {
  return ({ query }) => {
    const page = Number(query.get('page'));
    const data = items(total).slice((page - 1) * 60, page * 60);
    const next = page * 60 < total ? `https://api.intercom.io/contacts/1/companies?page=${page + 1}` : null;
    return { json: { type: 'list', [key]: data, total_count: total, pages: { page, per_page: 60, next } } };
  };
}

test('complete lists cost no request', async () => {
  const { server, records } = await readContacts(
    [contact('1', cutList(10), cutList(0)), contact('2', cutList(3), cutList(1))],
    () => ({}),
  );
  expect(server.requests.length).toBe(1);
  expect(countIn(records[0], 'tags')).toEqual([10, 10]);
});

test('a list that has more is fetched, and the sub-list wins', async () => {
  const { records, server } = await readContacts([contact('a/b', cutList(11), NONE)], () => ({
    json: { data: items(12) },
  }));
  expect(server.log()[1]).toBe('GET /contacts/a%2Fb/tags');
  expect(countIn(records[0], 'tags')).toEqual([12, 12]);
});

test('a list with fewer items than its count is fetched, even if it says there is no more', async () => {
  const { records } = await readContacts([contact('1', cutList(11, { has_more: false }), NONE)], () => ({
    json: { data: items(11) },
  }));
  expect(countIn(records[0], 'tags')).toEqual([11, 11]);
});

test('a list that has more is fetched, even if its count does not show it', async () => {
  const { records } = await readContacts([contact('1', cutList(10, { has_more: true }), NONE)], () => ({
    json: { data: items(11) },
  }));
  expect(countIn(records[0], 'tags')).toEqual([11, 11]);
});

test('a sub-list that falls short of Intercom’s count keeps that count', async () => {
  const { records } = await readContacts([contact('1', cutList(15), NONE)], () => ({
    json: { data: items(10) },
  }));
  expect(countIn(records[0], 'tags')).toEqual([10, 15]);
});

test.each(['data', 'companies'])('companies come in pages, under the key %s', async (key) => {
  const { records, server } = await readContacts([contact('1', NONE, cutList(130))], companiesPage(130, key));
  expect(countIn(records[0], 'companies')).toEqual([130, 130]);
  expect(server.log().slice(1)).toEqual(
    [1, 2, 3].map((page) => `GET /contacts/1/companies?page=${page}&per_page=60`),
  );
});

test.each([
  ['absent', undefined],
  ['null', null],
  ['of another shape', { a: { id: '1' } }],
])('a list that is %s is asked for', async (_what, tags) => {
  const { records, server, events } = await readContacts([contact('1', tags, NONE)], () => ({
    json: { data: items(12) },
  }));
  expect(server.log()[1]).toBe('GET /contacts/1/tags');
  expect(countIn(records[0], 'tags')).toEqual([12, 12]);
  expect(events.map(({ type }) => type)).toEqual(['page', 'end']);
});

test('a list that nobody knows stays unknown, and is named', async () => {
  const { events } = await readContacts([contact('1', { a: 1 }, NONE)], () => ({ json: { other: [] } }));
  expect(events[0]).toMatchObject({ type: 'page', records: [{ id: '1', unknown: ['tags'] }] });
});

test('a contact whose lists are not found keeps its embedded items, and is owed', async () => {
  const { records, events } = await readContacts([contact('1', cutList(20), cutList(20))], () => ({
    status: 404,
    json: errorList('not_found', 'User Not Found'),
  }));
  expect(countIn(records[0], 'tags')).toEqual([10, 20]);
  expect(countIn(records[0], 'companies')).toEqual([10, 20]);
  expect(events).toMatchObject([
    { type: 'debt', scope: { ids: ['1'] }, reason: 'companies were not found; tags were not found' },
    { type: 'page' },
    { type: 'end' },
  ]);
});

test('contacts come in order, at most inFlight of their sub-lists at once', async () => {
  let running = 0;
  let most = 0;
  const contacts = range(0, 30).map((id) => contact(String(id), cutList(11), NONE));
  const { ids } = await readContacts(
    contacts,
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resume) => setTimeout(resume, 5));
      running -= 1;
      return { json: { data: items(11) } };
    },
    3,
  );
  expect(ids).toEqual(range(0, 30).map(String));
  expect(most).toBe(3);
});

describe('a sub-list that cannot be read', () => {
  const broken: Reply = { status: 500, text: '' };

  test('is a debt of its contact; the page goes on with the items it has', async () => {
    const contacts = range(0, 5).map((id) => contact(String(id), cutList(11), NONE));
    const { events, ids, records } = await readContacts(contacts, ({ path }) =>
      path === '/me' ? { json: {} } : path === '/contacts/3/tags' ? broken : { json: { data: items(11) } },
    );
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['3'] } }]);
    expect(ids).toEqual(['0', '1', '2', '3', '4']);
    expect(countIn(records[3], 'tags')).toEqual([10, 11]);
  });

  test('is an outage if all of them fail', async () => {
    const contacts = range(0, 20).map((id) => contact(String(id), cutList(11), NONE));
    const read = readContacts(contacts, ({ path }) => (path === '/me' ? { json: {} } : broken));
    await expect(read).rejects.toMatchObject({ name: 'RetryableError' });
  });

  test('is an outage if /me does not answer either', async () => {
    const read = readContacts([contact('1', cutList(11), NONE)], () => broken);
    await expect(read).rejects.toMatchObject({ name: 'RetryableError' });
  });

  const refused: Reply = { status: 403, json: errorList('forbidden') };

  test('is a missing permission if all of them are refused', async () => {
    const contacts = range(0, 6).map((id) => contact(String(id), cutList(11), NONE));
    await expect(readContacts(contacts, () => refused)).rejects.toMatchObject({ name: 'PermissionError' });
  });

  test('is a missing permission if nobody may read them, however many records need none', async () => {
    const contacts = range(0, 60).map((id) =>
      contact(String(id), id % 4 === 0 ? cutList(11) : NONE, cutList(11)),
    );
    const read = readContacts(contacts, ({ path }) =>
      path.endsWith('/tags')
        ? refused
        : { json: { data: items(11), total_count: 11, pages: { next: null } } },
    );
    await expect(read).rejects.toMatchObject({ name: 'PermissionError' });
  });

  test('is a debt if it is refused and others are not', async () => {
    const contacts = range(0, 40).map((id) => contact(String(id), cutList(11), NONE));
    const { events, ids } = await readContacts(contacts, ({ path }) =>
      /contacts\/(3|2\d)\/tags/.test(path) ? refused : { json: { data: items(11) } },
    );
    expect(ids.length).toBe(40);
    const debts = events.flatMap((event) =>
      event.type === 'debt' && 'ids' in event.scope ? event.scope.ids : [],
    );
    expect(debts).toEqual(['3', ...range(20, 30).map(String)]);
  });
});

describe('a list that the record only refers to', () => {
  const CONTACTS_WITH_NOTES = (count: number, more: object = {}) => ({
    ...contact('1', NONE, NONE),
    notes: cutList(count, more),
  });
  const note = (id: number) => ({ type: 'note', id: String(id), body: `<p>${id}</p>` });

  const notesPage =
    (notes: readonly object[], total = notes.length): Handler =>
    ({ query }) => {
      const [page, perPage] = [Number(query.get('page')), Number(query.get('per_page'))];
      const next = page * perPage < notes.length ? `https://api.intercom.io/?page=${page + 1}` : null;
      const data = notes.slice((page - 1) * perPage, page * perPage);
      return { json: { type: 'list', data, total_count: total, pages: { page, per_page: perPage, next } } };
    };

  test.each([
    ['no items', { total_count: 0 }],
    ['no items, and does not count them', { total_count: undefined }],
  ])('is not asked for with %s', async (_name, more) => {
    const { server, events } = await readContacts([CONTACTS_WITH_NOTES(0, more)], () => ({ json: {} }));
    expect(server.log().filter((line) => line.startsWith('GET'))).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({ records: [expect.not.objectContaining({ unknown: expect.anything() })] }),
    );
  });

  test('is asked for once, in pages, and the references stay as they are', async () => {
    const notes = range(0, 120).map(note);
    const given = CONTACTS_WITH_NOTES(120);
    const { server, records, events } = await readContacts([given], notesPage(notes));
    const pages = [1, 2, 3].map((page) => `GET /contacts/1/notes?page=${page}&per_page=50`);
    expect(server.log().filter((line) => line.startsWith('GET'))).toEqual(pages);
    expect(countIn(records[0], 'contact_notes')).toEqual([120, 120]);
    expect(records[0]?.notes).toEqual(JSON.parse(JSON.stringify(given.notes)));
    expect(events.filter(({ type }) => type === 'debt')).toEqual([]);
  });

  test('is owed if fewer come than the record counts, or none can be read', async () => {
    const short = await readContacts([CONTACTS_WITH_NOTES(3)], notesPage([note(1), note(2)]));
    expect(short.events).toContainEqual({
      type: 'debt',
      scope: { ids: ['1'] },
      reason: '2 of 3 contact_notes were listed',
    });
    const absent = await readContacts([CONTACTS_WITH_NOTES(3)], () => ({
      status: 404,
      json: errorList('not_found'),
    }));
    expect(absent.events).toContainEqual({
      type: 'debt',
      scope: { ids: ['1'] },
      reason: 'contact_notes were not found',
    });
    const [page] = absent.events.filter((event) => event.type === 'page');
    expect(page?.records[0]?.unknown).toEqual(['contact_notes']);
  });

  test('is unknown if the references did not come, and then few are asked for', async () => {
    const { notes: _notes, ...bare } = CONTACTS_WITH_NOTES(0);
    const contacts = range(0, 60).map((id) => ({ ...bare, id: String(id) }));
    const { server, events } = await readContacts(contacts, () => ({ json: { type: 'odd' } }));
    const pages = events.filter((event) => event.type === 'page');
    expect(
      pages.flatMap(({ records }) => records).every(({ unknown }) => unknown?.[0] === 'contact_notes'),
    ).toBe(true);
    expect(server.log().filter((line) => line.startsWith('GET /contacts')).length).toBeLessThan(60);
  });
});
