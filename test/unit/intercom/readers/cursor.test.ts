import { expect, test } from 'vitest';
import {
  ALL,
  declare,
  errorList,
  type Handler,
  serve,
  sliceOf,
  testReader,
  walk,
  windowOf,
} from '../../../support/intercom/reader-harness.ts';

const CONTACTS = declare({ kind: 'cursor', path: '/contacts', recordsKey: 'data', perPage: 4 });

/** Three pages, with cursors that need encoding in a URL. */
const threePages: Handler = ({ query }) => {
  const after = query.get('starting_after');
  if (after === null) return page([1, 2], { starting_after: 'a+/=b' });
  if (after === 'a+/=b') return page([3], { page: 3, starting_after: 'c\nd' });
  return after === 'c\nd' ? page([4], undefined) : { status: 400, json: errorList('client_error') };
};

const page = (ids: readonly number[], next: unknown) => ({
  json: { data: ids.map((id) => ({ id, updated_at: id })), total_count: 4, pages: { next } },
});

async function readAll(handler: Handler, position = null) {
  const server = await serve(handler);
  const { reader } = testReader(server.url, CONTACTS);
  return { server, reader, ...(await walk(reader.read(sliceOf(ALL), position))) };
}

test('walks to the page without next, and encodes its cursors', async () => {
  const { ids, matched, server } = await readAll(threePages);
  expect(ids).toEqual(['1', '2', '3', '4']);
  expect(matched).toBe(4);
  expect(server.log()[1]).toBe('GET /contacts?per_page=4&starting_after=a%2B%2F%3Db');
});

test('continues from a position', async () => {
  const { reader, positions } = await readAll(threePages);
  for (const [index, position] of positions.entries()) {
    const rest = await walk(reader.read(sliceOf(ALL), position));
    expect(rest.ids).toEqual([['3', '4'], ['4'], []][index]);
    expect(rest.matched).toBe(4);
  }
});

test('a repeated cursor, a missing list and missing pages are failures', async () => {
  const looping: Handler = ({ query }) =>
    page([query.has('starting_after') ? 2 : 1], { starting_after: 'x' });
  await expect(readAll(looping)).rejects.toMatchObject({ code: 'repeated_cursor' });
  await expect(readAll(() => ({ json: { total_count: 0 } }))).rejects.toMatchObject({
    code: 'records_missing',
  });
  await expect(readAll(() => ({ json: { data: [], total_count: 2 } }))).rejects.toMatchObject({
    code: 'pages_missing',
  });
});

test('pages shrink if a proxy times out', async () => {
  const { ids } = await readAll((request) =>
    Number(request.query.get('per_page')) > 2 ? { status: 504, text: '' } : threePages(request),
  );
  expect(ids).toEqual(['1', '2', '3', '4']);
});

test('can only be read whole', async () => {
  const { reader } = await readAll(threePages);
  expect(() => reader.read(sliceOf(windowOf(1, 2)), null)).toThrow('can only be read whole');
});
