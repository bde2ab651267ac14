import { describe, expect, test } from 'vitest';
import type { SearchRead } from '../../../../functions/core/declaration.ts';
import { ContractError, RetryableError } from '../../../../functions/core/errors.ts';
import type { JsonObject } from '../../../../functions/core/json.ts';
import {
  ALL,
  declare,
  errorList,
  type Handler,
  type Reply,
  range,
  serve,
  sliceOf,
  testReader,
  walk,
  windowOf,
} from '../../../support/intercom/reader-harness.ts';
import { searchAnswer, searchHandler } from '../../../support/intercom/search-server.ts';

const SEARCH: SearchRead = {
  kind: 'search',
  path: '/tickets/search',
  recordsKey: 'data',
  perPage: 8,
  granularity: 'second',
};
const DAYS: SearchRead = { ...SEARCH, granularity: 'day' };

const record = (id: number, updatedAt = 1000 + id): JsonObject => ({
  id: String(id).padStart(4, '0'),
  updated_at: updatedAt,
  created_at: 500,
});
const records = (count: number): readonly JsonObject[] => range(0, count).map((id) => record(id));
const idsOf = (list: readonly JsonObject[]): readonly unknown[] => list.map(({ id }) => id);

async function readAll(handler: Handler, read = SEARCH, query = windowOf(null, null)) {
  const server = await serve(handler);
  const { reader, priorities } = testReader(server.url, declare(read));
  return { ...(await walk(reader.read(sliceOf(query), null))), server, reader, priorities };
}

const failing = (handler: Handler, read = SEARCH, query = windowOf(null, null)) =>
  readAll(handler, read, query).then(
    () => null,
    (error: unknown) => error,
  );

const sizes = (requests: Awaited<ReturnType<typeof serve>>['requests']) =>
  requests.map(({ body }) => body.pagination?.per_page);

describe('walking', () => {
  test('reads every page up to the one without next, in order, with versions and counts', async () => {
    const all = records(30);
    const {
      ids,
      records: read,
      matched,
      events,
      priorities,
    } = await readAll(searchHandler({ records: () => all }));
    expect(ids).toEqual(idsOf(all));
    expect(read).toEqual(all);
    expect(matched).toBe(30);
    expect(events[0]).toMatchObject({
      type: 'page',
      records: [{ stampedAt: 1000 }, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(priorities).toEqual(['urgent', 'bulk', 'bulk', 'bulk']);
  });

  test.each<[string, unknown]>([
    ['an absolute URL', 'http://elsewhere.example/x?per_page=8&starting_after=abc%3D'],
    ['a bare query', '?starting_after=abc%3D'],
  ])('takes the cursor out of %s and stays on its own host', async (_name, next) => {
    const first = { data: [record(1)], total_count: 2, pages: { next } };
    const last = { data: [record(2)], total_count: 2, pages: { next: null } };
    const { ids, server } = await readAll(({ body }) => ({
      json: body.pagination?.starting_after === 'abc=' ? last : first,
    }));
    expect(ids).toEqual(['0001', '0002']);
    expect(server.log()).toEqual(['POST /tickets/search', 'POST /tickets/search']);
  });

  test('an empty result without pages is the end; an early page without them is not', async () => {
    const { matched } = await readAll(() => ({ json: { data: [], total_count: 0, pages: null } }));
    expect(matched).toBe(0);
    const error = await failing(() => ({ json: { data: [record(1)], total_count: 9, pages: null } }));
    expect(error).toMatchObject({ name: 'ContractError', code: 'pages_missing' });
  });

  test('an empty page that announces more is not the end', async () => {
    const pages: JsonObject[] = [
      { data: [record(1)], total_count: 2, pages: { next: { starting_after: 'a' } } },
      { data: [], total_count: 2, pages: { next: { starting_after: 'b' } } },
      { data: [record(2)], total_count: 2, pages: {} },
    ];
    let turn = 0;
    const { ids } = await readAll(() => {
      turn += 1;
      return { json: pages[turn - 1] };
    });
    expect(ids).toEqual(['0001', '0002']);
  });

  test('continues from a position, with the count of the first page', async () => {
    const all = records(30);
    const server = await serve(searchHandler({ records: () => all }));
    const { reader } = testReader(server.url, declare(SEARCH));
    const whole = await walk(reader.read(sliceOf(windowOf(null, null)), null));
    for (const [index, position] of whole.positions.entries()) {
      const copy = JSON.parse(JSON.stringify(position));
      const rest = await walk(reader.read(sliceOf(windowOf(null, null)), copy));
      expect(rest.ids).toEqual(whole.ids.slice((index + 1) * 8));
      expect(rest.matched).toBe(30);
    }
  });

  test('reads by id, at most 15 per request, with several searches', async () => {
    const all = records(40);
    const wanted = idsOf(all).slice(0, 35) as string[];
    const server = await serve(searchHandler({ records: () => all }));
    const { reader } = testReader(server.url, declare({ ...SEARCH, perPage: 150 }));
    const slice = sliceOf({ kind: 'ids', ids: [...wanted, 'gone'] });
    const { ids, matched, positions } = await walk(reader.read(slice, null));
    expect(ids).toEqual(wanted);
    expect(matched).toBe(35);
    expect(server.requests.length).toBe(3);
    const rest = await walk(reader.read(slice, positions[0] ?? null));
    expect(rest.ids).toEqual(wanted.slice(15));
    expect(rest.matched).toBe(35);
  });

  test('what has no id or is not an object is rejected alone; an answer without a list is a failure', async () => {
    const data = [{ updated_at: 1 }, record(7), 'x', null, { id: '', updated_at: 2 }];
    const { ids, events } = await readAll(() => ({ json: { data, total_count: 5, pages: {} } }));
    expect(ids).toEqual([record(7).id]);
    const rejects = events.flatMap((event) => (event.type === 'page' ? (event.rejects ?? []) : []));
    expect(rejects.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'data[0]: no id',
      'data[2]: not an object',
      'data[3]: not an object',
      'data[4]: no id',
    ]);
    const noList = await failing(() => ({ json: { conversations: [], total_count: 0, pages: {} } }));
    expect(noList).toMatchObject({ name: 'ContractError', code: 'records_missing' });
  });

  test('a record without a time has version 0', async () => {
    const { events } = await readAll(() => ({
      json: { data: [{ id: 5, updated_at: null }], total_count: 1, pages: {} },
    }));
    expect(events[0]).toMatchObject({ ids: ['5'], records: [{ stampedAt: 0 }] });
  });
});

describe('the count to reach', () => {
  test('of a closed window is asked for after the walk: records can only leave it', async () => {
    let all = records(20);
    const query = windowOf(1000, 2000);
    let requests = 0;
    const { matched, ids, server } = await readAll(
      (request) => {
        requests += 1;
        if (requests === 3) all = all.map((one) => (one.id === '0019' ? record(19, 5000) : one));
        return searchHandler({ records: () => all })(request);
      },
      SEARCH,
      query,
    );
    expect(ids.length).toBe(19);
    expect(matched).toBe(19);
    expect(server.requests.at(-1)?.body).toMatchObject({ pagination: { per_page: 1 } });
  });

  test('of an open window is that of the first page: records can only enter it', async () => {
    let all = records(20);
    const { matched, ids } = await readAll((request) => {
      if (request.body.pagination?.starting_after !== undefined) all = records(25);
      return searchHandler({ records: () => all })(request);
    });
    expect(ids.length).toBe(25);
    expect(matched).toBe(20);
  });

  test('is unknown if Intercom gives none', async () => {
    const all = records(3);
    const { matched } = await readAll(searchHandler({ records: () => all, total: false }));
    expect(matched).toBe(null);
  });
});

describe('a window with cuts', () => {
  const cuts = [1010, 1020, 1025];
  const closed = { ...windowOf(1000, 2000), cuts };
  const open = { ...windowOf(1000, null), cuts };

  test('is read in several places at once, and every record once', async () => {
    const all = records(40);
    let asked = 0;
    const { promise: allAsked, resolve } = Promise.withResolvers<void>();
    const { ids, matched, server } = await readAll(
      async (request) => {
        asked += 1;
        if (asked === 4) resolve();
        // One after the other, the first would wait for ever.
        await allAsked;
        return searchHandler({ records: () => all })(request);
      },
      SEARCH,
      closed,
    );
    expect(ids.toSorted()).toEqual(idsOf(all));
    expect(matched).toBe(40);
    expect(server.requests.at(-1)?.body).toMatchObject({ pagination: { per_page: 1 } });
  });

  test('is counted as one after the walk: records can only leave it', async () => {
    let all = records(40);
    const { matched, ids } = await readAll(
      (request) => {
        if (request.body.pagination?.per_page === 1)
          all = all.map((one) => (one.id === '0019' ? record(19, 5000) : one));
        return searchHandler({ records: () => all })(request);
      },
      SEARCH,
      closed,
    );
    expect(ids.length).toBe(40);
    expect(matched).toBe(39);
  });

  test('that is open counts a record once which leaves one part for the last one', async () => {
    let all = records(40);
    const { matched, ids } = await readAll(
      (request) => {
        const isOpen = !JSON.stringify(request.body.query).includes('"<"');
        if (isOpen && request.body.pagination?.starting_after !== undefined)
          all = all.map((one) => (one.id === '0019' ? record(19, 5000) : one));
        return searchHandler({ records: () => all })(request);
      },
      SEARCH,
      open,
    );
    expect(new Set(ids).size).toBe(40);
    // Where it was it is not any more, and where it is now it came after the first page.
    expect(matched).toBe(39);
  });

  test('continues from every position with what was not read', async () => {
    const all = records(40);
    const server = await serve(searchHandler({ records: () => all }));
    const { reader } = testReader(server.url, declare(SEARCH));
    const whole = await walk(reader.read(sliceOf(open), null));
    expect(whole.positions.length).toBeGreaterThan(6);
    let read = 0;
    for (const [index, position] of whole.positions.entries()) {
      const page = whole.events.filter(({ type }) => type === 'page')[index];
      read += page?.type === 'page' ? page.ids.length : 0;
      const rest = await walk(reader.read(sliceOf(open), JSON.parse(JSON.stringify(position))));
      expect([...whole.ids.slice(0, read), ...rest.ids].toSorted()).toEqual(idsOf(all));
      expect(rest.matched).toBe(40);
    }
  });

  test('begins again everywhere if one part has to', async () => {
    const all = records(40);
    let refusals = 0;
    const { ids, events } = await readAll(
      (request) => {
        if (request.body.pagination?.starting_after !== undefined && refusals < 2) {
          refusals += 1;
          return { status: 400, json: errorList('client_error', 'Invalid starting_after param') };
        }
        return { json: searchAnswer(request.body, { records: () => all }) };
      },
      { ...DAYS, perPage: 4 },
      closed,
    );
    expect(events.filter(({ type }) => type === 'restart').length).toBeGreaterThan(0);
    expect(ids.toSorted()).toEqual(idsOf(all));
  });

  test('does not begin in the middle of what another version has left', async () => {
    const all = records(20);
    const server = await serve(searchHandler({ records: () => all }));
    const { reader } = testReader(server.url, declare(SEARCH));
    const left = { startingAfter: 'abc', search: 0, read: 8, ended: false };
    expect((await walk(reader.read(sliceOf(closed), left))).ids.toSorted()).toEqual(idsOf(all));
  });
});

describe('failures are never taken for the end of the data', () => {
  test.each<[string, Reply, unknown]>([
    ['404', { status: 404, json: errorList('not_found', 'User Not Found') }, ContractError],
    ['404 in HTML', { status: 404, text: '<html>' }, ContractError],
    ['HTML', { text: '<html>' }, RetryableError],
    ['an empty 200', { text: '' }, RetryableError],
    ['error.list in a 200', { json: errorList('odd') }, ContractError],
    ['next without a cursor', { json: { data: [], total_count: 0, pages: { next: {} } } }, ContractError],
  ])('%s', async (_name, reply, type) => {
    expect(await failing(() => reply)).toBeInstanceOf(type);
  });

  test('but pages that are not sorted are read like any others', async () => {
    const { ids, events } = await readAll(({ body }) =>
      body.pagination?.starting_after === undefined
        ? { json: { data: [record(5)], total_count: 2, pages: { next: { starting_after: 'a' } } } }
        : { json: { data: [record(3)], total_count: 2, pages: {} } },
    );
    expect(ids).toEqual(['0005', '0003']);
    const observed = events.flatMap((event) => (event.type === 'page' ? [event.evidence?.observed] : []));
    expect(observed).toEqual([{}, { sort: 'not honoured' }]);
  });

  test('and a record that changed while its window was read may show its new time', async () => {
    const page = { data: [record(1), record(2, 9999), record(3)], total_count: 3, pages: {} };
    const { ids } = await readAll(() => ({ json: page }), SEARCH, windowOf(1000, 2000));
    expect(ids).toEqual(['0001', '0002', '0003']);
  });

  const endless = (page: (turn: number) => JsonObject) => {
    let turn = 0;
    return failing(() => {
      turn += 1;
      return { json: page(turn) };
    });
  };

  test('the same cursor twice', async () => {
    const error = await endless((turn) => ({
      data: [record(turn)],
      total_count: 1000,
      pages: { next: { starting_after: turn % 2 === 0 ? 'a' : 'b' } },
    }));
    expect(error).toMatchObject({ name: 'ContractError', code: 'repeated_cursor' });
  });

  test('the same page under new cursors', async () => {
    const error = await endless((turn) => ({
      data: [record(1)],
      total_count: 1000,
      pages: { next: { starting_after: `c${turn}` } },
    }));
    expect(error).toMatchObject({ name: 'ContractError', code: 'repeated_page' });
  });

  test('far more records than Intercom counts', async () => {
    const error = await endless((turn) => ({
      data: range(0, 150).map((id) => record(turn * 150 + id)),
      total_count: 10,
      pages: { next: { starting_after: `c${turn}` } },
    }));
    expect(error).toMatchObject({ name: 'ContractError', code: 'endless_walk' });
  });

  test('empty pages without end', async () => {
    const error = await endless((turn) => ({
      data: [],
      total_count: 10,
      pages: { next: { starting_after: `c${turn}` } },
    }));
    expect(error).toMatchObject({ name: 'ContractError', code: 'endless_walk' });
  });
});

describe('a window that cannot be listed', () => {
  const WINDOW = { kind: 'window', updated: { from: 0, to: 9 }, created: null, through: false } as const;
  const listed = async (handler: Handler) => {
    const { url } = await serve(handler);
    return testReader(url, declare(SEARCH)).reader.list?.(WINDOW);
  };
  const broken: Reply = { status: 500, text: '' };

  test('is null, if Intercom answers otherwise', async () => {
    const answer = await listed(({ path }) => (path === '/me' ? { json: { app: {} } } : broken));
    expect(answer).toBeNull();
  });

  test('is an error in an outage', async () => {
    await expect(listed(() => broken)).rejects.toBeInstanceOf(RetryableError);
  });
});

describe('page sizes', () => {
  test('shrink to one if larger pages fail, and grow back after good ones', async () => {
    const all = records(80);
    let broken = true;
    const { ids, server } = await readAll((request) => {
      const size = request.body.pagination?.per_page ?? 0;
      if (broken && size > 1) return { status: 504, text: '<html>' };
      broken = false;
      return searchHandler({ records: () => all })(request);
    });
    expect(ids).toEqual(idsOf(all));
    const asked = sizes(server.requests);
    expect(asked.slice(0, 7)).toEqual([8, 8, 4, 4, 2, 2, 1]);
    expect(asked.at(-1)).toBe(8);
  });

  test('a time-out shrinks the page too', async () => {
    const all = records(4);
    const server = await serve((request) =>
      (request.body.pagination?.per_page ?? 0) > 2
        ? { fault: 'hang' }
        : searchHandler({ records: () => all })(request),
    );
    const { reader } = testReader(server.url, declare(SEARCH), { timeoutMs: 60 });
    const { ids } = await walk(reader.read(sliceOf(ALL), null));
    expect(ids.length).toBe(4);
  });

  test('an answer that is too large shrinks the page too', async () => {
    const all = records(30);
    const server = await serve(searchHandler({ records: () => all }));
    const { reader } = testReader(server.url, declare(SEARCH), { maxBodyBytes: 400 });
    const { ids } = await walk(reader.read(sliceOf(ALL), null));
    expect(ids.length).toBe(30);
  });

  test('a page that fails at the smallest size is an error', async () => {
    const error = await failing(() => ({ status: 502, text: '' }));
    expect(error).toMatchObject({ name: 'RetryableError', code: 'http_502' });
  });
});

describe('a refused cursor', () => {
  const REFUSED: Reply = {
    status: 400,
    json: errorList('client_error', 'Invalid starting_after param. Please try again'),
  };

  test('continues from the last second if seconds are exact', async () => {
    const all = [
      ...records(10),
      ...range(10, 16).map((id) => record(id, 1009)),
      ...range(16, 30).map((id) => record(id)),
    ];
    let refusals = 0;
    const { ids, events, server, matched } = await readAll((request) => {
      if (request.body.pagination?.starting_after !== undefined && refusals === 0) {
        refusals += 1;
        return REFUSED;
      }
      return searchHandler({ records: () => all })(request);
    });
    expect(new Set(ids)).toEqual(new Set(idsOf(all)));
    expect(matched).toBe(30);
    expect(events.some(({ type }) => type === 'restart')).toBe(false);
    expect(JSON.stringify(server.requests[2]?.body.query)).toContain('"value":1007');
  });

  test('does not continue from a record that has just changed and stands in its old place', async () => {
    const all = records(30);
    // The server's clock is the real one.
    const justNow = Math.floor(Date.now() / 1000);
    let refusals = 0;
    const { ids } = await readAll((request) => {
      if (request.body.pagination?.starting_after !== undefined && refusals === 0) {
        refusals += 1;
        return REFUSED;
      }
      const answer = searchAnswer(request.body, { records: () => all });
      const data = (answer.data as readonly JsonObject[]).map((one) =>
        one.id === '0007' ? { ...one, updated_at: justNow } : one,
      );
      return { json: { ...answer, data } };
    });
    expect(new Set(ids)).toEqual(new Set(idsOf(all)));
  });

  test.each([
    ['in no order', records(30), (list: readonly JsonObject[]) => list.toReversed()],
    [
      'in an order that may be chance',
      records(10),
      (list: readonly JsonObject[]) => [...list.slice(2), ...list.slice(0, 2)],
    ],
  ])('starts the walk again if the records come %s', async (_what, all, ordered) => {
    const size = all.length === 30 ? 8 : 2;
    let refusals = 0;
    const { ids, events } = await readAll(({ body }) => {
      const after = body.pagination?.starting_after;
      if (after !== undefined && refusals === 0) {
        refusals += 1;
        return REFUSED;
      }
      const whole = searchAnswer({ query: body.query, pagination: { per_page: 99 } }, { records: () => all });
      const found = ordered(whole.data as readonly JsonObject[]);
      const end = Number(after ?? 0) + size;
      const next = end < found.length ? { page: 2, starting_after: String(end) } : null;
      return { json: { ...whole, data: found.slice(end - size, end), pages: { type: 'pages', next } } };
    });
    expect(new Set(ids)).toEqual(new Set(idsOf(all)));
    expect(events.some(({ type }) => type === 'restart')).toBe(true);
  });

  test('can be refused every time, as long as the walk makes progress', async () => {
    const all = records(60);
    const { ids } = await readAll((request) =>
      request.body.pagination?.starting_after === undefined
        ? searchHandler({ records: () => all })(request)
        : REFUSED,
    );
    expect(new Set(ids)).toEqual(new Set(idsOf(all)));
  });

  test('within one second ends the walk', async () => {
    const all = range(0, 30).map((id) => record(id, 1000));
    const error = await failing((request) =>
      request.body.pagination?.starting_after === undefined
        ? searchHandler({ records: () => all })(request)
        : REFUSED,
    );
    expect(error).toMatchObject({ name: 'ContractError', code: 'cursor_refused' });
  });

  test('starts the slice again if whole days are compared, at most three times', async () => {
    const all = records(20);
    let refusals = 0;
    const handler =
      (most: number): Handler =>
      (request) => {
        if (request.body.pagination?.starting_after !== undefined && refusals < most) {
          refusals += 1;
          return REFUSED;
        }
        return { json: searchAnswer(request.body, { records: () => all, day: true }) };
      };
    const { ids, events } = await readAll(handler(3), DAYS, windowOf(1000, null));
    expect(events.filter(({ type }) => type === 'restart').length).toBe(3);
    expect(ids).toEqual(idsOf(all));
    refusals = 0;
    expect(await failing(handler(4), DAYS, windowOf(1000, null))).toMatchObject({ code: 'cursor_refused' });
  });

  test('may be refused in other words, but not for ever', async () => {
    const all = range(0, 20).map((id) => record(id, 1000));
    const error = await failing((request) =>
      request.body.pagination?.starting_after === undefined
        ? searchHandler({ records: () => all })(request)
        : { status: 400, json: errorList('parameter_invalid', 'Invalid query') },
    );
    expect(error).toMatchObject({ name: 'ContractError', code: 'cursor_refused' });
  });
});

test('a refusal in the middle of a walk asks for no box: its permission is there', async () => {
  const all = records(20);
  const error = await failing((request) =>
    request.path === '/me'
      ? { json: { type: 'admin' } }
      : request.body.pagination?.starting_after === undefined
        ? searchHandler({ records: () => all })(request)
        : { status: 403, json: errorList('forbidden') },
  );
  expect(error).toMatchObject({ name: 'ContractError', code: 'refused_midway' });
  expect(String(error)).not.toContain('tick');
});

describe('the probe', () => {
  test('counts a window and shows its first second with one small request', async () => {
    const all = records(30);
    const server = await serve(searchHandler({ records: () => all }));
    const { reader } = testReader(server.url, declare(SEARCH));
    expect(await reader.probe?.(windowOf(1010, 1020))).toEqual({ matched: 10, first: 1010 });
    expect(await reader.probe?.(windowOf(5000, null))).toEqual({ matched: 0, first: null });
    expect(sizes(server.requests)).toEqual([1, 1]);
  });

  test('without a count says so', async () => {
    const server = await serve(searchHandler({ records: () => records(3), total: false }));
    const { reader } = testReader(server.url, declare(SEARCH));
    expect(await reader.probe?.(windowOf(null, null))).toMatchObject({ matched: null });
  });
});
