import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../../functions/core/engine-files.ts';
import { manifestKey, outcomeKey, planKey } from '../../../../functions/core/lake-keys.ts';
import type { Lease } from '../../../../functions/core/ports.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import { acquireLease } from '../../../../functions/sync/lease.ts';
import { planObject } from '../../../../functions/sync/plan/plan.ts';
import {
  createPipeline,
  type DependencyOptions,
  dependenciesOf,
  type Pipeline,
} from '../../../support/dependencies.ts';
import { createWorld, createWorldReader } from '../../../support/search-world.ts';
import { beginRun, endRun, extractAll, planAndExtract } from '../../../support/workflow.ts';

const START = 1_795_348_800;
const OTHER: Lease = {
  executionArn: 'arn:aws:states:us-east-1:1:execution:sync:other',
  runId: '20261122T110000000Z-000000',
};

function settingOf(options: DependencyOptions = {}) {
  const pipeline = createPipeline();
  const world = createWorld(
    Array.from({ length: 30 }, (_unused, index) => ({
      id: `r${index}`,
      updated_at: START - 86_400 + index,
      created_at: 1,
    })),
    { granularity: 'second', inclusive: false },
  );
  const reader = createWorldReader(world, { nowMs: pipeline.clock.now });
  const dependencies = dependenciesOf(pipeline, { object: 'tickets', reader, ...options });
  const { name } = dependencies.declaration;
  return {
    pipeline,
    world,
    dependencies,
    plan: (holder: Lease) => planObject(dependencies, holder),
    planOf: ({ runId }: Lease) => pipeline.lake.json<Plan>(planKey(runId, name)),
  };
}

const lease = (pipeline: Pipeline) => pipeline.state.load('tickets').then(({ lease: held }) => held);

describe('the plan', () => {
  test('numbers its slices, and gives the workflow only their names', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf();
    const holder = await beginRun(pipeline, dependencies);
    const result = await plan(holder);
    expect(result.status).toBe('planned');
    expect(result.slices.length).toBeGreaterThan(1);
    expect(result.slices.map(({ slice }) => slice)).toEqual(
      result.slices.map((_slice, index) => String(index + 1).padStart(4, '0')),
    );
    expect(planOf(holder)).toMatchObject({
      format: 1,
      object: 'tickets',
      runId: holder.runId,
      mode: 'incremental',
      window: { from: 0, to: START },
      carriedDebts: [],
      cursorBefore: null,
      cursorAfter: START - 900,
      startFrom: null,
      workRemains: false,
      lastRows: null,
      expected: 30,
    });
    expect(await lease(pipeline)).toEqual(holder);
  });

  test('is counted while the empty tables are published, and is not there before both are done', async () => {
    const counting = Promise.withResolvers<void>();
    const published = Promise.withResolvers<void>();
    const { pipeline, dependencies, world } = settingOf();
    const { catalog, reader } = dependencies;
    const { probe } = reader;
    if (probe === null) throw new Error('It counts.');
    let isPlanned = false;
    const planning = beginRun(pipeline, dependencies).then((holder) =>
      planObject(
        {
          ...dependencies,
          reader: {
            ...reader,
            probe: (query) => {
              counting.resolve();
              return probe(query);
            },
          },
          catalog: {
            publish: async (known) => {
              await published.promise;
              return catalog.publish(known);
            },
          },
        },
        holder,
      ),
    );
    planning.then(() => {
      isPlanned = true;
    });
    await counting.promise;
    await new Promise((resume) => setTimeout(resume, 20));
    expect(world.probes).toBeGreaterThan(1);
    expect(isPlanned).toBe(false);
    published.resolve();
    expect((await planning).status).toBe('planned');
  });

  test('a catalog that breaks while Intercom counts fails the Plan, and the next one finds the plan', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf();
    const holder = await beginRun(pipeline, dependencies);
    const bug = new Error('a bug');
    const broken = { ...dependencies, catalog: { publish: () => Promise.reject(bug) } };
    await expect(planObject(broken, holder)).rejects.toBe(bug);
    const first = planOf(holder);
    expect(first).toMatchObject({ expected: 30 });
    expect((await plan(holder)).status).toBe('planned');
    expect(planOf(holder)).toEqual(first);
  });

  test('is made once: a repeated Plan finds what the first one wrote', async () => {
    const { pipeline, dependencies, plan, planOf, world } = settingOf();
    const holder = await beginRun(pipeline, dependencies);
    const first = await plan(holder);
    const written = planOf(holder);
    const { probes } = world;
    pipeline.clock.advance(60_000);
    world.records = [];
    expect(await plan(holder)).toEqual(first);
    expect(planOf(holder)).toEqual(written);
    expect(world.probes).toBe(probes);
  });

  test('is the same for two Plans at once', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf();
    const holder = await beginRun(pipeline, dependencies);
    const [a, b] = await Promise.all([plan(holder), plan(holder)]);
    expect(a).toEqual(b);
    expect(planOf(holder).slices).toHaveLength(a.slices.length);
  });

  test('of a full-refresh object is one slice, the whole object', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf({ object: 'tags' });
    const holder = await beginRun(pipeline, dependencies);
    expect(await plan(holder)).toEqual({ status: 'planned', slices: [{ slice: '0001' }], waitSeconds: 0 });
    expect(planOf(holder)).toMatchObject({
      mode: 'full_refresh',
      window: null,
      cursorBefore: null,
      cursorAfter: null,
      expected: null,
      slices: [{ id: '0001', query: { kind: 'all' }, exact: { from: null, to: null }, debt: null }],
    });
  });

  test('knows the rows of the last committed run', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf();
    const first = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, first);
    await commitObject(dependencies, first);
    await endRun(pipeline, dependencies, first);
    pipeline.clock.advance(60_000);
    const second = await beginRun(pipeline, dependencies);
    await plan(second);
    expect(planOf(second)).toMatchObject({
      lastRows: 30,
      cursorBefore: START - 900,
      window: { from: START - 900 },
    });
  });

  test('of conversation parts is bounded by one request for each conversation', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf({
      object: 'conversation_parts',
      limit: 1,
      limits: { sliceParents: 5, maxSlices: 100 },
    });
    const holder = await beginRun(pipeline, dependencies);
    await plan(holder);
    expect(planOf(holder).expected).toBe(30);
    expect(planOf(holder).slices.length).toBeGreaterThanOrEqual(6);
  });

  test('counts from the start of the run, not from when it is made', async () => {
    const { pipeline, dependencies, plan, planOf } = settingOf({ config: { overlapMinutes: 30 } });
    const holder = await beginRun(pipeline, dependencies);
    pipeline.clock.advance(7_200_000);
    await plan(holder);
    expect(planOf(holder)).toMatchObject({ cursorAfter: START - 1_800, window: { to: START } });
  });

  test('never moves the cursor back, and a backfill leaves it where it is', async () => {
    const { pipeline, dependencies, planOf } = settingOf();
    const first = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, first);
    await commitObject(dependencies, first);
    await endRun(pipeline, dependencies, first);
    const cursor = planOf(first).cursorAfter;
    pipeline.clock.advance(60_000);
    const wider = { ...dependencies, config: { ...dependencies.config, overlapSeconds: 7_200 } };
    const second = await beginRun(pipeline, wider);
    await planAndExtract(wider, second);
    expect(planOf(second)).toMatchObject({ cursorBefore: cursor, cursorAfter: cursor });
    await commitObject(wider, second);
    await endRun(pipeline, wider, second);
    pipeline.clock.advance(86_400_000);
    const range = { from: '2026-11-01T00:00:00Z', to: '2026-11-23T10:00:00Z' };
    const third = await beginRun(pipeline, dependencies, range);
    await planObject(dependencies, third);
    expect(planOf(third)).toMatchObject({ mode: 'backfill', cursorBefore: cursor, cursorAfter: cursor });
  });

  test('is refused if the configuration has changed', async () => {
    const { pipeline, dependencies } = settingOf();
    const holder = await beginRun(pipeline, dependencies);
    await expect(planObject({ ...dependencies, configDigest: 'd2' }, holder)).rejects.toMatchObject({
      name: 'ContractError',
      code: 'deployed_during_run',
    });
    expect(await lease(pipeline)).toBeNull();
  });

  test('is refused for a run that was never started', async () => {
    const { plan } = settingOf();
    await expect(plan(OTHER)).rejects.toMatchObject({ name: 'ContractError', code: 'work_file_missing' });
  });
});

describe('the lease', () => {
  test('of a running execution stays its own: the object is skipped, with the reason', async () => {
    const { pipeline, dependencies, plan } = settingOf();
    pipeline.executions.running.add(OTHER.executionArn);
    await pipeline.state.takeLease('tickets', 0, OTHER);
    const holder = await beginRun(pipeline, dependencies);
    expect(await plan(holder)).toEqual({ status: 'skipped', slices: [], waitSeconds: 0 });
    expect(await lease(pipeline)).toEqual(OTHER);
    expect(pipeline.lake.json(outcomeKey(holder.runId, 'tickets'))).toEqual({
      status: 'skipped',
      message: `run ${OTHER.runId} is still working on it`,
    });
    expect(pipeline.lake.files.has(planKey(holder.runId, 'tickets'))).toBe(false);
  });

  test('once skipped, stays skipped for this run', async () => {
    const { pipeline, dependencies, plan } = settingOf();
    pipeline.executions.running.add(OTHER.executionArn);
    await pipeline.state.takeLease('tickets', 0, OTHER);
    const holder = await beginRun(pipeline, dependencies);
    await plan(holder);
    pipeline.executions.running.clear();
    expect(await plan(holder)).toEqual({ status: 'skipped', slices: [], waitSeconds: 0 });
    expect(await lease(pipeline)).toEqual(OTHER);
  });

  test('of an execution that is over is taken over, under a new fence', async () => {
    const { pipeline, dependencies, plan } = settingOf();
    await pipeline.state.takeLease('tickets', 0, OTHER);
    const holder = await beginRun(pipeline, dependencies);
    expect((await plan(holder)).status).toBe('planned');
    expect(await pipeline.state.load('tickets')).toMatchObject({ lease: holder, fence: 2 });
  });

  test('of an execution that cannot be seen stays its own for two minutes', async () => {
    const { pipeline, dependencies, plan } = settingOf();
    const young = { executionArn: 'arn:aws:states:us-east-1:1:execution:sync:unknown', runId: '' };
    const { runId } = await beginRun(pipeline, dependencies);
    await pipeline.state.takeLease('tickets', 0, { ...young, runId });
    pipeline.clock.advance(119_000);
    const second = await beginRun(pipeline, dependencies);
    expect((await plan(second)).status).toBe('skipped');
    pipeline.clock.advance(1_000);
    const third = await beginRun(pipeline, dependencies);
    expect((await plan(third)).status).toBe('planned');
    expect((await pipeline.state.load('tickets')).lease).toEqual(third);
  });

  test('of a state machine that is gone is taken over: we may not ask about its executions', async () => {
    const { pipeline, dependencies } = settingOf();
    const arn = 'arn:aws:states:eu-west-1:1:execution:Workflow';
    const denied = {
      ...dependencies,
      executions: {
        ...pipeline.executions,
        status: async (executionArn: string) => {
          if (executionArn.startsWith(`${arn}-old:`)) throw new Error('AccessDeniedException');
          return 'running' as const;
        },
      },
    };
    await pipeline.state.takeLease('tickets', 0, { ...OTHER, executionArn: `${arn}-old:a` });
    const holder = { runId: '20261122T130000000Z-000000', executionArn: `${arn}-new:b` };
    expect(await acquireLease(denied, holder)).toMatchObject({ status: 'held' });
    const next = { runId: '20261122T140000000Z-000000', executionArn: `${arn}-new:c` };
    expect(await acquireLease(denied, next)).toMatchObject({ status: 'skipped' });
  });

  test('is not taken by an older run after a later one has committed', async () => {
    const { pipeline, dependencies, plan } = settingOf();
    const early = await beginRun(pipeline, dependencies);
    pipeline.clock.advance(1);
    const late = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, late);
    await commitObject(dependencies, late);
    expect(await plan(early)).toEqual({ status: 'skipped', slices: [], waitSeconds: 0 });
    expect(pipeline.lake.json(outcomeKey(early.runId, 'tickets'))).toMatchObject({
      message: `a later run, ${late.runId}, has already committed; if its id lies in the future, a clock was wrong`,
    });
  });

  test('of the run itself is kept; if the run has committed, Plan reports that and gives the lease back', async () => {
    const { pipeline, dependencies, plan } = settingOf();
    const holder = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, holder);
    expect((await plan(holder)).status).toBe('planned');
    expect((await pipeline.state.load('tickets')).fence).toBe(1);
    await commitObject(dependencies, holder);
    expect(await plan(holder)).toEqual({ status: 'committed', slices: [], waitSeconds: 0 });
    expect(await lease(pipeline)).toBeNull();
  });

  test('goes to only one of many runs that want it', async () => {
    const { pipeline, dependencies } = settingOf();
    const holders = Array.from({ length: 8 }, (_unused, index) => ({
      executionArn: `arn:${index}`,
      runId: `run-${index}`,
    }));
    for (const { executionArn } of holders) pipeline.executions.running.add(executionArn);
    const results = await Promise.all(holders.map((holder) => acquireLease(dependencies, holder)));
    expect(results.filter(({ status }) => status === 'held')).toHaveLength(1);
    expect((await pipeline.state.load('tickets')).fence).toBe(1);
  });

  test('that keeps changing hands is given up with a clear error', async () => {
    const { dependencies, pipeline } = settingOf();
    const busy = {
      ...dependencies,
      state: { ...pipeline.state, takeLease: async () => ({ ok: false }) as const },
    };
    await expect(acquireLease(busy, OTHER)).rejects.toMatchObject({ code: 'lease_contention' });
  });

  test('taken by a write whose answer was lost is found to be held', async () => {
    const { dependencies, pipeline } = settingOf();
    const { state } = pipeline;
    let isLost = false;
    const deaf = {
      ...dependencies,
      state: {
        ...state,
        takeLease: async (...args: Parameters<typeof state.takeLease>) => {
          const answer = await state.takeLease(...args);
          if (isLost) return answer;
          isLost = true;
          return { ok: false } as const;
        },
      },
    };
    expect(await acquireLease(deaf, OTHER)).toMatchObject({ status: 'held', state: { fence: 1 } });
  });
});

test('extraction finds the planned slices, and the commit follows', async () => {
  const { pipeline, dependencies, plan } = settingOf();
  const holder = await beginRun(pipeline, dependencies);
  const { slices } = await plan(holder);
  await extractAll(dependencies, holder, slices);
  await commitObject(dependencies, holder);
  expect(pipeline.lake.keys('manifests/')).toEqual([manifestKey('tickets', holder.runId)]);
});
