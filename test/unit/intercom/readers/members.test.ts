import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import {
  ALL,
  type Handler,
  type Request,
  range,
  serve,
  sliceOf,
  testReader,
  walk,
} from '../../../support/intercom/reader-harness.ts';
import { searchAnswer } from '../../../support/intercom/search-server.ts';

const DECLARATION = OBJECTS.segment_contact;
const { read } = DECLARATION;
if (read.kind !== 'members') throw new Error('not read as members');
const SMALL = { ...DECLARATION, read: { ...read, search: { ...read.search, perPage: 4 } } };

/** Ids of contacts by segment. */
type Segments = Readonly<Record<string, readonly number[]>>;

const membersOf = (segments: Segments, segment: string) =>
  (segments[segment] ?? []).map((id) => ({ id: String(id), updated_at: id * 100_000, segment_id: segment }));

const segmentIn = (request: Request): string =>
  /"segment_id","operator":"=","value":"([^"]*)"/.exec(request.text)?.[1] ?? '';

const workspace =
  (segments: Segments): Handler =>
  (request) =>
    request.path === '/segments'
      ? { json: { type: 'segment.list', segments: Object.keys(segments).map((id) => ({ id })) } }
      : {
          json: searchAnswer(request.body, {
            day: true,
            records: () => membersOf(segments, segmentIn(request)),
          }),
        };

const keysOf = (segments: Segments): readonly string[] =>
  Object.entries(segments)
    .flatMap(([segment, members]) => members.map((id) => `${segment}/${id}`))
    .sort();

async function readAll(handler: Handler) {
  const server = await serve((request) => (request.path === '/me' ? { json: {} } : handler(request)));
  const { reader } = testReader(server.url, SMALL);
  return { server, reader, ...(await walk(reader.read(sliceOf(ALL), null))) };
}

const SEGMENTS = { a: range(1, 15), b: [], c: range(10, 11), d: range(5, 25) } satisfies Segments;

test('reads the members of every segment, with their sum as count', async () => {
  const { records, ids, matched } = await readAll(workspace(SEGMENTS));
  expect([...ids].sort()).toEqual(keysOf(SEGMENTS));
  expect(records).toContainEqual({ segment_id: 'c', contact_id: '10' });
  expect(matched).toBe(keysOf(SEGMENTS).length);
});

test('continues from every position with what was not read, whichever segments are open', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 13 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async (sizes, choice) => {
        const segments: Segments = Object.fromEntries(
          sizes.map((size, index) => [`s${index}`, range(1, size + 1)]),
        );
        const { reader, positions, events } = await readAll(workspace(segments));
        const pages = events.filter((event) => event.type === 'page');
        const at = choice % (positions.length + 1);
        const before = pages.slice(0, at).flatMap(({ ids }) => ids);
        const rest = await walk(reader.read(sliceOf(ALL), at === 0 ? null : (positions[at - 1] ?? null)));
        expect([...before, ...rest.ids].sort()).toEqual(keysOf(segments));
        expect(rest.matched).toBe(keysOf(segments).length);
      },
    ),
    { numRuns: 40 },
  );
});

test('members who leave while they are read are not missing', async () => {
  let searches = 0;
  const { matched, ids } = await readAll((request) => {
    if (request.path === '/segments') return workspace(SEGMENTS)(request);
    if (segmentIn(request) === 'a') searches += 1;
    const left = { ...SEGMENTS, a: searches > 1 ? range(1, 13) : range(1, 15) };
    return workspace(left)(request);
  });
  expect(ids.length).toBeGreaterThanOrEqual(matched ?? Number.POSITIVE_INFINITY);
});

test('who joins one segment while it is read does not make up for who is missing in another', async () => {
  let page = 0;
  const { matched, ids } = await readAll((request) => {
    if (request.path === '/segments') return workspace(SEGMENTS)(request);
    const { json } = workspace(SEGMENTS)(request) as { json: ReturnType<typeof searchAnswer> };
    // Of d, one is counted and never listed; a counts three fewer than it lists.
    if (segmentIn(request) === 'd') return { json: { ...json, total_count: SEGMENTS.d.length + 1 } };
    if (segmentIn(request) !== 'a') return { json };
    page += 1;
    return { json: page === 1 ? { ...json, total_count: SEGMENTS.a.length - 3 } : json };
  });
  expect([...ids].sort()).toEqual(keysOf(SEGMENTS));
  expect(matched).toBe(ids.length + 1);
});

test('a count that cannot be had again proves nothing, and stops nothing', async () => {
  const { matched, ids } = await readAll((request) => {
    if (request.path === '/segments' || segmentIn(request) !== 'd') return workspace(SEGMENTS)(request);
    if (request.body.pagination?.per_page === 1) return { status: 500, text: 'oops' };
    const { json } = workspace(SEGMENTS)(request) as { json: ReturnType<typeof searchAnswer> };
    return { json: { ...json, total_count: SEGMENTS.d.length + 1 } };
  });
  expect([...ids].sort()).toEqual(keysOf(SEGMENTS));
  expect(matched).toBe(ids.length + 1);
});

describe('a segment whose members cannot be read', () => {
  const broken =
    (isBroken: (segment: string) => boolean, status = 500): Handler =>
    (request) =>
      request.path !== '/segments' && isBroken(segmentIn(request))
        ? { status, text: 'oops' }
        : workspace(SEGMENTS)(request);

  test('is owed, and the others are read', async () => {
    const { ids, matched, events } = await readAll(broken((segment) => segment === 'a'));
    const { a: _a, ...others } = SEGMENTS;
    expect([...ids].sort()).toEqual(keysOf(others));
    expect(matched).toBe(keysOf(others).length);
    const debts = events.filter(({ type }) => type === 'debt');
    expect(debts).toMatchObject([{ scope: { ids: ['a'] }, reason: expect.stringContaining('segment_id a') }]);
  });

  test('is a failure if none can be read: an empty table would hide it', async () => {
    const odd: Handler = (request) =>
      request.path === '/segments' ? workspace(SEGMENTS)(request) : { json: { type: 'odd' } };
    await expect(readAll(odd)).rejects.toMatchObject({ name: 'ContractError' });
    await expect(readAll(broken(() => true))).rejects.toMatchObject({ name: 'RetryableError' });
  });

  test('is a missing permission if all of them are refused', async () => {
    const many: Segments = Object.fromEntries(range(0, 8).map((id) => [`s${id}`, [1]]));
    const refused: Handler = (request) =>
      request.path === '/segments' ? workspace(many)(request) : { status: 403, json: {} };
    await expect(readAll(refused)).rejects.toMatchObject({ name: 'PermissionError' });
  });
});

test('a list that announces pages is no longer the list that we know', async () => {
  const paged: Handler = (request) =>
    request.path === '/segments'
      ? { json: { segments: [{ id: 'a' }], pages: { next: { starting_after: 'x' } } } }
      : workspace(SEGMENTS)(request);
  await expect(readAll(paged)).rejects.toMatchObject({ code: 'unexpected_pages' });
});

test('a segment without an id is a reject', async () => {
  const { reader, events, ids, positions } = await readAll((request) =>
    request.path === '/segments'
      ? { json: { segments: [{ name: 'No id' }, { id: 'c' }] } }
      : workspace(SEGMENTS)(request),
  );
  expect(ids).toEqual(['c/10']);
  const rejectsIn = (read: typeof events) =>
    read.flatMap((event) => (event.type === 'page' ? (event.rejects ?? []) : []));
  expect(rejectsIn(events)).toMatchObject([{ table: null, path: 'segments[0]', reason: 'no id' }]);
  // Only once: a walk that continues lists the segments again.
  const rest = await walk(reader.read(sliceOf(ALL), positions[0] ?? null));
  expect(rest.ids).toEqual(ids);
  expect(rejectsIn(rest.events)).toEqual([]);
});
