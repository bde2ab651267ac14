/** One contract for each port: the memory twin and the AWS adapter keep it alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoDbAuthorizationStore } from '../../functions/aws/dynamodb-authorization-store.ts';
import { createDynamoDbRateBudget } from '../../functions/aws/dynamodb-rate-budget.ts';
import { createDynamoDbSlots } from '../../functions/aws/dynamodb-slots.ts';
import { createDynamoDbStateStore } from '../../functions/aws/dynamodb-state-store.ts';
import { createGlueCatalog } from '../../functions/aws/glue-catalog.ts';
import { createS3Lake } from '../../functions/aws/s3-lake.ts';
import { createSecretsConnectionStore } from '../../functions/aws/secrets-connection-store.ts';
import { createSfnExecutions } from '../../functions/aws/sfn-executions.ts';
import { configuredTables } from '../../functions/catalog/configured.ts';
import { resolveConfig } from '../../functions/config/config.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type {
  AuthorizationStore,
  Catalog,
  Clock,
  CommittedState,
  ConnectionStore,
  Executions,
  Lake,
  Lease,
  PermitPriority,
  RateBudget,
  RateObservation,
  Slot,
  SlotRequest,
  Slots,
  StateStore,
} from '../../functions/core/ports.ts';
import type { SeenTables } from '../../functions/core/sightings.ts';
import { OBJECTS, TABLES } from '../../functions/objects/index.ts';
import { type AwsEndpoints, type FakeBackend, startAwsEndpoints } from '../support/aws-endpoints.ts';
import { readCatalog } from '../support/glue-tables.ts';
import { createMemoryAuthorizationStore } from '../support/memory/memory-authorization-store.ts';
import { createMemoryCatalog, type TypesByTable } from '../support/memory/memory-catalog.ts';
import { createMemoryClock, letTimePass, type MemoryClock, NOON } from '../support/memory/memory-clock.ts';
import { createMemoryConnectionStore } from '../support/memory/memory-connection-store.ts';
import { createMemoryExecutions } from '../support/memory/memory-executions.ts';
import { createMemoryLake } from '../support/memory/memory-lake.ts';
import { createBudgetTable, createMemoryRateBudget } from '../support/memory/memory-rate-budget.ts';
import { createMemorySlots } from '../support/memory/memory-slots.ts';
import { createMemoryStateStore } from '../support/memory/memory-state-store.ts';

let endpoints: AwsEndpoints;

beforeAll(async () => {
  endpoints = await startAwsEndpoints();
});

afterAll(() => endpoints.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | null): string | null => body && new TextDecoder().decode(body);

describe.each<[string, () => Promise<Lake>]>([
  ['memory', async () => createMemoryLake()],
  ['S3', async () => createS3Lake(endpoints.s3, await endpoints.newBucket())],
])('the lake (%s)', (_name, create) => {
  test('gives back what was put, and null where nothing was', async () => {
    const lake = await create();
    expect(await lake.get('a/b.json')).toBeNull();
    expect(await lake.putNew('a/b.json', bytes('x\u{1f600}'))).toBe('written');
    expect(text(await lake.get('a/b.json'))).toBe('x\u{1f600}');
    expect(await lake.get('a/b')).toBeNull();
  });

  test('takes an empty object for an object', async () => {
    const lake = await create();
    await lake.putNew('empty', new Uint8Array());
    expect((await lake.get('empty'))?.length).toBe(0);
  });

  test('keeps what was put, whatever becomes of the bytes it came in', async () => {
    const lake = await create();
    const body = bytes('before');
    await lake.putNew('k', body);
    body.fill(0);
    expect(text(await lake.get('k'))).toBe('before');
  });

  test('never overwrites: of 50 at once one is written, and it is what lies there', async () => {
    const lake = await create();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_unused, index) => lake.putNew('k', bytes(`writer ${index}`))),
    );
    const winner = answers.indexOf('written');
    expect(answers.filter((answer) => answer === 'written')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'exists')).toHaveLength(49);
    expect(text(await lake.get('k'))).toBe(`writer ${winner}`);
    expect(await lake.putNew('k', bytes('later'))).toBe('exists');
    expect(text(await lake.get('k'))).toBe(`writer ${winner}`);
  });

  test('lists more than a page of keys below a prefix, each once, in the order of their bytes', async () => {
    const lake = await create();
    const names = Array.from({ length: 1_105 }, (_unused, index) => `p/${(index * 7919) % 1_105}.json`);
    const others = [
      'p.json',
      'pa/1.json',
      'q/1.json',
      'o/1.json',
      'p/\u{e4}.json',
      'p/Z.json',
      'p/a/deep.json',
    ];
    const all = [...names, ...others];
    for (let start = 0; start < all.length; start += 100) {
      await Promise.all(all.slice(start, start + 100).map((key) => lake.putNew(key, bytes('x'))));
    }
    const wanted = all
      .filter((key) => key.startsWith('p/'))
      .sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    expect(await Array.fromAsync(lake.list('p/'))).toEqual(wanted);
    expect(await Array.fromAsync(lake.list('nothing/'))).toEqual([]);
    expect(await Array.fromAsync(lake.list('p/a/deep'))).toEqual(['p/a/deep.json']);

    await lake.delete([...wanted, 'p/never-there']);
    expect(await Array.fromAsync(lake.list('p/'))).toEqual([]);
    expect(await lake.get('q/1.json')).not.toBeNull();
  });

  test('deletes nothing when told nothing, and lets a key be put again after its deletion', async () => {
    const lake = await create();
    await lake.delete([]);
    await lake.putNew('k', bytes('1'));
    await lake.delete(['k']);
    expect(await lake.get('k')).toBeNull();
    expect(await lake.putNew('k', bytes('2'))).toBe('written');
  });
});

const leaseOf = (name: string): Lease => ({ executionArn: `arn:${name}`, runId: `run-${name}` });
const COMMITTING = { runId: 'run-a', draftKey: 'work/run-a/tags/manifest.json' };
const COMMITTED: CommittedState = { runId: 'run-a', manifestKey: 'm', cursor: 5, startFrom: null };

describe.each<[string, () => Promise<StateStore>]>([
  ['memory', async () => createMemoryStateStore()],
  ['DynamoDB', async () => createDynamoDbStateStore(endpoints.dynamoDb, await endpoints.newTable())],
])('the state store (%s)', (_name, create) => {
  test('begins with nothing', async () => {
    const store = await create();
    expect(await store.load('tags')).toEqual({
      object: 'tags',
      fence: 0,
      lease: null,
      committing: null,
      committed: null,
      failures: null,
    });
  });

  test('raises the fence with each lease, and gives it to one of many', async () => {
    const store = await create();
    for (const round of [0, 1, 2]) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_unused, index) =>
          store.takeLease('tags', round, leaseOf(`${round}-${index}`)),
        ),
      );
      const winner = answers.findIndex(({ ok }) => ok);
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      const state = await store.load('tags');
      expect(state).toMatchObject({ fence: round + 1, lease: leaseOf(`${round}-${winner}`) });
      expect(answers[winner]).toEqual({ ok: true, value: state });
    }
  });

  test('keeps objects apart', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    expect(await store.load('teams')).toMatchObject({ object: 'teams', fence: 0, lease: null });
  });

  test('lets an old fence neither mark nor commit nor release nor reset', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.takeLease('tags', 1, leaseOf('b'));
    const before = await store.load('tags');
    expect(await store.markCommitting('tags', 1, COMMITTING)).toEqual({ ok: false });
    expect(await store.commit('tags', 1, COMMITTED)).toEqual({ ok: false });
    expect(await store.reset('tags', 1)).toEqual({ ok: false });
    expect(await store.takeLease('tags', 1, leaseOf('a'))).toEqual({ ok: false });
    await store.releaseLease('tags', 1);
    expect(await store.load('tags')).toEqual(before);
  });

  test('nor a fence that is still to come', async () => {
    const store = await create();
    expect(await store.takeLease('tags', 1, leaseOf('a'))).toEqual({ ok: false });
    expect(await store.commit('tags', 7, COMMITTED)).toEqual({ ok: false });
    expect((await store.load('tags')).fence).toBe(0);
  });

  test('marks, commits and clears the mark; the lease stays until it is given back', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    const marked = await store.markCommitting('tags', 1, COMMITTING);
    expect(marked).toEqual({
      ok: true,
      value: {
        object: 'tags',
        fence: 1,
        lease: leaseOf('a'),
        committing: COMMITTING,
        committed: null,
        failures: null,
      },
    });
    const committed = await store.commit('tags', 1, COMMITTED);
    expect(committed).toEqual({
      ok: true,
      value: {
        object: 'tags',
        fence: 1,
        lease: leaseOf('a'),
        committing: null,
        committed: COMMITTED,
        failures: null,
      },
    });
    await store.releaseLease('tags', 1);
    expect(await store.load('tags')).toEqual({
      object: 'tags',
      fence: 1,
      lease: null,
      committing: null,
      committed: COMMITTED,
      failures: null,
    });
  });

  test('keeps mark and commit when the lease changes hands', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.commit('tags', 1, COMMITTED);
    await store.markCommitting('tags', 1, COMMITTING);
    const taken = await store.takeLease('tags', 1, leaseOf('b'));
    expect(taken).toMatchObject({
      ok: true,
      value: { fence: 2, lease: leaseOf('b'), committing: COMMITTING, committed: COMMITTED },
    });
  });

  test('forgets everything but the fence on a reset, and shuts the old fence out', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.commit('tags', 1, COMMITTED);
    await store.markCommitting('tags', 1, COMMITTING);
    expect(await store.reset('tags', 1)).toMatchObject({ ok: true, value: { fence: 2, committed: null } });
    expect(await store.load('tags')).toEqual({
      object: 'tags',
      fence: 2,
      lease: null,
      committing: null,
      committed: null,
      failures: null,
    });
    expect(await store.commit('tags', 1, COMMITTED)).toEqual({ ok: false });
  });

  test('can reset an object that never was, and keeps a cursor of nothing', async () => {
    const store = await create();
    expect(await store.reset('tags', 0)).toMatchObject({ ok: true, value: { fence: 1 } });
    const open: CommittedState = { ...COMMITTED, cursor: null, startFrom: 0 };
    await store.commit('tags', 1, open);
    expect((await store.load('tags')).committed).toEqual(open);
  });

  test('counts failures in a row, each run once, and forgets them at a commit or a reset', async () => {
    const store = await create();
    const count = async (runId: string) => store.countFailure(await store.load('tags'), runId);
    expect(await count('run-a')).toMatchObject({
      ok: true,
      value: { fence: 0, failures: { count: 1, runId: 'run-a' } },
    });
    expect(await count('run-a')).toEqual({ ok: false });
    await store.takeLease('tags', 0, leaseOf('b'));
    expect(await count('run-b')).toMatchObject({
      ok: true,
      value: { fence: 1, lease: leaseOf('b'), failures: { count: 2, runId: 'run-b' } },
    });
    expect(await count('run-a')).toEqual({ ok: false });
    expect((await store.load('teams')).failures).toBeNull();
    await store.markCommitting('tags', 1, COMMITTING);
    await store.releaseLease('tags', 1);
    expect((await store.load('tags')).failures).toEqual({ count: 2, runId: 'run-b' });
    await store.commit('tags', 1, COMMITTED);
    expect((await store.load('tags')).failures).toBeNull();
    expect(await count('run-c')).toMatchObject({ value: { failures: { count: 1, runId: 'run-c' } } });
    await store.reset('tags', 1);
    expect((await store.load('tags')).failures).toBeNull();
  });

  test('counts a run once though many say so at the same moment', async () => {
    const store = await create();
    const state = await store.load('tags');
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.countFailure(state, 'run-a')));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await store.load('tags')).failures).toEqual({ count: 1, runId: 'run-a' });
  });

  test('counts nothing for who has an old fence, or does not know of a commit', async () => {
    const store = await create();
    const empty = await store.load('tags');
    await store.takeLease('tags', 0, leaseOf('a'));
    expect(await store.countFailure(empty, 'run-a')).toEqual({ ok: false });
    const leased = await store.load('tags');
    await store.commit('tags', 1, COMMITTED);
    expect(await store.countFailure(leased, 'run-a')).toEqual({ ok: false });
    const committed = await store.load('tags');
    await store.commit('tags', 1, { ...COMMITTED, runId: 'run-b' });
    expect(await store.countFailure(committed, 'run-c')).toEqual({ ok: false });
    expect((await store.load('tags')).failures).toBeNull();
  });

  test('holds the data of the first workspace that claims it', async () => {
    const store = await create();
    const owners = await Promise.all(['w1', 'w2', 'w3'].map((id) => store.claimWorkspace(id)));
    const [owner = ''] = owners;
    expect(new Set(owners).size).toBe(1);
    expect(await store.claimWorkspace('w9')).toBe(owner);
    expect(await store.claimWorkspace(owner)).toBe(owner);
  });

  test('tells whose data it holds without claiming it, and can be moved to another workspace', async () => {
    const store = await create();
    expect(await store.claimedWorkspace()).toBeNull();
    expect(await store.claimWorkspace('w1')).toBe('w1');
    expect(await store.claimedWorkspace()).toBe('w1');
    await store.moveWorkspace('w2');
    expect(await store.claimedWorkspace()).toBe('w2');
    expect(await store.claimWorkspace('w1')).toBe('w2');
  });
});

describe.each<[string, () => Promise<AuthorizationStore>]>([
  ['memory', async () => createMemoryAuthorizationStore()],
  ['DynamoDB', async () => createDynamoDbAuthorizationStore(endpoints.dynamoDb, await endpoints.newTable())],
])('the authorization store (%s)', (_name, create) => {
  const request = { expiresAt: 1_000, replaceWorkspace: true };

  test('hands a request out once, to one of any number of callers', async () => {
    const store = await create();
    await store.begin('aa', request);
    const taken = await Promise.all(Array.from({ length: 20 }, () => store.take('aa', 999)));
    expect(taken.filter(({ status }) => status === 'taken')).toEqual([{ status: 'taken', request }]);
    expect(taken.filter(({ status }) => status === 'used')).toHaveLength(19);
    expect(await store.take('aa', 5_000)).toEqual({ status: 'used' });
  });

  test('not after it expired, and not what nobody began', async () => {
    const store = await create();
    await store.begin('aa', { ...request, replaceWorkspace: false });
    expect(await store.take('aa', 1_000)).toEqual({ status: 'expired' });
    expect(await store.take('bb', 1)).toEqual({ status: 'unknown' });
    expect(await store.take('aa', 999)).toEqual({
      status: 'taken',
      request: { expiresAt: 1_000, replaceWorkspace: false },
    });
  });

  test('keeps what came of it, of each by itself', async () => {
    const store = await create();
    const workspace = { id: 'w1', name: 'Wörkspace' };
    for (const hash of ['aa', 'bb']) await store.begin(hash, request);
    expect(await store.outcome('aa')).toBeNull();
    await expect(store.settle('aa', { kind: 'denied' })).rejects.toThrow();
    await store.take('aa', 1);
    await store.settle('aa', { kind: 'connected', workspace, region: null });
    expect(await store.outcome('aa')).toEqual({ kind: 'connected', workspace, region: null });
    expect(await store.outcome('bb')).toBeNull();
    expect(await store.outcome('cc')).toBeNull();
  });
});

describe.each<[string, () => Promise<ConnectionStore>]>([
  ['memory', async () => createMemoryConnectionStore()],
  [
    'Secrets Manager',
    async () => createSecretsConnectionStore(endpoints.secrets, await endpoints.newSecret('{}')),
  ],
])('the connection store (%s)', (_name, create) => {
  test('gives back what was saved last, and nothing after it was cleared', async () => {
    const store = await create();
    const first = {
      accessToken: 'token-1',
      workspace: { id: 'w1', name: 'Wörkspace "1"' },
      region: 'Europe',
      connectedAt: '2026-11-22T12:00:00.000Z',
    };
    expect(await store.load()).toBeNull();
    await store.save(first);
    expect(await store.load()).toEqual(first);
    const second = { ...first, accessToken: 'token-2', workspace: { id: 'w1', name: null }, region: null };
    await store.save(second);
    expect(await store.load()).toEqual(second);
    await store.clear();
    expect(await store.load()).toBeNull();
  });
});

interface Budgets {
  readonly create: (clock: Clock) => RateBudget;
  readonly pause: () => Promise<void>;
  readonly stepMs: number;
}

const WINDOW_MS = 10_000;
const NO_OBSERVATION: RateObservation = { limit: null, remaining: null, resetAt: null, limited: false };
const NEVER = new AbortController().signal;

describe.each<[string, () => Promise<Budgets>]>([
  [
    'memory',
    async () => {
      const table = createBudgetTable();
      return {
        create: (clock) => createMemoryRateBudget(clock, table),
        pause: () => new Promise(setImmediate),
        stepMs: 100,
      };
    },
  ],
  [
    'DynamoDB',
    async () => {
      const table = await endpoints.newTable();
      return {
        create: (clock) => createDynamoDbRateBudget(endpoints.dynamoDb, table, clock),
        pause: () => endpoints.dynamoDbIdle(),
        stepMs: 100,
      };
    },
  ],
])('the rate budget (%s)', (_name, createAll) => {
  async function settingOf(limit: number, instances = 2) {
    const budgets = await createAll();
    const clock = createMemoryClock();
    const all = Array.from({ length: instances }, () => budgets.create(clock));
    for (const budget of all) budget.observe({ ...NO_OBSERVATION, limit, resetAt: NOON / 1000 + 10 });
    const grants: { readonly at: number; readonly priority: PermitPriority }[] = [];
    const ask = async (budget: RateBudget, priority: PermitPriority = 'bulk', signal = NEVER) => {
      await budget.permit(priority, signal);
      grants.push({ at: clock.now(), priority });
    };
    const pass = <T>(work: Promise<T>) => letTimePass(clock, work, budgets);
    const perWindow = (): ReadonlyMap<number, number> => {
      const counts = new Map<number, number>();
      for (const { at } of grants) {
        const window = Math.floor(at / WINDOW_MS);
        counts.set(window, (counts.get(window) ?? 0) + 1);
      }
      return counts;
    };
    return { budgets, clock, all, ask, pass, grants, perWindow };
  }

  test('gives no more permits in a window than the limit, to all who ask together', async () => {
    const { all, ask, pass, perWindow } = await settingOf(30);
    const asking = Array.from({ length: 100 }, (_unused, index) => {
      const budget = all[index % all.length];
      return budget === undefined
        ? Promise.reject(new Error('none'))
        : ask(budget, index % 7 ? 'bulk' : 'urgent');
    });
    await pass(Promise.all(asking));
    const counts = [...perWindow().values()];
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100);
    for (const count of counts) expect(count).toBeLessThanOrEqual(30);
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(28);
  });

  test('keeps a reserve for urgent requests, which do not wait behind the others', async () => {
    const { all, ask, pass, grants, clock } = await settingOf(20, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const bulk = Promise.all(Array.from({ length: 40 }, () => ask(budget)));
    await pass(Promise.race([bulk, clock.sleep(2_000)]));
    expect(grants.every(({ priority }) => priority === 'bulk')).toBe(true);
    expect(grants.length).toBeLessThan(20);
    const asked = clock.now();
    await pass(ask(budget, 'urgent'));
    expect(Math.floor(clock.now() / WINDOW_MS)).toBe(Math.floor(asked / WINDOW_MS));
    await pass(bulk);
  });

  test('lets no bulk request have what an urgent one reserved', async () => {
    const { all, ask, pass, grants, clock } = await settingOf(200, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const stop = new AbortController();
    const bulk = Promise.allSettled(Array.from({ length: 220 }, () => ask(budget, 'bulk', stop.signal)));
    await pass(clock.sleep(4_000));
    await pass(ask(budget, 'urgent'));
    const late = Promise.allSettled([ask(budget, 'bulk', stop.signal), ask(budget, 'bulk', stop.signal)]);
    await pass(clock.sleep(1_000));
    stop.abort();
    await Promise.all([bulk, late]);
    expect(clock.now()).toBeLessThan(NOON + WINDOW_MS);
    expect(grants.filter(({ priority }) => priority === 'bulk')).toHaveLength(196);
  });

  test('of one request per window still lets everyone through in time', async () => {
    const { all, ask, pass, perWindow } = await settingOf(1);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(Promise.all([ask(first, 'urgent'), ask(second, 'urgent')]));
    for (const count of perWindow().values()) expect(count).toBe(1);
  });

  test('pauses for everyone after a 429, until the reset it names', async () => {
    const { all, ask, pass, clock } = await settingOf(50);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(Promise.all([ask(first), ask(second)]));
    const resetAt = Math.floor(clock.now() / WINDOW_MS) * 10 + 30;
    first.observe({ ...NO_OBSERVATION, limited: true, remaining: 0, resetAt });
    await pass(ask(first, 'urgent'));
    expect(clock.now()).toBeGreaterThanOrEqual(resetAt * 1000);
  });

  test('pauses the other instances too', async () => {
    const { all, ask, pass, grants } = await settingOf(50);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    const resetAt = NOON / 1000 + 30;
    first.observe({ ...NO_OBSERVATION, limited: true, remaining: 0, resetAt });
    const retry = ask(first);
    await pass(retry.then(() => Promise.all([ask(second), ask(second)])));
    // The one that was refused asked again at once, which told the others.
    for (const { at } of grants) expect(at).toBeGreaterThanOrEqual(resetAt * 1000);
  });

  test('stops others in the middle of a window that one of them saw used up', async () => {
    const { all, ask, pass, grants, clock } = await settingOf(50);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    first.observe({ ...NO_OBSERVATION, limited: true, resetAt: NOON / 1000 + 10 });
    const retry = ask(first);
    await pass(clock.sleep(2_000));
    const others = Promise.all(Array.from({ length: 10 }, () => ask(second)));
    await pass(Promise.all([retry, others]));
    for (const { at } of grants) expect(at).toBeGreaterThanOrEqual(NOON + WINDOW_MS);
  });

  test('leaves to other clients what the answers say they used', async () => {
    const { all, ask, pass, perWindow } = await settingOf(100);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(ask(first));
    // 60 used, of which we know of a few.
    first.observe({ ...NO_OBSERVATION, limit: 100, remaining: 40, resetAt: NOON / 1000 + 10 });
    // It tells the others when it takes its next batch; what they take until then is not told apart from the 60.
    await pass(Promise.all([ask(first), ask(first)]));
    await pass(Promise.all(Array.from({ length: 120 }, (_unused, index) => ask(index % 2 ? first : second))));
    const [inFirstWindow = 0] = perWindow().values();
    expect(inFirstWindow).toBeLessThanOrEqual(1 + 40 + 4);
    expect(inFirstWindow).toBeGreaterThanOrEqual(1 + 40 - 4);
  });

  test("does not take its own permits for another client's use", async () => {
    const { all, ask, pass, perWindow } = await settingOf(100, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    await pass(Promise.all(Array.from({ length: 50 }, () => ask(budget))));
    budget.observe({ ...NO_OBSERVATION, limit: 100, remaining: 50, resetAt: NOON / 1000 + 10 });
    await pass(Promise.all(Array.from({ length: 60 }, () => ask(budget))));
    expect([...perWindow().values()][0]).toBeGreaterThanOrEqual(98);
  });

  test('waits out its window after a 429 that names no reset', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const asked = clock.now();
    budget.observe({ ...NO_OBSERVATION, limited: true });
    await pass(ask(budget));
    expect(Math.floor(clock.now() / WINDOW_MS)).toBeGreaterThan(Math.floor(asked / WINDOW_MS));
  });

  test('is not stopped by a reset that has passed', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    clock.advance(100);
    budget.observe({ ...NO_OBSERVATION, remaining: 0, resetAt: NOON / 1000 });
    await pass(ask(budget));
    expect(clock.now()).toBeLessThan(NOON + WINDOW_MS);
  });

  test('knows a limit before it is told, and remembers what it learned for those who come later', async () => {
    const budgets = await createAll();
    const clock = createMemoryClock();
    const first = budgets.create(clock);
    expect(await first.limit()).toBe(166);
    first.observe({ ...NO_OBSERVATION, limit: 1_666, resetAt: NOON / 1000 + 10 });
    expect(await first.limit()).toBe(1_666);
    expect(await budgets.create(clock).limit()).toBe(1_666);
    first.observe({ ...NO_OBSERVATION, limit: 0 });
    first.observe(NO_OBSERVATION);
    expect(await first.limit()).toBe(1_666);
  });

  test('rejects who no longer wants to wait, at once, and goes on with the others', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const reason = new Error('enough');
    await expect(ask(budget, 'bulk', AbortSignal.abort(reason))).rejects.toBe(reason);
    budget.observe({ ...NO_OBSERVATION, limited: true, resetAt: NOON / 1000 + 10 });
    const [a, b] = [new AbortController(), new AbortController()];
    const waiting = [ask(budget, 'bulk', a.signal), ask(budget, 'bulk', b.signal), ask(budget)];
    const ends = Promise.allSettled(waiting);
    b.abort(reason);
    await expect(waiting[1]).rejects.toBe(reason);
    a.abort(reason);
    await expect(waiting[0]).rejects.toBe(reason);
    expect(clock.now()).toBe(NOON);
    await pass(ends);
    await expect(waiting[2]).resolves.toBeUndefined();
  });
});

interface SlotBench {
  readonly clock: MemoryClock;
  readonly slots: Slots;
  /** Asks with an attempt of its own unless the request names one. */
  ask(runId: string, work: string, more?: Partial<SlotRequest>): ReturnType<Slots['take']>;
  take(...asked: Parameters<SlotBench['ask']>): Promise<Slot>;
}

const LIFE_MS = 16 * 60_000;

async function slotBench(create: (clock: MemoryClock) => Promise<Slots>): Promise<SlotBench> {
  const clock = createMemoryClock();
  const slots = await create(clock);
  let attempts = 0;
  const ask: SlotBench['ask'] = (runId, work, more = {}) => {
    attempts += 1;
    const until = clock.now() + LIFE_MS;
    return slots.take({
      claim: { runId, work },
      attempt: `a${attempts}`,
      until,
      mayBeKept: false,
      ...more,
    });
  };
  return {
    clock,
    slots,
    ask,
    async take(...asked) {
      const answer = await ask(...asked);
      if (answer.status === 'taken') return answer.slot;
      throw new Error(`${asked.join(' ')} got no slot`);
    },
  };
}

describe.each<[string, (clock: MemoryClock) => Promise<Slots>]>([
  ['memory', async (clock) => createMemorySlots({ count: 2, clock, random: () => 0.5 })],
  [
    'DynamoDB',
    async (clock) => {
      const table = await endpoints.newTable();
      return createDynamoDbSlots(endpoints.dynamoDb, { table, count: 2, clock, random: () => 0.5 });
    },
  ],
])('the slots (%s)', (_name, create) => {
  test('are taken by as many as there are of them, however many come at once', async () => {
    const { ask } = await slotBench(create);
    const answers = await Promise.all(Array.from({ length: 12 }, (_unused, one) => ask('a', `${one}`)));
    expect(answers.filter(({ status }) => status === 'taken')).toHaveLength(2);
    const waits = answers.filter((answer) => answer.status === 'wait');
    for (const { waitSeconds } of waits) expect(waitSeconds).toBeGreaterThanOrEqual(10);
  });

  test('are free once they are given back, which may be said twice', async () => {
    const { take, ask } = await slotBench(create);
    const slot = await take('a', '1');
    await take('a', '2');
    expect((await ask('a', '3')).status).toBe('wait');
    await slot.giveBack();
    await slot.giveBack();
    await take('a', '3');
    expect((await ask('a', '4')).status).toBe('wait');
    await slot.giveBack();
    expect((await ask('a', '4')).status).toBe('wait');
  });

  test('are free again when whoever holds them is over, given back or not', async () => {
    const { take, ask, clock } = await slotBench(create);
    const [first] = [await take('a', '1'), await take('a', '2')];
    clock.advance(LIFE_MS - 1);
    expect((await ask('a', '3')).status).toBe('wait');
    clock.advance(1);
    await take('a', '3');
    await first.giveBack();
    await take('a', '4');
    expect((await ask('a', '5')).status).toBe('wait');
  });

  test('are one slot for an attempt that asks twice', async () => {
    const { take, ask, clock } = await slotBench(create);
    const same = { attempt: 'same', until: clock.now() + LIFE_MS };
    await take('a', '1', same);
    await take('a', '1', same);
    await take('a', '2');
    await take('a', '1', same);
    expect((await ask('a', '3')).status).toBe('wait');
  });

  test('are kept for the next invocation of the same work, for a minute', async () => {
    const { take, ask, clock } = await slotBench(create);
    const slot = await take('a', '1', { mayBeKept: true });
    await take('a', '2');
    await slot.keep();
    expect((await ask('a', '3')).status).toBe('wait');
    const next = await take('a', '1', { mayBeKept: true });
    await next.keep();
    clock.advance(59_000);
    expect((await ask('b', '1')).status).toBe('wait');
    clock.advance(1_000);
    await take('b', '1');
    expect((await ask('a', '1', { mayBeKept: true })).status).toBe('wait');
  });

  test('go to a run that waits before the one that has them, and to nobody who does not come back', async () => {
    const { take, ask, clock } = await slotBench(create);
    const held = [await take('a', '1'), await take('a', '2')];
    expect((await ask('b', '1')).status).toBe('wait');
    await held[0]?.giveBack();
    expect((await ask('a', '3')).status).toBe('wait');
    await take('b', '1');
    await held[1]?.giveBack();
    await take('a', '4');
    expect((await ask('c', '1')).status).toBe('wait');
    expect((await ask('c', '2')).status).toBe('wait');
    clock.advance(LIFE_MS);
    await take('a', '5');
    await take('a', '6');
  });
});

test('the SDK may send the taking of a slot again, also when others wait by then', async () => {
  const table = await endpoints.newTable();
  const clock = createMemoryClock();
  const stuck = createDynamoDbSlots(endpoints.dynamoDb, { table, count: 1, clock });
  const request = {
    claim: { runId: 'a', work: '1' },
    attempt: 'x',
    until: clock.now() + LIFE_MS,
    mayBeKept: false,
  };
  const other = { ...request, claim: { runId: 'b', work: '1' }, attempt: 'y' };
  expect((await stuck.take(request)).status).toBe('taken');
  expect((await stuck.take(other)).status).toBe('wait');
  // The SDK sends again what had arrived; meanwhile another has come.
  expect((await stuck.take(request)).status).toBe('taken');
  expect((await stuck.take(other)).status).toBe('wait');
});

test('the DynamoDB budget goes by windows of Intercom, also in an instance that has not seen them yet', async () => {
  const table = await endpoints.newTable();
  const clock: MemoryClock = createMemoryClock();
  const create = () => createDynamoDbRateBudget(endpoints.dynamoDb, table, clock);
  const pace = { stepMs: 100, pause: () => endpoints.dynamoDbIdle() };
  const first = create();
  first.observe({ ...NO_OBSERVATION, limit: 4, resetAt: NOON / 1000 + 3 });
  const grants: number[] = [];
  const ask = async (budget: RateBudget) => {
    await budget.permit('urgent', NEVER);
    grants.push(clock.now());
  };
  await letTimePass(clock, ask(first), pace);
  const second = create();
  await letTimePass(clock, Promise.all([first, second, second, first, second, second].map(ask)), pace);
  const windows = Map.groupBy(grants, (at) => Math.floor((at - 3_000) / WINDOW_MS));
  for (const window of windows.values()) expect(window.length).toBeLessThanOrEqual(4);
  expect(windows.size).toBeGreaterThan(1);
});

describe.each<[string, () => { executions: Executions; backend: FakeBackend }]>([
  [
    'memory',
    () => {
      const executions = createMemoryExecutions();
      return { executions, backend: executions };
    },
  ],
  ['Step Functions', () => ({ executions: createSfnExecutions(endpoints.sfn), backend: endpoints.backend })],
])('executions (%s)', (_name, create) => {
  const ARN = 'arn:aws:states:us-east-1:123456789012:execution:sync:one';
  const MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:sync';

  test('run while they run; those that are over or were never known do not', async () => {
    const { executions, backend } = create();
    backend.running.add(ARN);
    expect(await executions.isRunning(ARN)).toBe(true);
    backend.running.delete(ARN);
    expect(await executions.isRunning(ARN)).toBe(false);
    expect(await executions.isRunning(`${ARN}-unknown`)).toBe(false);
  });

  test('are started once by name, with their input', async () => {
    const { executions, backend } = create();
    const input = { objects: ['tags'] };
    await executions.start(MACHINE, '20261122T120000000Z-aaaaaa-next', input);
    await executions.start(MACHINE, '20261122T120000000Z-aaaaaa-next', input);
    await executions.start(MACHINE, '20261122T120000000Z-bbbbbb-next', input);
    expect(backend.started.map(({ name }) => name)).toEqual([
      '20261122T120000000Z-aaaaaa-next',
      '20261122T120000000Z-bbbbbb-next',
    ]);
    expect(backend.started[0]).toEqual({
      stateMachineArn: MACHINE,
      name: '20261122T120000000Z-aaaaaa-next',
      input,
    });
  });
});

interface Catalogs {
  /** As the functions of an object have it, under these field rules. */
  readonly of: (object: ObjectName, fields?: Record<string, unknown>) => Catalog;
  readonly types: () => Promise<TypesByTable>;
}

describe.each<[string, () => Promise<Catalogs>]>([
  [
    'memory',
    async () => {
      const catalog = createMemoryCatalog();
      return { of: (...about) => catalog.of(tablesFor(...about)), types: async () => catalog.types() };
    },
  ],
  [
    'Glue',
    async () => {
      const database = await endpoints.newDatabase();
      return {
        of: (...about) =>
          createGlueCatalog(endpoints.glue, { database, bucket: 'lake', tables: tablesFor(...about) }),
        types: async () => (await readCatalog(endpoints.glue, database)).types,
      };
    },
  ],
])('the catalog (%s)', (_name, create) => {
  const FIRST_DAY = '2026-11-22';

  test('has the tables of an object before anything was read, and those that all share', async () => {
    const { of, types } = await create();
    expect(await of('contacts').publish({ columns: {}, firstDay: FIRST_DAY })).toEqual({
      status: 'published',
    });
    const tables = await types();
    expect(Object.keys(tables).sort()).toEqual(['contact_company', 'contact_tag', 'contacts', 'deletions']);
    expect(tables.contact_tag).toEqual({
      contact_id: 'string',
      tag_id: 'string',
      _run_id: 'string',
      _extracted_at: 'bigint',
      _parent_version: 'string',
    });
    expect(tables.contacts).toMatchObject({ created_at: 'bigint', unsubscribed_from_emails: 'boolean' });
  });

  test('takes in new columns and wider types, and gives back nothing for older knowledge', async () => {
    const { of, types } = await create();
    const catalog = of('tags');
    const steps: readonly SeenTables[] = [
      {},
      { tags: { later: [], score: ['integer'] } },
      { tags: { later: ['boolean'], score: ['integer', 'string'] } },
    ];
    for (const columns of steps) await catalog.publish({ columns, firstDay: FIRST_DAY });
    const wide = await types();
    expect(wide.tags).toMatchObject({ later: 'boolean', score: 'string' });
    for (const columns of steps) await catalog.publish({ columns, firstDay: FIRST_DAY });
    expect(await types()).toEqual(wide);
  });

  test('has no excluded column, also where it was there before', async () => {
    const { of, types } = await create();
    const columns: SeenTables = { tags: { name: ['string'], shade: ['string'], kept: ['string'] } };
    await of('tags').publish({ columns, firstDay: FIRST_DAY });
    expect((await types()).tags).toHaveProperty('shade');
    await of('tags', { tags: { name: 'exclude', shade: 'exclude' } }).publish({
      columns,
      firstDay: FIRST_DAY,
    });
    const { tags } = await types();
    expect(tags).not.toHaveProperty('shade');
    expect(tags).not.toHaveProperty('name');
    expect(tags).toHaveProperty('kept');
  });

  test('is whole after many at once, of one object and of others', async () => {
    const { of, types } = await create();
    const objects = ['contacts', 'companies', 'tags', 'teams', 'tickets'] as const;
    const publishing = objects.flatMap((object) =>
      [1, 2, 3].map((count) => {
        const columns: SeenTables = { [object]: { [`field_${count}`]: ['string'] } };
        return of(object).publish({ columns, firstDay: FIRST_DAY });
      }),
    );
    const answers = await Promise.all(publishing);
    expect(answers).toEqual(answers.map(() => ({ status: 'published' })));
    const tables = await types();
    for (const object of objects) {
      expect(tables[object]).toMatchObject({ field_1: 'string', field_2: 'string', field_3: 'string' });
    }
    expect(tables).toHaveProperty('team_admin');
  });
});

function tablesFor(object: ObjectName, fields: Record<string, unknown> = {}) {
  const config = resolveConfig({ fields }, TABLES);
  return (columns: SeenTables) => configuredTables([OBJECTS[object]], config, columns);
}

test('Glue is written to only where something differs, and its views show what their histories have', async () => {
  const database = await endpoints.newDatabase();
  const catalog = createGlueCatalog(endpoints.glue, {
    database,
    bucket: 'lake',
    tables: tablesFor('contacts'),
  });
  const columns: SeenTables = { contacts: { mood: ['string'], later: [] } };
  await catalog.publish({ columns, firstDay: '2026-11-22' });
  const first = await readCatalog(endpoints.glue, database);
  expect(new Set(first.versions.values())).toEqual(new Set(['0']));
  await catalog.publish({ columns, firstDay: '2026-12-01' });
  expect((await readCatalog(endpoints.glue, database)).versions).toEqual(first.versions);
  await catalog.publish({ columns: { contacts: { later: ['number'] } }, firstDay: '2026-11-22' });
  const changed = [...(await readCatalog(endpoints.glue, database)).versions].filter(
    ([, one]) => one !== '0',
  );
  expect(changed).toEqual([
    ['contacts', '1'],
    ['contacts_files', '1'],
    ['contacts_history', '1'],
  ]);
});
