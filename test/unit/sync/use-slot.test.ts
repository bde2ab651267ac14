/** A slot is taken before the work, given back whatever happens, and never changes the result. */
import { expect, test } from 'vitest';
import type { ProgressEvent, SlotRequest, Slots } from '../../../functions/core/ports.ts';
import type { ReadEvent } from '../../../functions/core/reading.ts';
import { extractSlice } from '../../../functions/sync/extract/extract.ts';
import { planObject } from '../../../functions/sync/plan/plan.ts';
import { createUseSlot, type UseSlot } from '../../../functions/sync/use-slot.ts';
import { createPipeline, dependenciesOf, readerOf } from '../../support/dependencies.ts';
import { NOON } from '../../support/memory/memory-clock.ts';
import { beginRun, nextAttempt } from '../../support/workflow.ts';

const CLAIM = { runId: 'run', work: 'tags/0001' };

function setting(broken: Partial<Record<'take' | 'giveBack', Error>> = {}) {
  const done: string[] = [];
  const seen: ProgressEvent[] = [];
  const requests: SlotRequest[] = [];
  const slots: Slots = {
    async take(request) {
      if (broken.take !== undefined) throw broken.take;
      requests.push(request);
      done.push('take');
      const giveBack = async () => {
        if (broken.giveBack !== undefined) throw broken.giveBack;
        done.push('give back');
      };
      return { status: 'taken', slot: { giveBack, keep: async () => void done.push('keep') } };
    },
  };
  const use = createUseSlot({
    slots,
    clock: { now: () => NOON },
    attempt: { id: 'attempt', remainingMs: () => 900_000 },
    quiet: async () => void done.push('quiet'),
    observe: (event) => seen.push(event),
    object: 'tags',
  });
  const work = async () => {
    done.push('work');
    return 'result';
  };
  return { use, work, done, seen, requests };
}

test('a slot is given back when no request is in flight any more', async () => {
  const { use, work, done, requests } = setting();
  expect(await use(CLAIM, work)).toEqual({ status: 'worked', result: 'result' });
  expect(done).toEqual(['take', 'work', 'quiet', 'give back']);
  expect(requests).toEqual([{ claim: CLAIM, attempt: 'attempt', until: NOON + 960_000, mayBeKept: false }]);
});

test('it is also given back after a failure, and the failure is what is reported', async () => {
  const { use, done } = setting({});
  const failure = new Error('no permission');
  await expect(use(CLAIM, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(done).toEqual(['take', 'quiet', 'give back']);
});

test('a slot that cannot be given back is observed, and changes neither a result nor a failure', async () => {
  const { use, work, seen } = setting({ giveBack: new TypeError('with an ARN in it') });
  expect(await use(CLAIM, work)).toEqual({ status: 'worked', result: 'result' });
  const failure = new Error('no permission');
  await expect(use(CLAIM, () => Promise.reject(failure))).rejects.toBe(failure);
  const event = { type: 'slot_not_returned', object: 'tags', runId: 'run', error: 'TypeError' };
  expect(seen).toEqual([event, event]);
});

test('without an answer about slots, no work is done', async () => {
  const { use, work, done } = setting({ take: new Error('AWS is down') });
  await expect(use(CLAIM, work)).rejects.toThrow('AWS is down');
  expect(done).toEqual([]);
});

test('it is kept if the next invocation must continue at once', async () => {
  const { use, work, done, requests } = setting();
  await use(CLAIM, work, (result) => result === 'result');
  await use(CLAIM, work, () => false);
  expect(done.filter((what) => what !== 'quiet')).toEqual([
    'take',
    'work',
    'keep',
    'take',
    'work',
    'give back',
  ]);
  expect(requests.map(({ mayBeKept }) => mayBeKept)).toEqual([true, true]);
});

const NO_SLOT: UseSlot = async () => ({ status: 'wait', waitSeconds: 17 });

/** Slots that record every claim, and whether a slot was kept. */
function noting() {
  const claims: string[] = [];
  const kept: boolean[] = [];
  const useSlot: UseSlot = async ({ work }, run, goesOn) => {
    claims.push(work);
    const result = await run();
    kept.push(goesOn?.(result) ?? false);
    return { status: 'worked', result };
  };
  return { useSlot, claims, kept };
}

async function* onePage(): AsyncGenerator<ReadEvent, void, void> {
  yield { type: 'page', records: [], ids: [], position: { scrollParam: 's', restarts: 0, ended: false } };
  yield { type: 'end', matched: null };
}

test('Plan asks for a slot only to count, and makes no plan without one', async () => {
  const pipeline = createPipeline();
  const reader = { ...readerOf(onePage), probe: async () => ({ matched: 0, first: null }) };
  const counted = dependenciesOf(pipeline, { object: 'contacts', reader });
  const holder = await beginRun(pipeline, counted);
  const refused = planObject({ ...counted, useSlot: NO_SLOT }, holder);
  expect(await refused).toEqual({ status: 'wait', slices: [], waitSeconds: 17 });
  const { useSlot, claims } = noting();
  expect((await planObject({ ...counted, useSlot }, holder)).status).toBe('planned');
  expect(claims).toEqual(['plan contacts']);

  for (const object of ['tags', 'activity_logs'] as const) {
    const other = createPipeline();
    const uncounted = dependenciesOf(other, { object });
    const run = await beginRun(other, uncounted);
    expect((await planObject({ ...uncounted, useSlot: NO_SLOT }, run)).status).toBe('planned');
  }
});

test('StartRun begins no run without a slot', async () => {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, { overrides: { useSlot: NO_SLOT } });
  await beginRun(pipeline, dependencies);
  expect(await Array.fromAsync(pipeline.lake.list(''))).toEqual([]);
});

test('Extract waits for a slot before it reads, but needs none if the slice is done', async () => {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, { object: 'tags', reader: readerOf(onePage) });
  const holder = await beginRun(pipeline, dependencies);
  await planObject(dependencies, holder);
  const extract = (useSlot: UseSlot) =>
    extractSlice({ ...dependencies, useSlot }, holder, '0001', nextAttempt());
  expect(await extract(NO_SLOT)).toEqual({ status: 'wait', waitSeconds: 17 });
  const { useSlot, claims, kept } = noting();
  expect((await extract(useSlot)).status).toBe('done');
  expect([claims, kept]).toEqual([['tags/0001'], [false]]);
  expect((await extract(NO_SLOT)).status).toBe('done');
});

test('a scroll that must continue keeps its slot, because it would expire if left alone', async () => {
  const pipeline = createPipeline();
  const limits = { deadlineMarginMs: 60_000 };
  const dependencies = dependenciesOf(pipeline, { object: 'companies', reader: readerOf(onePage), limits });
  const holder = await beginRun(pipeline, dependencies);
  await planObject(dependencies, holder);
  const { useSlot, kept } = noting();
  const attempt = (remainingMs: number) =>
    extractSlice({ ...dependencies, useSlot }, holder, '0001', nextAttempt(remainingMs));
  expect((await attempt(1)).status).toBe('continue');
  expect((await attempt(1_000_000)).status).toBe('done');
  expect(kept).toEqual([true, false]);
});
