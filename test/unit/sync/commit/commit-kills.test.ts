/** A commit is killed at every single call, and the next run finishes it: the state is the old or the new one, never half. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest, Plan } from '../../../../functions/core/engine-files.ts';
import { manifestKey } from '../../../../functions/core/lake-keys.ts';
import type { Lease } from '../../../../functions/core/ports.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import type { ObjectDependencies } from '../../../../functions/sync/dependencies.ts';
import { planObject } from '../../../../functions/sync/plan/plan.ts';
import { createCrashPoint, Killed } from '../../../support/crash.ts';
import { createPipeline, dependenciesOf, type Pipeline } from '../../../support/dependencies.ts';
import { committedRows, manifestsOf } from '../../../support/rows-of.ts';
import { createWorld, createWorldReader } from '../../../support/search-world.ts';
import { beginRun, extractAll, failObject, planAndExtract } from '../../../support/workflow.ts';

const START = 1_795_348_800;
const crash = createCrashPoint();

interface Setting {
  readonly pipeline: Pipeline;
  readonly dependencies: ObjectDependencies;
  /** The same, but any call of lake, state or catalog may be the last. */
  readonly mortal: ObjectDependencies;
  readonly holder: Lease;
}

/** A record with a field that no earlier record had. */
const withFresh = <R extends object>(record: R): R => ({ ...record, fresh: true });

/** One run has committed. Another has extracted everything and is about to commit. */
async function aboutToCommit(): Promise<Setting> {
  const pipeline = createPipeline();
  const records = [1, 2, 3].map((day) => ({
    id: `r${day}`,
    updated_at: START - day * 86_400,
    created_at: 1,
  }));
  const world = createWorld(records, { granularity: 'second', inclusive: false });
  const reader = createWorldReader(world, { nowMs: pipeline.clock.now });
  const dependencies = dependenciesOf(pipeline, { object: 'tickets', reader });
  const first = await beginRun(pipeline, dependencies);
  await planAndExtract(dependencies, first);
  await commitObject(dependencies, first);
  pipeline.executions.running.delete(first.executionArn);

  pipeline.clock.advance(3_600_000);
  world.records = [...records, withFresh({ id: 'new', updated_at: START + 60, created_at: 1 })];
  const holder = await beginRun(pipeline, dependencies);
  await planAndExtract(dependencies, holder);
  const lake = crash.wrap(pipeline.lake);
  lake.list = pipeline.lake.list;
  const mortal = {
    ...dependencies,
    lake,
    state: crash.wrap(pipeline.state),
    catalog: crash.wrap(dependencies.catalog),
  };
  return { pipeline, dependencies, mortal, holder };
}

const OLD = START - 900;
const NEW = START + 3_600 - 900;

/** The column that first appears in the killed run. */
const freshColumn = ({ pipeline }: Setting): string | undefined => pipeline.catalog.types().tickets?.fresh;

/** What a reader of the lake sees, and where the next run would continue. */
async function seen({ pipeline, holder }: Setting) {
  const { committed } = await pipeline.state.load('tickets');
  const hasManifest = pipeline.lake.files.has(manifestKey('tickets', holder.runId));
  return { hasManifest, isCommitted: committed?.runId === holder.runId, cursor: committed?.cursor };
}

/** Expects the parts to agree, on the old state or the new one. */
async function expectWhole(setting: Setting): Promise<'old' | 'new'> {
  const found = await seen(setting);
  if (found.hasManifest) expect(found).toEqual({ hasManifest: true, isCommitted: true, cursor: NEW });
  else expect(found).toEqual({ hasManifest: false, isCommitted: false, cursor: OLD });
  return found.hasManifest ? 'new' : 'old';
}

async function killCommit(setting: Setting, at: number, when: 'before' | 'after'): Promise<void> {
  crash.arm(at, when);
  await expect(commitObject(setting.mortal, setting.holder)).rejects.toThrow(Killed);
  crash.arm(null);
}

/** Another execution finds the object after the killed one is over. */
async function takeOver(setting: Setting): Promise<Lease> {
  const { pipeline, dependencies, holder } = setting;
  pipeline.executions.running.delete(holder.executionArn);
  pipeline.clock.advance(3_600_000);
  return beginRun(pipeline, dependencies);
}

let calls = 0;

beforeAll(async () => {
  const setting = await aboutToCommit();
  crash.arm(null);
  await commitObject(setting.mortal, setting.holder);
  calls = crash.calls();
});

const moments = async function* () {
  for (let at = 1; at <= calls; at += 1) {
    for (const when of ['before', 'after'] as const) {
      yield { setting: await aboutToCommit(), at, when };
    }
  }
};

describe('a commit killed at any call', () => {
  test('shows the old rows or the new ones, and leaves its mark for the next run', async () => {
    expect(calls).toBeGreaterThanOrEqual(12);
    for await (const { setting, at, when } of moments()) {
      await killCommit(setting, at, when);
      const { hasManifest, isCommitted, cursor } = await seen(setting);
      const { committing } = await setting.pipeline.state.load('tickets');
      expect(cursor).toBe(isCommitted ? NEW : OLD);
      if (freshColumn(setting) !== undefined) expect(isCommitted).toBe(true);
      if (isCommitted) expect(hasManifest).toBe(true);
      else if (hasManifest) expect(committing?.runId).toBe(setting.holder.runId);
      const ids = committedRows(setting.pipeline.lake, 'tickets').map(({ id }) => id);
      expect(ids.sort()).toEqual(hasManifest ? ['new', 'r1', 'r2', 'r3'] : ['r1', 'r2', 'r3']);
    }
  });

  test('is completed by the same run', async () => {
    for await (const { setting, at, when } of moments()) {
      await killCommit(setting, at, when);
      expect(await commitObject(setting.dependencies, setting.holder)).toMatchObject({ rows: 1 });
      expect(await expectWhole(setting)).toBe('new');
      expect(freshColumn(setting)).toBe('boolean');
      expect(await setting.pipeline.state.load('tickets')).toMatchObject({ lease: null, committing: null });
    }
  });

  test('is completed or dropped by another run, which loses nothing', async () => {
    const outcomes = new Set<string>();
    for await (const { setting, at, when } of moments()) {
      await killCommit(setting, at, when);
      const next = await takeOver(setting);
      const { slices } = await planObject(setting.dependencies, next);
      outcomes.add(await expectWhole(setting));
      const plan = setting.pipeline.lake.json<Plan>(`work/${next.runId}/tickets/plan.json`);
      expect(plan.cursorBefore).toBe((await seen(setting)).cursor);
      await extractAll(setting.dependencies, next, slices);
      await commitObject(setting.dependencies, next);
      const ids = new Set(committedRows(setting.pipeline.lake, 'tickets').map(({ id }) => id));
      expect(ids).toEqual(new Set(['new', 'r1', 'r2', 'r3']));
      expect(freshColumn(setting)).toBe('boolean');
    }
    expect(outcomes).toEqual(new Set(['old', 'new']));
  });

  test('is dated when its manifest appears, whoever writes it', async () => {
    const writers = new Set<string>();
    for await (const { setting, at, when } of moments()) {
      const { pipeline, dependencies, holder } = setting;
      await killCommit(setting, at, when);
      const { hasManifest } = await seen(setting);
      const killedMs = pipeline.clock.now();
      await planObject(dependencies, await takeOver(setting));
      if ((await expectWhole(setting)) === 'old') continue;
      const { committed_at } = pipeline.lake.json<Manifest>(manifestKey('tickets', holder.runId));
      expect(Date.parse(committed_at)).toBe(hasManifest ? killedMs : pipeline.clock.now());
      writers.add(hasManifest ? 'the run' : 'the next run');
    }
    expect(writers).toEqual(new Set(['the run', 'the next run']));
  });

  test('is safe if the failure is recorded and the dead run wakes up after its successor', async () => {
    for await (const { setting, at, when } of moments()) {
      const { pipeline, dependencies, holder } = setting;
      await killCommit(setting, at, when);
      await failObject(pipeline, dependencies, holder, new Error('killed'));
      const next = await takeOver(setting);
      const { slices } = await planObject(dependencies, next);
      const before = await expectWhole(setting);
      const late = commitObject(dependencies, holder);
      if (before === 'new') await expect(late).resolves.toMatchObject({ status: 'committed' });
      else await expect(late).rejects.toMatchObject({ code: 'lease_lost' });
      expect(await expectWhole(setting)).toBe(before);
      await extractAll(dependencies, next, slices);
      await commitObject(dependencies, next);
      expect((await pipeline.state.load('tickets')).committed?.runId).toBe(next.runId);
    }
  });

  test('is completed by the third run if the second is killed too, at any of its calls', async () => {
    for (let at = 1; at <= 12; at += 1) {
      const setting = await aboutToCommit();
      const { dependencies, mortal, pipeline } = setting;
      // The manifest exists, the cursor has not moved. The catalog (3 calls) and the end (3) come after it.
      await killCommit(setting, calls - 8, 'before');
      const second = await takeOver(setting);
      crash.arm(at, 'after');
      await planObject(mortal, second).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      crash.arm(null);
      pipeline.executions.running.delete(second.executionArn);
      pipeline.clock.advance(3_600_000);
      const third = await beginRun(pipeline, dependencies);
      await planAndExtract(dependencies, third);
      await commitObject(dependencies, third);
      const manifests: readonly Manifest[] = manifestsOf(pipeline.lake, 'tickets');
      const { committed } = await pipeline.state.load('tickets');
      expect(committed?.manifestKey).toBe(manifestKey('tickets', manifests.at(-1)?.run_id ?? ''));
      expect(committed?.cursor).toBe(manifests.at(-1)?.cursor?.after);
      const ids = new Set(committedRows(pipeline.lake, 'tickets').map(({ id }) => id));
      expect(ids).toEqual(new Set(['new', 'r1', 'r2', 'r3']));
    }
  });
});

test('two commits of one run at once leave one manifest and one cursor', async () => {
  const setting = await aboutToCommit();
  const commit = () => commitObject(setting.dependencies, setting.holder);
  const results = await Promise.allSettled([commit(), commit(), commit()]);
  expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
  await commit();
  expect(await expectWhole(setting)).toBe('new');
  expect(await setting.pipeline.state.load('tickets')).toMatchObject({ committing: null });
});

test('a run finds its commit done if another run finishes it meanwhile', async () => {
  const setting = await aboutToCommit();
  const { dependencies, holder, pipeline } = setting;
  const { state } = pipeline;
  let isFinished = false;
  const overtaken: ObjectDependencies = {
    ...dependencies,
    state: {
      ...state,
      commit: async (...args) => {
        if (!isFinished) {
          isFinished = true;
          await planObject(dependencies, await takeOver(setting));
        }
        return state.commit(...args);
      },
    },
  };
  expect(await commitObject(overtaken, holder)).toEqual({ status: 'committed', rows: 1, maintain: false });
  expect(await expectWhole(setting)).toBe('new');
  expect((await state.load('tickets')).lease?.runId).not.toBe(holder.runId);
});

test('a run that is taken over before it writes its manifest cannot move the cursor', async () => {
  const setting = await aboutToCommit();
  const { dependencies, holder, pipeline } = setting;
  const { state } = pipeline;
  const overtaken: ObjectDependencies = {
    ...dependencies,
    state: {
      ...state,
      commit: async (...args) => {
        const { fence } = await state.load('tickets');
        await state.reset('tickets', fence);
        return state.commit(...args);
      },
    },
  };
  await expect(commitObject(overtaken, holder)).rejects.toMatchObject({ code: 'lease_lost' });
  expect((await state.load('tickets')).committed).toBeNull();
});

test('a run that is taken over while it writes its manifest cannot move the cursor', async () => {
  const setting = await aboutToCommit();
  const { dependencies, holder, pipeline } = setting;
  const { state, lake } = pipeline;
  const overtaken: ObjectDependencies = {
    ...dependencies,
    lake: {
      ...lake,
      putNew: async (key, body) => {
        if (key.startsWith('manifests/')) await state.reset('tickets', (await state.load('tickets')).fence);
        return lake.putNew(key, body);
      },
    },
  };
  await expect(commitObject(overtaken, holder)).rejects.toMatchObject({ code: 'lease_lost' });
  expect((await state.load('tickets')).committed).toBeNull();
});
