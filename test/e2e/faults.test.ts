/** Whatever goes wrong on the way: nothing is lost, nothing is taken for the end of data, and failures say so. */
import { afterEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../functions/core/engine-files.ts';
import type { SyncResult } from '../../lib/cli/local/sync.ts';
import { summaryText } from '../../lib/cli/terminal/report.ts';
import type { Fault, FaultAnswer, Scope, Switches } from '../../lib/standins/intercom/index.ts';
import { expectationOf, lostRows } from '../support/local/expectation.ts';
import {
  type Bench,
  type BenchOptions,
  SMALL,
  type SyncOptions,
  startBench,
} from '../support/local/local-bench.ts';
import type { Table } from '../support/local/tables.ts';
import { HOUR, MINUTE } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});
/** Fast: the waits before retries take minutes. */
const start = async (options: BenchOptions = {}): Promise<Bench> => {
  bench = await startBench({ clock: { speed: 40 }, ...options });
  return bench;
};

const only = (...objects: readonly Table[]): SyncOptions => ({ input: { objects } });

function runOf(result: SyncResult): RunSummary {
  if (result.status !== 'finished') throw new Error(`the run ended as ${JSON.stringify(result)}`);
  expect(result.runs).toHaveLength(1);
  const [run] = result.runs;
  if (run === undefined) throw new Error('there was no run');
  return run;
}

const outcomesOf = (run: RunSummary) =>
  Object.fromEntries(run.objects.map(({ object, status }) => [object, status]));

const messageOf = (run: RunSummary, object: Table): string =>
  run.objects.find((one) => one.object === object)?.message ?? '';

const errorOf = (run: RunSummary, object: Table): string | null | undefined =>
  run.objects.find((one) => one.object === object)?.error;

/** The run was as if nothing had happened. */
function expectSuccess(result: SyncResult): void {
  const run = runOf(result);
  expect(run.objects.filter(({ status }) => status !== 'committed')).toEqual([]);
  expect(run.status).toBe('succeeded');
}

const errors = (code: string): object => ({ type: 'error.list', errors: [{ code, message: 'x' }] });
const HTML = '<html><body><h1>Bad gateway</h1></body></html>';

/** Some of all requests, spread over the run; `/me` lets the run begin. */
const some = (respond: Fault['respond'], times = 8): readonly Fault[] => [
  { match: { path: /^\/(?!me)/ }, after: 6, times: Math.ceil(times / 2), respond },
  { match: { path: /^\/(?!me)/ }, after: 60, times: Math.floor(times / 2), respond },
];

const limited = (headers: FaultAnswer['headers'] = {}): Fault['respond'] => ({
  status: 429,
  headers,
  json: errors('rate_limit_exceeded'),
});

/** Everything that has pages: sub-lists and activity logs too. */
const PAGED = /search|articles|collections|activity_logs|\/contacts\/[^/]+\/companies/;

/** Trouble that a run gets over by itself. */
const ABSORBED: Readonly<Record<string, readonly Fault[]>> = {
  '429 without any header': some(limited(), 30),
  '429 with Retry-After': some(limited({ 'Retry-After': '3' }), 20),
  '500': some({ status: 500, json: errors('server_error') }),
  '503 of a proxy, in HTML': some({ status: 503, html: HTML }),
  '408': some({ status: 408, json: errors('request_timeout') }),
  'reset connections': some({ kind: 'reset-connection' }),
  'truncated bodies': some({ kind: 'truncate-body' }),
  'HTML with status 200': some({ status: 200, html: HTML }),
  'empty answers with status 200': some({ status: 200, empty: true }),
  'an error list with status 200': some({ status: 200, json: errors('server_error') }),
  'slow answers': some({ kind: 'delay', delayMs: 150 }),
  '502 for pages of more than 40': [
    { match: { path: PAGED, perPageAbove: 40 }, respond: { status: 502, html: HTML } },
  ],
  '504 for pages of more than 10': [
    { match: { path: PAGED, perPageAbove: 10 }, respond: { status: 504, html: HTML } },
  ],
  'a scroll that expires': [
    {
      match: { path: /scroll_param/ },
      after: 1,
      times: 1,
      respond: { status: 404, json: errors('not_found') },
    },
  ],
  'a scroll that breaks': [
    { match: { path: /scroll_param/ }, times: 1, respond: { status: 500, json: errors('server_error') } },
  ],
  'cursors that are refused': [
    {
      match: { method: 'POST', path: /search/, bodyIncludes: 'starting_after' },
      times: 2,
      respond: {
        status: 400,
        json: {
          type: 'error.list',
          errors: [{ code: 'client_error', message: 'Invalid starting_after param' }],
        },
      },
    },
  ],
  'activity logs that are too much for five days': [
    { match: { path: /activity_logs/ }, after: 3, times: 5, respond: { status: 504, html: HTML } },
  ],
  'a count that falls short once': [
    {
      match: { path: '/companies' },
      times: 1,
      respond: { status: 200, json: { type: 'list', data: [], total_count: 9_999, pages: null } },
    },
  ],
};

/** One object of every paging style, and the sub-lists. */
const EVERY_STYLE = [
  'contacts',
  'companies',
  'conversation_parts',
  'segments',
  'tickets',
  'articles',
  'activity_logs',
] as const satisfies readonly Table[];

describe('a run gets over', () => {
  test.each(Object.entries(ABSORBED))('%s', async (_what, faults) => {
    const { simulator, sync, lake } = await start({
      simulator: { faults, sizes: SMALL },
    });
    const expected = expectationOf(simulator);
    expectSuccess(await sync(only(...EVERY_STYLE)));
    expected.synced({ objects: EVERY_STYLE });
    expect(expected.problems(await lake())).toEqual([]);
  });

  test('a tight rate limit, and causes no 429', async () => {
    const { simulator, sync, lake } = await start({
      simulator: { rateLimit: { perApp: 40, perWorkspace: 60 } },
    });
    const expected = expectationOf(simulator);
    expectSuccess(await sync());
    expected.synced();
    expect(expected.problems(await lake())).toEqual([]);
    // Before the limit is known a few may be asked for too many.
    expect(simulator.stats().rateLimited).toBeLessThan(12);
  });

  test('another client that holds the scroll', async () => {
    const { simulator, open, lake } = await start();
    // Before the other client begins: a busy machine takes as long to open as a scroll lives.
    const session = await open();
    const headers = { authorization: `Bearer ${simulator.token}`, 'intercom-version': '2.15' };
    expect((await fetch(`${simulator.url}/companies/scroll`, { headers })).status).toBe(200);
    const expected = expectationOf(simulator);
    try {
      expectSuccess(await session.run({ objects: ['companies'] }));
    } finally {
      await session.close();
    }
    expected.synced({ objects: ['companies'] });
    expect(expected.problems(await lake())).toEqual([]);
    expect(simulator.stats().byStatus[400]).toBeGreaterThan(0);
  });

  test('one empty answer where there were records, without believing it', async () => {
    const { simulator, clock, sync, lake } = await start();
    const expected = expectationOf(simulator);
    expectSuccess(await sync(only('tags', 'admins')));
    clock.advance(HOUR);
    simulator.addFault({
      match: { path: '/tags' },
      times: 1,
      respond: { status: 200, json: { type: 'list', data: [] } },
    });
    expectSuccess(await sync(only('tags', 'admins')));
    expected.synced({ objects: ['tags', 'admins'] });
    expect(expected.problems(await lake())).toEqual([]);
  });
});

describe('search lags behind', () => {
  test('a change that is not indexed yet appears in the next run', async () => {
    const objects = ['contacts', 'conversations', 'conversation_parts', 'tickets'] as const;
    const { simulator, clock, sync, lake } = await start({ simulator: { indexingDelaySeconds: 600 } });
    const { contacts, conversations, tickets } = simulator.workspace;
    expectSuccess(await sync(only(...objects)));
    clock.advance(6 * HOUR);
    const [contact = ''] = contacts.ids();
    const [conversation = ''] = conversations.ids();
    const [ticket = ''] = tickets.ids();
    contacts.update(contact, { name: 'changed' });
    conversations.addPart(conversation);
    tickets.addPart(ticket);
    const added = contacts.create({ name: 'new' });
    expectSuccess(await sync(only(...objects)));
    expect((await lake()).current('contacts').has(added)).toBe(false);
    clock.advance(12 * MINUTE);
    expectSuccess(await sync(only(...objects)));
    const expected = expectationOf(simulator);
    expected.synced({ objects });
    expect(expected.problems(await lake())).toEqual([]);
  });
});

describe('a conversation that is gone when its parts are asked for', () => {
  const objects = ['conversations', 'conversation_parts'] as const;

  test.each(['json', 'html'] as const)('is a row of deletions (404 in %s)', async (conversationNotFound) => {
    const { simulator, sync, lake } = await start({ simulator: { switches: { conversationNotFound } } });
    const { conversations } = simulator.workspace;
    const [gone = '', alsoGone = ''] = [...conversations.ids()].slice(10);
    const expected = expectationOf(simulator);
    expected.synced({ objects: ['conversations'] });
    let answers = 0;
    const observe: SyncOptions['observe'] = (event) => {
      if (event.type !== 'request' || event.object !== 'conversation_parts') return;
      answers += 1;
      // The first answer was a count, the second has listed it; its own GET has not been sent.
      if (answers === 2) for (const id of [gone, alsoGone]) conversations.delete(id);
    };
    expectSuccess(await sync({ input: { objects: ['conversation_parts'] }, observe }));
    expected.synced({ objects: ['conversation_parts'] });
    for (const id of [gone, alsoGone]) expected.deleted(id);
    expect(
      expected.problems(await lake(), ['conversation_parts', 'email_address_header', 'deletions']),
    ).toEqual([]);
  });

  test('is none, when a second GET finds it', async () => {
    const { simulator, sync, lake } = await start();
    const [id = ''] = simulator.workspace.conversations.ids();
    const fault = { status: 404, json: errors('not_found') };
    simulator.addFault({ match: { path: `/conversations/${id}` }, times: 1, respond: fault });
    const expected = expectationOf(simulator);
    expectSuccess(await sync(only(...objects)));
    expected.synced({ objects });
    expect(expected.problems(await lake())).toEqual([]);
  });

  test('is not believed of very many: the object fails and its cursor stays', async () => {
    const { simulator, clock, sync, lake } = await start();
    const heal = simulator.addFault({
      match: { path: /^\/conversations\/\d+/ },
      respond: { status: 404, json: errors('not_found') },
    });
    const run = runOf(await sync(only(...objects)));
    expect(outcomesOf(run)).toEqual({ conversations: 'committed', conversation_parts: 'failed' });
    expect(errorOf(run, 'conversation_parts')).toBe('ContractError');
    expect((await lake()).manifests('conversation_parts')).toEqual([]);
    heal();
    clock.advance(MINUTE);
    const expected = expectationOf(simulator);
    expectSuccess(await sync(only(...objects)));
    expected.synced({ objects });
    expect(expected.problems(await lake())).toEqual([]);
  });
});

describe('debts', () => {
  const fails: Fault['respond'] = { status: 500, json: errors('server_error') };

  test('a conversation that cannot be read is owed, and paid once it can', async () => {
    const objects = ['conversation_parts'] as const;
    const { simulator, clock, sync, lake } = await start();
    const [owed = '', other = ''] = [...simulator.workspace.conversations.ids()].slice(5);
    const heals = [owed, other].map((id) =>
      simulator.addFault({ match: { path: `/conversations/${id}` }, respond: fails }),
    );
    expectSuccess(await sync(only(...objects)));
    const first = await lake();
    const [manifest] = first.manifests('conversation_parts');
    expect(manifest?.completeness.status).toBe('short');
    expect(manifest?.completeness.debts.map(({ scope }) => scope)).toEqual(
      expect.arrayContaining([{ ids: [owed] }, { ids: [other] }]),
    );
    const expected = expectationOf(simulator);
    expected.synced({ objects });
    const wrong = expected.problems(first, ['conversation_parts']);
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.filter((one) => !one.includes(owed) && !one.includes(other))).toEqual([]);

    // Still failing for one of them: it stays owed, since the first time.
    heals[0]?.();
    clock.advance(HOUR);
    expectSuccess(await sync(only(...objects)));
    const second = (await lake()).manifests('conversation_parts').at(-1);
    expect(second?.completeness.debts).toMatchObject([
      { scope: { ids: [other] }, tries: 2, since: manifest?.started_at },
    ]);

    heals[1]?.();
    clock.advance(HOUR);
    expectSuccess(await sync(only(...objects)));
    const last = await lake();
    expect(expected.problems(last)).toEqual([]);
    expect(last.manifests('conversation_parts').at(-1)?.completeness.debts).toEqual([]);
  });

  test('a contact whose companies cannot be read whole is owed', async () => {
    const objects = ['contacts'] as const;
    const { simulator, clock, sync, lake } = await start();
    const { contacts } = simulator.workspace;
    const owed = [...contacts.ids()].find((id) => contacts.relations(id).companyIds.length > 10) ?? '';
    expect(owed).not.toBe('');
    const heal = simulator.addFault({ match: { path: `/contacts/${owed}/companies` }, respond: fails });
    expectSuccess(await sync(only(...objects)));
    expect((await lake()).manifests('contacts')[0]?.completeness).toMatchObject({
      status: 'short',
      debts: [{ scope: { ids: [owed] } }],
    });
    heal();
    clock.advance(HOUR);
    expectSuccess(await sync(only(...objects)));
    const expected = expectationOf(simulator);
    expected.synced({ objects });
    expect(expected.problems(await lake())).toEqual([]);
  });

  test('activity logs of a time that cannot be read are owed as a window', async () => {
    const objects = ['activity_logs'] as const;
    const { simulator, clock, sync, lake } = await start();
    const { activityLogs, baseTimeMs, sizes } = simulator.workspace;
    const begin = Math.floor(baseTimeMs / 1000) - (sizes.historyDays + 1) * 86_400;
    activityLogs.create({}, { at: begin + 60 });
    // However short a window that begins there, it is too much; all others are answered.
    const heal = simulator.addFault({
      match: { path: new RegExp(`activity_logs\\?.*created_at_after=${begin - 1}&`) },
      respond: { status: 504, html: HTML },
    });
    expectSuccess(await sync(only(...objects)));
    const [manifest] = (await lake()).manifests('activity_logs');
    expect(manifest?.completeness.status).toBe('short');
    expect(manifest?.completeness.debts).toMatchObject([
      { scope: { window: { from: begin, to: begin + 600 } } },
    ]);
    heal();
    clock.advance(HOUR);
    expectSuccess(await sync(only(...objects)));
    const expected = expectationOf(simulator);
    expected.synced({ objects });
    expect(expected.problems(await lake())).toEqual([]);
  });

  test('if everything fails the object fails, instead of owing everything', async () => {
    const { simulator, clock, sync, lake } = await start({ clock: { speed: 400 } });
    const objects = ['conversation_parts', 'admins'] as const;
    const heal = simulator.addFault({ match: { path: /^\/conversations\/\d+/ }, respond: fails });
    const run = runOf(await sync(only(...objects)));
    expect(outcomesOf(run)).toEqual({ conversation_parts: 'failed', admins: 'committed' });
    expect(run.status).toBe('failed');
    expect((await lake()).manifests('conversation_parts')).toEqual([]);
    heal();
    clock.advance(MINUTE);
    expectSuccess(await sync(only(...objects)));
    const expected = expectationOf(simulator);
    expected.synced({ objects });
    expect(expected.problems(await lake())).toEqual([]);
  });
});

/** Errors in the place of a page are never its end. */
const NO_END: Readonly<Record<string, { readonly objects: readonly Table[]; readonly fault: Fault }>> = {
  'a 404 on the second page of a search': {
    objects: ['contacts'],
    fault: {
      match: { path: '/contacts/search', bodyIncludes: 'starting_after' },
      respond: { status: 404, json: errors('not_found') },
    },
  },
  'a 404 on the second page of a list': {
    objects: ['articles'],
    fault: { match: { path: /articles\?page=2/ }, respond: { status: 404, json: errors('not_found') } },
  },
  'a list without its records': {
    objects: ['admins'],
    fault: { match: { path: '/admins' }, respond: { status: 200, json: { type: 'admin.list' } } },
  },
  'HTML on every page': {
    objects: ['tickets'],
    fault: { match: { path: '/tickets/search' }, respond: { status: 200, html: HTML } },
  },
  'an empty page that announces more': {
    objects: ['collections'],
    fault: {
      match: { path: /collections/ },
      respond: {
        status: 200,
        json: {
          type: 'list',
          data: [],
          total_count: 24,
          pages: { type: 'pages', page: 1, per_page: 25, total_pages: 2, next: 'https://x.example/?page=2' },
        },
      },
    },
  },
};

describe('is never taken for the end of data:', () => {
  test.each(Object.entries(NO_END))('%s', async (_what, { objects, fault }) => {
    const { simulator, clock, sync, lake } = await start({
      simulator: { sizes: { ...SMALL, articles: 300 } },
      clock: { speed: 400 },
    });
    const heal = simulator.addFault(fault);
    const run = runOf(await sync(only(...objects, 'tags')));
    expect(outcomesOf(run)).toEqual(
      Object.fromEntries([...objects.map((object) => [object, 'failed']), ['tags', 'committed']]),
    );
    const broken = await lake();
    for (const object of objects) {
      expect(broken.manifests(object)).toEqual([]);
      expect(messageOf(run, object)).not.toBe('');
    }
    heal();
    clock.advance(MINUTE);
    expectSuccess(await sync(only(...objects)));
    const expected = expectationOf(simulator);
    expected.synced({ objects: [...objects, 'tags'] });
    expect(expected.problems(await lake())).toEqual([]);
  });
});

describe('permissions and plans', () => {
  const MISSING: readonly Switches['missingScope'][] = [
    '403_forbidden',
    '403_token_unauthorized',
    '401_token_unauthorized',
    '401_unauthorized',
  ];
  const WITHOUT_TICKETS: readonly Scope[] = [
    'read_users_companies',
    'read_tags',
    'read_conversations',
    'read_admins',
    'read_admin_activity_logs',
    'read_articles_scope',
  ];

  test.each(MISSING)(
    'a missing permission names its box, and the others go on (%s)',
    async (missingScope) => {
      const { simulator, clock, sync, lake } = await start({ simulator: { switches: { missingScope } } });
      const objects = ['tickets', 'ticket_types', 'tags', 'admins', 'activity_logs'] as const;
      const token = simulator.issueToken({ scopes: WITHOUT_TICKETS });
      const run = runOf(await sync({ ...only(...objects), token }));
      expect(run.status).toBe('failed');
      expect(outcomesOf(run)).toEqual({
        tickets: 'failed',
        ticket_types: 'failed',
        tags: 'committed',
        admins: 'committed',
        activity_logs: 'committed',
      });
      for (const object of ['tickets', 'ticket_types'] as const) {
        expect(errorOf(run, object)).toBe('PermissionError');
        expect(messageOf(run, object)).toContain('Read tickets');
      }
      clock.advance(MINUTE);
      expectSuccess(await sync(only(...objects)));
      const expected = expectationOf(simulator);
      expected.synced({ objects });
      expect(expected.problems(await lake())).toEqual([]);
    },
  );

  test('a permission that is lost after the first run is never a debt, whichever object it covers', async () => {
    const { simulator, clock, sync, lake } = await start();
    expectSuccess(await sync());
    const before = await lake();
    clock.advance(HOUR);
    const run = runOf(await sync({ token: simulator.issueToken({ scopes: [] }) }));
    expect(run.status).toBe('failed');
    const committed = run.objects.filter(({ status }) => status === 'committed').map(({ object }) => object);
    expect(committed).toEqual(['away_status_reasons']); // It needs no permission.
    const failed = run.objects.filter(({ status }) => status === 'failed');
    expect(failed.filter(({ error }) => error !== 'PermissionError')).toEqual([]);
    expect(failed.map(({ object }) => object)).toContain('activity_logs');
    const after = await lake();
    for (const { object } of failed)
      expect([object, after.manifests(object).length]).toEqual([object, before.manifests(object).length]);
  });

  test.each(MISSING)(
    'what is optional is unavailable without its permission, told once, and read once it is there (%s)',
    async (missingScope) => {
      const { simulator, clock, sync, lake } = await start({ simulator: { switches: { missingScope } } });
      const objects = ['tags', 'brands', 'emails', 'newsfeeds', 'external_pages'] as const;
      const input = only(...objects);
      const token = simulator.issueToken({ scopes: ['read_tags', 'read_emails'] });
      const first = runOf(await sync({ ...input, token }));
      clock.advance(MINUTE);
      const second = runOf(await sync({ ...input, token }));
      for (const run of [first, second]) {
        expect(run.status).toBe('succeeded');
        expect(outcomesOf(run)).toEqual({
          tags: 'committed',
          brands: 'unavailable',
          emails: 'committed',
          newsfeeds: 'unavailable',
          external_pages: 'unavailable',
        });
        expect(messageOf(run, 'brands')).toContain("tick 'Read brands'");
        expect(messageOf(run, 'external_pages')).toContain("tick 'Read and write AI content'");
      }
      const told = (run: RunSummary) => summaryText(run).match(/^\w+ unavailable: .*$/gm) ?? [];
      expect([told(first).length, told(second).length]).toEqual([3, 0]);
      clock.advance(MINUTE);
      expectSuccess(await sync(input));
      const expected = expectationOf(simulator);
      expected.synced({ objects });
      expect(expected.problems(await lake())).toEqual([]);
    },
  );

  test.each(['403', '402'] as const)(
    'what the plan lacks is unavailable, no failure (%s)',
    async (planRestriction) => {
      const switches = { planRestriction, conversationsPlan: 'restricted' } as const;
      const { simulator, clock, sync, lake } = await start({ simulator: { switches } });
      const objects = ['conversations', 'conversation_parts', 'teams'] as const;
      const run = runOf(await sync(only(...objects)));
      expect(run.status).toBe('succeeded');
      expect(outcomesOf(run)).toEqual({
        conversations: 'unavailable',
        conversation_parts: 'unavailable',
        teams: 'committed',
      });
      simulator.setSwitches({ conversationsPlan: 'included' });
      clock.advance(MINUTE);
      expectSuccess(await sync(only(...objects)));
      const expected = expectationOf(simulator);
      expected.synced({ objects });
      expect(expected.problems(await lake())).toEqual([]);
    },
  );
});

describe('the token', () => {
  const CODES: readonly Switches['revokedTokenCode'][] = ['token_revoked', 'unauthorized'];

  test.each(CODES)(
    'revoked during a run: objects fail, the next run goes on (%s)',
    async (revokedTokenCode) => {
      const { simulator, clock, sync, lake } = await start({ simulator: { switches: { revokedTokenCode } } });
      let requests = 0;
      const observe: SyncOptions['observe'] = (event) => {
        if (event.type === 'request') requests += 1;
        if (requests === 60) simulator.setTokenState(simulator.token, 'revoked');
      };
      const result = await sync({ observe });
      const run = runOf(result);
      expect(run.status).toBe('failed');
      const failed = run.objects.filter(({ status }) => status === 'failed');
      expect(failed.length).toBeGreaterThan(0);
      expect([...new Set(failed.map(({ error }) => error))]).toEqual(['ConnectionError']);
      const broken = await lake();
      for (const { object } of failed) expect(broken.manifests(object)).toEqual([]);
      clock.advance(MINUTE);
      simulator.workspace.simulateDay(1);
      clock.advance(MINUTE);
      const token = simulator.issueToken();
      expectSuccess(await sync({ token, input: { mode: 'full_refresh' } }));
      expect(lostRows(simulator, await lake())).toEqual([]);
    },
  );

  test.each(['revoked', 'expired', 'blocked'] as const)(
    '%s from the beginning: one clear end',
    async (state) => {
      const { simulator, sync, lake } = await start();
      simulator.setTokenState(simulator.token, state);
      const result = await sync();
      expect(result).toMatchObject({ status: 'failed', error: 'ConnectionError' });
      expect((await lake()).runs).toEqual([]);
    },
  );
});
