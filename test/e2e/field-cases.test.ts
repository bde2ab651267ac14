/**
 * What live workspaces have done and no document says, each from the first run to the lake: the smallest input that
 * once lost rows, failed an object or made it read everything again in every run.
 */
import { afterEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../functions/core/engine-files.ts';
import { DEFAULT_OBJECTS, isOptional } from '../../functions/core/names.ts';
import { REQUESTS_IN_FLIGHT } from '../../functions/intercom/readers/walk/pace.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { statusText } from '../../lib/cli/terminal/report.ts';
import type { Fault, Simulator, Switches } from '../../lib/standins/intercom/index.ts';
import { SIZES } from '../../lib/standins/intercom/index.ts';
import { expectationOf, lostRows } from '../support/local/expectation.ts';
import type { LakeView, ManifestView } from '../support/local/lake-reader.ts';
import { type Bench, type BenchOptions, startBench } from '../support/local/local-bench.ts';
import type { ExactObject } from '../support/local/lossless-json.ts';
import { childrenOf, factsOf, INCREMENTAL, type Table } from '../support/local/tables.ts';
import { DAY, HOUR } from '../support/local/test-clock.ts';

const FEW = {
  ...SIZES.tiny,
  contacts: 60,
  sharedSecond: 10,
  companies: 30,
  conversations: 30,
  tickets: 12,
  partsOfLongConversation: 12,
  activity_logs: 25,
} as const;

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function start(options: BenchOptions = {}): Promise<Bench> {
  bench = await startBench({
    clock: { speed: 40 },
    ...options,
    simulator: { sizes: FEW, ...options.simulator },
  });
  return bench;
}

/** One run, which must succeed: exit status 0. An hour passes before it. */
async function runOf(current: Bench, input: Readonly<Record<string, unknown>> = {}): Promise<RunSummary> {
  current.clock.advance(HOUR);
  const result = await current.sync({ input });
  if (result.status !== 'finished') throw new Error(`the run ended as ${JSON.stringify(result)}`);
  const [run] = result.runs;
  if (run === undefined || result.runs.length > 1) throw new Error(`${result.runs.length} runs`);
  expect(run.objects.filter(({ status }) => status !== 'committed')).toEqual([]);
  expect(run.status).toBe('succeeded');
  return run;
}

async function manifestOf(current: Bench, object: Table): Promise<ManifestView> {
  const manifest = (await current.lake()).manifests(object).at(-1);
  if (manifest === undefined) throw new Error(`${object} has no manifest`);
  return manifest;
}

const proofOf = async (current: Bench, object: Table) => (await manifestOf(current, object)).completeness;

const rowsIn = ({ objects }: RunSummary): number =>
  objects.flatMap(({ rows }) => Object.values(rows)).reduce((sum, rows) => sum + rows, 0);

/** Nothing that Intercom holds is missing or different. */
async function expectNothingLost(current: Bench, objects?: readonly Table[]): Promise<void> {
  const lost = lostRows(current.simulator, await current.lake());
  const tables = objects?.flatMap((object) => [object, ...childrenOf(object)]);
  expect(lost.filter((problem) => tables?.includes(problem.split(' ')[0] as Table) ?? true)).toEqual([]);
}

const refusal = (code: string): object => ({ type: 'error.list', errors: [{ code, message: 'x' }] });
const forbidden = (path: string): Fault => ({
  match: { path },
  respond: { status: 403, json: refusal('forbidden') },
});

const seconds = (current: Bench): number => Math.floor(current.clock.now() / 1000);

/** The requests that the run sent. */
async function requestsOf(current: Bench, input: Readonly<Record<string, unknown>>) {
  const before = current.simulator.stats().requests;
  const run = await runOf(current, input);
  return { run, requests: current.simulator.stats().requests - before };
}

/** Child rows without our own columns. */
const childRows = (lake: LakeView, child: Table) =>
  [...lake.current(child)]
    .map(([key, row]) => [key, Object.entries(row).filter(([name]) => !name.startsWith('_'))])
    .sort();

describe('a list that did not come is unknown, not empty', () => {
  type ListCase = Switches['embeddedLists'][number];
  const LISTS = {
    'contacts.tags': { object: 'contacts', child: 'contact_tag', field: 'tags', isAsked: true },
    'contacts.companies': { object: 'contacts', child: 'contact_company', field: 'companies', isAsked: true },
    'conversations.tags': {
      object: 'conversations',
      child: 'conversation_tag',
      field: 'tags',
      isAsked: false,
    },
    'companies.tags': { object: 'companies', child: 'company_tag', field: 'tags', isAsked: false },
    'teams.admin_ids': { object: 'teams', child: 'team_admin', field: 'admin_ids', isAsked: false },
  } as const satisfies Partial<Record<ListCase['list'], object>>;
  type Asked = keyof typeof LISTS;
  const CASES = (Object.keys(LISTS) as Asked[]).flatMap((list) =>
    (['absent', 'null', 'unknown_shape', 'other_wrapper'] as const).map((as) => [list, as] as const),
  );

  /** Changes a record that has child rows, so that the next run reads it. */
  function change({ workspace }: Simulator, object: (typeof LISTS)[Asked]['object'], id: string) {
    if (object === 'contacts') workspace.contacts.update(id, { name: 'Changed' });
    if (object === 'conversations') workspace.conversations.update(id, { title: 'Changed' });
    if (object === 'companies') workspace.companies.update(id, { name: 'Changed' });
    if (object === 'teams') workspace.teams.update(id, { name: 'Changed' });
  }

  const childrenIn = async (current: Bench, child: Table) => childRows(await current.lake(), child);

  async function afterFirstRun(
    { object, child }: { object: Table; child: Table },
    options: BenchOptions = {},
  ) {
    const current = await start(options);
    await runOf(current, { objects: [object] });
    const rows = (await current.lake()).history(child);
    const [owner] = Object.values(rows[0]?.row ?? {});
    if (rows.length === 0 || typeof owner !== 'string') throw new Error(`${child} is empty`);
    return { current, owner, before: await childrenIn(current, child) };
  }

  test.each(CASES)('%s: %s', async (list, as) => {
    const { object, child, field, isAsked } = LISTS[list];
    const { current, owner, before } = await afterFirstRun(LISTS[list]);
    current.simulator.setSwitches({ embeddedLists: [{ list, ids: 'all', as }] });
    change(current.simulator, object, owner);
    await runOf(current, { objects: [object] });
    expect(await childrenIn(current, child)).toEqual(before);
    const parent = (await current.lake()).current(object).get(owner);
    const isKnown = isAsked || as === 'other_wrapper';
    expect(parent?._unknown).toBe(isKnown ? null : JSON.stringify([field]));
    expect(parent?.name ?? parent?.title).toBe('Changed');

    await runOf(current, { objects: [object], mode: 'full_refresh' });
    expect(await childrenIn(current, child)).toEqual(before);
    const { completeness, schema } = await manifestOf(current, object);
    const { read, relations, status } = completeness;
    const isSystematic = !isKnown && read > 10;
    expect(relations[child]?.unknown).toBe(isKnown ? undefined : read);
    expect(status).toBe(isSystematic ? 'short' : 'complete');
    expect(schema.dropped).toEqual(isSystematic ? [`${list}: no longer sent`] : []);
    await expectNothingLost(current, [object]);

    current.simulator.setSwitches({ embeddedLists: [] });
    await runOf(current, { objects: [object], mode: 'full_refresh' });
    expect(await proofOf(current, object)).toMatchObject({ status: 'complete' });
    await expectNothingLost(current, [object]);
  });

  test('contacts.tags: if the sub-list does not answer either, 20 questions are enough', async () => {
    const { current, before } = await afterFirstRun(LISTS['contacts.tags']);
    const { simulator } = current;
    simulator.setSwitches({ embeddedLists: [{ list: 'contacts.tags', ids: 'all', as: 'absent' }] });
    simulator.addFault({
      match: { path: /^\/contacts\/[^/]+\/tags/ },
      respond: { status: 200, json: { type: 'list' } },
    });
    const logged = simulator.requestLog.length;
    await runOf(current, { objects: ['contacts'], mode: 'full_refresh' });
    expect(await childrenIn(current, 'contact_tag')).toEqual(before);
    const { completeness, schema } = await manifestOf(current, 'contacts');
    expect(completeness).toMatchObject({ status: 'short', relations: { contact_tag: { unknown: 60 } } });
    expect(schema.dropped).toEqual(['contacts.tags: no longer sent']);
    const asked = simulator.requestLog
      .slice(logged)
      .filter(({ path }) => /^\/contacts\/[^/]+\/tags/.test(path));
    expect(asked.length).toBeLessThanOrEqual(20 + REQUESTS_IN_FLIGHT);
  });
});

describe('a list that the parent keeps as JSON', () => {
  test.each([
    ['companies.segments', { object: 'companies', child: 'company_segment', field: 'segments' }],
    ['tickets.ticket_parts', { object: 'tickets', child: 'ticket_part', field: 'ticket_parts' }],
  ] as const)(
    '%s: if it does not come, its rows stay, and no debt, request or run is for it',
    async (list, of) => {
      const { object, child, field } = of;
      const current = await start({ sync: { config: { history: { fullRefreshRuns: 2 } } } });
      await runOf(current, { objects: [object] });
      const before = childRows(await current.lake(), child);
      const requests = await requestsOf(current, { objects: [object], mode: 'full_refresh' });
      expect(before.length).toBeGreaterThan(5);
      current.simulator.setSwitches({ embeddedLists: [{ list, ids: 'all', as: 'absent' }] });
      const again = await requestsOf(current, { objects: [object], mode: 'full_refresh' });
      expect(again.requests).toBe(requests.requests);
      const lake = await current.lake();
      expect(childRows(lake, child)).toEqual(before);
      expect(new Set([...lake.current(object).values()].map(({ _unknown: unknown }) => unknown))).toEqual(
        new Set([JSON.stringify([field])]),
      );
      const { completeness } = await manifestOf(current, object);
      expect(completeness).toMatchObject({ status: 'complete', debts: [] });
      expect(completeness.relations).not.toHaveProperty(child);
      await runOf(current, { objects: [object], mode: 'full_refresh' });
      // Two runs that are kept, and one that waits two hours for queries.
      current.clock.advance(DAY);
      await runOf(current, { objects: [object], mode: 'full_refresh' });
      const runs = (await current.lake()).manifests(object).length;
      expect(runs).toBe(object === 'companies' ? 3 : 5);
    },
  );
});

describe('items of a list that cannot be rows', () => {
  const cases = ['items_without_id', 'strings', 'numbers'] as const;
  const LISTS = {
    'contacts.tags': 'contacts',
    'contacts.companies': 'contacts',
    'conversations.tags': 'conversations',
    'companies.tags': 'companies',
    'teams.admin_ids': 'teams',
  } as const;

  test.each(cases)('%s: no child row without its key, nothing failed', async (as) => {
    const current = await start();
    const embeddedLists = (Object.keys(LISTS) as (keyof typeof LISTS)[]).map(
      (list) => ({ list, ids: 'all', as }) as const,
    );
    current.simulator.setSwitches({ embeddedLists });
    const objects = [...new Set(Object.values(LISTS))];
    await runOf(current, { objects });
    const lake = await current.lake();
    for (const object of objects) {
      for (const child of childrenOf(object)) {
        for (const { row } of lake.history(child)) {
          for (const name of factsOf(child).key)
            expect([child, name, row[name] ?? null]).not.toEqual([child, name, null]);
        }
      }
    }
    // Tags of contacts can be asked for: what the sub-list says is what is there.
    await expectNothingLost(current, ['contacts']);
  });

  test('one odd item among others is a reject, and the object is short', async () => {
    const current = await start();
    const { teams } = current.simulator.workspace;
    const [id = ''] = teams.ids();
    teams.update(id, { admin_ids: [null, 7, '8'] });
    await runOf(current, { objects: ['teams'] });
    const lake = await current.lake();
    const admins = [...lake.current('team_admin').values()].filter(({ team_id }) => team_id === id);
    expect(admins.map(({ admin_id }) => admin_id)).toEqual(['7', '8']);
    expect([...lake.current('rejects').values()]).toMatchObject([
      { object: 'teams', path: `${id}.admin_ids[0]`, record: 'null' },
    ]);
    expect(await proofOf(current, 'teams')).toMatchObject({ status: 'short', debts: [] });
  });
});

describe('order is no proof', () => {
  const SEARCHED: readonly Table[] = ['contacts', 'conversations', 'conversation_parts', 'tickets'];

  test('an index that lags and serves records as they are now', async () => {
    const current = await start({
      simulator: { sizes: FEW, indexingDelaySeconds: 120, switches: { searchDocuments: 'current' } },
    });
    const expected = expectationOf(current.simulator);
    await runOf(current);
    expected.synced();
    expect(expected.problems(await current.lake())).toEqual([]);
    const { contacts, conversations, tickets } = current.simulator.workspace;
    for (let round = 0; round < 3; round += 1) {
      current.clock.advance(HOUR);
      // Changed within the last seconds: still at their old places, with the new time.
      for (const records of [contacts, conversations, tickets]) {
        const all = [...records.ids()];
        for (const index of [2, 5, 9]) {
          const at = seconds(current) - 40 + index * 3;
          records.update(all[(index + round) % all.length] ?? '', { created_at: at - 5_000 }, { at });
        }
      }
      const result = await current.sync();
      if (result.status !== 'finished') throw new Error(result.status);
      expect(result.runs[0]?.objects.filter(({ status }) => status !== 'committed')).toEqual([]);
      for (const object of SEARCHED) {
        expect(await proofOf(current, object)).toMatchObject({ status: 'complete', debts: [] });
      }
    }
    await runOf(current);
    await expectNothingLost(current);
  });

  test.each(['ignored', 'unsorted'] as const)('sort: %s', async (sort) => {
    const sizes = { ...FEW, contacts: 700, conversations: 320, tickets: 310 };
    const current = await start({ simulator: { sizes } });
    const input = { objects: SEARCHED, mode: 'full_refresh' };
    await runOf(current, { objects: SEARCHED });
    const sorted = await requestsOf(current, input);
    current.simulator.setSwitches({ sort });
    const unsorted = await requestsOf(current, input);
    expect(unsorted.requests).toBeLessThanOrEqual(sorted.requests * 3);
    for (const object of SEARCHED) {
      const { status, debts, observed } = await proofOf(current, object);
      expect([object, status, debts]).toEqual([object, 'complete', []]);
      expect(observed).toEqual({ sort: 'not honoured' });
    }
    await expectNothingLost(current, SEARCHED);

    // A cursor refused in the middle: nothing is known of an order, so the walk begins again.
    current.simulator.addFault({
      match: { path: /\/search$/, bodyIncludes: 'starting_after' },
      after: 1,
      times: 1,
      respond: { status: 400, json: refusal('parameter_invalid') },
    });
    await runOf(current, input);
    for (const object of SEARCHED)
      expect(await proofOf(current, object)).toMatchObject({ status: 'complete' });
    await expectNothingLost(current, SEARCHED);
  });
});

describe('a count that is never reached', () => {
  const sizes = { ...FEW, contacts: 1_000, conversations: 300 };
  const input = { objects: INCREMENTAL };

  /** Deletes a record that stays counted for ever. */
  function haunt({ simulator }: Bench, object: 'contacts' | 'conversations'): void {
    const records = simulator.workspace[object];
    const id = [...records.ids()][7] ?? '';
    records.delete(id);
  }

  async function idleRuns(current: Bench, count: number) {
    const runs: { requests: number; rows: number; run: RunSummary }[] = [];
    for (let number = 0; number < count; number += 1) {
      const { run, requests } = await requestsOf(current, input);
      runs.push({ run, requests, rows: rowsIn(run) });
    }
    return runs;
  }

  async function startHaunted(objects: readonly ('contacts' | 'conversations')[]): Promise<Bench> {
    const countedAfterDeletion = objects.map((object) => ({ object, ids: 'all' }) as const);
    const current = await start({
      simulator: { sizes, switches: { countedAfterDeletion } },
    });
    for (const object of objects) haunt(current, object);
    return current;
  }

  test('without one, an idle run sends 11 requests, one of them for deleted conversations, and writes nothing', async () => {
    const current = await startHaunted([]);
    await runOf(current, input);
    for (const { requests, rows } of await idleRuns(current, 2)) {
      expect(requests).toBeLessThanOrEqual(11);
      expect(rows).toBe(0);
    }
  });

  test('the default selection costs a request for each optional list on top of the 16 other objects', async () => {
    const current = await startHaunted([]);
    const objects = [...DEFAULT_OBJECTS];
    await runOf(current, { objects });
    const others = objects.filter((name) => !isOptional(name));
    const [all, without] = [
      await requestsOf(current, { objects }),
      await requestsOf(current, { objects: others }),
    ];
    expect(others).toHaveLength(16);
    expect(all.requests - without.requests).toBe(objects.length - 16);
  });

  test.each([
    [['contacts'], 12],
    [['conversations'], 13],
    [['contacts', 'conversations'], 14],
  ] as const)('of %j: an idle run sends at most %i requests and writes nothing', async (objects, most) => {
    const current = await startHaunted(objects);
    await runOf(current, input);
    const short = objects.flatMap((object) =>
      object === 'conversations' ? (['conversations', 'conversation_parts'] as const) : [object],
    );
    const first = new Map<Table, string>();
    for (const object of short) {
      const { status, debts } = await proofOf(current, object);
      expect([object, status, debts.length]).toEqual([object, 'short', 1]);
      expect(debts[0]).toMatchObject({ tries: 1, count: expect.anything() });
      first.set(object, debts[0]?.since ?? '');
    }
    for (const { requests, rows } of await idleRuns(current, 3)) {
      expect(rows).toBe(0);
      expect(requests).toBeLessThanOrEqual(most);
    }
    for (const object of short) {
      const [debt] = (await proofOf(current, object)).debts;
      expect([object, debt?.tries, debt?.since]).toEqual([object, 4, first.get(object)]);
    }
    await expectNothingLost(current, INCREMENTAL);

    // A full refresh finds the same debt: it is as old as it was.
    await runOf(current, { ...input, mode: 'full_refresh' });
    for (const object of short) {
      const [debt] = (await proofOf(current, object)).debts;
      expect([object, debt?.tries, debt?.since]).toEqual([object, 5, first.get(object)]);
    }
    for (const { requests, rows } of await idleRuns(current, 1)) {
      expect(rows).toBe(0);
      expect(requests).toBeLessThanOrEqual(most);
    }

    // After a day it is a known difference: shown, and nobody is alarmed.
    current.clock.advance(DAY);
    const run = await runOf(current, input);
    expect(run.notes.filter((note) => note.includes('older than a day'))).toEqual([]);
    const status = await readStatus(createDirectoryLake(current.directory), short, current.clock.now());
    expect(status.objects.map(({ old_debts }) => old_debts)).toEqual(short.map(() => 0));
    expect(statusText(status)).toMatch(/\(.*1 debt, 1 counted by Intercom but never listed/);

    // Something changes where the difference is: it is read.
    const [id = ''] = current.simulator.workspace.conversations.ids();
    current.simulator.workspace.conversations.update(id, { title: 'New' });
    await runOf(current, input);
    await expectNothingLost(current, ['conversations']);

    // The count is right again: the debt is gone.
    current.simulator.setSwitches({ countedAfterDeletion: [] });
    await runOf(current, input);
    for (const object of short)
      expect(await proofOf(current, object)).toMatchObject({ status: 'complete', debts: [] });
  });

  test('of an object that is read whole', async () => {
    const current = await start();
    current.simulator.addFault({
      match: { path: /^\/companies\?per_page=1$/ },
      respond: { status: 200, json: { type: 'list', data: [], total_count: 1_000 } },
    });
    const { requests: firstRequests } = await requestsOf(current, { objects: ['companies'] });
    const [first] = (await proofOf(current, 'companies')).debts;
    expect(first).toMatchObject({ tries: 1 });
    const { requests } = await requestsOf(current, { objects: ['companies'] });
    expect(requests).toBeLessThan(firstRequests);
    const [second] = (await proofOf(current, 'companies')).debts;
    expect(second).toMatchObject({ tries: 2, since: first?.since });
  });
});

describe('one record is refused', () => {
  test('one conversation: 403, others fine', async () => {
    const current = await start();
    const id = [...current.simulator.workspace.conversations.ids()][4] ?? '';
    const { conversations } = current.simulator.workspace;
    const others = [...conversations.ids()].filter((one) => one !== id && conversations.partCount(one) > 0);
    const remove = current.simulator.addFault(forbidden(`/conversations/${id}`));
    await runOf(current, { objects: ['conversation_parts'] });
    const proof = await proofOf(current, 'conversation_parts');
    expect(proof).toMatchObject({ status: 'short', debts: [{ scope: { ids: [id] }, tries: 1 }] });
    expect(proof.debts[0]?.reason).toContain('refuses it');
    expect(proof.debts[0]?.reason).not.toContain('tick');
    const lake = await current.lake();
    const read = [...lake.current('conversation_parts').values()].map((row) => String(row.conversation_id));
    expect([...new Set(read)].sort()).toEqual(others.sort());
    await runOf(current, { objects: ['conversation_parts'] });
    expect(await proofOf(current, 'conversation_parts')).toMatchObject({ debts: [{ tries: 2 }] });
    remove();
    await runOf(current, { objects: ['conversation_parts'] });
    expect(await proofOf(current, 'conversation_parts')).toMatchObject({ status: 'complete', debts: [] });
    await expectNothingLost(current, ['conversation_parts']);
  });

  test("one contact's tags", async () => {
    const current = await start();
    const { contacts, tags } = current.simulator.workspace;
    const [first = '', second = ''] = contacts.ids();
    for (const id of [first, second]) for (const tag of [...tags.ids()].slice(0, 14)) contacts.tag(id, tag);
    const remove = current.simulator.addFault(forbidden(`/contacts/${second}/tags`));
    await runOf(current, { objects: ['contacts'] });
    expect(await proofOf(current, 'contacts')).toMatchObject({
      status: 'short',
      debts: [{ scope: { ids: [second] } }],
    });
    const rows = [...(await current.lake()).current('contact_tag').values()];
    expect(rows.filter(({ contact_id }) => contact_id === first).length).toBeGreaterThanOrEqual(14);
    remove();
    await runOf(current, { objects: ['contacts'] });
    expect(await proofOf(current, 'contacts')).toMatchObject({ status: 'complete', debts: [] });
    await expectNothingLost(current, ['contacts']);
  });

  test('every conversation: that is a missing permission, and the object fails', async () => {
    const current = await start();
    current.simulator.addFault({
      match: { path: /^\/conversations\/\d+/ },
      respond: { status: 403, json: refusal('forbidden') },
    });
    const result = await current.sync({ input: { objects: ['conversation_parts', 'tags'] } });
    if (result.status !== 'finished') throw new Error(result.status);
    expect(result.runs[0]?.objects.map(({ object, status, error }) => [object, status, error])).toEqual([
      ['conversation_parts', 'failed', 'PermissionError'],
      ['tags', 'committed', null],
    ]);
  });
});

describe('many conversations that Intercom never answers', () => {
  test.each([
    ['500', { status: 500, json: refusal('server_error') }],
    ['403', { status: 403, json: refusal('forbidden') }],
  ] as const)('stay owed, and do not stop the object (%s)', async (_name, respond) => {
    const current = await start();
    const ids = [...current.simulator.workspace.conversations.ids()];
    const bad = ids.filter((_, index) => index % 2 === 1).slice(0, 12);
    const repairs = bad.map((id) =>
      current.simulator.addFault({ match: { path: `/conversations/${id}` }, respond }),
    );
    for (const tries of [1, 2, 3]) {
      await runOf(current, { objects: ['conversation_parts'] });
      const { debts } = await proofOf(current, 'conversation_parts');
      const owed = debts.flatMap(({ scope }) => ('ids' in scope ? scope.ids : []));
      expect(owed.toSorted()).toEqual(bad.toSorted());
      expect(new Set(debts.map((debt) => debt.tries))).toEqual(new Set([tries]));
    }
    for (const repair of repairs) repair();
    await runOf(current, { objects: ['conversation_parts'] });
    expect(await proofOf(current, 'conversation_parts')).toMatchObject({ status: 'complete', debts: [] });
    await expectNothingLost(current, ['conversation_parts']);
  });
});

describe('a time that is missing', () => {
  const OBJECTS = ['contacts', 'conversations', 'tickets'] as const;
  const FORMS = ['null', 'absent', 'text'] as const;

  test.each(FORMS)('%s: a changed record is written, and the older version loses', async (as) => {
    const current = await start();
    const objects: readonly Table[] = [...OBJECTS, 'conversation_parts'];
    await runOf(current, { objects });
    const { workspace } = current.simulator;
    const changed = new Map<Table, string>();
    current.clock.advance(HOUR);
    for (const object of OBJECTS) {
      const id = [...workspace[object].ids()][3] ?? '';
      changed.set(object, id);
      workspace[object].update(id, { new_field: 'changed' });
    }
    const recordTimes = OBJECTS.map(
      (object) => ({ object, field: 'updated_at', ids: [changed.get(object) ?? ''], as }) as const,
    );
    current.simulator.setSwitches({ recordTimes });
    await runOf(current, { objects });
    const lake = await current.lake();
    for (const object of OBJECTS) {
      const row = lake.current(object).get(changed.get(object) ?? '');
      expect([object, row?.new_field]).toEqual([object, 'changed']);
      expect(lake.manifests(object).at(-1)?.completeness).toMatchObject(
        as === 'text'
          ? { status: 'complete', read: 1, written: 1 }
          : { read: 1, written: 1, observed: { times: expect.stringContaining('1 could not be read') } },
      );
    }
  });

  test.each(FORMS)('%s in a first load: no version begins with zeros', async (as) => {
    const current = await start({
      simulator: {
        sizes: FEW,
        switches: {
          recordTimes: [
            ...OBJECTS.map((object) => ({ object, field: 'updated_at', ids: 'all', as }) as const),
            { object: 'activity_logs', field: 'created_at', ids: 'all', as },
          ],
        },
      },
    });
    const { workspace } = current.simulator;
    const objects: readonly ((typeof OBJECTS)[number] | 'activity_logs')[] = [...OBJECTS, 'activity_logs'];
    await runOf(current, { objects });
    const lake = await current.lake();
    for (const object of objects) {
      const rows = [...lake.current(object).values()];
      const truth = workspace.objects[object];
      expect([object, rows.length]).toEqual([object, truth.size]);
      expect(rows.filter(({ _version }) => String(_version).startsWith('00000'))).toEqual([]);
    }
  });
});

describe('one record among others', () => {
  test('two attributes with one name, live and archived', async () => {
    const twin = { model: 'contact', full_name: 'custom_attributes.plan' } as const;
    const current = await start({
      simulator: {
        sizes: FEW,
        switches: {
          twinAttributes: [
            { ...twin, id: 11, archived: false },
            { ...twin, id: 12, archived: false },
            { ...twin, id: 101, archived: true },
          ],
        },
      },
    });
    await runOf(current, { objects: ['data_attributes'] });
    const rows = [...(await current.lake()).current('data_attributes').values()];
    const ids = rows.filter(({ full_name }) => full_name === twin.full_name).map(({ id }) => id);
    expect(ids.map(Number).sort((a, b) => a - b)).toEqual([11, 12, 101]);
    const { status, matched, read } = await proofOf(current, 'data_attributes');
    expect([status, matched]).toEqual(['complete', read]);
    expect(read).toBe(rows.length);
  });

  test('a sub-list that is short once is a debt of that contact', async () => {
    const current = await start();
    const { contacts, tags } = current.simulator.workspace;
    const [id = ''] = contacts.ids();
    for (const tag of [...tags.ids()].slice(0, 13)) contacts.tag(id, tag);
    current.simulator.setSwitches({
      shortSubLists: [{ list: 'tags', ids: [id], missing: 2, lasts: 'once' }],
    });
    const run = await runOf(current, { objects: ['contacts'] });
    const { status, debts } = await proofOf(current, 'contacts');
    expect([status, debts.map(({ scope }) => scope)]).toEqual(['short', [{ ids: [id] }]]);
    expect(run.notes.join()).toContain('1 debt');
    const again = await runOf(current, { objects: ['contacts'] });
    expect(await proofOf(current, 'contacts')).toMatchObject({ status: 'complete', debts: [] });
    expect(again.notes).toEqual([]);
    await expectNothingLost(current, ['contacts']);
  });

  test('a conversation that lists fewer parts than its own count', async () => {
    const current = await start();
    const { conversations } = current.simulator.workspace;
    const id = [...conversations.ids()].find((one) => conversations.partCount(one) >= 3) ?? '';
    current.simulator.setSwitches({ missingParts: [{ ids: [id], missing: 1, lasts: 'once' }] });
    const objects: readonly Table[] = ['conversation_parts'];
    await runOf(current, { objects });
    expect(await proofOf(current, 'conversation_parts')).toMatchObject({
      status: 'short',
      debts: [{ scope: { ids: [id] } }],
    });
    await runOf(current, { objects });
    expect(await proofOf(current, 'conversation_parts')).toMatchObject({ status: 'complete', debts: [] });
    await expectNothingLost(current, objects);
  });

  test.each(['with_first_message', 'parts'] as const)(
    'the statistic counts %s: the list has its own count',
    async (countedParts) => {
      const current = await start({ simulator: { sizes: FEW, switches: { countedParts } } });
      await runOf(current, { objects: ['conversation_parts'] });
      const { status, parts } = await proofOf(current, 'conversation_parts');
      expect(status).toBe('complete');
      expect(parts?.written).toBe(parts?.expected);
      await expectNothingLost(current, ['conversation_parts']);
    },
  );

  test('an activity log without an id', async () => {
    const current = await start();
    const [odd = ''] = current.simulator.workspace.activityLogs.ids();
    const remove = () => current.simulator.setSwitches({ activityLogsWithoutId: [] });
    current.simulator.setSwitches({ activityLogsWithoutId: [odd] });
    await runOf(current, { objects: ['activity_logs'] });
    const lake = await current.lake();
    expect(lake.current('activity_logs').size).toBe(current.simulator.workspace.activityLogs.size - 1);
    expect([...lake.current('rejects').values()]).toMatchObject([
      { object: 'activity_logs', reason: 'no id', path: expect.stringMatching(/^activity_logs\[\d+\]$/) },
    ]);
    expect(await proofOf(current, 'activity_logs')).toMatchObject({ status: 'short', debts: [] });
    remove();
    await runOf(current, { objects: ['activity_logs'], mode: 'full_refresh' });
    await expectNothingLost(current, ['activity_logs']);
  });

  test('a contact with both email and Email', async () => {
    const current = await start();
    const { contacts } = current.simulator.workspace;
    const [id = ''] = contacts.ids();
    contacts.update(id, { email: 'declared@example.com', Email: 'other@example.com' });
    await runOf(current, { objects: ['contacts'] });
    const row: ExactObject | undefined = (await current.lake()).current('contacts').get(id);
    const names = Object.keys(row ?? {});
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
    expect(row).toMatchObject({ email: 'declared@example.com', email__1: 'other@example.com' });
    expect((await manifestOf(current, 'contacts')).schema.added).toContain('contacts.email__1: string');
  });
});

describe('headers and windows', () => {
  test('an answer with nothing remaining and a reset a day ahead costs one window', async () => {
    const current = await start({ clock: { speed: 5 } });
    const tomorrow = String(seconds(current) + DAY / 1000);
    current.simulator.addFault({
      match: { path: /search/ },
      times: 1,
      respond: {
        kind: 'headers',
        headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': tomorrow },
      },
    });
    const before = current.clock.now();
    await runOf(current, { objects: ['contacts'] });
    expect(current.clock.now() - before - HOUR).toBeLessThan(120_000);
  });

  test('181 activity logs of 15 years take at most 40 requests', async () => {
    const current = await start({
      simulator: { sizes: { ...FEW, historyDays: 5_475, activity_logs: 181 } },
    });
    const { requests } = await requestsOf(current, { objects: ['activity_logs'] });
    expect(requests).toBeLessThanOrEqual(40);
    await expectNothingLost(current, ['activity_logs']);
  });

  test('the same, although every fifth request fails once', async () => {
    const current = await start({
      simulator: { sizes: { ...FEW, historyDays: 5_475, activity_logs: 181 } },
    });
    for (let at = 4; at < 400; at += 5) {
      current.simulator.addFault({
        match: { path: /activity_logs/ },
        after: at - Math.floor(at / 5),
        times: 1,
        respond: { status: 504, html: '<html></html>' },
      });
    }
    const { requests } = await requestsOf(current, { objects: ['activity_logs'] });
    expect(requests).toBeLessThanOrEqual(80);
    await expectNothingLost(current, ['activity_logs']);
  });
});

test('a debt of a committed object does not say that nothing was committed', async () => {
  const current = await start();
  const id = [...current.simulator.workspace.conversations.ids()][4] ?? '';
  current.simulator.addFault({
    match: { path: `/conversations/${id}` },
    respond: { status: 422, json: refusal('unprocessable') },
  });
  await runOf(current, { objects: ['conversation_parts'] });
  const [debt] = (await proofOf(current, 'conversation_parts')).debts;
  expect(debt?.scope).toEqual({ ids: [id] });
  expect(debt?.reason).not.toContain('nothing was committed');
});
