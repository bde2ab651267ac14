/** Threads as Lambda's sandboxes: warm, bounded, and a death is a failed invocation. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { invoke } from '../../../../lib/standins/aws/workflow/invocation.ts';
import { createIsolates, type Isolates } from '../../../../lib/standins/aws/workflow/isolates.ts';
import { createWorkflowRunner } from '../../../../lib/standins/aws/workflow/workflow-runner.ts';

const NEVER = new AbortController().signal;

interface Opened {
  readonly notes: readonly unknown[];
  readonly handlerOf: Isolates['handlerOf'];
  call(name: string, event?: unknown, signal?: AbortSignal, timeoutSeconds?: number): Promise<unknown>;
}

function open(threads = 2, memoryMiB = 64): Opened {
  const notes: unknown[] = [];
  const { handlerOf, close } = createIsolates({
    module: new URL('../../../support/aws/isolate-thread.ts', import.meta.url),
    threads,
    memoryMiB,
    environment: { VARIABLE: 'of the thread' },
    data: { some: 'data' },
    onNote: (note) => notes.push(note),
    onOutput: () => undefined,
  });
  onTestFinished(close);
  const called = (arn: string, timeoutSeconds: number) => ({
    arn,
    timeoutSeconds,
    memoryMiB,
    handler: handlerOf(arn),
  });
  return {
    notes,
    handlerOf,
    call: (name, event = null, signal = NEVER, timeoutSeconds = 30) =>
      invoke(called(name, timeoutSeconds), event, signal),
  };
}

describe('an invocation in a thread', () => {
  test('has the event, the data and the environment of its thread', async () => {
    const { call } = open(1);
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const event: unknown = JSON.parse(text);
        expect(await call('echo', event)).toEqual({
          event,
          data: { some: 'data' },
          variable: 'of the thread',
        });
      }),
      { numRuns: 30 },
    );
    expect(await call('nothing')).toBeNull();
  });

  test('fails with the name and the message of its error', async () => {
    const { call } = open(1);
    await expect(call('fail')).rejects.toMatchObject({
      name: 'OddError',
      message: expect.stringContaining('"errorMessage":"on purpose"'),
    });
    await expect(call('fail-oddly')).rejects.toMatchObject({ name: 'string' });
    await expect(call('missing')).rejects.toMatchObject({ name: 'Error' });
  });

  test('tells the process before it answers', async () => {
    const { call, notes } = open(1);
    await call('tell', { type: 'rows' });
    expect(notes).toEqual([{ type: 'rows' }]);
  });

  test('has no time left once its execution is aborted, and others have theirs', async () => {
    const { call, notes } = open(1);
    const abort = new AbortController();
    const stopped = call('remaining', null, abort.signal);
    const over = call('remaining', null, NEVER, 1.5);
    while (notes.length < 2) await sleep(5);
    abort.abort();
    expect(await stopped).toBe('over');
    expect(await Promise.race([over.catch(() => 'timed out'), sleep(200, 'still running')])).toBe(
      'still running',
    );
    await over.catch(() => undefined);
  });

  test('of an execution that was aborted before has no time at all', async () => {
    expect(await open(1).call('remaining', null, AbortSignal.abort())).toBe('over');
  });
});

describe('threads', () => {
  test('are used again while warm', async () => {
    const { call } = open(3);
    const first = await call('thread', 0);
    expect(await call('thread', 0)).toBe(first);
    const both = await Promise.all([call('thread', 300), call('thread', 300)]);
    expect(new Set(both).size).toBe(2);
    expect(both).toContain(first);
  });

  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
  ])(
    'with room for %i, %i have started with the first invocation: one is ready for the next',
    async (threads, started) => {
      let count = 0;
      const onWorker = (): number => (count += 1);
      process.on('worker', onWorker);
      try {
        const { call } = open(threads);
        await call('thread', 0);
        await call('thread', 0);
        expect(count).toBe(started);
      } finally {
        process.off('worker', onWorker);
      }
    },
  );

  test.each([1, 2, 3])('are at most %i, and share the invocations evenly', async (threads) => {
    const { call } = open(threads);
    const used = (await Promise.all(Array.from({ length: 12 }, () => call('thread', 300)))) as number[];
    const counts = [...Map.groupBy(used, (thread) => thread).values()].map((each) => each.length);
    expect(counts).toEqual(Array.from({ length: threads }, () => 12 / threads));
  });
});

describe('the death of a thread', () => {
  test.each([
    ['grow', 'Runtime.OutOfMemory'],
    ['exit', 'Runtime.ExitError'],
    ['throw', 'Runtime.ExitError'],
  ])('%s fails every invocation in it as Lambda reports it, and the next one works', async (name, error) => {
    const { call } = open(1, 32);
    const beside = call('thread', 60_000).catch((cause: Error) => cause.name);
    await expect(call(name)).rejects.toMatchObject({ name: error });
    expect(await beside).toBe(error);
    expect(await call('nothing')).toBeNull();
  });

  test('is retried by the workflow', async () => {
    const { handlerOf } = open(1);
    let tries = 0;
    const runner = createWorkflowRunner({
      definition: {
        StartAt: 'Only',
        States: {
          Only: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Parameters: { FunctionName: 'only', 'Payload.$': '$' },
            Retry: [{ ErrorEquals: ['Runtime.ExitError'], IntervalSeconds: 1, MaxAttempts: 3 }],
            End: true,
          },
        },
      },
      stateMachineArn: 'machine',
      functions: [
        {
          arn: 'only',
          timeoutSeconds: 30,
          memoryMiB: 64,
          handler: (event, context, signal) => {
            tries += 1;
            return handlerOf(tries < 3 ? 'exit' : 'echo')(event, context, signal);
          },
        },
      ],
      pauses: { retryMs: 0 },
    });
    const request = { executionArn: 'e', executionName: 'n', startTime: '2026-01-01T00:00:00.000Z' };
    expect(await runner.run({ ...request, input: { n: 1 } })).toMatchObject({
      status: 'SUCCEEDED',
      output: { Payload: { event: { n: 1 } } },
    });
    expect(tries).toBe(3);
  });
});
