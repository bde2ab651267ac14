import { describe, expect, test } from 'vitest';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import {
  ALL,
  errorList,
  type Handler,
  type Request,
  range,
  serve,
  sliceOf,
  testReader,
  walk,
} from '../../../support/intercom/reader-harness.ts';

async function readAll(name: 'article_statistics' | 'calls', handler: Handler) {
  const server = await serve((request) => (request.path === '/me' ? { json: {} } : handler(request)));
  const { reader } = testReader(server.url, OBJECTS[name]);
  return { server, ...(await walk(reader.read(sliceOf(ALL), null))) };
}

/** One page of a list, as it is asked for. */
function listed(records: readonly object[], { query }: Request) {
  const [page, perPage] = [Number(query.get('page')), Number(query.get('per_page'))];
  const next = page * perPage < records.length ? `https://api.intercom.io/x?page=${page + 1}` : null;
  const data = records.slice((page - 1) * perPage, page * perPage);
  return {
    json: { type: 'list', data, total_count: records.length, pages: { page, per_page: perPage, next } },
  };
}

const debtsIn = (events: readonly { readonly type: string }[]) =>
  events.filter(({ type }) => type === 'debt');

describe('a field of each record', () => {
  const articles = range(0, 300).map((id) => ({ id: String(id), title: `Article ${id}` }));
  const answering =
    (statistics: (id: string) => unknown): Handler =>
    (request) => {
      if (request.path === '/articles') return listed(articles, request);
      const id = request.path.split('/').at(-1) ?? '';
      const value = statistics(id);
      return value === 404
        ? { status: 404, json: errorList('not_found') }
        : {
            json: { id, title: 'Other', body: 'Text', ...(value === undefined ? {} : { statistics: value }) },
          };
    };

  test('is the record, with the id of its own; one request each', async () => {
    const { server, records, ids, matched } = await readAll(
      'article_statistics',
      answering((id) => ({ views: Number(id) })),
    );
    expect(records).toEqual(articles.map(({ id }) => ({ views: Number(id), article_id: id })));
    expect(ids).toEqual(articles.map(({ id }) => id));
    expect(matched).toBe(300);
    expect(server.log()).toHaveLength(302);
  });

  test('that is null or does not come leaves a record with nothing but its id; the latter is reported', async () => {
    const { records, events, matched } = await readAll(
      'article_statistics',
      answering((id) => (id === '7' ? undefined : null)),
    );
    expect(matched).toBeNull();
    expect(records).toHaveLength(300);
    expect(records[7]).toEqual({ article_id: '7' });
    const observed = events.flatMap((event) => (event.type === 'page' ? [event.evidence?.observed] : []));
    expect(observed).toEqual([{ statistics: 'not sent' }, {}]);
  });

  test('of another shape is a reject of its own', async () => {
    const { records, events } = await readAll(
      'article_statistics',
      answering((id) => (id === '3' ? [1] : {})),
    );
    expect(records).toHaveLength(299);
    const rejects = events.flatMap((event) => (event.type === 'page' ? (event.rejects ?? []) : []));
    expect(rejects).toMatchObject([
      { table: 'article_statistics', path: '3.statistics', reason: 'not an object', value: [1] },
    ]);
  });

  test.each([{}, { id: '4' }])('of another answer is none, and the record is owed: %j', async (body) => {
    const right = answering(() => ({}));
    const { ids, events } = await readAll('article_statistics', (request) =>
      request.path === '/articles/3' ? { json: { ...body, statistics: {} } } : right(request),
    );
    expect(ids).not.toContain('3');
    expect(debtsIn(events)).toMatchObject([{ scope: { ids: ['3'] } }]);
  });

  test('of a record that is gone by now is none', async () => {
    const { ids, matched, events } = await readAll(
      'article_statistics',
      answering((id) => (id === '3' ? 404 : {})),
    );
    expect(ids).not.toContain('3');
    expect(debtsIn(events)).toEqual([]);
    // Fewer than counted: the engine walks again, and then the list no longer counts it.
    expect(matched).toBe(300);
  });

  test('is not taken from an answer that is no record', async () => {
    const { ids, events } = await readAll('article_statistics', (request) =>
      request.path.endsWith('/5') ? { json: {} } : answering(() => ({}))(request),
    );
    expect(ids).toHaveLength(299);
    expect(debtsIn(events)).toMatchObject([{ scope: { ids: ['5'] } }]);
  });

  test('that cannot be read is a debt of its record, and all of them an outage', async () => {
    const broken = (isBroken: (id: string) => boolean): Handler => {
      const answer = answering(() => ({}));
      return (request) =>
        isBroken(request.path.split('/').at(-1) ?? '') ? { status: 500, text: 'oops' } : answer(request);
    };
    const { ids, events } = await readAll(
      'article_statistics',
      broken((id) => id === '5'),
    );
    expect(ids).toHaveLength(299);
    expect(debtsIn(events)).toMatchObject([{ scope: { ids: ['5'] } }]);
    await expect(
      readAll(
        'article_statistics',
        broken((id) => id !== 'articles'),
      ),
    ).rejects.toMatchObject({
      name: 'RetryableError',
    });
  });
});

describe('more of several records', () => {
  // Two calls of each conversation, and some of none.
  const calls = range(0, 60).map((id) => ({
    id: String(id),
    conversation_id: id % 10 === 0 ? null : `c${Math.floor(id / 2)}`,
  }));
  const asked: string[][] = [];
  const answering =
    (search: (wanted: readonly string[]) => ReturnType<Handler>): Handler =>
    (request) => {
      if (request.path === '/calls') return listed(calls, request);
      const wanted = (request.body as unknown as { conversation_ids: string[] }).conversation_ids;
      asked.push(wanted);
      return search(wanted);
    };
  const transcripts = (wanted: readonly string[]) => ({
    json: {
      type: 'list',
      data: calls
        .filter(({ conversation_id }) => conversation_id !== null && wanted.includes(conversation_id))
        .map((call) => ({ ...call, transcript: [{ text: call.id }], transcript_status: 'completed' })),
    },
  });

  test('is added to them by their ids, at most 20 values in a request', async () => {
    asked.length = 0;
    const { records, matched } = await readAll('calls', answering(transcripts));
    expect(records.map(({ id }) => id).toSorted()).toEqual(calls.map(({ id }) => id).toSorted());
    for (const { id, conversation_id, transcript } of records) {
      expect(transcript).toEqual(conversation_id === null ? undefined : [{ text: id }]);
    }
    expect(matched).toBe(60);
    expect(Math.max(...asked.map(({ length }) => length))).toBeLessThanOrEqual(20);
    for (const one of asked) expect(new Set(one).size).toBe(one.length);
  });

  test('that is refused leaves the records as they came, is reported, and is not asked for again', async () => {
    asked.length = 0;
    const refused = answering(() => ({ status: 403, json: errorList('forbidden') }));
    const { records, events, matched } = await readAll('calls', refused);
    // Nothing proves that everything is here.
    expect(matched).toBeNull();
    expect(records).toHaveLength(60);
    expect(debtsIn(events)).toEqual([]);
    const observed = events.flatMap((event) =>
      event.type === 'page' ? [event.evidence?.observed?.transcripts] : [],
    );
    expect(observed.every((text) => text?.startsWith('not read: '))).toBe(true);
    // Those of a page are under way together.
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  test('that leaves some of them out is owed, and the records are there', async () => {
    const { records, events } = await readAll(
      'calls',
      answering((wanted) => ({
        json: { data: transcripts(wanted).json.data.filter(({ id }) => id !== '3') },
      })),
    );
    expect(records).toHaveLength(60);
    expect(debtsIn(events)).toEqual([
      { type: 'debt', scope: { ids: ['3'] }, reason: '/calls/search did not answer them' },
    ]);
  });

  test('that cannot be read is owed, and the records are there', async () => {
    const { records, events } = await readAll(
      'calls',
      answering((wanted) => (wanted.includes('c1') ? { status: 500, text: 'oops' } : transcripts(wanted))),
    );
    expect(records).toHaveLength(60);
    const owed = debtsIn(events).flatMap((event) =>
      'scope' in event ? (event.scope as { ids: string[] }).ids : [],
    );
    expect(owed).toContain('2');
  });
});
