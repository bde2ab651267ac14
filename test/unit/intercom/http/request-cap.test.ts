/** The cap under everything that happens: instances that come, work, lose the table or die, on clocks that differ. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEASE_MS, REQUEST_TIMEOUT_MS } from '../../../../functions/core/cap-shares.ts';
import { RetryableError } from '../../../../functions/core/errors.ts';
import type { CapShares, Clock, PermitPriority } from '../../../../functions/core/ports.ts';
import { createRequestCap } from '../../../../functions/intercom/http/request-cap.ts';
import { createMemoryCapShares } from '../../../support/memory/memory-cap-shares.ts';
import { createMemoryClock, NOON } from '../../../support/memory/memory-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What one instance does. */
interface Worker {
  readonly object: string;
  readonly startsAfter: number;
  readonly requests: number;
  /** Milliseconds from request to answer. */
  readonly takes: number;
  /** Milliseconds from an answer to the next request. */
  readonly pause: number;
  /** Requests it sends at once, if it may. */
  readonly width: number;
  /** Pieces of work, each an invocation. */
  readonly invocations: number;
  /** False: a scroll, which keeps its share from one invocation to the next. */
  readonly yields: boolean;
  /** Its clock, compared with ours. */
  readonly skew: number;
  /** When it dies, with its requests still under way; or when the table no longer answers it. */
  readonly trouble: { readonly kind: 'dies' | 'loses the table'; readonly after: number } | null;
}

const worker: fc.Arbitrary<Worker> = fc.record({
  object: fc.constantFrom('a', 'b', 'c'),
  startsAfter: fc.integer({ min: 0, max: 2 * MINUTE }),
  requests: fc.integer({ min: 1, max: 200 }),
  takes: fc.oneof(fc.integer({ min: 50, max: 2_000 }), fc.constant(REQUEST_TIMEOUT_MS)),
  pause: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000 })),
  width: fc.integer({ min: 1, max: 8 }),
  invocations: fc.integer({ min: 1, max: 4 }),
  yields: fc.constant(true),
  skew: fc.integer({ min: -5 * SECOND, max: 5 * SECOND }),
  trouble: fc.option(
    fc.record({
      kind: fc.constantFrom('dies' as const, 'loses the table' as const),
      after: fc.integer({ min: 0, max: 3 * MINUTE }),
    }),
    { freq: 4, nil: null },
  ),
});

interface Simulated {
  readonly most: number;
  /** Workers without trouble that never got done. */
  readonly unfinished: number;
  /** Requests under way on average, from one time to another. */
  average(from: number, to: number): number;
  /** Milliseconds after the start at which each worker was done. */
  readonly doneAt: readonly (number | undefined)[];
  /** The same for the answers of each worker. */
  readonly answersAt: readonly (readonly number[])[];
  readonly writes: number;
}

/** @param latency milliseconds to the table, each way */
async function simulate(
  workers: readonly Worker[],
  cap: number,
  random = () => 0.5,
  latency = 5,
): Promise<Simulated> {
  const clock = createMemoryClock();
  const list = createMemoryCapShares();
  const signal = new AbortController().signal;
  const forever = new Promise<never>(() => undefined);
  let writes = 0;
  let inFlight = 0;
  let most = 0;
  const spans: { readonly from: number; readonly to: number }[] = [];
  const doneAt: (number | undefined)[] = workers.map(() => undefined);
  const answersAt: number[][] = workers.map(() => []);

  async function request(index: number, takes: number): Promise<void> {
    const from = clock.now() - NOON;
    inFlight += 1;
    most = Math.max(most, inFlight);
    await clock.sleep(takes);
    inFlight -= 1;
    const to = clock.now() - NOON;
    spans.push({ from, to });
    answersAt[index]?.push(to);
  }

  async function run(one: Worker, index: number): Promise<void> {
    const isIn = (kind: NonNullable<Worker['trouble']>['kind']): boolean =>
      one.trouble?.kind === kind && clock.now() - NOON >= one.startsAfter + one.trouble.after;
    const ownClock: Clock = { now: () => clock.now() + one.skew, sleep: clock.sleep };
    const shares: CapShares = {
      async update(change) {
        if (isIn('dies') || isIn('loses the table')) return forever;
        for (;;) {
          const before = list.list();
          const changed = change(before);
          await clock.sleep(latency);
          if (list.list() !== before) continue;
          if (changed.shares !== before) writes += 1;
          await list.update(() => changed);
          await clock.sleep(latency);
          return changed;
        }
      },
    };
    const { object, yields } = one;
    const share = createRequestCap({
      cap,
      shares,
      clock: ownClock,
      id: `${index}`,
      object,
      yields,
      random,
    });
    await clock.sleep(one.startsAfter);
    let left = one.requests;
    const each = Math.ceil(one.requests / one.invocations);
    while (left > 0) {
      const waitSeconds = await share.begin();
      if (waitSeconds !== null) {
        await clock.sleep(waitSeconds * SECOND);
        continue;
      }
      let now = Math.min(each, left);
      const send = async (): Promise<void> => {
        while (now > 0 && !share.isWanted()) {
          now -= 1;
          left -= 1;
          const pass = await share.enter('bulk', signal);
          if (isIn('dies')) await forever;
          expect(pass.isValid()).toBe(true);
          await request(index, one.takes);
          if (isIn('dies')) await forever;
          pass.leave();
          await clock.sleep(one.pause);
        }
      };
      await Promise.all(Array.from({ length: one.width }, send));
      await share.end(!yields && left > 0);
    }
    doneAt[index] = clock.now() - NOON;
  }

  workers.forEach((one, index) => void run(one, index));
  const flush = () => new Promise((next) => setImmediate(next));
  await flush();
  while (clock.now() - NOON < 48 * HOUR && clock.advanceToNext()) await flush();
  const healthy = workers.flatMap(({ trouble }, index) => (trouble === null ? [doneAt[index]] : []));
  return {
    most,
    unfinished: healthy.filter((at) => at === undefined).length,
    average: (from, to) =>
      spans.reduce((sum, span) => sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)), 0) /
      (to - from),
    doneAt,
    answersAt,
    writes,
  };
}

const FIRM: Worker = {
  object: 'a',
  startsAfter: 0,
  requests: 400,
  takes: 200,
  pause: 0,
  width: 8,
  invocations: 1,
  yields: true,
  skew: 0,
  trouble: null,
};

test('never more requests under way than the cap, and every instance gets its turn', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(worker, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 6 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 400 }),
      async (workers, cap, random, latency) => {
        const { most, unfinished } = await simulate(workers, cap, () => random, latency);
        expect(most).toBeLessThanOrEqual(cap);
        expect(unfinished).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

test('at least 0.9 of the cap is in use while there is work for it, and each object has its part', async () => {
  const steady = fc.record({
    object: fc.constantFrom('a', 'b', 'c'),
    takes: fc.integer({ min: 100, max: 1_000 }),
    width: fc.integer({ min: 2, max: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(steady, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 12 }),
      async (some, most) => {
        const workers = some.map((one) => ({ ...FIRM, ...one, requests: 1_500 }));
        // As many as can be under way at once.
        const width = workers.reduce((sum, one) => sum + one.width, 0);
        const cap = Math.min(most, width);
        const { average, doneAt, most: highest } = await simulate(workers, cap);
        const firstDone = Math.min(...doneAt.map((at) => at ?? 0));
        expect(average(5 * SECOND, firstDone)).toBeGreaterThanOrEqual(0.9 * cap);
        expect(highest).toBe(cap);
      },
    ),
    { numRuns: 15 },
  );
});

test('what one invocation leaves, another uses at once', async () => {
  const { average, doneAt } = await simulate([FIRM, { ...FIRM, object: 'b', requests: 1_200 }], 4);
  const [first = 0, last = 0] = doneAt;
  expect(first).toBeLessThan(last / 1.5);
  expect(average(first + 2 * SECOND, last - SECOND)).toBeGreaterThanOrEqual(3.6);
});

test('objects share alike, however many invocations each has', async () => {
  const many = [FIRM, FIRM, FIRM].map((one) => ({ ...one, requests: 2_000 }));
  const { answersAt } = await simulate([...many, { ...FIRM, object: 'b', requests: 2_000 }], 8);
  const answers = answersAt.map((at) => at.filter((each) => each >= 5 * SECOND && each < 35 * SECOND).length);
  const all = answers.reduce((sum, count) => sum + count, 0);
  expect((answers[3] ?? 0) / all).toBeGreaterThan(0.45);
});

test('an object without any request waits for a minute at most, if the others can stop', async () => {
  const late = { ...FIRM, object: 'b', startsAfter: 10 * SECOND, requests: 5 };
  const { doneAt } = await simulate([{ ...FIRM, requests: 2_000 }, late], 1);
  expect(doneAt[1]).toBeLessThan(75 * SECOND);
});

test('it waits until the request that is under way is answered', async () => {
  const slow = { ...FIRM, requests: 20, takes: 20 * SECOND, width: 1 };
  const late = { ...FIRM, object: 'b', startsAfter: 10 * SECOND, requests: 1 };
  const { doneAt } = await simulate([slow, late], 1);
  expect(doneAt[1]).toBeGreaterThan(60 * SECOND);
  expect(doneAt[1]).toBeLessThan(90 * SECOND);
});

test('the requests of a scroll never wait for others, from one invocation to the next', async () => {
  const greedy = ['b', 'c', 'd', 'e'].map((object) => ({ ...FIRM, object, requests: 500 }));
  const scroll = { ...FIRM, requests: 400, width: 1, invocations: 5, yields: false };
  const { answersAt } = await simulate([scroll, ...greedy], 2);
  const answers = answersAt[0] ?? [];
  expect(answers).toHaveLength(400);
  const gaps = answers.slice(1).map((at, index) => at - (answers[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(scroll.takes + SECOND);
});

test('what a dead invocation had is free again after a minute and a half', async () => {
  const dead: Worker = { ...FIRM, trouble: { kind: 'dies', after: 5 * SECOND } };
  const next = { ...FIRM, startsAfter: 6 * SECOND, requests: 5 };
  const { doneAt } = await simulate([dead, next], 1);
  expect(doneAt[1]).toBeGreaterThan(65 * SECOND);
  expect(doneAt[1]).toBeLessThan(135 * SECOND);
});

test('requests cost no writes: an invocation writes when it begins, grows, renews and ends', async () => {
  const { writes, doneAt } = await simulate([{ ...FIRM, requests: 3_000 }], 8);
  expect(doneAt[0]).toBeGreaterThan(60 * SECOND);
  expect(writes).toBeLessThan(25);
});

test('without renewals for the time of its lease, an instance sends nothing more, and says why', async () => {
  const clock = createMemoryClock();
  const list = createMemoryCapShares();
  const never = new AbortController().signal;
  let isDown = false;
  const shares: CapShares = {
    update: async (change) => {
      if (isDown) throw new RetryableError('AWS is down.', { code: 'aws_unavailable' });
      return list.update(change);
    },
  };
  const share = createRequestCap({ cap: 1, shares, clock, id: 'x', object: 'tags', yields: true });
  const flush = () => new Promise((next) => setImmediate(next));
  await expect(share.enter('bulk', never)).rejects.toThrow('begun');
  expect(await share.begin()).toBeNull();
  isDown = true;
  const sent = await share.enter('bulk', never);
  while (clock.now() < NOON + LEASE_MS - SECOND) {
    clock.advanceToNext();
    await flush();
  }
  expect(sent.isValid()).toBe(true);
  clock.advance(SECOND);
  expect(sent.isValid()).toBe(false);
  sent.leave();
  const refused = expect(share.enter('urgent', never)).rejects.toThrow('AWS is down.');
  clock.advance(SECOND);
  await flush();
  await refused;
  isDown = false;
  clock.advance(SECOND);
  await flush();
  const again = await share.enter('bulk', never);
  expect(again.isValid()).toBe(true);
  again.leave();
});

test('urgent requests go first, and an aborted one leaves the line', async () => {
  const clock = createMemoryClock();
  const shares = createMemoryCapShares();
  const share = createRequestCap({ cap: 1, shares, clock, id: 'x', object: 'tags', yields: true });
  await share.begin();
  const never = new AbortController().signal;
  const abort = new AbortController();
  const order: string[] = [];
  const first = await share.enter('bulk', never);
  const send = (name: string, priority: PermitPriority, signal: AbortSignal) =>
    share.enter(priority, signal).then((pass) => {
      order.push(name);
      return pass.leave();
    });
  const bulk = send('bulk', 'bulk', never);
  const aborted = send('aborted', 'bulk', abort.signal);
  const urgent = send('urgent', 'urgent', never);
  abort.abort(new Error('over'));
  await expect(aborted).rejects.toThrow('over');
  first.leave();
  await Promise.all([bulk, urgent]);
  expect(order).toEqual(['urgent', 'bulk']);
});
