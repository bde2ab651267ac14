/** Slots under all circumstances: invocations that start, continue or are cut off, and runs that begin or are aborted. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideSlot, type Line } from '../../../functions/aws/slots.ts';
import type { Slot } from '../../../functions/core/ports.ts';
import { createMemoryClock, NOON } from '../../support/memory/memory-clock.ts';
import { createMemorySlots } from '../../support/memory/memory-slots.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The longest life of an invocation, including the margin. */
const LIFE_MS = 16 * MINUTE;

/** After this time nothing may still be waiting: it is several lifetimes of slots for everything the tests do. */
const END_OF_TIME_MS = 40 * 60 * MINUTE;

interface Step {
  readonly seconds: number;
  readonly ends: 'gives back' | 'keeps' | 'dies';
}

/** A branch of an execution. It does one piece of work after the other, each in one or more invocations. */
interface Branch {
  readonly run: string;
  readonly startsAfter: number;
  readonly steps: readonly Step[];
  /** Seconds after which its execution is aborted. A running invocation continues, and none follows. */
  readonly abortedAfter: number | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  seconds: fc.integer({ min: 1, max: 840 }),
  ends: fc.constantFrom('gives back', 'gives back', 'gives back', 'keeps', 'dies'),
});

const branch: fc.Arbitrary<Branch> = fc.record({
  run: fc.constantFrom('a', 'b', 'c'),
  startsAfter: fc.integer({ min: 0, max: 3_600 }),
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  abortedAfter: fc.option(fc.integer({ min: 0, max: 7_200 }), { freq: 6, nil: null }),
});

interface Simulated {
  /** Largest number of invocations with a slot at the same time. */
  readonly most: number;
  readonly unfinished: number;
  /** Milliseconds in line, for each wait that ended. */
  readonly waits: readonly number[];
  /** Number of waits over all branches. */
  readonly rounds: number;
  readonly endedAt: number;
}

/** Runs the branches over one set of slots, in order of time. */
async function simulate(
  branches: readonly Branch[],
  count: number,
  random: () => number,
): Promise<Simulated> {
  const clock = createMemoryClock();
  const slots = createMemorySlots({ count, clock, random });
  const live = new Map<string, number>();
  const waits: number[] = [];
  let most = 0;
  let rounds = 0;
  let attempts = 0;

  interface Running {
    readonly branch: Branch;
    readonly index: number;
    at: number;
    step: number;
    since: number | null;
    held: { readonly slot: Slot; readonly attempt: string; readonly step: Step } | null;
  }
  const todo: Running[] = branches.map((one, index) => ({
    branch: one,
    index,
    at: NOON + one.startsAfter * SECOND,
    step: 0,
    since: null,
    held: null,
  }));

  const isAborted = ({ branch: { abortedAfter } }: Running): boolean =>
    abortedAfter !== null && clock.now() >= NOON + abortedAfter * SECOND;

  async function leave(one: Running, held: NonNullable<Running['held']>): Promise<void> {
    one.held = null;
    one.step += 1;
    // A dead invocation gives nothing back, but it also holds nothing: it sends no more requests.
    live.delete(held.attempt);
    if (held.step.ends === 'gives back') await held.slot.giveBack();
    if (held.step.ends === 'keeps') await held.slot.keep();
  }

  async function ask(one: Running, wanted: Step): Promise<void> {
    attempts += 1;
    const attempt = `attempt ${attempts}`;
    const before = one.branch.steps[one.step - 1];
    const answer = await slots.take({
      claim: { runId: one.branch.run, work: `${one.index}` },
      attempt,
      until: clock.now() + LIFE_MS,
      mayBeKept: before?.ends === 'keeps',
    });
    if (answer.status === 'wait') {
      rounds += 1;
      one.since ??= clock.now();
      one.at = clock.now() + answer.waitSeconds * SECOND;
      return;
    }
    waits.push(clock.now() - (one.since ?? clock.now()));
    one.since = null;
    one.held = { slot: answer.slot, attempt, step: wanted };
    one.at = clock.now() + wanted.seconds * SECOND;
    live.set(attempt, clock.now() + LIFE_MS);
    most = Math.max(most, live.size);
  }

  while (todo.length > 0 && clock.now() - NOON < END_OF_TIME_MS) {
    todo.sort((a, b) => a.at - b.at);
    const [one] = todo;
    if (one === undefined) break;
    clock.advance(Math.max(0, one.at - clock.now()));
    if (one.held !== null) await leave(one, one.held);
    const wanted = one.branch.steps[one.step];
    if (wanted === undefined || isAborted(one)) todo.shift();
    else await ask(one, wanted);
  }
  return { most, unfinished: todo.length, waits, rounds, endedAt: clock.now() - NOON };
}

test('there are never more running invocations than slots, and everyone gets a slot in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(branch, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 6 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (branches, count, random) => {
        const { most, unfinished } = await simulate(branches, count, () => random);
        expect(most).toBeLessThanOrEqual(count);
        expect(unfinished).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});

const busy = (run: string, branches: number, steps: number, seconds = 120): readonly Branch[] =>
  Array.from({ length: branches }, () => ({
    run,
    startsAfter: 0,
    steps: Array.from({ length: steps }, () => ({ seconds, ends: 'gives back' as const })),
    abortedAfter: null,
  }));

describe.each([1, 3, 4, 16])('with %i slots', (count) => {
  test('a single run never waits', async () => {
    const { rounds, endedAt } = await simulate(busy('a', count, 20), count, () => 0.5);
    expect(rounds).toBe(0);
    expect(endedAt).toBe(20 * 2 * MINUTE);
  });

  test('two runs share, and the slots are hardly ever idle', async () => {
    const both = [...busy('a', count, 20), ...busy('b', count, 20)];
    const { most, rounds, endedAt } = await simulate(both, count, () => 0.5);
    expect(most).toBe(count);
    expect(endedAt).toBeLessThan(1.2 * 40 * 2 * MINUTE);
    // Each of the two runs uses at most this share of its execution's events for waits.
    expect((rounds / 2) * 9).toBeLessThan(5_000);
  });

  test('a run that comes late gets its first slot soon after one is given back', async () => {
    const long = busy('a', count, 30, 600);
    const late: Branch = {
      run: 'b',
      startsAfter: 60,
      steps: [{ seconds: 1, ends: 'gives back' }],
      abortedAfter: null,
    };
    const { waits, unfinished } = await simulate([...long, late], count, () => 0.5);
    expect(unfinished).toBe(0);
    // At most the rest of the running invocations, and an eighth more on average.
    expect(Math.max(...waits)).toBeLessThan(1.3 * 600 * SECOND);
  });
});

const NOBODY: Line = { holders: [], places: [] };
const TERMS = { count: 1, now: NOON, random: 0.5 };
const requestOf = (runId: string, work: string) => ({
  claim: { runId, work },
  attempt: 'x',
  until: NOON + LIFE_MS,
  mayBeKept: false,
});

test('an expired entry does not count', () => {
  const claim = { runId: 'a', work: '1' };
  const line: Line = {
    holders: [{ ...claim, attempt: 'dead', until: NOON }],
    places: [{ ...claim, since: NOON - MINUTE, until: NOON }],
  };
  expect(decideSlot(line, requestOf('b', '1'), TERMS)).toEqual({ type: 'take', kept: null });
  const living = { ...line, holders: [{ ...claim, attempt: 'dead', until: NOON + 1 }] };
  expect(decideSlot(living, requestOf('b', '1'), TERMS).type).toBe('wait');
});

test('a kept slot is only for its claim', () => {
  const kept = { runId: 'a', work: '1', attempt: null, until: NOON + 1 };
  const line = { ...NOBODY, holders: [kept] };
  expect(decideSlot(line, requestOf('a', '1'), TERMS)).toEqual({ type: 'take', kept });
  expect(decideSlot(line, requestOf('a', '2'), TERMS).type).toBe('wait');
});

test('a slot of another attempt at the same work is not taken over: that attempt may still be running', () => {
  const line = { ...NOBODY, holders: [{ runId: 'a', work: '1', attempt: 'before', until: NOON + 1 }] };
  expect(decideSlot(line, requestOf('a', '1'), TERMS).type).toBe('wait');
});

test('after half an hour in line a claim goes first', () => {
  const free = (waited: number): Line => ({
    holders: [],
    places: [{ runId: 'a', work: '1', since: NOON - waited, until: NOON + 1 }],
  });
  expect(decideSlot(free(29 * MINUTE), requestOf('a', '2'), TERMS).type).toBe('take');
  expect(decideSlot(free(30 * MINUTE), requestOf('a', '2'), TERMS).type).toBe('wait');
});
