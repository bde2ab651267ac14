/** StartRun, FinishRun and RecordFailure: the run as a whole. */
import { describe, expect, test } from 'vitest';
import { outcomeKey, runContextKey, runSummaryKey } from '../../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Outcome, RunContext, RunSummary } from '../../../functions/core/records.ts';
import type { StartRunEvent } from '../../../functions/core/workflow.ts';
import { commitObject } from '../../../functions/sync/commit.ts';
import { finishRun } from '../../../functions/sync/finish-run.ts';
import { recordFailure } from '../../../functions/sync/record-failure.ts';
import { type Identity, startRun } from '../../../functions/sync/start-run.ts';
import { encodeJson } from '../../../functions/sync/store.ts';
import { createPipeline, dependenciesOf, readerOf } from '../../support/dependencies.ts';
import { NOON } from '../../support/memory-clock.ts';
import { END, HOLDER, pageOf, planByHand, RUN_ID, recordOf, runContextOf } from '../../support/slices.ts';
import { extractAll, failObject, MACHINE } from '../../support/workflow.ts';

const EXECUTION = { arn: 'arn:execution:1', startTime: '2026-11-22T11:59:59.123Z' };

function starting(identity: Partial<Identity> = {}, config: Record<string, unknown> = {}) {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, { config: { objects: ['contacts', 'tags'], ...config } });
  return {
    pipeline,
    start: (input: unknown = {}, changes: Partial<StartRunEvent> = {}) =>
      startRun(
        {
          ...dependencies,
          identify: async () => ({ workspaceId: 'w1', dateMs: NOON, ...identity }),
          isIncremental: (object: ObjectName) => object === 'contacts',
        },
        { execution: EXECUTION, input, extractors: { contacts: 'arn:c', tags: 'arn:t' }, ...changes },
      ),
    context: (runId: string) => pipeline.lake.json<RunContext>(runContextKey(runId)),
  };
}

describe('StartRun', () => {
  test('names the run by the start of its execution, and each object with its function', async () => {
    const { start, context } = starting();
    const { runId, objects } = await start();
    expect(runId).toMatch(/^20261122T115959123Z-[0-9a-f]{6}$/);
    expect(objects).toEqual([
      { object: 'contacts', functionArn: 'arn:c', runId },
      { object: 'tags', functionArn: 'arn:t', runId },
    ]);
    expect(context(runId)).toEqual({
      format: 1,
      runId,
      execution: EXECUTION.arn,
      startedAtMs: NOON,
      clockSkewSeconds: 0,
      mode: 'incremental',
      range: null,
      objects: ['contacts', 'tags'],
      configDigest: 'd1',
      workspaceId: 'w1',
      notes: [],
    });
  });

  test('repeated makes no second run and does not move the start', async () => {
    const { start, pipeline, context } = starting();
    const first = await start();
    pipeline.clock.advance(300_000);
    expect(await start()).toEqual(first);
    expect(context(first.runId).startedAtMs).toBe(NOON);
    expect(pipeline.lake.keys()).toEqual([runContextKey(first.runId)]);
  });

  test('of another execution is another run', async () => {
    const { start } = starting();
    const [a, b] = [await start(), await start({}, { execution: { ...EXECUTION, arn: 'arn:execution:2' } })];
    expect(a.runId).not.toBe(b.runId);
  });

  test.each([
    [-30_000, NOON - 30_000, 30, false],
    [+30_000, NOON, -30, false],
    [-61_000, NOON - 61_000, 61, true],
    [+61_000, NOON, -61, true],
  ])(
    'with the clock of Intercom %i ms ahead counts from the earlier',
    async (ahead, startedAtMs, skew, isNoted) => {
      const { start, context } = starting({ dateMs: NOON + ahead });
      const run = context((await start()).runId);
      expect(run).toMatchObject({ startedAtMs, clockSkewSeconds: skew });
      expect(run.notes).toHaveLength(isNoted ? 1 : 0);
    },
  );

  test('without the clock of Intercom counts from ours', async () => {
    const { start, context } = starting({ dateMs: null });
    expect(context((await start()).runId)).toMatchObject({ startedAtMs: NOON, clockSkewSeconds: null });
  });

  test('refuses bad input before it asks anybody or writes anything', async () => {
    const { start, pipeline } = starting();
    await expect(start({ objects: ['nothing'] })).rejects.toMatchObject({
      name: 'InputError',
      code: 'bad_input',
    });
    expect(pipeline.lake.keys()).toEqual([]);
  });

  test('refuses the token of another workspace', async () => {
    const { start, pipeline } = starting({ workspaceId: 'w2' });
    await pipeline.state.claimWorkspace('w1');
    await expect(start()).rejects.toMatchObject({ name: 'ConnectionError', code: 'other_workspace' });
    expect(pipeline.lake.keys()).toEqual([]);
  });

  test('takes a workspace that does not tell its id', async () => {
    const { start, pipeline } = starting({ workspaceId: null });
    await start();
    expect(await pipeline.state.claimWorkspace('w9')).toBe('w9');
  });

  test('refuses an object that has no function', async () => {
    const { start } = starting();
    await expect(start({}, { extractors: { tags: 'arn:t' } })).rejects.toMatchObject({
      name: 'InputError',
      code: 'not_deployed',
    });
  });

  test('carries mode, range, objects and notes of the input', async () => {
    const { start, context } = starting();
    const { runId, objects } = await start({ from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' });
    expect(objects.map(({ object }) => object)).toEqual(['contacts']);
    expect(context(runId)).toMatchObject({
      mode: 'backfill',
      range: { from: Date.UTC(2026, 0, 1) / 1000, to: Date.UTC(2026, 1, 1) / 1000 },
    });
    expect(context(runId).notes).toEqual([expect.stringContaining('tags')]);
  });
});

async function finishing(objects: readonly ObjectName[]) {
  const pipeline = createPipeline();
  await pipeline.lake.putNew(runContextKey(RUN_ID), encodeJson(runContextOf({ objects, notes: ['a note'] })));
  const event = { runId: RUN_ID, execution: HOLDER.executionArn, stateMachine: MACHINE };
  return {
    pipeline,
    outcome: (object: ObjectName, outcome: Outcome) =>
      pipeline.lake.putNew(outcomeKey(RUN_ID, object), encodeJson(outcome)),
    async commit(object: ObjectName, workRemains = false) {
      const reader = readerOf(async function* () {
        yield pageOf([recordOf('a', 5), recordOf('b', 6)], 1);
        yield END;
      });
      const dependencies = dependenciesOf(pipeline, { object, reader });
      await planByHand(pipeline, dependencies, { plan: { workRemains } });
      await extractAll(dependencies, HOLDER, [{ slice: '0001' }]);
      await commitObject(dependencies, HOLDER);
    },
    finish: (digest = 'd1') => finishRun({ ...dependenciesOf(pipeline), configDigest: digest }, event),
    summary: () => pipeline.lake.json<RunSummary>(runSummaryKey(RUN_ID)),
  };
}

describe('FinishRun', () => {
  test('sums up what was committed', async () => {
    const { commit, finish, summary, pipeline } = await finishing(['teams']);
    await commit('teams');
    pipeline.clock.advance(1_000);
    expect(await finish()).toEqual({ status: 'succeeded', runId: RUN_ID, cause: '', nextRunStarted: false });
    expect(summary()).toEqual({
      format: 1,
      run_id: RUN_ID,
      status: 'succeeded',
      mode: 'incremental',
      started_at: '2026-11-22T12:00:00.000Z',
      finished_at: '2026-11-22T12:00:01.000Z',
      workspace_id: 'w1',
      objects: [
        {
          object: 'teams',
          status: 'committed',
          message: null,
          error: null,
          rows: { teams: 2, team_admin: 0 },
          files: expect.any(Number),
          bytes: expect.any(Number),
          completeness: expect.objectContaining({ read: 2 }),
          schema: { version: 1, added: [], changed: [], dropped: [] },
          cursor: null,
          work_remains: false,
        },
      ],
      notes: ['a note'],
      work_remains: false,
    });
  });

  test('fails the run where an object failed, and says which and why', async () => {
    const { commit, outcome, finish, summary } = await finishing(['tags', 'admins', 'teams']);
    await commit('tags');
    await outcome('admins', { status: 'failed', error: 'PermissionError', message: 'tick "Read admins"' });
    await outcome('teams', { status: 'failed', error: 'Bug', message: 'oh' });
    const result = await finish();
    expect(result).toMatchObject({ status: 'failed', nextRunStarted: false });
    expect(result.cause).toBe(
      '2 of 3 objects failed: admins (PermissionError: tick "Read admins"); teams (Bug: oh)',
    );
    expect(summary().objects.map(({ status }) => status)).toEqual(['committed', 'failed', 'failed']);
  });

  test('takes neither skipped nor unavailable objects for failures', async () => {
    const { outcome, finish, summary } = await finishing(['tags', 'tickets']);
    await outcome('tags', { status: 'skipped', message: 'busy' });
    await outcome('tickets', { status: 'unavailable', message: 'not in the plan' });
    expect(await finish()).toMatchObject({ status: 'succeeded', cause: '' });
    expect(summary().objects).toMatchObject([
      { status: 'skipped', message: 'busy', error: null },
      { status: 'unavailable', message: 'not in the plan', error: null },
    ]);
  });

  test('takes an object that left nothing for failed', async () => {
    const { finish, summary } = await finishing(['tags']);
    expect(await finish()).toMatchObject({ status: 'failed' });
    expect(summary().objects[0]).toMatchObject({ status: 'failed', error: 'Aborted' });
  });

  test('believes the manifest rather than a failure that was recorded besides', async () => {
    const { commit, outcome, finish } = await finishing(['tags']);
    await outcome('tags', { status: 'failed', error: 'States.Timeout', message: 'late' });
    await commit('tags');
    expect(await finish()).toMatchObject({ status: 'succeeded' });
  });

  test('tells what went wrong after a commit, which stands', async () => {
    const { commit, outcome, finish, summary } = await finishing(['tags', 'teams']);
    await commit('tags');
    await outcome('tags', { status: 'committed', message: 'Glue refused tables' });
    await commit('teams');
    await outcome('teams', { status: 'failed', error: 'RetryableError', message: 'Glue is away' });
    expect(await finish()).toMatchObject({ status: 'succeeded', cause: '' });
    expect(summary().objects).toMatchObject([
      { status: 'committed', message: 'Glue refused tables', error: null, rows: { tags: 2 } },
      { status: 'committed', message: 'Glue is away', error: null, rows: { teams: 2 } },
    ]);
  });

  test('starts the next run once, for what remains only, however often it is repeated', async () => {
    const { commit, finish, summary, pipeline, outcome } = await finishing(['tags', 'teams', 'admins']);
    await commit('tags', true);
    await commit('teams', false);
    await outcome('admins', { status: 'failed', error: 'Bug', message: 'x' });
    const first = await finish();
    expect(first).toMatchObject({ status: 'failed', nextRunStarted: true });
    const before = summary();
    pipeline.clock.advance(5_000);
    expect(await finish()).toEqual(first);
    expect(summary()).toEqual(before);
    expect(pipeline.executions.started).toEqual([
      { stateMachineArn: MACHINE, name: `${RUN_ID}-next`, input: { objects: ['tags'] } },
    ]);
    expect(before.work_remains).toBe(true);
  });

  test('ends a run during which the configuration was deployed, and tells what it did', async () => {
    const { commit, outcome, finish, summary } = await finishing(['tags', 'teams']);
    await commit('tags');
    await outcome('teams', { status: 'failed', error: 'ContractError', message: 'deployed during a run' });
    expect(await finish('d2')).toMatchObject({ status: 'failed' });
    expect(summary().objects.map(({ status }) => status)).toEqual(['committed', 'failed']);
  });

  test('keeps its cause within what a state machine takes', async () => {
    const { outcome, finish } = await finishing(['tags']);
    await outcome('tags', { status: 'failed', error: 'Bug', message: 'x'.repeat(50_000) });
    expect((await finish()).cause.length).toBeLessThanOrEqual(8_000);
  });
});

describe('RecordFailure', () => {
  const failing = async () => {
    const pipeline = createPipeline();
    const dependencies = dependenciesOf(pipeline);
    await planByHand(pipeline, dependencies);
    return {
      pipeline,
      dependencies,
      outcome: () => pipeline.lake.json<Outcome>(outcomeKey(RUN_ID, 'tags')),
      lease: async () => (await pipeline.state.load('tags')).lease,
    };
  };

  test('writes down what the function threw, and gives the lease back', async () => {
    const { dependencies, outcome, lease, pipeline } = await failing();
    await failObject(dependencies, HOLDER, { name: 'ContractError', message: 'html' });
    expect(outcome()).toEqual({ status: 'failed', error: 'ContractError', message: 'html' });
    expect(await lease()).toBeNull();
    expect(pipeline.events.at(-1)).toEqual({
      type: 'object_finished',
      object: 'tags',
      status: 'failed',
      rows: 0,
    });
  });

  test.each([
    ['plain text', 'plain text'],
    ['{"errorType":"X"}', '{"errorType":"X"}'],
    ['null', 'null'],
    ['', 'no message'],
    [undefined, 'no message'],
  ])('takes the cause %j as it is', async (cause, message) => {
    const { dependencies, outcome } = await failing();
    await recordFailure(dependencies, {
      object: 'tags',
      runId: RUN_ID,
      execution: HOLDER.executionArn,
      error: { Error: 'States.Timeout', ...(cause !== undefined && { Cause: cause }) },
    });
    expect(outcome()).toMatchObject({ status: 'failed', error: 'States.Timeout', message });
  });

  test('takes an unavailable object for no failure', async () => {
    const { dependencies, outcome } = await failing();
    await failObject(dependencies, HOLDER, { name: 'UnavailableError', message: 'plan' });
    expect(outcome()).toEqual({ status: 'unavailable', message: 'plan' });
  });

  test('repeated keeps what was said first', async () => {
    const { dependencies, outcome } = await failing();
    await failObject(dependencies, HOLDER, { name: 'ContractError', message: 'first' });
    await failObject(dependencies, HOLDER, { name: 'Bug', message: 'second' });
    expect(outcome()).toMatchObject({ message: 'first' });
  });

  test('leaves the lease of another run alone', async () => {
    const { dependencies, pipeline, lease } = await failing();
    const other = { executionArn: 'arn:2', runId: 'later' };
    await pipeline.state.takeLease('tags', 1, other);
    await failObject(dependencies, HOLDER, { name: 'Bug', message: 'x' });
    expect(await lease()).toEqual(other);
  });

  test('leaves a commit in progress to whoever finds it', async () => {
    const { dependencies, pipeline } = await failing();
    const committing = { runId: RUN_ID, draftKey: 'd' };
    await pipeline.state.markCommitting('tags', 1, committing);
    await failObject(dependencies, HOLDER, { name: 'Bug', message: 'x' });
    expect(await pipeline.state.load('tags')).toMatchObject({ committing, lease: HOLDER });
  });
});
