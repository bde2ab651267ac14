import { describe, expect, test } from 'vitest';
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
} from '../../../support/intercom/reader-harness.ts';

const COMPANIES = declare(
  {
    kind: 'scroll',
    path: '/companies/scroll',
    recordsKey: 'data',
    countPath: '/companies',
    spendsPosition: true,
  },
  { name: 'companies' },
);

/** A workspace's only scroll. Every call moves it on, even if its answer gets lost. */
function scrollServer(companies: number, disturb: (call: number) => Reply | null = () => null) {
  let open: { readonly param: string; at: number } | null = null;
  let calls = 0;
  let opened = 0;
  const page = (scroll: { readonly param: string; at: number }): Reply => {
    const data = range(scroll.at, Math.min(companies, scroll.at + 10)).map((id) => ({ id: String(id) }));
    scroll.at += 10;
    if (data.length === 0) open = null;
    return { json: { type: 'list', data, pages: null, total_count: null, scroll_param: scroll.param } };
  };
  const handler: Handler = ({ path, query }) => {
    if (path === '/companies') return { json: { type: 'list', data: [], total_count: companies } };
    calls += 1;
    const param = query.get('scroll_param');
    if (param === null) {
      opened += 1;
      open = { param: `p+/${opened}=`, at: 0 };
    }
    if (open === null || (param !== null && param !== open.param)) {
      return { status: 404, json: errorList('not_found') };
    }
    const answer = page(open);
    return disturb(calls) ?? answer;
  };
  return { handler, calls: () => calls };
}

async function readAll(handler: Handler) {
  const server = await serve(handler);
  const { reader, priorities, clock } = testReader(server.url, COMPANIES);
  return { server, reader, priorities, clock, ...(await walk(reader.read(sliceOf(ALL), null))) };
}

test('scrolls to the empty page, every call urgent, and counts afterwards', async () => {
  const { ids, matched, server, priorities } = await readAll(scrollServer(25).handler);
  expect(ids).toEqual(range(0, 25).map(String));
  expect(matched).toBe(25);
  expect(server.log()).toEqual([
    'GET /companies/scroll',
    'GET /companies/scroll?scroll_param=p%2B%2F1%3D',
    'GET /companies/scroll?scroll_param=p%2B%2F1%3D',
    'GET /companies/scroll?scroll_param=p%2B%2F1%3D',
    'GET /companies?per_page=1',
  ]);
  expect(new Set(priorities)).toEqual(new Set(['urgent']));
});

test('no companies at all', async () => {
  const { ids, matched } = await readAll(scrollServer(0).handler);
  expect(ids).toEqual([]);
  expect(matched).toBe(0);
});

test.each([
  ['refused', 400, 'bad_request'],
  ['forbidden', 403, 'forbidden'],
  ['not in the plan', 402, 'api_plan_restricted'],
  ['not found', 404, 'not_found'],
  ['broken', 500, 'server_error'],
])('a count that is %s leaves the walk complete and the count unknown', async (_name, status, code) => {
  const { handler } = scrollServer(5);
  const { ids, matched } = await readAll((request) =>
    request.path === '/companies' ? { status, json: errorList(code) } : handler(request),
  );
  expect(ids.length).toBe(5);
  expect(matched).toBe(null);
});

test('a token that dies before the count is reported', async () => {
  const { handler } = scrollServer(5);
  const read = readAll((request) =>
    request.path === '/companies' ? { status: 401, json: errorList('token_revoked') } : handler(request),
  );
  await expect(read).rejects.toMatchObject({ name: 'ConnectionError' });
});

test('the first call of a resumed walk is the next call of the scroll', async () => {
  const { handler } = scrollServer(25);
  const server = await serve(handler);
  const { reader } = testReader(server.url, COMPANIES);
  const first = await reader.read(sliceOf(ALL), null).next();
  if (first.done === true || first.value.type !== 'page') throw new Error('a page was expected');
  const rest = await walk(reader.read(sliceOf(ALL), first.value.position));
  expect(rest.ids).toEqual(range(10, 25).map(String));
  expect(server.log()[1]).toBe('GET /companies/scroll?scroll_param=p%2B%2F1%3D');
});

test('waits for another client’s scroll, recognized by the error code', async () => {
  const { events } = await readAll(() => ({ status: 400, json: errorList('scroll_exists', 'whatever') }));
  expect(events).toEqual([{ type: 'wait', seconds: 65, reason: expect.any(String) }]);
  const other = readAll(() => ({ status: 400, json: errorList('bad_request', 'scroll already exists') }));
  await expect(other).rejects.toMatchObject({ name: 'ContractError' });
});

describe('a scroll that breaks starts again', () => {
  test.each<[string, Reply]>([
    ['expired', { status: 404, json: errorList('not_found') }],
    ['expired, in HTML', { status: 404, text: '<html>' }],
    ['500', { status: 500, json: errorList('server_error', 'Please restart the scroll operation.') }],
    ['a lost answer', { fault: 'reset' }],
    ['half an answer', { json: { data: [{ id: 'long enough' }] }, fault: 'truncate' }],
    ['an empty answer', { text: '' }],
  ])('%s: without asking for the same page twice', async (_name, reply) => {
    const { handler, calls } = scrollServer(25, (call) => (call === 2 ? reply : null));
    const { ids, events } = await readAll(handler);
    expect(events.map(({ type }) => type)).toEqual([
      'page',
      'restart',
      'page',
      'page',
      'page',
      'page',
      'end',
    ]);
    expect(ids).toEqual(range(0, 25).map(String));
    expect(calls()).toBe(6);
  });

  test('three times, and then the error is one to retry later', async () => {
    const { handler } = scrollServer(25, (call) => (call % 2 === 0 ? { status: 500, text: '' } : null));
    await expect(readAll(handler)).rejects.toMatchObject({ name: 'RetryableError', code: 'scroll_broken' });
  });
});

test('the same companies twice are a failure, because the walk would never end', async () => {
  const error = readAll(() => ({ json: { data: [{ id: '1' }], scroll_param: 'x' } }));
  await expect(error).rejects.toMatchObject({ name: 'ContractError', code: 'repeated_page' });
});

test('a page without a scroll_param cannot be followed', async () => {
  const error = readAll(() => ({ json: { data: [{ id: '1' }] } }));
  await expect(error).rejects.toMatchObject({ name: 'ContractError', code: 'scroll_param_missing' });
});
