/** Reads every object from the simulator through its reader, and compares it with the simulator's truth. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ObjectDeclaration } from '../../functions/core/declaration.ts';
import type { JsonObject } from '../../functions/core/json.ts';
import { OBJECT_NAMES, type ObjectName } from '../../functions/core/names.ts';
import type { ReadEvent, SliceQuery } from '../../functions/core/reading.ts';
import { DAY_SECONDS } from '../../functions/core/time.ts';
import { recordId } from '../../functions/intercom/readers/walk/identify.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import {
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../lib/standins/intercom/index.ts';
import {
  ALL,
  sliceOf,
  testClock,
  testReader,
  type Walk,
  walk,
  windowOf,
} from '../support/intercom/reader-harness.ts';

/** 2026-11-20T12:00:00Z */
const NOON = Date.UTC(2026, 10, 20, 12);
const NOON_SECONDS = NOON / 1000;

async function start(options: SimulatorOptions = {}) {
  const clock = testClock(NOON);
  const simulator = await startSimulator({
    now: clock.now,
    baseTime: NOON,
    sizes: SIZES.tiny,
    ...options,
  });
  onTestFinished(() => simulator.close());
  const readerOf = (name: ObjectName, token = simulator.token, inFlight = 5) => {
    const tokens = { connection: async () => ({ accessToken: token }) };
    return testReader(simulator.url, OBJECTS[name], { clock, tokens, inFlight, timeoutMs: 2_000 }).reader;
  };
  return { simulator, clock, readerOf };
}

const kindOf = (name: ObjectName) => OBJECTS[name].read.kind;
const isWindowed = (name: ObjectName) =>
  ['search', 'conversation_parts', 'time_range'].includes(kindOf(name));
const wholeOf = (name: ObjectName): SliceQuery => (isWindowed(name) ? windowOf(null, null) : ALL);

const keysOf = (declaration: ObjectDeclaration, records: readonly JsonObject[]): readonly string[] =>
  [...new Set(records.map((record) => recordId(declaration, record) ?? ''))].sort();

/** Keys of all records that Intercom serves, without the known gaps of the API (docs/intercom-api.md 6.3, 6.4). */
function truth(simulator: Simulator, name: ObjectName): readonly string[] {
  const { workspace } = simulator;
  if (name === 'conversation_parts') {
    const { conversations } = workspace;
    return [...conversations.ids()]
      .flatMap((id) =>
        conversations
          .parts(id)
          .slice(-500)
          .map((part) => `${id}/${part.id}`),
      )
      .sort();
  }
  if (name === 'companies') {
    return [...workspace.companies.ids()]
      .filter((id) => workspace.companies.contactIds(id).length > 0)
      .sort();
  }
  if (name === 'data_attributes') {
    const list = [...workspace.dataAttributes.records()] as unknown as readonly JsonObject[];
    return list.map((one) => `${one.model}/${one.full_name}/${one.id ?? ''}`).sort();
  }
  if (name === 'segment_contact') {
    return workspace.rows
      .segment_contact()
      .map((row) => `${row.segment_id}/${row.contact_id}`)
      .sort();
  }
  if (name === 'article_statistics') return [...workspace.articles.ids()].sort();
  return [...workspace.objects[name].ids()].sort();
}

const read = (
  reader: ReturnType<Awaited<ReturnType<typeof start>>['readerOf']>,
  query: SliceQuery,
): Promise<Walk> => walk(reader.read(sliceOf(query), null));

const stampsOf = (events: readonly ReadEvent[]): readonly number[] =>
  events.flatMap((event) => (event.type === 'page' ? event.records.map(({ stampedAt }) => stampedAt) : []));

describe.each(OBJECT_NAMES)('%s', (name) => {
  test('is read completely', async () => {
    const { simulator, readerOf } = await start();
    const result = await read(readerOf(name), wholeOf(name));
    expect(keysOf(OBJECTS[name], result.records)).toEqual(truth(simulator, name));
    if (result.matched !== null && result.matched !== undefined) {
      expect(new Set(result.ids).size).toBeGreaterThanOrEqual(result.matched);
    }
    expect(result.records.length).toBeGreaterThan(0);
    if (OBJECTS[name].sync.kind === 'incremental')
      expect(Math.min(...stampsOf(result.events))).toBeGreaterThan(0);
  });

  test('is read completely, whichever unconfirmed behaviour is real', async () => {
    const { simulator, readerOf } = await start({
      switches: {
        requestId: 'null',
        rateHeaders: 'never',
        perPageType: 'string',
        cursorNewlines: 'embedded',
        nextUrlHost: 'global',
        helpCenterLastNext: 'null',
        contactCompaniesKey: 'companies',
        comparison: 'strict',
        activityLogBounds: 'exclusive',
        partsTotalCount: 'capped',
        contentNext: 'never',
      },
    });
    const result = await read(readerOf(name), wholeOf(name));
    expect(keysOf(OBJECTS[name], result.records)).toEqual(truth(simulator, name));
  });

  test('is read completely from any position', async () => {
    const { simulator, readerOf } = await start();
    const reader = readerOf(name);
    const slice = sliceOf(wholeOf(name));
    const seen: JsonObject[] = [];
    let position = null;
    for (let stop = 1; ; stop += 1) {
      let pages = 0;
      let ended = false;
      for await (const event of reader.read(slice, position)) {
        if (event.type === 'end') ended = true;
        if (event.type !== 'page') continue;
        seen.push(...event.records.map(({ record }) => record));
        position = JSON.parse(JSON.stringify(event.position));
        pages += 1;
        if (pages === 2) break;
      }
      if (ended) break;
      expect(stop).toBeLessThan(500);
    }
    expect(keysOf(OBJECTS[name], seen)).toEqual(truth(simulator, name));
  });

  test('is read completely despite a tight rate limit and a flaky server', async () => {
    const { simulator, readerOf } = await start({ rateLimit: { perApp: 20, perWorkspace: 20 } });
    const flaky = [
      { status: 503, html: '<html>busy</html>' },
      { status: 200, empty: true },
      { kind: 'reset-connection' },
    ] as const;
    for (const respond of flaky) simulator.addFault({ match: { path: /./ }, after: 2, times: 1, respond });
    const result = await read(readerOf(name), wholeOf(name));
    expect(keysOf(OBJECTS[name], result.records)).toEqual(truth(simulator, name));
  });

  const { permission } = OBJECTS[name];
  test
    .runIf(permission !== null)
    .each(['403_forbidden', '403_token_unauthorized', '401_token_unauthorized', '401_unauthorized'] as const)(
    'a missing permission is reported with its box (%s)',
    async (missingScope) => {
      const switches = { missingScope, awayStatusReasonsScope: 'read_admins' } as const;
      const { simulator, readerOf } = await start({ switches });
      const error = await read(readerOf(name, simulator.issueToken({ scopes: [] })), wholeOf(name)).catch(
        (error: unknown) => error,
      );
      expect(error).toMatchObject({
        name: 'PermissionError',
        message: expect.stringContaining(`'${permission}'`),
      });
    },
  );

  test.each(['token_revoked', 'unauthorized'] as const)(
    'a dead token is reported (%s)',
    async (revokedTokenCode) => {
      const { simulator, readerOf } = await start({ switches: { revokedTokenCode } });
      simulator.setTokenState(simulator.token, 'revoked');
      await expect(read(readerOf(name), wholeOf(name))).rejects.toMatchObject({ name: 'ConnectionError' });
    },
  );
});

describe.each(['contacts', 'conversations', 'tickets', 'conversation_parts', 'activity_logs'] as const)(
  '%s by windows',
  (name) => {
    test.each(['Pacific/Auckland', 'Pacific/Honolulu'])(
      'that share boundaries miss nothing (%s)',
      async (timezone) => {
        const { simulator, readerOf } = await start({ timezone });
        const reader = readerOf(name);
        const bounds = [70, 50, 30, 11.3, 5.1, 1.01].map(
          (days) => NOON_SECONDS - Math.round(days * DAY_SECONDS),
        );
        const edges = [null, ...bounds, null];
        const seen: JsonObject[] = [];
        for (const [index, from] of edges.slice(0, -1).entries()) {
          const result = await read(reader, windowOf(from, edges[index + 1] ?? null));
          seen.push(...result.records);
          if (result.matched !== null && result.matched !== undefined) {
            expect(new Set(result.ids).size).toBeGreaterThanOrEqual(result.matched);
          }
        }
        expect(keysOf(OBJECTS[name], seen)).toEqual(truth(simulator, name));
      },
    );
  },
);

test('`through` includes the whole day of the upper bound for contacts', async () => {
  const { simulator, readerOf } = await start();
  const to = NOON_SECONDS - 40 * DAY_SECONDS;
  const { records } = await read(readerOf('contacts'), windowOf(null, to, { through: true }));
  const before = [...simulator.workspace.contacts.records()].filter((one) => Number(one.updated_at) <= to);
  const read_ = new Set(records.map(({ id }) => id));
  expect(before.length).toBeGreaterThan(0);
  for (const { id } of before) expect(read_).toContain(id);
});

test('contacts come with all their tags and companies', async () => {
  const { simulator, readerOf } = await start();
  const { records } = await read(readerOf('contacts'), windowOf(null, null));
  const ids = (record: JsonObject, field: string) =>
    ((record[field] as JsonObject).data as readonly JsonObject[]).map(({ id }) => String(id)).sort();
  let long = 0;
  for (const record of records) {
    const { tagIds, companyIds } = simulator.workspace.contacts.relations(String(record.id));
    expect(ids(record, 'tags')).toEqual([...tagIds].sort());
    expect(ids(record, 'companies')).toEqual([...companyIds].sort());
    if (tagIds.length > 10 || companyIds.length > 10) long += 1;
  }
  expect(long).toBeGreaterThan(0);
});

test.each(['ignored', 'unsorted'] as const)(
  'without a sort order (%s) everything is read, and it is observed',
  async (sort) => {
    const { simulator, readerOf } = await start({ switches: { sort } });
    for (const name of ['contacts', 'conversations', 'tickets'] as const) {
      const { ids, events } = await read(readerOf(name), windowOf(null, null));
      expect([...new Set(ids)].sort()).toEqual(truth(simulator, name));
      const observed = events.flatMap((event) => (event.type === 'page' ? [event.evidence?.observed] : []));
      expect(observed).toContainEqual({ sort: 'not honoured' });
    }
  },
);

test('a workspace without the plan has no conversations and no activity logs', async () => {
  for (const planRestriction of ['402', '403'] as const) {
    const { readerOf } = await start({
      switches: { planRestriction, conversationsPlan: 'restricted', activityLogsPlan: 'restricted' },
    });
    for (const name of ['conversations', 'conversation_parts', 'activity_logs'] as const) {
      await expect(read(readerOf(name), wholeOf(name))).rejects.toMatchObject({ name: 'UnavailableError' });
    }
  }
});

test('pages that are too large for Intercom are read in smaller ones', async () => {
  const { simulator, readerOf } = await start();
  simulator.addFault({ match: { path: /./, perPageAbove: 3 }, respond: { status: 504, html: '<html>' } });
  for (const name of ['contacts', 'tickets', 'articles', 'collections', 'conversation_parts'] as const) {
    const result = await read(readerOf(name), wholeOf(name));
    expect(keysOf(OBJECTS[name], result.records)).toEqual(truth(simulator, name));
  }
});

test.each(['json', 'html'] as const)(
  'a conversation deleted after the search is reported (%s)',
  async (notFound) => {
    const { simulator, readerOf } = await start({ switches: { conversationNotFound: notFound } });
    const { conversations } = simulator.workspace;
    const newest = [...conversations.records()].toSorted(
      (a, b) => Number(b.updated_at) - Number(a.updated_at),
    );
    const victim = String(newest[0]?.id);
    const reader = readerOf('conversation_parts', simulator.token, 1);
    const deleted: string[] = [];
    let first = true;
    for await (const event of reader.read(sliceOf(windowOf(null, null)), null)) {
      if (first) conversations.delete(victim);
      first = false;
      if (event.type === 'deleted') deleted.push(...event.ids);
    }
    expect(deleted).toEqual([victim]);
  },
);

test('another client’s scroll is waited for', async () => {
  const { simulator, readerOf } = await start();
  const headers = {
    authorization: `Bearer ${simulator.token}`,
    accept: 'application/json',
    'intercom-version': '2.15',
  };
  await fetch(`${simulator.url}/companies/scroll`, { headers });
  const { events } = await read(readerOf('companies'), ALL);
  expect(events).toMatchObject([{ type: 'wait', seconds: 65 }]);
});

test('a scroll that breaks or expires starts again', async () => {
  const { simulator, readerOf, clock } = await start({ sizes: { ...SIZES.tiny, companies: 450 } });
  let pages = 0;
  let position = null;
  for await (const event of readerOf('companies').read(sliceOf(ALL), null)) {
    if (event.type !== 'page') continue;
    position = event.position;
    pages += 1;
    if (pages === 2) break;
  }
  await clock.sleep(61_000);
  const rest = await walk(readerOf('companies').read(sliceOf(ALL), position));
  expect(rest.events[0]?.type).toBe('restart');
  expect(keysOf(OBJECTS.companies, rest.records)).toEqual(truth(simulator, 'companies'));
});
