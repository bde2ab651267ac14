import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALL,
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
} from '../../../support/intercom/reader-harness.ts';

const SIZES = [8, 4, 2, 1];
const ARTICLES = declare({ kind: 'page_number', path: '/articles', recordsKey: 'data', perPageSizes: SIZES });

const SMALL = declare({
  kind: 'page_number',
  path: '/articles',
  recordsKey: 'data',
  perPageSizes: [4, 2, 1],
});

interface ListOptions {
  /** @default a URL on another host */
  readonly next?: (page: number, perPage: number) => unknown;
  readonly lastNext?: null;
  readonly maxPerPage?: number;
  readonly total?: (count: number) => number | undefined;
}

/** One page of the ids as they are now. */
function pageOf(ids: readonly number[], { query }: Request, options: ListOptions = {}): Reply {
  const perPage = Math.min(Number(query.get('per_page')), options.maxPerPage ?? 250);
  const page = Number(query.get('page'));
  const totalPages = Math.ceil(ids.length / perPage);
  const url = `https://api.intercom.io/elsewhere?page=${page + 1}&per_page=${perPage}`;
  const next = page < totalPages ? (options.next?.(page, perPage) ?? url) : options.lastNext;
  const total = options.total === undefined ? ids.length : options.total(ids.length);
  return {
    json: {
      data: ids.slice((page - 1) * perPage, page * perPage).map((id) => ({ id, updated_at: id })),
      total_count: total,
      pages: { type: 'pages', page, per_page: perPage, total_pages: totalPages, next },
    },
  };
}

async function readAll(handler: Handler, declaration = ARTICLES) {
  const server = await serve(handler);
  const { reader } = testReader(server.url, declaration);
  return { server, reader, ...(await walk(reader.read(sliceOf(ALL), null))) };
}

const strings = (ids: readonly number[]) => ids.map(String);

describe('walking', () => {
  test.each([
    ['absent', undefined],
    ['null', null],
  ])('ends if next is %s, and never follows the URL in it', async (_name, lastNext) => {
    const all = range(0, 20);
    const options = lastNext === null ? { lastNext } : {};
    const { ids, matched, server } = await readAll((request) => pageOf(all, request, options));
    expect(ids).toEqual(strings(all));
    expect(matched).toBe(20);
    expect(server.log()).toEqual([1, 2, 3].map((page) => `GET /articles?page=${page}&per_page=8`));
  });

  const announcing =
    (nextPage: (page: number) => number): Handler =>
    (request) => {
      const page = Number(request.query.get('page'));
      const { json } = pageOf(range(0, 10), request) as { json: { pages: object } };
      return { json: { ...json, pages: { ...json.pages, next: `/articles?page=${nextPage(page)}` } } };
    };

  test('ends at the last page even if it announces more', async () => {
    const { ids, server } = await readAll(announcing((page) => page + 1));
    expect(ids.length).toBe(10);
    expect(server.requests.length).toBe(2);
  });

  test('a page out of order is a failure', async () => {
    await expect(readAll(announcing(() => 99))).rejects.toMatchObject({ code: 'unexpected_next_page' });
  });

  test('an empty list is read as empty', async () => {
    const { ids, matched } = await readAll((request) => pageOf([], request));
    expect(ids).toEqual([]);
    expect(matched).toBe(0);
  });

  test('continues from a position', async () => {
    const all = range(0, 20);
    const { reader, positions } = await readAll((request) => pageOf(all, request));
    const rest = await walk(reader.read(sliceOf(ALL), positions[0] ?? null));
    expect(rest.ids).toEqual(strings(all).slice(8));
    expect(rest.matched).toBe(20);
    const end = await walk(reader.read(sliceOf(ALL), positions.at(-1) ?? null));
    expect(end.events).toEqual([{ type: 'end', matched: 20 }]);
  });
});

describe('failures are never taken for the end of the data', () => {
  test('an empty page before the last', async () => {
    const error = readAll((request) => {
      const { json } = pageOf(range(0, 30), request) as { json: object };
      return { json: request.query.get('page') === '2' ? { ...json, data: [] } : json };
    });
    await expect(error).rejects.toMatchObject({ name: 'ContractError', code: 'empty_page' });
  });

  test('the same page again and again', async () => {
    const error = readAll((request) => {
      const page = Number(request.query.get('page'));
      const { json } = pageOf(range(0, 8), {
        ...request,
        query: new URLSearchParams('page=1&per_page=8'),
      }) as {
        json: object;
      };
      return {
        json: { ...json, total_count: 8000, pages: { next: `?page=${page + 1}`, total_pages: 1000 } },
      };
    });
    await expect(error).rejects.toMatchObject({ name: 'ContractError', code: 'repeated_page' });
  });

  test('no pages object before the count is reached', async () => {
    const error = readAll(() => ({ json: { data: [{ id: 1 }], total_count: 2 } }));
    await expect(error).rejects.toMatchObject({ code: 'pages_missing' });
  });

  test('a 404 in HTML, or on a later page', async () => {
    await expect(readAll(() => ({ status: 404, text: '<html>' }))).rejects.toMatchObject({
      name: 'ContractError',
    });
    const later = readAll((request) =>
      request.query.get('page') === '2'
        ? { status: 404, json: errorList('not_found') }
        : pageOf(range(0, 20), request),
    );
    await expect(later).rejects.toMatchObject({ name: 'ContractError', code: 'not_found' });
  });

  test('but a 404 with a code on the first page means that the feature is switched off', async () => {
    const off = readAll(() => ({ status: 404, json: errorList('not_found', 'Resource Not Found') }));
    await expect(off).rejects.toMatchObject({ name: 'UnavailableError' });
  });
});

describe('page sizes', () => {
  test('shrink along divisors, so that offsets stay aligned, and grow back only at aligned offsets', async () => {
    const all = range(0, 64);
    const asked: [number, number][] = [];
    const { ids } = await readAll((request) => {
      const page = Number(request.query.get('page'));
      const perPage = Number(request.query.get('per_page'));
      asked.push([page, perPage]);
      const offset = (page - 1) * perPage;
      return offset === 8 && perPage > 2 ? { status: 502, text: '' } : pageOf(all, request);
    });
    expect(ids).toEqual(strings(all));
    expect(asked).toContainEqual([5, 2]);
    expect(asked.some(([, perPage]) => perPage === 4)).toBe(true);
    expect(asked.every(([page]) => Number.isInteger(page))).toBe(true);
    expect(asked.every(([, perPage]) => SIZES.includes(perPage))).toBe(true);
  });

  test('are counted in Intercom’s size if it cuts the page', async () => {
    const all = range(0, 23);
    const { ids, server } = await readAll((request) => pageOf(all, request, { maxPerPage: 3 }));
    expect(ids).toEqual(strings(all));
    expect(server.log()[1]).toBe('GET /articles?page=2&per_page=3');
  });
});

describe('a list that shifts while it is read', () => {
  test('is walked again and united if it falls short of its count', async () => {
    const all = range(0, 24);
    let moved = false;
    const { ids, matched, events } = await readAll((request) => {
      const reply = pageOf(moved ? [...all.slice(8), ...all.slice(0, 8)] : all, request);
      moved = true;
      return reply;
    });
    // Page 2 was read after the first eight had moved to the end: 8..15 were missed at first.
    expect(new Set(ids)).toEqual(new Set(strings(all)));
    expect(ids.length).toBe(24);
    expect(matched).toBe(24);
    expect(events.some(({ type }) => type === 'restart')).toBe(false);
  });

  test('loses nothing that stays, whatever is deleted or added at the top between two pages', async () => {
    const deletion = fc.record({ request: fc.nat(30), places: fc.array(fc.nat(99), { maxLength: 2 }) });
    const history = fc.record({
      count: fc.integer({ min: 10, max: 30 }),
      // Fewer than the steps back that a walk takes.
      deletions: fc.array(deletion, { maxLength: 10 }),
      additions: fc.array(fc.nat(1), { minLength: 30, maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ count, deletions, additions }) => {
        let now: readonly number[] = range(0, count);
        let asked = 0;
        const { ids } = await readAll((request) => {
          const places = deletions.filter((one) => one.request === asked).flatMap((one) => one.places);
          const gone = new Set(places.map((at) => now[at % Math.max(1, now.length)]));
          const top = 1000 * (asked + 1);
          now = [...range(top, top + (additions[asked] ?? 0)), ...now.filter((id) => !gone.has(id))];
          asked += 1;
          return pageOf(now, request);
        }, SMALL);
        expect(ids).toEqual(expect.arrayContaining(strings(now.filter((id) => id < count))));
      }),
      { numRuns: 300 },
    );
  });

  test('ends, even if the count goes to and fro', async () => {
    let asked = 0;
    const { ids } = await readAll((request) => {
      asked += 1;
      return pageOf(range(0, 80), request, { total: (count) => count - (asked % 2) });
    });
    expect(new Set(ids)).toEqual(new Set(strings(range(0, 80))));
    expect(asked).toBeLessThan(50);
  });

  test('at most three times; then the engine gets the count that was not reached', async () => {
    const { ids, matched, server } = await readAll((request) =>
      pageOf(range(0, 8), request, { total: (count) => count + 1 }),
    );
    expect(ids.length).toBe(8);
    expect(matched).toBe(9);
    expect(server.requests.length).toBe(4);
  });

  test('the empty page at the cap of 10,000 is not taken for the end', async () => {
    const { matched, ids } = await readAll((request) =>
      request.query.get('page') === '1'
        ? pageOf(range(0, 20), request)
        : { json: { data: [], total_count: 0, pages: { next: null, total_pages: 0 } } },
    );
    expect(ids.length).toBe(8);
    expect(matched).toBe(20);
  });

  test('is walked once if there is no count to compare with', async () => {
    const { matched, server } = await readAll((request) =>
      pageOf(range(0, 8), request, { total: () => undefined }),
    );
    expect(matched).toBe(null);
    expect(server.requests.length).toBe(1);
  });
});
