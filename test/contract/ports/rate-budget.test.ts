import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDynamoDbRateBudget } from '../../../functions/aws/dynamodb-rate-budget.ts';
import type { Clock, PermitPriority, RateBudget, RateObservation } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryClock, letTimePass, NOON } from '../../support/memory/memory-clock.ts';
import { createBudgetTable, createMemoryRateBudget } from '../../support/memory/memory-rate-budget.ts';

const endpoints = useAwsEndpoints();

interface Budgets {
  readonly create: (clock: Clock) => RateBudget;
  readonly pause: () => Promise<void>;
  readonly stepMs: number;
}

const WINDOW_MS = 10_000;
const NO_OBSERVATION: RateObservation = { limit: null, remaining: null, limited: false, time: null };

/** An answer that came at once, `Date` being what it was at `atMs` on Intercom's clock. */
const timeOf = (clock: Clock, atMs: number): RateObservation['time'] => ({
  dateMs: Math.floor(atMs / 1000) * 1000,
  sentAtMs: clock.now(),
  receivedAtMs: clock.now(),
});
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
    for (const budget of all) budget.observe({ ...NO_OBSERVATION, limit });
    const grants: { readonly at: number; readonly priority: PermitPriority }[] = [];
    const ask = async (budget: RateBudget, priority: PermitPriority = 'bulk', signal = NEVER) => {
      const isOver = await budget.permit(priority, signal);
      grants.push({ at: clock.now(), priority });
      isOver();
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

  test('pauses for everyone after a 429, until the window ends', async () => {
    const { all, ask, pass, clock } = await settingOf(50);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(Promise.all([ask(first), ask(second)]));
    const end = Math.floor(clock.now() / WINDOW_MS) * WINDOW_MS + WINDOW_MS;
    first.observe({ ...NO_OBSERVATION, limited: true, remaining: 0, time: timeOf(clock, clock.now()) });
    await pass(ask(first, 'urgent'));
    expect(clock.now()).toBeGreaterThanOrEqual(end);
    expect(clock.now()).toBeLessThan(end + WINDOW_MS);
  });

  test('pauses the other instances too', async () => {
    const { all, ask, pass, grants } = await settingOf(50);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    first.observe({ ...NO_OBSERVATION, limited: true, remaining: 0 });
    const retry = ask(first);
    await pass(retry.then(() => Promise.all([ask(second), ask(second)])));
    // The one that was refused asked again at once, which told the others.
    for (const { at } of grants) expect(at).toBeGreaterThanOrEqual(NOON + WINDOW_MS);
  });

  test('stops others in the middle of a window that one of them saw used up', async () => {
    const { all, ask, pass, grants, clock } = await settingOf(50);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    first.observe({ ...NO_OBSERVATION, limited: true });
    const retry = ask(first);
    await pass(clock.sleep(2_000));
    const others = Promise.all(Array.from({ length: 10 }, () => ask(second)));
    await pass(Promise.all([retry, others]));
    for (const { at } of grants) expect(at).toBeGreaterThanOrEqual(NOON + WINDOW_MS);
  });

  test('leaves to other clients what the answers say they used', async () => {
    const { all, ask, pass, perWindow, clock } = await settingOf(100);
    const [first, second] = all;
    if (first === undefined || second === undefined) throw new Error('none');
    await pass(ask(first));
    // 60 used, of which we know of a few.
    first.observe({ ...NO_OBSERVATION, limit: 100, remaining: 40, time: timeOf(clock, NOON) });
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
    budget.observe({ ...NO_OBSERVATION, limit: 100, remaining: 50 });
    await pass(Promise.all(Array.from({ length: 60 }, () => ask(budget))));
    expect([...perWindow().values()][0]).toBeGreaterThanOrEqual(98);
  });

  test('waits out its window after a 429 that names no time', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const asked = clock.now();
    budget.observe({ ...NO_OBSERVATION, limited: true });
    await pass(ask(budget));
    expect(Math.floor(clock.now() / WINDOW_MS)).toBeGreaterThan(Math.floor(asked / WINDOW_MS));
  });

  test('is not stopped by an answer that was counted in a window before', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    clock.advance(100);
    const time = { dateMs: NOON - 1_000, sentAtMs: NOON - 2_000, receivedAtMs: NOON + 100 };
    budget.observe({ ...NO_OBSERVATION, remaining: 0, time });
    await pass(ask(budget));
    expect(clock.now()).toBeLessThan(NOON + WINDOW_MS);
  });

  test('counts what is under way when a window begins in that window too', async () => {
    const { all, ask, pass, grants, clock } = await settingOf(100, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const held = await pass(Promise.all(Array.from({ length: 60 }, () => budget.permit('bulk', NEVER))));
    expect(clock.now()).toBeLessThan(NOON + WINDOW_MS);
    clock.advance(NOON + WINDOW_MS - clock.now());
    const asking = Promise.all(Array.from({ length: 60 }, () => ask(budget)));
    await pass(clock.sleep(5_000));
    expect(grants).toHaveLength(100 - 60 - 2);
    for (const isOver of held) isOver();
    await pass(clock.sleep(2_000));
    // They may have been counted before they were answered.
    expect(grants).toHaveLength(38);
    await pass(asking);
    expect(clock.now()).toBeLessThan(NOON + 3 * WINDOW_MS);
  });

  test('counts what was answered in a window before anybody asked for a permit of it', async () => {
    const { all, ask, pass, grants, clock } = await settingOf(100, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const held = await pass(Promise.all(Array.from({ length: 60 }, () => budget.permit('bulk', NEVER))));
    clock.advance(NOON + WINDOW_MS - clock.now());
    for (const isOver of held) isOver();
    const asking = Promise.all(Array.from({ length: 60 }, () => ask(budget)));
    await pass(clock.sleep(5_000));
    expect(grants).toHaveLength(100 - 60 - 2);
    await pass(asking);
  });

  test('leaves to bulk requests what a single urgent one does not use', async () => {
    const { all, ask, pass, perWindow } = await settingOf(500);
    for (const budget of all) await pass(ask(budget, 'urgent'));
    const asking = Array.from({ length: 495 }, (_unused, index) => all[index % all.length]);
    await pass(Promise.all(asking.map((budget) => (budget === undefined ? null : ask(budget)))));
    // All but a fiftieth, and batches that one instance holds while the other goes without.
    expect([...perWindow().values()][0]).toBeGreaterThanOrEqual(490 - 9);
  });

  test('is never exceeded, whenever between sending and answer a request is counted', async () => {
    const { all, pass, clock } = await settingOf(40);
    const left = fc.sample(fc.integer({ min: 0, max: 20_000 }), { numRuns: 240, seed: 7 });
    const counted = new Map<number, number>();
    const work = async (budget: RateBudget | undefined) => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const isOver = await budget?.permit('bulk', NEVER);
        // The worst case: of one window when they are answered, of the next when they come.
        const sentIn = Math.floor(clock.now() / WINDOW_MS);
        const window = sentIn % 2 === 0 ? Math.floor((clock.now() + next) / WINDOW_MS) : sentIn;
        counted.set(window, (counted.get(window) ?? 0) + 1);
        await clock.sleep(next);
        isOver?.();
      }
    };
    await pass(Promise.all(Array.from({ length: 32 }, (_unused, index) => work(all[index % all.length]))));
    expect(counted.size).toBeGreaterThan(4);
    for (const count of counted.values()) expect(count).toBeLessThanOrEqual(40);
  });

  test('learns nothing of a window from an answer that may have been counted in the one before', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    clock.advance(1_000);
    const time = { dateMs: NOON, sentAtMs: NOON - 500, receivedAtMs: NOON + 500 };
    budget.observe({ ...NO_OBSERVATION, limit: 50, remaining: 0, time });
    budget.observe({ ...NO_OBSERVATION, limit: 50, remaining: 3, time });
    await pass(Promise.all(Array.from({ length: 49 }, () => ask(budget))));
    expect(clock.now()).toBeLessThan(NOON + WINDOW_MS);
    budget.observe({ ...NO_OBSERVATION, limit: 50, limited: true, time });
    await pass(ask(budget, 'urgent'));
    expect(clock.now()).toBeGreaterThanOrEqual(NOON + WINDOW_MS);
  });

  test('knows a limit before it is told, and remembers what it learned for those who come later', async () => {
    const budgets = await createAll();
    const clock = createMemoryClock();
    const first = budgets.create(clock);
    expect(await first.limit()).toBe(166);
    first.observe({ ...NO_OBSERVATION, limit: 1_666 });
    expect(await first.limit()).toBe(1_666);
    expect(await budgets.create(clock).limit()).toBe(1_666);
    first.observe({ ...NO_OBSERVATION, limit: 0 });
    first.observe(NO_OBSERVATION);
    expect(await first.limit()).toBe(1_666);
  });

  test.each([-61_300, -4_700, 3_900, 60_000])(
    'counts in windows of Intercom if its clock is %i ms from ours',
    async (offset) => {
      const { all, ask, pass, grants, clock } = await settingOf(30);
      const [first, second] = all;
      if (first === undefined || second === undefined) throw new Error('none');
      for (const budget of all) {
        // Answers at many moments narrow the second that a Date leaves open.
        for (const part of [0, 130, 370, 610, 890]) {
          const at = clock.now() + part;
          const time = { dateMs: Math.floor((at + offset) / 1000) * 1000, sentAtMs: at, receivedAtMs: at };
          budget.observe({ ...NO_OBSERVATION, time });
        }
      }
      await pass(
        Promise.all(Array.from({ length: 120 }, (_unused, index) => ask(index % 2 ? first : second))),
      );
      const windows = Map.groupBy(grants, ({ at }) => Math.floor((at + offset) / WINDOW_MS));
      for (const window of windows.values()) expect(window.length).toBeLessThanOrEqual(30);
      expect(windows.size).toBeLessThanOrEqual(6);
    },
  );

  test('a clock a minute slow waits no longer than a window of Intercom', async () => {
    const { all, ask, pass, clock } = await settingOf(30, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const asked = clock.now();
    budget.observe({ ...NO_OBSERVATION, limit: 30, remaining: 0, time: timeOf(clock, asked + 60_000) });
    await pass(ask(budget));
    expect(clock.now() - asked).toBeGreaterThan(0);
    expect(clock.now() - asked).toBeLessThanOrEqual(WINDOW_MS + 1_000);
  });

  test('rejects who no longer wants to wait, at once, and goes on with the others', async () => {
    const { all, ask, pass, clock } = await settingOf(50, 1);
    const [budget] = all;
    if (budget === undefined) throw new Error('none');
    const reason = new Error('enough');
    await expect(ask(budget, 'bulk', AbortSignal.abort(reason))).rejects.toBe(reason);
    budget.observe({ ...NO_OBSERVATION, limited: true });
    const [a, b] = [new AbortController(), new AbortController()];
    const waiting = [ask(budget, 'bulk', a.signal), ask(budget, 'bulk', b.signal), ask(budget)];
    const ends = Promise.allSettled(waiting);
    b.abort(reason);
    await expect(waiting[1]).rejects.toBe(reason);
    a.abort(reason);
    await expect(waiting[0]).rejects.toBe(reason);
    expect(clock.now()).toBe(NOON);
    await pass(ends);
    await waiting[2];
  });
});
