/** Work begins with a share, gives it back whatever happens, and its result is never changed by that. */
import { expect, test } from 'vitest';
import type { ProgressEvent, WorkShare } from '../../../functions/core/ports.ts';
import type { ReadEvent } from '../../../functions/core/reading.ts';
import { extractSlice } from '../../../functions/sync/extract/extract.ts';
import { planObject } from '../../../functions/sync/plan/plan.ts';
import { createUnderCap, type UnderCap } from '../../../functions/sync/under-cap.ts';
import { createPipeline, dependenciesOf, readerOf } from '../../support/dependencies.ts';
import { beginRun, nextAttempt } from '../../support/workflow.ts';

const RUN = 'run';

function setting(broken: Partial<Record<'begin' | 'end', Error>> = {}, waitSeconds: number | null = null) {
  const done: string[] = [];
  const seen: ProgressEvent[] = [];
  const share: WorkShare = {
    async begin() {
      if (broken.begin !== undefined) throw broken.begin;
      done.push('begin');
      return waitSeconds;
    },
    async end(isKept) {
      if (broken.end !== undefined) throw broken.end;
      done.push(isKept ? 'keep' : 'give back');
    },
    isWanted: () => false,
  };
  const quiet = () => void done.push('quiet');
  const use = createUnderCap({ share, quiet, observe: (event) => seen.push(event), object: 'tags' });
  const work = async () => {
    done.push('work');
    return 'result';
  };
  return { use, work, done, seen };
}

test('a share is given back when what was left running is cut off', async () => {
  const { use, work, done } = setting();
  expect(await use(RUN, work)).toEqual({ status: 'worked', result: 'result' });
  expect(done).toEqual(['begin', 'work', 'quiet', 'give back']);
});

test('without a share, the work waits, and that is observed', async () => {
  const { use, work, done, seen } = setting({}, 17);
  expect(await use(RUN, work)).toEqual({ status: 'wait', waitSeconds: 17 });
  expect(done).toEqual(['begin']);
  expect(seen).toEqual([{ type: 'share_awaited', object: 'tags', runId: 'run', waitSeconds: 17 }]);
});

test('it is also given back after a failure, and the failure is what is reported', async () => {
  const { use, done } = setting({});
  const failure = new Error('no permission');
  await expect(use(RUN, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(done).toEqual(['begin', 'quiet', 'give back']);
});

test('a share that cannot be given back is observed, and changes neither a result nor a failure', async () => {
  const { use, work, seen } = setting({ end: new TypeError('with an ARN in it') });
  expect(await use(RUN, work)).toEqual({ status: 'worked', result: 'result' });
  const failure = new Error('no permission');
  await expect(use(RUN, () => Promise.reject(failure))).rejects.toBe(failure);
  const event = { type: 'share_not_returned', object: 'tags', runId: 'run', error: 'TypeError' };
  expect(seen).toEqual([event, event]);
});

test('without an answer about shares, no work is done', async () => {
  const { use, work, done } = setting({ begin: new Error('AWS is down') });
  await expect(use(RUN, work)).rejects.toThrow('AWS is down');
  expect(done).toEqual([]);
});

test('it is kept if the next invocation must continue at once', async () => {
  const { use, work, done } = setting();
  await use(RUN, work, (result) => result === 'result');
  await use(RUN, work, () => false);
  const expected = ['begin', 'work', 'keep', 'begin', 'work', 'give back'];
  expect(done.filter((what) => what !== 'quiet')).toEqual(expected);
});

const NOTHING_FREE: UnderCap = async () => ({ status: 'wait', waitSeconds: 17 });

/** A cap that records the run of every piece of work, and whether its share was kept. */
function noting() {
  const runs: string[] = [];
  const kept: boolean[] = [];
  const underCap: UnderCap = async (runId, run, goesOn) => {
    runs.push(runId);
    const result = await run();
    kept.push(goesOn?.(result) ?? false);
    return { status: 'worked', result };
  };
  return { underCap, runs, kept };
}

async function* onePage(): AsyncGenerator<ReadEvent, void, void> {
  yield { type: 'page', records: [], ids: [], position: { scrollParam: 's', restarts: 0, ended: false } };
  yield { type: 'end', matched: null };
}

test('Plan asks for a share only to count, and makes no plan without one', async () => {
  const pipeline = createPipeline();
  const reader = { ...readerOf(onePage), probe: async () => ({ matched: 0, first: null }) };
  const counted = dependenciesOf(pipeline, { object: 'contacts', reader });
  const holder = await beginRun(pipeline, counted);
  const refused = planObject({ ...counted, underCap: NOTHING_FREE }, holder);
  expect(await refused).toEqual({ status: 'wait', slices: [], waitSeconds: 17 });
  const { underCap, runs } = noting();
  expect((await planObject({ ...counted, underCap }, holder)).status).toBe('planned');
  expect(runs).toEqual([holder.runId]);

  for (const object of ['tags', 'activity_logs'] as const) {
    const other = createPipeline();
    const uncounted = dependenciesOf(other, { object });
    const run = await beginRun(other, uncounted);
    expect((await planObject({ ...uncounted, underCap: NOTHING_FREE }, run)).status).toBe('planned');
  }
});

test('StartRun begins no run without a share', async () => {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, { overrides: { underCap: NOTHING_FREE } });
  await beginRun(pipeline, dependencies);
  expect(await Array.fromAsync(pipeline.lake.list(''))).toEqual([]);
});

test('Extract waits for a share before it reads, but needs none if the slice is done', async () => {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, { object: 'tags', reader: readerOf(onePage) });
  const holder = await beginRun(pipeline, dependencies);
  await planObject(dependencies, holder);
  const extract = (underCap: UnderCap) =>
    extractSlice({ ...dependencies, underCap }, holder, '0001', nextAttempt());
  expect(await extract(NOTHING_FREE)).toEqual({ status: 'wait', waitSeconds: 17 });
  const { underCap, runs, kept } = noting();
  expect((await extract(underCap)).status).toBe('done');
  expect([runs, kept]).toEqual([[holder.runId], [false]]);
  expect((await extract(NOTHING_FREE)).status).toBe('done');
});

test('a scroll that must continue keeps its share, because it would expire if left alone', async () => {
  const pipeline = createPipeline();
  const limits = { deadlineMarginMs: 60_000 };
  const dependencies = dependenciesOf(pipeline, { object: 'companies', reader: readerOf(onePage), limits });
  const holder = await beginRun(pipeline, dependencies);
  await planObject(dependencies, holder);
  const { underCap, kept } = noting();
  const attempt = (remainingMs: number) =>
    extractSlice({ ...dependencies, underCap }, holder, '0001', nextAttempt(remainingMs));
  expect((await attempt(1)).status).toBe('continue');
  expect((await attempt(1_000_000)).status).toBe('done');
  expect(kept).toEqual([true, false]);
});
