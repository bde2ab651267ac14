import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ListRequest } from '../../../../functions/core/declaration.ts';
import {
  ALL,
  declare,
  errorList,
  type Handler,
  type Reply,
  serve,
  sliceOf,
  testReader,
  walk,
} from '../../../support/intercom/reader-harness.ts';

const ATTRIBUTES: readonly ListRequest[] = ['contact', 'company'].map((model) => ({
  path: '/data_attributes',
  query: { model, include_archived: 'true' },
  set: { model },
}));

const attributes = declare(
  { kind: 'list', recordsKey: 'data', requests: ATTRIBUTES },
  { name: 'data_attributes', primaryKey: ['model', 'full_name'], versionField: null },
);

const segments = declare({
  kind: 'list',
  recordsKey: 'segments',
  requests: [
    { path: '/segments' },
    { path: '/segments', query: { type: 'company' }, optional: 'company_segments' },
  ],
});

async function readAll(handler: Handler, declaration = segments) {
  const server = await serve(handler);
  const { reader, priorities } = testReader(server.url, declaration);
  return { server, reader, priorities, ...(await walk(reader.read(sliceOf(ALL), null))) };
}

test('requests in turn, each record with the model that was asked for', async () => {
  const { records, ids, matched, server, priorities } = await readAll(
    ({ query }) => ({
      json: { type: 'list', data: [{ full_name: 'name', model: 'x' }, { full_name: query.get('model') }] },
    }),
    attributes,
  );
  expect(records).toEqual([
    { full_name: 'name', model: 'contact' },
    { full_name: 'contact', model: 'contact' },
    { full_name: 'name', model: 'company' },
    { full_name: 'company', model: 'company' },
  ]);
  expect(ids).toEqual(['contact/name', 'contact/contact', 'company/name', 'company/company']);
  expect(matched).toBe(4);
  expect(server.log()[0]).toBe('GET /data_attributes?model=contact&include_archived=true');
  expect(priorities).toEqual(['urgent', 'urgent']);
});

describe('segments: two requests, united', () => {
  const answering =
    (second: Reply): Handler =>
    ({ query }) =>
      query.has('type')
        ? second
        : {
            json: {
              segments: [
                { id: 'a', n: 1 },
                { id: 'b', n: 1 },
              ],
            },
          };

  test('by primary key', async () => {
    const { records, matched } = await readAll(
      answering({
        json: {
          segments: [
            { id: 'b', n: 2 },
            { id: 'c', n: 2 },
          ],
        },
      }),
    );
    expect(records).toEqual([
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
      { id: 'c', n: 2 },
    ]);
    expect(matched).toBe(3);
  });

  test.each<[string, Reply]>([
    ['400', { status: 400, json: errorList('parameter_invalid') }],
    ['403', { status: 403, json: errorList('forbidden') }],
    ['404', { status: 404, json: errorList('not_found') }],
    ['422', { status: 422, json: errorList('parameter_invalid') }],
    ['a plan', { status: 400, json: errorList('api_plan_restricted') }],
    ['500', { status: 500, text: '' }],
    ['no list', { json: {} }],
  ])(
    'if the undocumented one cannot be read (%s), nothing is owed, and nothing proven',
    async (_what, second) => {
      const { ids, matched, events } = await readAll((request) =>
        request.path === '/me' ? { json: { type: 'admin' } } : answering(second)(request),
      );
      expect(ids).toEqual(['a', 'b']);
      expect(matched).toBe(null);
      expect(events.filter(({ type }) => type === 'debt')).toEqual([]);
      expect(events).toContainEqual(
        expect.objectContaining({
          evidence: { observed: { company_segments: expect.stringContaining('not read: ') } },
        }),
      );
    },
  );

  test('continues from a position', async () => {
    const { reader, positions } = await readAll(answering({ json: { segments: [{ id: 'c' }] } }));
    const rest = await walk(reader.read(sliceOf(ALL), positions[0] ?? null));
    expect(rest.ids).toEqual(['c']);
    expect(rest.matched).toBe(3);
  });
});

describe('an answer is complete or an error', () => {
  test.each<[string, Reply, string]>([
    ['a missing list', { json: { type: 'list' } }, 'records_missing'],
    ['further pages', { json: { segments: [], pages: { next: 'https://x/?page=2' } } }, 'unexpected_pages'],
    [
      '404 with a code: the feature is switched off',
      { status: 404, json: errorList('not_found') },
      'not_found',
    ],
    ['404 in HTML', { status: 404, text: '<html>' }, 'http_404'],
    ['a refused first request', { status: 400, json: errorList('parameter_invalid') }, 'parameter_invalid'],
  ])('%s', async (_name, reply, code) => {
    const name = code === 'not_found' ? 'UnavailableError' : 'ContractError';
    await expect(readAll(() => reply)).rejects.toMatchObject({ name, code });
  });
});

describe('lists of one object that cannot be read', () => {
  const MODELS: readonly string[] = ['contact', 'company', 'conversation'];
  const three = declare(
    {
      kind: 'list',
      recordsKey: 'data',
      requests: MODELS.map((model) => ({ path: '/data_attributes', query: { model }, set: { model } })),
    },
    { name: 'data_attributes', primaryKey: ['model', 'full_name'], versionField: null },
  );
  const REPLIES: readonly Reply[] = [
    { status: 400, json: errorList('parameter_invalid') },
    { status: 403, json: errorList('forbidden') },
    { status: 404, text: '<html>' },
    { status: 500, text: '' },
    { json: { type: 'list' } },
  ];

  test('are a debt each, unless all of them fail', async () => {
    const outcomes = fc.tuple(...MODELS.map(() => fc.option(fc.constantFrom(...REPLIES))));
    let handler: Handler = () => ({});
    const { url } = await serve((request) => handler(request));
    await fc.assert(
      fc.asyncProperty(outcomes, async (replies) => {
        handler = ({ path, query }) => {
          if (path === '/me') return { json: { type: 'admin' } };
          const model = String(query.get('model'));
          const reply = replies[MODELS.indexOf(model)];
          return reply ?? { json: { data: [{ full_name: model }] } };
        };
        const { reader } = testReader(url, three);
        const reading = walk(reader.read(sliceOf(ALL), null));
        if (!replies.includes(null)) {
          await expect(reading).rejects.toThrow();
          return;
        }
        const { ids, events } = await reading;
        const owed = events.flatMap((event) => (event.type === 'debt' ? [event.reason] : []));
        for (const [index, model] of MODELS.entries()) {
          const isRead = replies[index] === null;
          expect([model, ids.includes(`${model}/${model}`)]).toEqual([model, isRead]);
          expect(owed.some((reason) => reason.includes(`?model=${model} could not be read`))).toBe(!isRead);
        }
        expect(owed.join()).not.toContain('tick');
      }),
    );
  });
});
