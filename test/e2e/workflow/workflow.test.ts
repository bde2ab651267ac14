/** Runs the deployed definition: the input of each function, and what follows from its answer. */
import { describe, expect, test } from 'vitest';
import type { ExtractorEvent, FinishRunEvent, StartRunEvent } from '../../../functions/core/workflow.ts';
import {
  done,
  EXECUTION,
  finishedRun,
  planned,
  resources,
  runWorkflow,
  startedRun,
} from '../../support/run-workflow.ts';

const operations = (events: readonly ExtractorEvent[]): readonly string[] =>
  events.map((event) => (event.operation === 'extract' ? `extract ${event.slice}` : event.operation));

describe('a successful run', () => {
  test('plans, extracts and commits each object with the input of the event contract', async () => {
    const slices = { contacts: ['0001', '0002', '0003', '0004'], tags: ['0001'], tickets: [] };
    const run = await runWorkflow(
      { plan: async ({ object }) => planned(...slices[object as keyof typeof slices]) },
      { input: { objects: ['contacts'] } },
    );
    expect(run.outcome).toEqual({
      status: 'SUCCEEDED',
      output: { ...finishedRun({ runId: 'run-id' } as FinishRunEvent) },
    });
    expect(run.of('start-run')).toEqual([
      {
        execution: { arn: EXECUTION.executionArn, startTime: EXECUTION.startTime },
        input: { objects: ['contacts'] },
        extractors: Object.fromEntries(
          resources.functions.flatMap(({ arn, environment: { OBJECT_NAME } }) =>
            OBJECT_NAME === undefined ? [] : [[OBJECT_NAME, arn]],
          ),
        ),
      },
    ]);
    const common = { object: 'contacts', runId: 'run-id', execution: EXECUTION.executionArn };
    expect(run.of<ExtractorEvent>('contacts')).toEqual([
      { operation: 'plan', ...common },
      ...slices.contacts.map((slice) => ({ operation: 'extract', slice, ...common })),
      { operation: 'commit', ...common },
    ]);
    expect(operations(run.of('tags'))).toEqual(['plan', 'extract 0001', 'commit']);
    expect(operations(run.of('tickets'))).toEqual(['plan', 'commit']);
    expect(run.of('record-failure')).toEqual([]);
    expect(run.of('finish-run')).toEqual([
      { runId: 'run-id', execution: EXECUTION.executionArn, stateMachine: resources.stateMachine.arn },
    ]);
  });

  test('runs at most as many objects and slices at a time as configured', async () => {
    const busy = { objects: new Set<string>(), slices: 0 };
    const most = { objects: 0, slices: 0 };
    await runWorkflow({
      plan: async ({ object }) => {
        busy.objects.add(object);
        most.objects = Math.max(most.objects, busy.objects.size);
        return planned('1', '2', '3', '4', '5', '6', '7');
      },
      extract: async ({ object }) => {
        if (object !== 'tags') return done;
        busy.slices++;
        most.slices = Math.max(most.slices, busy.slices);
        await new Promise((resolve) => setTimeout(resolve, 5));
        busy.slices--;
        return done;
      },
      commit: async ({ object }) => busy.objects.delete(object),
    });
    expect(most).toEqual({ objects: 2, slices: 3 });
  });

  test('calls a slice that goes on again, and waits first if it asks for it', async () => {
    const answers = [
      { status: 'continue', waitSeconds: 0 },
      { status: 'wait', waitSeconds: 60 },
      { status: 'continue', waitSeconds: 0 },
    ];
    const run = await runWorkflow({
      plan: async ({ object }) => planned(...(object === 'contacts' ? ['0001'] : [])),
      extract: async () => answers.shift() ?? done,
    });
    const again = Array.from({ length: 4 }, () => 'extract 0001');
    expect(operations(run.of('contacts'))).toEqual(['plan', ...again, 'commit']);
    const waits = run.events.filter(({ type, state }) => type === 'StateEntered' && state === 'AwaitSlice');
    expect(waits).toHaveLength(1);
  });

  test('calls StartRun and PlanObject again after a wait if they ask for it', async () => {
    const starts = [{ status: 'wait', waitSeconds: 9, runId: 'run-id', objects: [] }];
    const plans = [{ status: 'wait', waitSeconds: 9, slices: [] }];
    const run = await runWorkflow({
      startRun: async (event: StartRunEvent) => starts.shift() ?? startedRun(event),
      plan: async ({ object }) => (object === 'tags' ? plans.shift() : undefined) ?? planned('0001'),
    });
    expect(run.outcome.status).toBe('SUCCEEDED');
    const [first, ...again] = run.of('start-run');
    expect(again).toEqual([first]);
    expect(operations(run.of('tags'))).toEqual(['plan', 'plan', 'extract 0001', 'commit']);
    const waits = run.events.filter(({ type, state }) => type === 'StateEntered' && /^Await/.test(state));
    expect(waits.map(({ state }) => state)).toEqual(['AwaitStart', 'AwaitPlan']);
  });

  test('really waits', async () => {
    const answers = [{ status: 'wait', waitSeconds: 1 }];
    const begun = performance.now();
    const fakes = {
      plan: async ({ object }: { object: string }) => planned(...(object === 'tags' ? ['0001'] : [])),
      extract: async () => answers.shift() ?? done,
    };
    await runWorkflow(fakes, {}, {});
    expect(performance.now() - begun).toBeGreaterThan(950);
  });

  test.each(['skipped', 'unavailable', 'committed'])('goes on from an object that is %s', async (status) => {
    const run = await runWorkflow({
      plan: async ({ object }) =>
        object === 'tags' ? { status, slices: [], waitSeconds: 0 } : planned('0001'),
    });
    expect(run.outcome.status).toBe('SUCCEEDED');
    expect(operations(run.of('tags'))).toEqual(['plan']);
    expect(operations(run.of('tickets'))).toEqual(['plan', 'extract 0001', 'commit']);
    expect(run.of('record-failure')).toEqual([]);
  });
});

test('events and answers pass through JSON, as they do on AWS', async () => {
  const seen: unknown[] = [];
  const run = await runWorkflow(
    {
      startRun: async (event: StartRunEvent) => {
        seen.push(event.input);
        const result = startedRun(event);
        return { ...result, objects: result.objects.map((item) => ({ ...item, dropped: undefined })) };
      },
    },
    { input: { at: new Date(0), 'key.$': '$.not.a.path', gone: undefined } },
  );
  expect(run.outcome.status).toBe('SUCCEEDED');
  expect(seen).toEqual([{ at: '1970-01-01T00:00:00.000Z', 'key.$': '$.not.a.path' }]);
});
