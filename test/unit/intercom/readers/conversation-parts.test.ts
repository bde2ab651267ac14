import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../functions/core/json.ts';
import type { PageEvidence, Position, ReadEvent, SliceQuery } from '../../../../functions/core/reading.ts';
import type { IntercomClientOptions } from '../../../../functions/intercom/http/client.ts';
import { createObjectReader } from '../../../../functions/intercom/readers/index.ts';
import {
  declare,
  errorList,
  type Handler,
  type Reply,
  type Request,
  range,
  serve,
  sliceOf,
  testReader,
  walk,
  windowOf,
} from '../../../support/intercom/reader-harness.ts';
import { searchAnswer } from '../../../support/intercom/search-server.ts';

const partsBy = (perPage: number, granularity: 'day' | 'second' = 'second') =>
  declare(
    {
      kind: 'conversation_parts',
      search: {
        kind: 'search',
        path: '/conversations/search',
        recordsKey: 'conversations',
        perPage,
        granularity,
      },
      detailPath: '/conversations/{id}',
    },
    { name: 'conversation_parts', primaryKey: ['conversation_id', 'id'] },
  );

const PARTS = partsBy(8);

const listed = (id: number, updatedAt = 1000 + id): JsonObject => ({ id: String(id), updated_at: updatedAt });

const detail = (id: number | string, parts: number, more: object = {}): Reply => ({
  json: {
    id: String(id),
    updated_at: 5000 + Number(id),
    statistics: { count_conversation_parts: parts + 1 },
    conversation_parts: {
      type: 'conversation_part.list',
      conversation_parts: range(0, Math.min(500, parts)).map((part) => ({
        id: `${id}-${part}`,
        updated_at: 7,
      })),
      total_count: parts,
    },
    ...more,
  },
});

const NOT_FOUND: Reply = { status: 404, json: errorList('not_found', 'Resource Not Found') };
const BROKEN: Reply = { status: 500, text: '' };

const idIn = ({ path }: Request): string => path.split('/').at(-1) ?? '';

/** @param isListed whether a search by ids still lists what was not found */
function workspace(
  count: number,
  answer: (id: string, request: Request) => Reply | Promise<Reply>,
  isListed = false,
): Handler {
  const all = range(0, count).map((id) => listed(id));
  const gone = new Set<unknown>();
  return async (request) => {
    if (request.path === '/me') return { json: { type: 'admin' } };
    if (request.method === 'GET') {
      const reply = await answer(idIn(request), request);
      if (reply.status === 404) gone.add(idIn(request));
      return reply;
    }
    const isById = request.text.includes('"field":"id"');
    const records = () => all.filter(({ id }) => isListed || !isById || !gone.has(id));
    return { json: searchAnswer(request.body, { records, recordsKey: 'conversations' }) };
  };
}

interface Options extends Partial<IntercomClientOptions> {
  readonly inFlight?: number;
  readonly query?: SliceQuery;
  readonly position?: Position | null;
}

async function readAll(handler: Handler, { query, position, ...options }: Options = {}) {
  const server = await serve(handler);
  const { reader } = testReader(server.url, PARTS, options);
  const result = await walk(reader.read(sliceOf(query ?? windowOf(null, null)), position ?? null));
  return { server, reader, ...result, evidence: summed(result.events) };
}

function summed(events: readonly { readonly type: string; readonly evidence?: PageEvidence }[]) {
  const all = events.map(({ evidence }) => evidence ?? {});
  const sum = (field: 'partsExpected' | 'partsWritten') =>
    all.reduce((total, evidence) => total + (evidence[field] ?? 0), 0);
  return {
    expected: sum('partsExpected'),
    written: sum('partsWritten'),
    overCap: all.flatMap(({ overCap }) => overCap ?? []),
  };
}

const strings = (count: number) => range(0, count).map(String);

describe('walking', () => {
  test('reads all parts of each conversation found, in order, stamped with its latest updated_at', async () => {
    const { ids, records, events, matched, evidence } = await readAll(workspace(20, (id) => detail(id, 3)));
    expect(ids).toEqual(strings(20));
    expect(records.slice(0, 4)).toEqual([
      { id: '0-0', updated_at: 7, conversation_id: '0' },
      { id: '0-1', updated_at: 7, conversation_id: '0' },
      { id: '0-2', updated_at: 7, conversation_id: '0' },
      { id: '1-0', updated_at: 7, conversation_id: '1' },
    ]);
    const [page] = events.filter((event) => event.type === 'page');
    expect(page?.records.map(({ stampedAt }) => stampedAt).slice(0, 4)).toEqual([5000, 5000, 5000, 5001]);
    expect(matched).toBe(20);
    expect(evidence).toEqual({ expected: 60, written: 60, overCap: [] });
  });

  test('keeps the order and the limit, however long the details take', async () => {
    let running = 0;
    let most = 0;
    const handler = workspace(20, async (id) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resume) => setTimeout(resume, Number(id) % 3 === 0 ? 15 : 1));
      running -= 1;
      return detail(id, 1);
    });
    const { ids } = await readAll(handler, { inFlight: 3 });
    expect(ids).toEqual(strings(20));
    expect(most).toBe(3);
  });

  test('continues from every position without losing or repeating a conversation', async () => {
    const handler = workspace(120, (id) => detail(id, 1));
    const big = partsBy(150);
    const server = await serve(handler);
    const { reader } = testReader(server.url, big);
    const whole = await walk(reader.read(sliceOf(windowOf(null, null)), null));
    expect(whole.positions.length).toBeGreaterThan(2);
    let before = 0;
    for (const event of whole.events) {
      if (event.type !== 'page') continue;
      before += event.ids.length;
      const copy = JSON.parse(JSON.stringify(event.position));
      const rest = await walk(reader.read(sliceOf(windowOf(null, null)), copy));
      expect(rest.ids).toEqual(strings(120).slice(before));
      expect(rest.matched).toBe(120);
    }
  });

  test('keeps nothing of a conversation without a time in its positions, and sees that it changed', async () => {
    const conversation = (body: string): JsonObject => ({ id: '1', source: { body } });
    const positionOf = async (body: string): Promise<string> => {
      const { positions } = await readAll(async (request) => {
        if (request.method === 'GET') return detail(idIn(request), 500, { padding: 'x'.repeat(3_000_000) });
        return { json: { conversations: [conversation(body)], total_count: 1, pages: {} } };
      });
      return JSON.stringify(positions[0]);
    };
    const before = await positionOf('secret');
    expect(before).toContain('"done":["1 ');
    expect(before).not.toContain('secret');
    expect(await positionOf('secret')).toBe(before);
    expect(await positionOf('changed')).not.toBe(before);
  });

  test.each([{}, { type: 'conversation' }, { id: '8' }])(
    'does not take another answer for the conversation: %j',
    async (body) => {
      const other = { ...body, conversation_parts: { conversation_parts: [{ id: '7' }], total_count: 1 } };
      const { events, records } = await readAll(
        workspace(3, (id) => (id === '1' ? { json: other } : detail(id, 1))),
      );
      expect(records.map(({ conversation_id }) => conversation_id)).toEqual(['0', '2']);
      expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['1'] } }]);
    },
  );

  test('reads by id', async () => {
    const { ids, matched, server } = await readAll(
      workspace(0, (id) => (id === '2' ? NOT_FOUND : detail(id, 1))),
      { query: { kind: 'ids', ids: ['1', '2', '3', '1'] } },
    );
    expect(ids).toEqual(['1', '3']);
    expect(matched).toBe(3);
    // The search is asked about what was not found, and about nothing else.
    expect(server.log().filter((line) => !line.startsWith('GET /conversations/'))).toEqual([
      'POST /conversations/search',
    ]);
  });

  test('counts windows as the search does', async () => {
    const { reader } = await readAll(workspace(20, (id) => detail(id, 0)));
    expect(await reader.probe?.(windowOf(1005, null))).toEqual({ matched: 15, first: 1005 });
  });
});

test('a search that starts again forgets which conversations were missing', async () => {
  let refused = false;
  let asked = 0;
  const handler = workspace(20, (id) => {
    if (id === '1') asked += 1;
    return id === '1' && asked === 1 ? NOT_FOUND : detail(id, 1);
  });
  const server = await serve((request) => {
    if (request.body.pagination?.starting_after === undefined || refused) return handler(request);
    refused = true;
    return { status: 400, json: errorList('client_error', 'Invalid starting_after param') };
  });
  const { reader } = testReader(server.url, partsBy(8, 'day'));
  const { ids, events } = await walk(reader.read(sliceOf(windowOf(null, null)), null));
  expect(events.filter(({ type }) => type === 'restart').length).toBe(1);
  expect(ids).toEqual(strings(20));
  expect(asked).toBe(2);
  expect(events.some(({ type }) => type === 'deleted')).toBe(false);
});

describe('evidence', () => {
  test('flags conversations with more parts than Intercom returns', async () => {
    const { evidence } = await readAll(
      workspace(3, (id) => detail(id, id === '1' ? 620 : id === '2' ? 500 : 2)),
    );
    expect(evidence).toEqual({ expected: 1122, written: 1002, overCap: ['1'] });
  });

  test('falls back to the list’s own count', async () => {
    const { evidence } = await readAll(workspace(1, (id) => detail(id, 4, { statistics: null })));
    expect(evidence).toEqual({ expected: 4, written: 4, overCap: [] });
  });

  test('shows parts that are missing below the cap', async () => {
    const parts = {
      conversation_parts: {
        conversation_parts: range(0, 4).map((part) => ({ id: `${part}` })),
        total_count: 9,
      },
    };
    const { evidence, events } = await readAll(workspace(1, (id) => detail(id, 4, parts)));
    expect(evidence).toEqual({ expected: 9, written: 4, overCap: [] });
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['0'] } }]);
  });
});

describe('a conversation gone since it was listed', () => {
  test.each<[string, Reply]>([
    ['JSON', NOT_FOUND],
    ['HTML', { status: 404, text: '<html>nginx</html>' }],
  ])('is asked for again at the end, and then deleted (%s)', async (_name, gone) => {
    const { ids, events, server, matched } = await readAll(
      workspace(10, (id) => (id === '4' ? gone : detail(id, 1))),
    );
    expect(ids).toEqual(strings(10).filter((id) => id !== '4'));
    expect(events.filter(({ type }) => type === 'deleted')).toEqual([
      { type: 'deleted', ids: ['4'], how: 'not_found' },
    ]);
    expect(matched).toBe(10);
    expect(server.log().filter((line) => line.endsWith('/4'))).toHaveLength(2);
    expect(server.log().slice(-2)).toEqual(['GET /conversations/4', 'POST /conversations/search']);
  });

  test('is owed as long as the search lists it', async () => {
    const { ids, events, matched } = await readAll(
      workspace(10, (id) => (id === '4' ? NOT_FOUND : detail(id, 1)), true),
    );
    expect(ids).toEqual(strings(10).filter((id) => id !== '4'));
    expect(events.some(({ type }) => type === 'deleted')).toBe(false);
    expect(events.filter(({ type }) => type === 'debt')).toEqual([
      { type: 'debt', scope: { ids: ['4'] }, reason: expect.stringContaining('is listed, but not found') },
    ]);
    expect(matched).toBe(10);
  });

  test('is owed if the search does not answer', async () => {
    const all = workspace(10, (id) => (id === '4' ? NOT_FOUND : detail(id, 1)));
    const { events } = await readAll((request) =>
      request.text.includes('"field":"id"') ? { status: 422, json: errorList('odd') } : all(request),
    );
    expect(events.some(({ type }) => type === 'deleted')).toBe(false);
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['4'] } }]);
  });

  test('and listed all the same, like very many, fails the slice', async () => {
    const isGone = (id: string): boolean => Number(id) % 4 === 0;
    const all = workspace(88, (id) => (isGone(id) ? NOT_FOUND : detail(id, 1)), true);
    await expect(readAll(all)).rejects.toMatchObject({
      name: 'ContractError',
      code: 'listed_and_not_found',
    });
  });

  test('is not a deletion if the second GET finds it', async () => {
    let turn = 0;
    const { ids, events, evidence } = await readAll(
      workspace(10, (id) => {
        if (id !== '4') return detail(id, 1);
        turn += 1;
        return turn === 1 ? NOT_FOUND : detail(id, 2);
      }),
    );
    expect(ids.at(-1)).toBe('4');
    expect(new Set(ids)).toEqual(new Set(strings(10)));
    expect(events.some(({ type }) => type === 'deleted')).toBe(false);
    expect(evidence.written).toBe(11);
  });

  test('is remembered across a stop', async () => {
    const handler = workspace(20, (id) => (id === '1' ? NOT_FOUND : detail(id, 1)));
    const { reader, positions } = await readAll(handler);
    const copy = JSON.parse(JSON.stringify(positions[1]));
    const rest = await walk(reader.read(sliceOf(windowOf(null, null)), copy));
    expect(rest.events.find(({ type }) => type === 'deleted')).toMatchObject({ ids: ['1'] });
  });
});

describe('a conversation that cannot be read', () => {
  test('is a debt, and the slice goes on', async () => {
    const { ids, events } = await readAll(workspace(12, (id) => (id === '3' ? BROKEN : detail(id, 1))));
    expect(events.filter(({ type }) => type === 'debt')).toEqual([
      { type: 'debt', scope: { ids: ['3'] }, reason: expect.stringContaining('/conversations/3') },
    ]);
    expect(ids).toEqual(strings(12).filter((id) => id !== '3'));
  });

  test.each<[string, Reply]>([
    ['parts missing from the answer', { json: { id: '3', statistics: { count_conversation_parts: 2 } } }],
  ])('is a debt, too, with %s', async (_name, reply) => {
    const { events } = await readAll(workspace(6, (id) => (id === '3' ? reply : detail(id, 1))));
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['3'] } }]);
  });

  test.each([
    ['null', null],
    ['text', 'none'],
    ['another shape', { nodes: [] }],
  ])('a list of parts that came as %s is owed, not empty', async (_name, list) => {
    const { ids, events } = await readAll(workspace(1, (id) => ({ json: { id, conversation_parts: list } })));
    expect(ids).toEqual(['0']);
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['0'] } }]);
  });

  test('an empty list of parts is a conversation without parts', async () => {
    const list = { conversation_parts: [], total_count: 0 };
    const { events } = await readAll(workspace(1, (id) => ({ json: { id, conversation_parts: list } })));
    expect(events.some(({ type }) => type === 'debt')).toBe(false);
  });

  test('a lone debt that fails again is a debt again, because /me answers', async () => {
    const { events } = await readAll(
      workspace(0, () => BROKEN),
      { query: { kind: 'ids', ids: ['7'] } },
    );
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([{ scope: { ids: ['7'] } }]);
  });

  test('is a reject, if it is one part without an id', async () => {
    const parts = {
      conversation_parts: { conversation_parts: [{ body: 'x' }, { id: '7' }], total_count: 2 },
    };
    const { events, records } = await readAll(workspace(1, (id) => detail(id, 0, parts)));
    const rejects = events.flatMap((event) => (event.type === 'page' ? (event.rejects ?? []) : []));
    expect(rejects).toMatchObject([
      { table: 'conversation_parts', path: '0.conversation_parts[0]', reason: 'no id' },
    ]);
    expect(records).toEqual([{ id: '7', conversation_id: '0' }]);
  });

  test('is an outage if all of them fail', async () => {
    const read = readAll(workspace(14, () => BROKEN));
    await expect(read).rejects.toMatchObject({ name: 'RetryableError', code: 'http_500' });
  });

  test('is an outage if /me does not answer either', async () => {
    const handler = workspace(8, (id) => (id === '3' ? BROKEN : detail(id, 1)));
    const read = readAll((request) => (request.path === '/me' ? BROKEN : handler(request)));
    await expect(read).rejects.toMatchObject({ name: 'RetryableError' });
  });

  test('a missing permission is never a debt', async () => {
    const read = readAll(workspace(8, () => ({ status: 403, json: errorList('forbidden') })));
    await expect(read).rejects.toMatchObject({ name: 'PermissionError' });
  });

  test('an abort is never a debt', async () => {
    const server = await serve(workspace(8, () => ({ fault: 'hang' })));
    const { client, clock } = testReader(server.url, PARTS);
    const controller = new AbortController();
    const reader = createObjectReader(PARTS, { client, clock, inFlight: 2, signal: controller.signal });
    const reason = new Error('deadline');
    setTimeout(() => controller.abort(reason), 50);
    await expect(walk(reader.read(sliceOf(windowOf(null, null)), null))).rejects.toBe(reason);
  });
});

describe('a slice of owed conversations, all of which fail again', () => {
  const owed = strings(25);
  const query: SliceQuery = { kind: 'ids', ids: owed };
  const debtsIn = (events: readonly ReadEvent[]) =>
    events.flatMap((event) => (event.type === 'debt' && 'ids' in event.scope ? event.scope.ids : []));

  test.each<[string, Reply]>([
    ['an error', BROKEN],
    ['a refusal', { status: 403, json: errorList('forbidden') }],
    ['404, though they are listed', NOT_FOUND],
  ])('leaves each of them owed (%s)', async (_name, reply) => {
    const { events, matched } = await readAll(
      workspace(25, () => reply, true),
      { query },
    );
    expect(debtsIn(events).toSorted()).toEqual(owed.toSorted());
    expect(matched).toBe(25);
  });

  test('is an outage once /me does not answer either', async () => {
    let asked = 0;
    const handler = workspace(0, () => BROKEN);
    const read = readAll(
      (request) => {
        if (request.path === '/me') asked += 1;
        return request.path === '/me' && asked > 2 ? BROKEN : handler(request);
      },
      { query },
    );
    await expect(read).rejects.toMatchObject({
      name: 'RetryableError',
      message: expect.stringContaining('/me'),
    });
  });

  test('continues after the last one that failed', async () => {
    const { reader, positions, server } = await readAll(
      workspace(0, () => BROKEN),
      { query },
    );
    const before = server.log().length;
    const rest = await walk(reader.read(sliceOf(query), positions[19] ?? null));
    expect(debtsIn(rest.events)).toEqual(owed.slice(20));
    expect(new Set(server.log().slice(before))).toEqual(
      new Set(['GET /me', ...owed.slice(20).map((id) => `GET /conversations/${id}`)]),
    );
  });
});
