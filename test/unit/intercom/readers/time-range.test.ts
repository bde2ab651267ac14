import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SliceQuery } from '../../../../functions/core/reading.ts';
import {
  declare,
  errorList,
  type Handler,
  type Reply,
  type Request,
  range,
  serve,
  sliceOf,
  testClock,
  testReader,
  walk,
  windowOf,
} from '../../../support/intercom/reader-harness.ts';

const DAY = 86_400;
const WIDTH = 5 * DAY;
const LOGS = declare(
  {
    kind: 'time_range',
    path: '/admins/activity_logs',
    recordsKey: 'activity_logs',
    afterParameter: 'created_at_after',
    beforeParameter: 'created_at_before',
    perPageSizes: [8, 4, 2, 1],
    maxWindowSeconds: WIDTH,
  },
  { name: 'activity_logs', versionField: 'created_at' },
);

const boundsIn = ({ query }: Request) => ({
  after: Number(query.get('created_at_after')),
  before: Number(query.get('created_at_before')),
});

interface LogOptions {
  readonly exclusive?: boolean;
  readonly disturb?: (request: Request) => Reply | null;
  readonly me?: Reply;
}

/** Newest first, by page numbers, without a count (docs/intercom-api.md 6.9). */
function logs(times: readonly number[], { exclusive = false, disturb, me }: LogOptions = {}): Handler {
  return (request) => {
    if (request.path === '/me') return me ?? { json: { app: { created_at: 10 * DAY } } };
    const disturbance = disturb?.(request) ?? null;
    if (disturbance !== null) return disturbance;
    const { after, before } = boundsIn(request);
    const page = Number(request.query.get('page'));
    const perPage = Number(request.query.get('per_page'));
    if (!Number.isInteger(page)) return { status: 400, json: {} };
    const found = times
      .filter((at) => (exclusive ? at > after && at < before : at >= after && at <= before))
      .toSorted((a, b) => b - a)
      .map((at) => ({ id: `log-${at}`, created_at: at }));
    const totalPages = Math.ceil(found.length / perPage);
    const next = page < totalPages ? `https://api.intercom.io/admins/activity_logs?page=${page + 1}` : null;
    const data = found.slice((page - 1) * perPage, page * perPage);
    return {
      json: {
        type: 'activity_log.list',
        activity_logs: data,
        pages: { page, total_pages: totalPages, next },
      },
    };
  };
}

async function readAll(handler: Handler, query: SliceQuery = windowOf(0, WIDTH), options = {}) {
  const server = await serve(handler);
  const { reader, clock } = testReader(server.url, LOGS, options);
  const windows = () =>
    server.requests.filter(({ path }) => path !== '/me').map((request) => Object.values(boundsIn(request)));
  return { server, reader, clock, windows, ...(await walk(reader.read(sliceOf(query), null))) };
}

const idsOf = (times: readonly number[]) => new Set(times.map((at) => `log-${at}`));

describe('walking', () => {
  test.each([
    ['inclusive', false],
    ['exclusive', true],
  ])('reads every log once if the bounds are %s', async (_name, exclusive) => {
    const times = range(0, 60).map((index) => index * 20_000 + (index % 2));
    const onBounds = [...times, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH - 1];
    const { ids, matched, events } = await readAll(logs(onBounds, { exclusive }), windowOf(0, 2 * WIDTH));
    const inside = onBounds.filter((at) => at < 2 * WIDTH);
    for (const id of idsOf(inside)) expect(ids).toContain(id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(matched).toBe(null);
    const page = events.find((event) => event.type === 'page');
    expect(page).toMatchObject({ records: [{ stampedAt: expect.any(Number) }, {}, {}, {}, {}, {}, {}, {}] });
  });

  test('begins with five days, both bounds sent, a second wider on each side', async () => {
    const { windows, server } = await readAll(logs([]), windowOf(DAY, DAY + 2 * WIDTH));
    expect(windows()).toEqual([
      [DAY - 1, DAY + WIDTH + 1],
      [DAY + WIDTH - 1, DAY + 2 * WIDTH + 1],
    ]);
    expect(server.log()[0]).toBe(
      `GET /admins/activity_logs?created_at_after=${DAY - 1}&created_at_before=${DAY + WIDTH + 1}&page=1&per_page=8`,
    );
  });

  test('sparse windows grow: fifteen years with 181 entries take a dozen requests', async () => {
    const times = range(0, 181).map((index) => index * 30 * DAY + 7);
    const query = windowOf(0, 15 * 365 * DAY);
    const { ids, windows } = await readAll(logs(times.filter((at) => at < 15 * 365 * DAY)), query);
    expect(ids.length).toBe(181);
    expect(windows().length).toBeLessThanOrEqual(40);
  });

  test('every window but the first is asked for together with others', async () => {
    let waiting = 0;
    let most = 0;
    const answer = logs([]);
    const slow: Handler = async (request) => {
      waiting += 1;
      most = Math.max(most, waiting);
      await new Promise((resume) => setTimeout(resume, 20));
      waiting -= 1;
      return answer(request);
    };
    await readAll(slow, windowOf(0, 1_000 * WIDTH));
    expect(most).toBe(4);
  });

  test('whatever fails, whenever: every entry is read, and the windows tile the range', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 400 * DAY }), { maxLength: 120 }),
        fc.integer({ min: DAY, max: 400 * DAY }),
        fc.array(fc.nat(40), { maxLength: 8 }),
        async (times, longest, failing) => {
          let asked = 0;
          const disturb = (request: Request): Reply | null => {
            asked += 1;
            const { after, before } = boundsIn(request);
            if (before - after - 2 > longest) return { status: 504, text: '' };
            return failing.includes(asked) ? { status: 500, text: '' } : null;
          };
          const { ids, windows } = await readAll(logs(times, { disturb }), windowOf(0, 400 * DAY + 1));
          expect(new Set(ids)).toEqual(idsOf(times));
          expect(new Set(ids).size).toBe(ids.length);
          const starts = new Set(windows().map(([after = 0]) => after + 1));
          expect(starts.has(0)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('an open slice goes from a day before the workspace to the later of the two clocks', async () => {
    const now = 20 * DAY;
    const options = { clock: testClock(now * 1000) };
    const earlier = await readAll(logs([]), { kind: 'all' }, options);
    // The test server's Date header is the real present, long after the test clock.
    expect(earlier.windows()[0]?.[0]).toBe(9 * DAY - 1);
    const end = earlier.windows().at(-1)?.[1] ?? 0;
    expect(end).toBeGreaterThan(1_700_000_000);
    const later = { clock: testClock(Date.UTC(2100, 0, 1)) };
    const fromLate = Date.UTC(2099, 11, 31) / 1000;
    const ahead = await readAll(logs([]), windowOf(fromLate, null), later);
    expect(ahead.windows().at(-1)?.[1]).toBe(Date.UTC(2100, 0, 1) / 1000 + 2);
  });

  test.each([4_000_000_000_000, 4_000_000_000])(
    'a workspace that was created at %i, in other units or in the future, is read from before Intercom existed',
    async (created_at) => {
      const me = { json: { app: { created_at } } };
      const { windows } = await readAll(logs([], { me }), windowOf(null, 1_300_000_000));
      expect(windows()[0]?.[0]).toBe(1_293_840_000 - 1);
    },
  );

  test('a slice with a beginning asks nothing of the workspace', async () => {
    const { server } = await readAll(logs([]), windowOf(1_300_000_000, null));
    expect(server.log().filter((one) => one.includes('/me'))).toEqual([]);
  });

  test('a workspace that does not show its age is read from before Intercom existed', async () => {
    const { windows } = await readAll(
      logs([], { me: { json: { app: null } } }),
      windowOf(null, 1_300_000_000),
    );
    expect(windows()[0]?.[0]).toBe(1_293_840_000 - 1);
  });

  test('continues from every position', async () => {
    const times = range(0, 40).map((index) => index * 40_000);
    const query = windowOf(0, 4 * WIDTH);
    const { reader, events, ids } = await readAll(logs(times), query);
    const seen = new Set<string>();
    for (const event of events) {
      if (event.type !== 'page') continue;
      for (const id of event.ids) seen.add(id);
      const rest = await walk(reader.read(sliceOf(query), JSON.parse(JSON.stringify(event.position))));
      expect(new Set([...seen, ...rest.ids])).toEqual(new Set(ids));
    }
  });

  test('cannot be read by id', async () => {
    await expect(readAll(logs([]), { kind: 'ids', ids: ['1'] })).rejects.toMatchObject({
      code: 'unsupported_query',
    });
  });
});

describe('windows that are too long', () => {
  const tooLong =
    (seconds: number) =>
    (request: Request): Reply | null => {
      const { after, before } = boundsIn(request);
      return before - after - 2 > seconds ? { status: 500, text: '' } : null;
    };

  test('are halved, and doubled again after good ones', async () => {
    const times = range(0, 50).map((index) => index * 40_000);
    let broken = true;
    const disturb = (request: Request): Reply | null => {
      const reply = broken ? tooLong(DAY)(request) : null;
      if (reply === null) broken = false;
      return reply;
    };
    const { ids, windows } = await readAll(logs(times, { disturb }), windowOf(0, 6 * WIDTH));
    expect(new Set(ids)).toEqual(idsOf(times));
    const widths = windows().map(([after = 0, before = 0]) => before - after - 2);
    expect(Math.min(...widths)).toBe(WIDTH / 8);
    expect(Math.max(...widths.slice(widths.indexOf(WIDTH / 8)))).toBeGreaterThanOrEqual(WIDTH);
  });

  test('a window that fails at its smallest is a debt, and the walk goes on', async () => {
    const bad = 3 * DAY + 50;
    const disturb = (request: Request): Reply | null => {
      const { after, before } = boundsIn(request);
      return after <= bad && before >= bad ? { status: 504, text: '' } : null;
    };
    const times = range(0, 10).map((index) => index * 40_000);
    const { events, ids } = await readAll(logs(times, { disturb }));
    const debts = events.filter((event) => event.type === 'debt');
    expect(debts.length).toBe(1);
    const scope = debts[0]?.scope as { window: { from: number; to: number } };
    expect(scope.window.from).toBeLessThanOrEqual(bad);
    expect(scope.window.to).toBeGreaterThan(bad);
    expect(scope.window.to - scope.window.from).toBeLessThanOrEqual(600);
    expect(new Set(ids)).toEqual(
      idsOf(times.filter((at) => at < scope.window.from || at >= scope.window.to)),
    );
  });

  const forbidden: Reply = { status: 403, json: errorList('forbidden') };

  test('a missing permission is never a debt, though the range is one window', async () => {
    const read = readAll(logs([], { disturb: () => forbidden }), windowOf(0, 3_600));
    await expect(read).rejects.toMatchObject({ name: 'PermissionError' });
  });

  test('one window that is refused after others came is a debt', async () => {
    const disturb = (request: Request): Reply | null =>
      boundsIn(request).after >= WIDTH - 1 && boundsIn(request).before <= 2 * WIDTH + 1 ? forbidden : null;
    const times = range(0, 57).map((index) => index * 30_000);
    const { events, ids } = await readAll(logs(times, { disturb }), windowOf(0, 4 * WIDTH));
    expect(events.filter(({ type }) => type === 'debt')).toMatchObject([
      { scope: { window: { from: WIDTH, to: 2 * WIDTH } }, reason: expect.stringContaining('refuses it') },
    ]);
    expect(ids.length).toBeGreaterThan(40);
  });

  test('if every window fails, it is an outage', async () => {
    const read = readAll(logs([], { disturb: () => ({ status: 500, text: '' }) }));
    await expect(read).rejects.toMatchObject({ name: 'RetryableError' });
  });

  /** A regression: windows were halved to minutes although only the page was too large. */
  test('are not halved if only the page is too large: pages shrink first, and stay small for the next windows', async () => {
    const times = range(0, 57).map((index) => index * 30_000);
    const disturb = ({ query }: Request): Reply | null =>
      Number(query.get('per_page')) > 2 ? { status: 502, text: '' } : null;
    const { ids, windows, server } = await readAll(logs(times, { disturb }), windowOf(0, 4 * WIDTH));
    expect(new Set(ids)).toEqual(idsOf(times));
    expect(new Set(windows().map(([after = 0, before = 0]) => before - after - 2))).toEqual(new Set([WIDTH]));
    expect(server.requests.filter(({ query }) => Number(query.get('per_page')) > 2).length).toBeLessThan(9);
  });

  /** A regression: windows that are open together share page sizes; one grew them while another was between two pages. */
  test('are read whole, page by page, however the sizes of their pages change meanwhile', async () => {
    const history = fc.record({
      count: fc.integer({ min: 1, max: 120 }),
      tooLarge: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ count, tooLarge }) => {
        const times = range(0, count).map((index) => Math.floor((index * 5 * WIDTH) / count) + 7);
        const limits = [...tooLarge];
        const disturb = ({ query }: Request): Reply | null =>
          Number(query.get('per_page')) > (limits.shift() ?? 8) ? { status: 502, text: '' } : null;
        const { ids, events } = await readAll(logs(times, { disturb }), windowOf(0, 5 * WIDTH));
        expect(new Set(ids)).toEqual(idsOf(times));
        expect(events.filter(({ type }) => type === 'debt')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('shrink their pages by one step if all windows that are open fail at once', async () => {
    const times = range(0, 57).map((index) => index * 30_000);
    const disturb = (request: Request): Reply | null =>
      boundsIn(request).after > 0 && Number(request.query.get('per_page')) > 4
        ? { status: 502, text: '' }
        : null;
    const { ids, windows, server } = await readAll(logs(times, { disturb }), windowOf(0, 4 * WIDTH));
    expect(new Set(ids)).toEqual(idsOf(times));
    expect(new Set(windows().map(([after = 0, before = 0]) => before - after - 2))).toEqual(new Set([WIDTH]));
    expect(new Set(server.requests.map(({ query }) => query.get('per_page')))).toEqual(new Set(['8', '4']));
  });

  test('at the smallest window the pages shrink as well', async () => {
    const times = range(0, 40);
    const disturb = ({ query }: Request): Reply | null =>
      Number(query.get('per_page')) > 2 ? { status: 504, text: '' } : null;
    const { ids } = await readAll(logs(times, { disturb }), windowOf(0, 300));
    expect(new Set(ids)).toEqual(idsOf(times));
  });
});
