/** Runs the deployed definition with failures, timeouts, aborts and too much data. */
import { describe, expect, test } from 'vitest';
import type { ExtractorEvent, RecordFailureEvent } from '../../../functions/core/workflow.ts';
import { done, EXECUTION, finishedRun, named, planned, runWorkflow } from '../../support/run-workflow.ts';

const operations = (events: readonly ExtractorEvent[]): readonly string[] =>
  events.map((event) => (event.operation === 'extract' ? `extract ${event.slice}` : event.operation));

describe('the history of an object', () => {
  test('is maintained after its commit, until that is done', async () => {
    let calls = 0;
    const run = await runWorkflow({
      commit: async ({ object }) => ({ status: 'committed', rows: 1, maintain: object === 'tags' }),
      maintain: async () => {
        calls += 1;
        return { status: calls < 3 ? 'continue' : 'done' };
      },
    });
    expect(run.outcome.status).toBe('SUCCEEDED');
    expect(operations(run.of('tags')).slice(-4)).toEqual(['commit', 'maintain', 'maintain', 'maintain']);
    expect(operations(run.of('contacts'))).not.toContain('maintain');
  });

  test('fails nothing if it cannot be maintained', async () => {
    const run = await runWorkflow({
      commit: async () => ({ status: 'committed', rows: 1, maintain: true }),
      maintain: async () => Promise.reject(named('ContractError')),
    });
    expect(run.outcome.status).toBe('SUCCEEDED');
    expect(run.of('record-failure')).toEqual([]);
  });
});

describe('a failure of one object', () => {
  const failing = {
    plan: { plan: async () => Promise.reject(named('PermissionError')) },
    extract: { extract: async () => Promise.reject(named('PermissionError')) },
    commit: { commit: async () => Promise.reject(named('PermissionError')) },
  };

  test.each(Object.entries(failing))('in %s is recorded; the others go on', async (operation, fails) => {
    const failsForTags = Object.fromEntries(
      Object.entries(fails).map(([name, fail]) => [
        name,
        async (event: ExtractorEvent) => {
          if (event.object === 'tags') return fail();
          if (name === 'plan') return planned('0001');
          return name === 'extract' ? done : { status: 'committed', rows: 0, maintain: false };
        },
      ]),
    );
    const run = await runWorkflow(failsForTags);
    const [recorded, ...more] = run.of<RecordFailureEvent>('record-failure');
    expect(more).toEqual([]);
    expect(recorded).toMatchObject({
      object: 'tags',
      runId: 'run-id',
      execution: EXECUTION.executionArn,
      error: { Error: 'PermissionError' },
    });
    expect(JSON.parse(recorded?.error.Cause ?? '')).toMatchObject({
      errorType: 'PermissionError',
      errorMessage: 'it did not work',
    });
    expect(operations(run.of('tags')).includes('commit')).toBe(operation === 'commit');
    for (const object of ['contacts', 'tickets']) {
      expect(operations(run.of(object)).at(-1)).toBe('commit');
    }
    expect(run.of('finish-run')).toHaveLength(1);
  });

  test('ends its other slices: those that run see no time left, those that wait never begin', async () => {
    let remainingMs = -1;
    const run = await runWorkflow({
      plan: async ({ object }) => planned(...(object === 'tags' ? ['1', '2', '3', '4', '5', '6'] : [])),
      extract: async ({ slice }, context) => {
        await new Promise((resolve) => setTimeout(resolve, slice === '1' ? 5 : 40));
        if (slice === '1') throw named('ContractError');
        remainingMs = context.getRemainingTimeInMillis();
        return { status: 'continue', waitSeconds: 0 };
      },
    });
    expect(operations(run.of('tags'))).toEqual(['plan', 'extract 1', 'extract 2', 'extract 3']);
    expect(remainingMs).toBe(0);
    expect(run.of('record-failure')).toHaveLength(1);
    expect(run.of('finish-run')).toHaveLength(1);
  });

  test('does not fail the others even if it cannot be recorded', async () => {
    const run = await runWorkflow({
      plan: async ({ object }) =>
        object === 'tags' ? Promise.reject(named('ContractError')) : planned('0001'),
      recordFailure: async () => Promise.reject(named('TypeError')),
    });
    expect(operations(run.of('tickets')).at(-1)).toBe('commit');
    expect(run.of('finish-run')).toHaveLength(1);
    expect(run.outcome.status).toBe('SUCCEEDED');
  });
});

describe('retries', () => {
  const calls = async (error: string, failures: number): Promise<number> => {
    let left = failures;
    const run = await runWorkflow({
      plan: async ({ object }) => (object === 'tags' ? planned('0001') : planned()),
      extract: async () => (left-- > 0 ? Promise.reject(named(error)) : done),
    });
    return run.of<ExtractorEvent>('tags').filter(({ operation }) => operation === 'extract').length;
  };

  test.each([
    ['RetryableError', 10],
    ['Lambda.ServiceException', 10],
    ['Lambda.TooManyRequestsException', 33],
    ['Runtime.ExitError', 3],
  ])('%s is tried again %i times', async (error, times) => {
    expect(await calls(error, times)).toBe(times + 1);
    expect(await calls(error, times + 5)).toBe(times + 1);
  });

  test.each(['ContractError', 'PermissionError', 'ConnectionError', 'TypeError', 'InputError'])(
    '%s is not tried again',
    async (error) => {
      expect(await calls(error, 1)).toBe(1);
    },
  );

  test('a function that outlives its timeout is called again, three times', async () => {
    const slow = (event: ExtractorEvent) => event.object === 'tags';
    let calledSlowly = 0;
    const run = await runWorkflow({
      // Long for functions that answer at once, even on a busy machine. Short compared with the slow one.
      timeoutSeconds: 0.4,
      plan: async (event) => {
        if (!slow(event)) return planned();
        calledSlowly++;
        await later(2_000);
        return planned();
      },
    });
    const recorded = run.of<RecordFailureEvent>('record-failure').find(({ object }) => object === 'tags');
    expect(calledSlowly).toBe(4);
    expect(recorded?.error.Error).toBe('Sandbox.Timedout');
    expect(recorded?.error.Cause).toContain('Task timed out after 0.40 seconds');
  });
});

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('the end of a run', () => {
  test('fails with the cause that FinishRun gives', async () => {
    const run = await runWorkflow({
      finishRun: async (event) => ({ ...finishedRun(event), status: 'failed', cause: 'tags failed' }),
    });
    expect(run.outcome).toEqual({ status: 'FAILED', error: { name: 'RunFailed', cause: 'tags failed' } });
  });

  test('comes at once if StartRun fails', async () => {
    const run = await runWorkflow({
      startRun: async () => Promise.reject(named('InputError', 'no such object')),
    });
    expect(run.outcome).toEqual({
      status: 'FAILED',
      error: { name: 'InputError', cause: 'no such object' },
    });
    expect(run.calls).toHaveLength(1);
  });

  test('has the message as its cause, even with quotes and brackets in it', async () => {
    const message = 'Not {"connected": [1]}; say "connect" \\ and go on: it\'s \n easy }';
    const run = await runWorkflow({
      startRun: async () => Promise.reject(named('ConnectionError', message)),
    });
    expect(run.outcome).toEqual({ status: 'FAILED', error: { name: 'ConnectionError', cause: message } });
  });

  test('comes if StartRun times out again and again', async () => {
    const run = await runWorkflow({ timeoutSeconds: 0.01, startRun: () => new Promise(() => {}) });
    expect(run.outcome).toMatchObject({
      status: 'FAILED',
      error: { name: 'Sandbox.Timedout', cause: expect.stringContaining('timed out') },
    });
    expect(run.calls).toHaveLength(4);
  });

  test('comes without FinishRun if a state carries more than 64 KiB, even in spite of a Catch', async () => {
    const run = await runWorkflow({
      plan: async ({ object }) => {
        return object === 'tags' ? { ...planned('0001'), rows: 'x'.repeat(70_000) } : planned();
      },
    });
    expect(run.outcome).toMatchObject({
      status: 'FAILED',
      error: {
        name: 'States.DataLimitExceeded',
        cause: expect.stringMatching(/state PlanObject has 70\d{3} bytes/),
      },
    });
    expect(run.of('record-failure')).toEqual([]);
    expect(run.of('finish-run')).toEqual([]);
  });

  test('comes if the input itself is too large', async () => {
    const run = await runWorkflow({}, { input: { objects: ['x'.repeat(70_000)] } });
    expect(run.outcome).toMatchObject({ status: 'FAILED', error: { name: 'States.DataLimitExceeded' } });
  });

  test('comes with an abort: no function is called after it', async () => {
    const abort = new AbortController();
    const run = await runWorkflow(
      {
        plan: async () => planned('1', '2', '3', '4', '5', '6'),
        extract: async () => {
          abort.abort();
          await later(10);
          throw named('RetryableError');
        },
      },
      { signal: abort.signal },
    );
    expect(run.outcome.status).toBe('ABORTED');
    const callsThen = run.calls.length;
    await later(50);
    expect(run.calls).toHaveLength(callsThen);
    expect(run.of('finish-run')).toEqual([]);
    expect(run.of('record-failure')).toEqual([]);
  });

  test('comes before the first call if the run is aborted from the start', async () => {
    const run = await runWorkflow({}, { signal: AbortSignal.abort() });
    expect(run.outcome.status).toBe('ABORTED');
    expect(run.calls).toEqual([]);
  });
});
