/** Records that are owed by id: nothing is dropped without an answer. */
import { describe, expect, test } from 'vitest';
import type { ObjectDeclaration } from '../../../../functions/core/declaration.ts';
import type { JsonObject } from '../../../../functions/core/json.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import {
  errorList,
  type Handler,
  type Reply,
  serve,
  sliceOf,
  testReader,
  walk,
} from '../../../support/intercom/reader-harness.ts';

const WHOLE_LIST = { type: 'list', data: [], total_count: 0, has_more: false };
const contact = (id: string): JsonObject => ({
  type: 'contact',
  id,
  updated_at: 5,
  tags: WHOLE_LIST,
  companies: WHOLE_LIST,
  notes: WHOLE_LIST,
});

/** A search that lists some, and single answers for the others. */
const answering =
  (
    listed: readonly string[],
    single: (id: string, version: string) => Reply,
    recordOf: (id: string) => JsonObject = contact,
  ): Handler =>
  ({ path, text, headers }) => {
    if (path.endsWith('/search')) {
      const data = listed.filter((id) => text.includes(`"${id}"`)).map(recordOf);
      return { json: { type: 'list', data, total_count: data.length, pages: { type: 'pages' } } };
    }
    return single(path.split('/').at(-1) ?? '', String(headers['intercom-version']));
  };

const NOT_FOUND: Reply = { status: 404, json: errorList('not_found') };

async function read(
  handler: Handler,
  ids: readonly string[],
  declaration: ObjectDeclaration = OBJECTS.contacts,
  start: Parameters<ReturnType<typeof testReader>['reader']['read']>[1] = null,
) {
  const server = await serve(handler);
  const { reader } = testReader(server.url, declaration);
  const result = await walk(reader.read(sliceOf({ kind: 'ids', ids }), start));
  const gone = result.events.filter(({ type }) => type === 'deleted');
  const debts = result.events.flatMap((event) => (event.type === 'debt' ? [event.scope] : []));
  return { ...result, gone, debts, server };
}

describe('owed records', () => {
  test('that the search lists are not asked for one by one', async () => {
    const { ids, gone, server } = await read(
      answering(['a', 'b'], () => NOT_FOUND),
      ['a', 'b'],
    );
    expect(ids).toEqual(['a', 'b']);
    expect(gone).toEqual([]);
    expect(server.log()).toEqual(['POST /contacts/search']);
  });

  test('that it does not list, and that are there, are written', async () => {
    const { ids, records, gone } = await read(
      answering(['a'], (id) => ({ json: contact(id) })),
      ['a', 'b'],
    );
    expect(ids).toEqual(['a', 'b']);
    expect(records[1]).toEqual(contact('b'));
    expect(gone).toEqual([]);
  });

  test('that answer 404 twice are absent', async () => {
    const { gone, server } = await read(
      answering([], () => NOT_FOUND),
      ['a'],
    );
    expect(gone).toEqual([{ type: 'deleted', ids: ['a'], how: 'absent' }]);
    const versions = server.requests.map(({ headers }) => headers['intercom-version']);
    expect(versions).toEqual(['2.15', '2.15', '2.16']);
  });

  test('that answer 404 once, and then come, are written', async () => {
    let times = 0;
    const { ids, gone } = await read(
      answering([], (id) => {
        times += 1;
        return times === 1 ? NOT_FOUND : { json: contact(id) };
      }),
      ['a'],
    );
    expect(ids).toEqual(['a']);
    expect(gone).toEqual([]);
  });

  test('that were merged name the contact that remains', async () => {
    const merged = (link: string): Reply => ({
      status: 410,
      json: errorList('contact_merged'),
      headers: { Link: link },
    });
    const { gone } = await read(
      answering([], (id, version) =>
        version === '2.15' ? NOT_FOUND : merged(id === 'a' ? '</contacts/z1>; rel="canonical"' : ''),
      ),
      ['a', 'b'],
    );
    expect(gone).toEqual([
      { type: 'deleted', ids: ['a'], how: 'merged', mergedInto: { a: 'z1' } },
      { type: 'deleted', ids: ['b'], how: 'merged', mergedInto: {} },
    ]);
  });

  test('are absent too if the newer version is refused', async () => {
    const { gone } = await read(
      answering([], (_id, version) =>
        version === '2.15' ? NOT_FOUND : { status: 400, json: errorList('intercom_version_invalid') },
      ),
      ['a'],
    );
    expect(gone).toEqual([{ type: 'deleted', ids: ['a'], how: 'absent' }]);
  });

  test('that cannot be asked for stay owed', async () => {
    const { gone, debts } = await read(
      answering([], () => ({ status: 422, json: errorList('odd') })),
      ['a'],
    );
    expect(gone).toEqual([]);
    expect(debts).toEqual([{ ids: ['a'] }]);
  });

  test.each<[string, Reply]>([
    ['an error', { status: 500, text: '' }],
    ['a refusal', { status: 403, json: errorList('forbidden') }],
  ])('stay owed, however many of them fail again (%s)', async (_name, reply) => {
    const owed = Array.from({ length: 25 }, (_, index) => `c${index}`);
    const answer = (id: string): Reply => (id === 'me' ? { json: { type: 'admin' } } : reply);
    const alone = await read(answering([], answer), owed);
    expect(alone.debts).toEqual(owed.map((id) => ({ ids: [id] })));
    const cutOff = { ...WHOLE_LIST, data: [{ id: '1' }], total_count: 14, has_more: true };
    const listed = await read(
      answering(owed, answer, (id) => ({ ...contact(id), tags: cutOff })),
      owed,
    );
    expect(listed.ids.toSorted()).toEqual(owed.toSorted());
    expect(listed.debts).toHaveLength(owed.length);
  });

  describe.each([{}, { type: 'contact' }, contact('b')])('that are answered with %j', (body) => {
    test.each([1, 2])('stay owed, in answer %i', async (wrong) => {
      let asked = 0;
      const { ids, gone, debts } = await read(
        answering([], () => {
          asked += 1;
          return asked < wrong ? NOT_FOUND : { json: body };
        }),
        ['a'],
      );
      expect({ ids, gone, debts }).toEqual({ ids: [], gone: [], debts: [{ ids: ['a'] }] });
    });
  });

  test('are told apart after a resume, too', async () => {
    const handler = answering(['a'], () => NOT_FOUND);
    const first = await read(handler, ['a', 'b']);
    const again = await read(handler, ['a', 'b'], OBJECTS.contacts, first.positions[0]);
    expect(again.gone).toEqual([{ type: 'deleted', ids: ['b'], how: 'absent' }]);
  });

  test('of an object that is read whole are only looked for', async () => {
    const { ids, gone, matched } = await read(
      answering([], (id) => (id === 'here' ? { json: { type: 'company', id } } : NOT_FOUND)),
      ['here', 'gone'],
      OBJECTS.companies,
    );
    expect({ ids, matched }).toEqual({ ids: [], matched: 0 });
    expect(gone).toEqual([{ type: 'deleted', ids: ['gone'], how: 'absent' }]);
  });
});
