import { describe, expect, test } from 'vitest';
import { createDynamoDbRateBudget } from '../../../functions/aws/dynamodb-rate-budget.ts';
import type { Clock, PermitPriority, RateBudget, RateObservation } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryClock, letTimePass, type MemoryClock, NOON } from '../../support/memory/memory-clock.ts';
import { createBudgetTable, createMemoryRateBudget } from '../../support/memory/memory-rate-budget.ts';

const endpoints = useAwsEndpoints();

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
      const table = await endpoints().newTable();
      return {
        create: (clock) => createDynamoDbRateBudget(endpoints().dynamoDb, table, clock),
        pause: () => endpoints().dynamoDbIdle(),
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

  test('gives no more permits in a window than the limit, over all callers', async () => {
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

  test('keeps a reserve for urgent requests, which do not wait behind bulk ones', async () => {
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

  test('gives no bulk request the permits that an urgent one reserved', async () => {
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

  test('of one request per window still serves everyone in the end', async () => {
    const { all, ask, pass, perWindow } = await settingOf(1);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(Promise.all([ask(first, 'urgent'), ask(second, 'urgent')]));
    for (const count of perWindow().values()) expect(count).toBe(1);
  });

  test('pauses for everyone after a 429, until the reset that it names', async () => {
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
    // The refused one asked again at once, which informed the others.
    for (const { at } of grants) expect(at).toBeGreaterThanOrEqual(resetAt * 1000);
  });

  test('stops others in the middle of a window that one of them found used up', async () => {
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

  test('leaves other clients what they used according to the answers', async () => {
    const { all, ask, pass, perWindow } = await settingOf(100);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(ask(first));
    // 60 are used, and we know of a few.
    first.observe({ ...NO_OBSERVATION, limit: 100, remaining: 40, resetAt: NOON / 1000 + 10 });
    // It informs the others with its next batch. What they take until then counts as part of the 60.
    await pass(Promise.all([ask(first), ask(first)]));
    await pass(Promise.all(Array.from({ length: 120 }, (_unused, index) => ask(index % 2 ? first : second))));
    const [inFirstWindow = 0] = perWindow().values();
    expect(inFirstWindow).toBeLessThanOrEqual(1 + 40 + 4);
    expect(inFirstWindow).toBeGreaterThanOrEqual(1 + 40 - 4);
  });

  test("does not mistake its own permits for another client's use", async () => {
    const { all, ask, pass, perWindow } = await settingOf(100, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    await pass(Promise.all(Array.from({ length: 50 }, () => ask(budget))));
    budget.observe({ ...NO_OBSERVATION, limit: 100, remaining: 50, resetAt: NOON / 1000 + 10 });
    await pass(Promise.all(Array.from({ length: 60 }, () => ask(budget))));
    expect([...perWindow().values()][0]).toBeGreaterThanOrEqual(98);
  });

  test('waits until its window ends after a 429 that names no reset', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const asked = clock.now();
    budget.observe({ ...NO_OBSERVATION, limited: true });
    await pass(ask(budget));
    expect(Math.floor(clock.now() / WINDOW_MS)).toBeGreaterThan(Math.floor(asked / WINDOW_MS));
  });

  test('is not stopped by a reset in the past', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    clock.advance(100);
    budget.observe({ ...NO_OBSERVATION, remaining: 0, resetAt: NOON / 1000 });
    await pass(ask(budget));
    expect(clock.now()).toBeLessThan(NOON + WINDOW_MS);
  });

  test('has a limit before an answer shows one, and remembers what it learned for later instances', async () => {
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

  test('rejects an aborted caller at once, and continues with the others', async () => {
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

test('the DynamoDB budget follows the windows of Intercom, even in an instance that has not seen them yet', async () => {
  const table = await endpoints().newTable();
  const clock: MemoryClock = createMemoryClock();
  const create = () => createDynamoDbRateBudget(endpoints().dynamoDb, table, clock);
  const pace = { stepMs: 100, pause: () => endpoints().dynamoDbIdle() };
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
