import { expect, test } from 'vitest';
import type { JsonObject } from '../../../../functions/core/json.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import {
  errorList,
  type Handler,
  serve,
  sliceOf,
  testReader,
  walk,
} from '../../../support/intercom/reader-harness.ts';

const deleted = (id: number, at: number | null): JsonObject => ({
  type: 'conversation',
  id: String(id),
  deleted_at: at,
});

/** Newest first, ten seconds apart, unless another order is given. */
const listOf = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_unused, index) => deleted(index, 10_000 - index * 10));

const answering =
  (all: readonly JsonObject[]): Handler =>
  ({ query }) => {
    const page = Number(query.get('page'));
    const size = Number(query.get('per_page'));
    const conversations = all.slice((page - 1) * size, page * size);
    const next = page * size < all.length ? `https://elsewhere/?page=${page + 1}` : null;
    return {
      json: {
        type: 'conversations.list',
        conversations,
        total_count: all.length,
        pages: { type: 'pages', page, per_page: size, next },
      },
    };
  };

async function read(handler: Handler, since: number | null) {
  const server = await serve(handler);
  const { reader } = testReader(server.url, OBJECTS.conversations);
  const { events, matched } = await walk(reader.read(sliceOf({ kind: 'deleted', since }), null));
  const ids = events.flatMap((event) => (event.type === 'deleted' ? event.ids : []));
  const observed = Object.assign(
    {},
    ...events.map((event) => (event.type === 'page' ? event.evidence?.observed : {})),
  );
  return { ids, matched, observed, server };
}

test('asks for version 2.16 on this request, and stops at what is known', async () => {
  const { ids, matched, server } = await read(answering(listOf(300)), 9_970);
  expect(ids).toEqual(['0', '1', '2', '3']);
  expect(matched).toBe(0);
  expect(server.log()).toEqual(['GET /conversations/deleted?page=1&per_page=60']);
  expect(server.requests[0]?.headers['intercom-version']).toBe('2.16');
});

test('reads all of it if nothing is known', async () => {
  const { ids, server } = await read(answering(listOf(150)), null);
  expect(ids).toHaveLength(150);
  expect(server.requests).toHaveLength(3);
});

test('an order that does not hold proves nothing: all is read, and it is observed', async () => {
  const all = [...listOf(150)].reverse();
  const { ids, observed, server } = await read(answering(all), 9_990);
  expect(ids).toEqual(['1', '0']);
  expect(server.requests).toHaveLength(3);
  expect(observed).toEqual({ deleted_list: 'not newest first' });
});

test('a deletion without a time is new', async () => {
  const { ids, observed } = await read(answering([deleted(1, null), deleted(2, 5)]), 9_000);
  expect(ids).toEqual(['1']);
  expect(observed).toEqual({ deleted_list: 'not newest first' });
});

test.each([
  [400, 'intercom_version_invalid', 'intercom_version_invalid'],
  [403, 'forbidden', 'permission_missing'],
  [403, 'api_plan_restricted', 'api_plan_restricted'],
  [404, 'not_found', 'not_found'],
  [503, 'service_unavailable', 'http_503'],
])('refused with %i %s: observed, and nothing is claimed', async (status, code, reason) => {
  const { ids, matched, observed } = await read(() => ({ status, json: errorList(code) }), null);
  expect({ ids, matched, observed }).toEqual({
    ids: [],
    matched: null,
    observed: { deleted_list: `not read: ${reason}` },
  });
});

test('a dead token is not the list alone', async () => {
  const server = await serve(() => ({ status: 401, json: errorList('token_revoked') }));
  const { reader } = testReader(server.url, OBJECTS.conversations);
  await expect(walk(reader.read(sliceOf({ kind: 'deleted', since: null }), null))).rejects.toMatchObject({
    name: 'ConnectionError',
  });
});
