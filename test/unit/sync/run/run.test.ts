/** StartRun, FinishRun and RecordFailure: the run as a whole. */
import { describe, expect, test } from 'vitest';
import type { Outcome, RunContext, RunSummary } from '../../../../functions/core/engine-files.ts';
import { ConnectionError, RetryableError } from '../../../../functions/core/errors.ts';
import {
  manifestKey,
  outcomeKey,
  runContextKey,
  runIdOf,
  runSummaryKey,
} from '../../../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../../../functions/core/names.ts';
import type { StartRunEvent } from '../../../../functions/core/workflow.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import { finishRun } from '../../../../functions/sync/run/finish-run.ts';
import { recordFailure } from '../../../../functions/sync/run/record-failure.ts';
import { type Identity, startRun } from '../../../../functions/sync/run/start-run.ts';
import { encodeJson } from '../../../../functions/sync/store.ts';
import { createPipeline, dependenciesOf, readerOf } from '../../../support/dependencies.ts';
import { NOON } from '../../../support/memory/memory-clock.ts';
import { END, HOLDER, pageOf, planByHand, RUN_ID, recordOf, runContextOf } from '../../../support/slices.ts';
import { extractAll, failObject, MACHINE } from '../../../support/workflow.ts';

const EXECUTION = { arn: 'arn:execution:1', startTime: '2026-11-22T11:59:59.123Z' };

function starting(
  identity: Partial<Identity> = {},
  config: Record<string, unknown> = {},
  identify = async (): Promise<Identity> => ({ workspaceId: 'w1', dateMs: NOON, ...identity }),
) {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, { config: { objects: ['contacts', 'tags'], ...config } });
  return {
    pipeline,
    start: (input: unknown = {}, changes: Partial<StartRunEvent> = {}) =>
      startRun(
        {
          ...dependencies,
          ...pipeline.watchers,
          identify,
          isIncremental: (object: ObjectName) => object === 'contacts',
        },
        { execution: EXECUTION, input, extractors: { contacts: 'arn:c', tags: 'arn:t' }, ...changes },
      ),
    context: (runId: string) => pipeline.lake.json<RunContext>(runContextKey(runId)),
  };
}

describe('StartRun', () => {
  test('names the run after the start of its execution, and lists each object with its function', async () => {
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

  test('starts no second run when repeated, and does not move the start', async () => {
    const { start, pipeline, context } = starting();
    const first = await start();
    pipeline.clock.advance(300_000);
    expect(await start()).toEqual(first);
    expect(context(first.runId).startedAtMs).toBe(NOON);
    expect(pipeline.lake.keys()).toEqual([runContextKey(first.runId)]);
  });

  test('starts another run for another execution', async () => {
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
    'with Intercom’s clock %i ms ahead, counts from the earlier clock',
    async (ahead, startedAtMs, skew, isNoted) => {
      const { start, context } = starting({ dateMs: NOON + ahead });
      const run = context((await start()).runId);
      expect(run).toMatchObject({ startedAtMs, clockSkewSeconds: skew });
      expect(run.notes).toHaveLength(isNoted ? 1 : 0);
    },
  );

  test('without Intercom’s clock, counts from ours', async () => {
    const { start, context } = starting({ dateMs: null });
    expect(context((await start()).runId)).toMatchObject({ startedAtMs: NOON, clockSkewSeconds: null });
  });

  test('refuses bad input before it sends a request or writes anything', async () => {
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

  test('refuses the new workspace until its replacement of the old one has ended', async () => {
    const { start, pipeline } = starting({ workspaceId: 'w2' });
    await pipeline.state.claimWorkspace('w1');
    await pipeline.state.moveWorkspace('w2');
    const refusal = start();
    await expect(refusal).rejects.toMatchObject({ name: 'ConnectionError', code: 'replacement_unfinished' });
    await expect(refusal).rejects.toThrow(
      /replace w1.*To finish: npm run pipeline -- connect --replace-workspace$/,
    );
    expect(pipeline.watchers.recorded).toEqual([{ values: { ConnectionLost: 1 } }]);
    expect(pipeline.lake.keys()).toEqual([]);
    await pipeline.state.endReplacement();
    expect(await start()).toMatchObject({ status: 'started' });
  });

  describe('without a connection', () => {
    const notConnected = async () => {
      throw new ConnectionError('The pipeline is not connected.', { code: 'not_connected' });
    };

    function unconnected() {
      const { pipeline, start, context } = starting({}, {}, notConnected);
      const dependencies = { ...dependenciesOf(pipeline), ...pipeline.watchers, paused: false };
      const finish = (runId: string) =>
        finishRun(dependencies, { runId, execution: EXECUTION.arn, stateMachine: MACHINE });
      return { pipeline, start, context, finish };
    }

    test('that nobody has made yet, succeeds, says so, and counts as nothing', async () => {
      const { pipeline, start, context, finish } = unconnected();
      const { runId, ...result } = await start();
      expect(result).toEqual({ status: 'started', waitSeconds: 0, objects: [] });
      expect(context(runId)).toMatchObject({ notConnected: true, workspaceId: null, objects: [] });
      expect(await finish(runId)).toEqual({ status: 'succeeded', runId, cause: '', nextRunStarted: false });
      expect(pipeline.lake.json<RunSummary>(runSummaryKey(runId))).toMatchObject({
        status: 'not_connected',
        objects: [],
        notes: [expect.stringMatching(/not connected to Intercom yet.*npm run pipeline -- connect$/)],
      });
      expect(pipeline.watchers.announced).toEqual([
        expect.objectContaining({ status: 'not_connected', objects: [], rows: {} }),
      ]);
      expect(pipeline.watchers.recorded).toEqual([]);
    });

    test('that was there before, fails and reports it', async () => {
      const { pipeline, start } = unconnected();
      await pipeline.state.claimWorkspace('w1');
      await expect(start()).rejects.toMatchObject({ name: 'ConnectionError', code: 'not_connected' });
      expect(pipeline.watchers.recorded).toEqual([{ values: { ConnectionLost: 1 } }]);
      expect(pipeline.lake.keys()).toEqual([]);
    });

    test('with a token that Intercom refuses, fails even if it is the first', async () => {
      const { pipeline, start } = starting({}, {}, async () => {
        throw new ConnectionError('Intercom refuses the token.', { code: 'token_revoked' });
      });
      await expect(start()).rejects.toMatchObject({ code: 'token_revoked' });
      expect(pipeline.watchers.recorded).toEqual([{ values: { ConnectionLost: 1 } }]);
    });
  });

  test('accepts a workspace without an id', async () => {
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

  test('records mode, range, objects and notes of the input', async () => {
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
    finish: (digest = 'd1', paused = false) =>
      finishRun({ ...dependenciesOf(pipeline), ...pipeline.watchers, configDigest: digest, paused }, event),
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
          committed_at: '2026-11-22T12:00:00.000Z',
          up_to: '2026-11-22T12:00:00.000Z',
        },
      ],
      notes: ['a note'],
      work_remains: false,
    });
  });

  test('fails the run if an object failed, and says which and why', async () => {
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

  test('counts neither skipped nor unavailable objects as failures', async () => {
    const { outcome, finish, summary } = await finishing(['tags', 'tickets']);
    await outcome('tags', { status: 'skipped', message: 'busy' });
    await outcome('tickets', { status: 'unavailable', message: 'not in the plan' });
    expect(await finish()).toMatchObject({ status: 'succeeded', cause: '' });
    expect(summary().objects).toMatchObject([
      { status: 'skipped', message: 'busy', error: null },
      { status: 'unavailable', message: 'not in the plan', error: null },
    ]);
  });

  test('marks what was unavailable in the last run that had it, so that it is told once', async () => {
    const { pipeline, outcome, finish, summary } = await finishing(['tags', 'tickets', 'teams']);
    const earlier = (id: string, objects: readonly { object: string; status: string }[]) =>
      pipeline.lake.putNew(runSummaryKey(id), encodeJson({ run_id: id, objects }));
    await earlier('20260101T000000000Z-aaaaaa', [{ object: 'tags', status: 'unavailable' }]);
    await earlier('20260101T010000000Z-aaaaaa', [{ object: 'teams', status: 'unavailable' }]);
    await earlier('20260101T020000000Z-aaaaaa', [{ object: 'teams', status: 'committed' }]);
    for (const object of ['tags', 'tickets', 'teams'] as const)
      await outcome(object, { status: 'unavailable', message: 'not in the plan' });
    await finish();
    expect(summary().objects.map(({ object, still }) => [object, still])).toEqual([
      ['tags', true],
      ['tickets', undefined],
      ['teams', undefined],
    ]);
  });

  test('counts an object that left nothing as failed', async () => {
    const { finish, summary } = await finishing(['tags']);
    expect(await finish()).toMatchObject({ status: 'failed' });
    expect(summary().objects[0]).toMatchObject({ status: 'failed', error: 'Aborted' });
  });

  test('believes the manifest if a failure was recorded as well', async () => {
    const { commit, outcome, finish } = await finishing(['tags']);
    await outcome('tags', { status: 'failed', error: 'States.Timeout', message: 'late' });
    await commit('tags');
    expect(await finish()).toMatchObject({ status: 'succeeded' });
  });

  test('reports what went wrong after a commit, and the commit stands', async () => {
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

  test('starts the next run once, only for the objects that remain, however often it is repeated', async () => {
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

  test('of a paused pipeline starts no next run, and says so', async () => {
    const { commit, finish, summary, pipeline } = await finishing(['tags']);
    await commit('tags', true);
    expect(await finish('d1', true)).toMatchObject({ status: 'succeeded', nextRunStarted: false });
    expect(summary()).toMatchObject({ work_remains: true, paused: true });
    expect(summary().notes.at(-1)).toMatch(/paused, so no next run was started/);
    expect(pipeline.executions.started).toEqual([]);
    // A repeated call after the pipeline was resumed reports the same.
    expect(await finish()).toMatchObject({ nextRunStarted: false });
    expect(pipeline.executions.started).toEqual([]);
  });

  test('ends a run during which you deployed, and reports what the run did', async () => {
    const { commit, outcome, finish, summary } = await finishing(['tags', 'teams']);
    await commit('tags');
    await outcome('teams', { status: 'failed', error: 'ContractError', message: 'deployed during a run' });
    expect(await finish('d2')).toMatchObject({ status: 'failed' });
    expect(summary().objects.map(({ status }) => status)).toEqual(['committed', 'failed']);
  });

  test('sends one event about what happened, and the same event again when repeated', async () => {
    const { commit, outcome, finish, pipeline } = await finishing(['teams', 'tags']);
    await commit('teams');
    await outcome('tags', {
      status: 'failed',
      error: 'Bug',
      message: 'secret words',
      failures: 1,
      cursor: null,
    });
    await finish();
    pipeline.clock.advance(60_000);
    await finish();
    const { announced } = pipeline.watchers;
    expect(announced).toHaveLength(2);
    expect(announced[1]).toEqual(announced[0]);
    expect(announced[0]).toEqual({
      format: 1,
      pipeline: 'intercom',
      run_id: RUN_ID,
      status: 'failed',
      mode: 'incremental',
      started_at: '2026-11-22T12:00:00.000Z',
      finished_at: '2026-11-22T12:00:00.000Z',
      work_remains: false,
      objects: [
        {
          object: 'teams',
          status: 'committed',
          error: null,
          completeness: 'unproven',
          up_to: '2026-11-22T12:00:00.000Z',
          debts: 0,
          schema: { added: [], changed: [], dropped: [], omitted: 0 },
        },
        {
          object: 'tags',
          status: 'failed',
          error: 'Bug',
          completeness: null,
          up_to: null,
          debts: 0,
          schema: null,
        },
      ],
      rows: { teams: 2, team_admin: 0 },
    });
    expect(JSON.stringify(announced)).not.toContain('secret');
  });

  test.each([
    ['2026-11-20T12:00:00.000Z', []],
    [
      '2026-11-20T11:59:59.999Z',
      ['tags was last read up to 2026-11-20T11:59:59.999Z, and was skipped again.'],
    ],
    [null, ['tags was never read, and was skipped again.']],
  ])('is green, and says how old a skipped object is: %s', async (upTo, notes) => {
    const { commit, outcome, finish, summary, pipeline } = await finishing(['teams', 'tags']);
    await commit('teams');
    await outcome('tags', { status: 'skipped', message: 'Another run is reading it.' });
    if (upTo !== null) {
      const run_id = runIdOf(Date.parse(upTo), 'abcdef');
      await pipeline.lake.putNew(manifestKey('tags', run_id), encodeJson({ run_id, cursor: null }));
    }
    expect(await finish()).toMatchObject({ status: 'succeeded' });
    expect(summary().notes).toEqual(['a note', ...notes]);
    expect(pipeline.watchers.announced[0]?.objects[1]).toMatchObject({ status: 'skipped', up_to: upTo });
  });

  test('has counted nothing if its event fails, but has started the next run, and can be repeated', async () => {
    const { commit, pipeline } = await finishing(['tags']);
    await commit('tags', true);
    const { watchers } = pipeline;
    const refusal = new RetryableError('no', { code: 'event_refused' });
    const dependencies = { ...dependenciesOf(pipeline), ...watchers, paused: false };
    const event = { runId: RUN_ID, execution: HOLDER.executionArn, stateMachine: MACHINE };
    const refused = finishRun(
      { ...dependencies, events: { syncCompleted: () => Promise.reject(refusal) } },
      event,
    );
    await expect(refused).rejects.toBe(refusal);
    expect(watchers.recorded).toEqual([]);
    expect(pipeline.executions.started).toHaveLength(1);
    await finishRun(dependencies, event);
    expect(pipeline.executions.started).toHaveLength(1);
    expect(watchers.recorded).not.toEqual([]);
  });

  test('measures the run and each object, including zeros', async () => {
    const { commit, outcome, finish, pipeline } = await finishing([
      'tags',
      'contacts',
      'admins',
      'teams',
      'tickets',
    ]);
    await commit('tags');
    const cursor = NOON / 1000 - 500;
    const failed = { status: 'failed', error: 'Bug', message: 'x' } as const;
    await outcome('contacts', { ...failed, failures: 3, cursor });
    await outcome('admins', { ...failed, failures: 1, cursor: null });
    await outcome('teams', { status: 'skipped', message: 'busy' });
    await outcome('tickets', failed);
    pipeline.clock.advance(90_000);
    await finish();
    expect(pipeline.watchers.recorded).toEqual([
      {
        values: { RowsWritten: 2, IncompleteObjects: 0, ObjectsFailedRepeatedly: 0, OldDebts: 0 },
        object: 'tags',
      },
      { values: { ObjectsFailedRepeatedly: 1, LagSeconds: 590 }, object: 'contacts' },
      { values: { ObjectsFailedRepeatedly: 0 }, object: 'admins' },
      { values: { ObjectsFailedRepeatedly: 0 }, object: 'tickets' },
    ]);
    const lines = pipeline.events.filter(({ type }) => type === 'object_summary');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toEqual({
      type: 'object_summary',
      runId: RUN_ID,
      object: 'tags',
      status: 'committed',
      error: null,
      rows: { tags: 2 },
      seconds: 0,
      lagSeconds: null,
      completeness: 'unproven',
      matched: null,
      read: 2,
      debts: 0,
      oldDebts: 0,
      failures: 0,
    });
    expect(lines[1]).toMatchObject({ object: 'contacts', status: 'failed', lagSeconds: 590, failures: 3 });
  });

  test.each([
    ['succeeded', { tags: 'committed', teams: 'skipped' }, [{ RunSeconds: 90 }]],
    ['found every object unavailable', { tags: 'unavailable', teams: 'unavailable' }, [{ RunSeconds: 90 }]],
    ['left every object to another run', { tags: 'skipped', teams: 'skipped' }, []],
    ['failed', { tags: 'committed', teams: 'failed' }, []],
  ] as const)('records the duration of a run or not: one that %s', async (_name, became, counted) => {
    const { commit, outcome, finish, pipeline } = await finishing(
      Object.keys(became) as (keyof typeof became)[],
    );
    for (const [object, status] of Object.entries(became)) {
      const name = object as keyof typeof became;
      if (status === 'committed') await commit(name);
      else if (status === 'failed') await outcome(name, { status, error: 'Bug', message: 'x' });
      else await outcome(name, { status, message: 'x' });
    }
    pipeline.clock.advance(90_000);
    await finish();
    const ofRuns = pipeline.watchers.recorded.filter(({ object }) => object === undefined);
    expect(ofRuns.map(({ values }) => values)).toEqual(counted);
  });

  test('warns about debts older than a day, and says that the object is short', async () => {
    const { finish, summary, pipeline } = await finishing(['tickets']);
    const since = (hours: number) => new Date(NOON - hours * 3_600_000).toISOString();
    const debt = (hours: number) => ({ scope: { ids: ['1'] }, reason: 'r', since: since(hours), tries: 3 });
    await pipeline.lake.putNew(
      manifestKey('tickets', RUN_ID),
      encodeJson({
        object: 'tickets',
        run_id: RUN_ID,
        committed_at: since(0),
        cursor: { before: null, after: NOON / 1000 - 900 },
        tables: {},
        completeness: {
          status: 'short',
          matched: 10,
          read: 8,
          debts: [debt(25), debt(23), debt(48), debt(24)],
        },
        schema: { version: 1, added: [], changed: [], dropped: [] },
      }),
    );
    await finish();
    expect(pipeline.watchers.recorded).toContainEqual({
      values: {
        ObjectsFailedRepeatedly: 0,
        LagSeconds: 900,
        RowsWritten: 0,
        IncompleteObjects: 1,
        OldDebts: 2,
      },
      object: 'tickets',
    });
    expect(pipeline.events.at(-1)).toEqual({
      type: 'old_debts',
      runId: RUN_ID,
      object: 'tickets',
      debts: 2,
      since: since(48),
    });
    expect(summary().notes).toEqual([
      'a note',
      'tickets is not complete yet: 8 of 10 read, 4 debts. Debts are planned again in every run.',
      `tickets has 2 debts older than a day, the oldest from ${since(48)}. Every run tries to read them; none has succeeded.`,
    ]);
  });

  test('keeps its cause within what a state machine accepts', async () => {
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

  test('records what the function threw, and gives the lease back', async () => {
    const { dependencies, outcome, lease, pipeline } = await failing();
    await failObject(pipeline, dependencies, HOLDER, { name: 'ContractError', message: 'html' });
    expect(outcome()).toEqual({
      status: 'failed',
      error: 'ContractError',
      message: 'html',
      failures: 1,
      cursor: null,
    });
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
  ])('keeps the cause %j unchanged', async (cause, message) => {
    const { pipeline, dependencies, outcome } = await failing();
    await recordFailure(
      { ...dependencies, ...pipeline.watchers },
      {
        object: 'tags',
        runId: RUN_ID,
        execution: HOLDER.executionArn,
        error: { Error: 'States.Timeout', ...(cause !== undefined && { Cause: cause }) },
      },
    );
    expect(outcome()).toMatchObject({ status: 'failed', error: 'States.Timeout', message });
  });

  test('does not count an unavailable object as a failure', async () => {
    const { pipeline, dependencies, outcome } = await failing();
    await failObject(pipeline, dependencies, HOLDER, { name: 'UnavailableError', message: 'plan' });
    expect(outcome()).toEqual({ status: 'unavailable', message: 'plan' });
  });

  test('keeps the first message when repeated', async () => {
    const { pipeline, dependencies, outcome } = await failing();
    await failObject(pipeline, dependencies, HOLDER, { name: 'ContractError', message: 'first' });
    await failObject(pipeline, dependencies, HOLDER, { name: 'Bug', message: 'second' });
    expect(outcome()).toMatchObject({ message: 'first' });
  });

  test('leaves the lease of another run alone', async () => {
    const { dependencies, pipeline, lease } = await failing();
    const other = { executionArn: 'arn:2', runId: 'later' };
    await pipeline.state.takeLease('tags', 1, other);
    await failObject(pipeline, dependencies, HOLDER, { name: 'Bug', message: 'x' });
    expect(await lease()).toEqual(other);
  });

  test('leaves a commit in progress to the next run', async () => {
    const { dependencies, pipeline } = await failing();
    const committing = { runId: RUN_ID, draftKey: 'd' };
    await pipeline.state.markCommitting('tags', 1, committing);
    await failObject(pipeline, dependencies, HOLDER, { name: 'Bug', message: 'x' });
    expect(await pipeline.state.load('tags')).toMatchObject({ committing, lease: HOLDER });
  });

  const RUNS = ['20261122T120000000Z-aaaaaa', '20261122T130000000Z-bbbbbb', '20261122T140000000Z-cccccc'];

  /** Ends one run after the other as given. Returns the counts that were recorded. */
  async function streak(...ends: readonly ('failed' | 'unavailable' | 'committed' | 'again')[]) {
    const pipeline = createPipeline();
    const dependencies = dependenciesOf(pipeline);
    const counts: (number | undefined)[] = [];
    let run = -1;
    for (const end of ends) {
      if (end !== 'again') run += 1;
      const runId = RUNS[run] ?? '';
      const holder = { executionArn: `arn:${run}`, runId };
      const { fence } = await pipeline.state.load('tags');
      if (end !== 'again') await pipeline.state.takeLease('tags', fence, holder);
      if (end === 'committed') {
        const committed = { runId, manifestKey: 'm', cursor: 7, startFrom: null };
        await pipeline.state.commit('tags', fence + 1, committed);
        continue;
      }
      const name = end === 'unavailable' ? 'UnavailableError' : 'ContractError';
      await failObject(pipeline, dependencies, holder, { name, message: 'x' });
      const outcome = pipeline.lake.json<Outcome>(outcomeKey(runId, 'tags'));
      counts.push(outcome.status === 'failed' ? outcome.failures : undefined);
    }
    return { counts, state: await pipeline.state.load('tags') };
  }

  test('counts the failed runs in a row, each once however often it is recorded', async () => {
    const { counts, state } = await streak('failed', 'again', 'failed', 'again', 'again');
    expect(counts).toEqual([1, 1, 2, 2, 2]);
    expect(state.failures).toEqual({ count: 2, runId: RUNS[1] });
  });

  test('starts from one again after a commit', async () => {
    const { counts, state } = await streak('failed', 'committed', 'failed');
    expect(counts).toEqual([1, 1]);
    expect(state.failures).toEqual({ count: 1, runId: RUNS[2] });
  });

  test('counts an unavailable object neither as a failure nor as a success', async () => {
    const { counts } = await streak('failed', 'unavailable', 'failed');
    expect(counts).toEqual([1, undefined, 2]);
  });

  test('does not count an object that this run has committed after all, and reports its cursor', async () => {
    const pipeline = createPipeline();
    const dependencies = dependenciesOf(pipeline);
    await pipeline.state.takeLease('tags', 0, HOLDER);
    const committed = { runId: RUN_ID, manifestKey: 'm', cursor: 7, startFrom: null };
    await pipeline.state.commit('tags', 1, committed);
    await failObject(pipeline, dependencies, HOLDER, { name: 'States.Timeout', message: 'late' });
    expect(pipeline.lake.json(outcomeKey(RUN_ID, 'tags'))).toMatchObject({ failures: 0, cursor: 7 });
    expect((await pipeline.state.load('tags')).failures).toBeNull();
  });

  test('still counts if the state changes at the same moment', async () => {
    const pipeline = createPipeline();
    const { state } = pipeline;
    await state.takeLease('tags', 0, HOLDER);
    let rivals = 2;
    const contended = {
      ...state,
      countFailure: async (...args: Parameters<typeof state.countFailure>) => {
        rivals -= 1;
        if (rivals >= 0)
          await state.takeLease('tags', args[0].fence, { executionArn: `r${rivals}`, runId: 'r' });
        return state.countFailure(...args);
      },
    };
    const dependencies = dependenciesOf(pipeline, { overrides: { state: contended } });
    await failObject(pipeline, dependencies, HOLDER, { name: 'Bug', message: 'x' });
    expect(pipeline.lake.json(outcomeKey(RUN_ID, 'tags'))).toMatchObject({ failures: 1 });
  });

  test('reports a lost connection if that is the reason', async () => {
    const { pipeline, dependencies } = await failing();
    await failObject(pipeline, dependencies, HOLDER, { name: 'ConnectionError', message: 'revoked' });
    expect(pipeline.watchers.recorded).toEqual([{ values: { ConnectionLost: 1 }, object: 'tags' }]);
  });

  test('reports nothing about the connection for any other failure', async () => {
    const { pipeline, dependencies } = await failing();
    await failObject(pipeline, dependencies, HOLDER, { name: 'PermissionError', message: 'tick' });
    expect(pipeline.watchers.recorded).toEqual([]);
  });
});

describe('StartRun reports on the connection', () => {
  const recordedBy = async (identity: () => Promise<Identity>, workspace?: string) => {
    const pipeline = createPipeline();
    if (workspace !== undefined) await pipeline.state.claimWorkspace(workspace);
    const dependencies = { ...dependenciesOf(pipeline), ...pipeline.watchers, paused: false };
    await startRun(
      { ...dependencies, identify: identity, isIncremental: () => false },
      { execution: EXECUTION, input: { objects: ['tags'] }, extractors: { tags: 'arn:t' } },
    ).catch(() => undefined);
    return pipeline.watchers.recorded.map(({ values }) => values);
  };
  const known = async (): Promise<Identity> => ({ workspaceId: 'w1', dateMs: NOON });

  test('that it works, so that the alarm ends', async () => {
    expect(await recordedBy(known)).toEqual([{ ConnectionLost: 0 }]);
  });

  test('that the token no longer works, or belongs to another workspace', async () => {
    const dead = async () => Promise.reject(new ConnectionError('dead', { code: 'dead_token' }));
    expect(await recordedBy(dead)).toEqual([{ ConnectionLost: 1 }]);
    expect(await recordedBy(known, 'w2')).toEqual([{ ConnectionLost: 1 }]);
  });

  test('nothing if Intercom is down', async () => {
    const down = async () => Promise.reject(new RetryableError('down', { code: 'http_503' }));
    expect(await recordedBy(down)).toEqual([]);
  });
});
