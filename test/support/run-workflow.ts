/** Runs the definition of the synthesized template with functions that a test makes up. */
import { parseConfig } from '../../functions/config/config.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type {
  ExtractorEvent,
  ExtractResult,
  FinishRunEvent,
  FinishRunResult,
  PlanResult,
  RecordFailureEvent,
  StartRunEvent,
  StartRunResult,
} from '../../functions/core/workflow.ts';
import {
  createWorkflowRunner,
  type InvocationContext,
  type RunnableFunction,
  type RunOutcome,
  type RunRequest,
  type WorkflowEvent,
} from '../../lib/standins/aws/workflow/workflow-runner.ts';
import { localResources, synthesize } from '../../lib/template/template.ts';

const PARALLELISM = { objects: 2, slices: 3 };

export const resources = localResources(
  synthesize(parseConfig({ objects: ['contacts', 'tags', 'tickets'], parallelism: PARALLELISM })),
);

export const EXECUTION = {
  executionArn: 'arn:aws:states:us-east-1:000000000000:execution:WorkflowStateMachine:run-1',
  executionName: 'run-1',
  startTime: '2026-11-22T12:00:00.123Z',
};

type Extract<Operation> = ExtractorEvent & { readonly operation: Operation };

/** What the functions do; left out, each does the least that succeeds. */
export interface Fakes {
  readonly startRun?: (event: StartRunEvent, context: InvocationContext) => Promise<unknown>;
  readonly plan?: (event: Extract<'plan'>) => Promise<unknown>;
  readonly extract?: (event: Extract<'extract'>, context: InvocationContext) => Promise<unknown>;
  readonly commit?: (event: Extract<'commit'>) => Promise<unknown>;
  readonly maintain?: (event: ExtractorEvent) => Promise<unknown>;
  readonly recordFailure?: (event: RecordFailureEvent) => Promise<unknown>;
  readonly finishRun?: (event: FinishRunEvent) => Promise<unknown>;
  /** Of every function, in place of the template's. */
  readonly timeoutSeconds?: number;
}

/** A call of a function: its event, with the function's name. */
export interface Call {
  readonly called: string;
  readonly event: unknown;
}

export interface Run {
  readonly outcome: RunOutcome;
  readonly calls: readonly Call[];
  readonly events: readonly WorkflowEvent[];
  /** Events of the calls of one function, in order. */
  of<T>(called: string): readonly T[];
}

export const startedRun = (event: StartRunEvent): StartRunResult => ({
  status: 'started',
  waitSeconds: 0,
  runId: 'run-id',
  objects: Object.entries(event.extractors).map(([object, functionArn]) => ({
    object: object as ObjectName,
    functionArn,
    runId: 'run-id',
  })),
});

export const planned = (...slices: readonly string[]): PlanResult => ({
  status: 'planned',
  slices: slices.map((slice) => ({ slice })),
  waitSeconds: 0,
});

export const done: ExtractResult = { status: 'done', waitSeconds: 0 };

export const finishedRun = (event: FinishRunEvent): FinishRunResult => ({
  status: 'succeeded',
  runId: event.runId,
  cause: '',
  nextRunStarted: false,
});

/** An error as the functions throw it: the workflow looks at its name. */
export const named = (name: string, message = 'it did not work'): Error =>
  Object.assign(new Error(message), { name });

const PAUSES = { waitMs: 0, retryMs: 0 };

export async function runWorkflow(
  fakes: Fakes,
  request: Partial<RunRequest> = {},
  pauses: NonNullable<Parameters<typeof createWorkflowRunner>[0]['pauses']> = PAUSES,
): Promise<Run> {
  const calls: Call[] = [];
  const events: WorkflowEvent[] = [];
  const { arn: stateMachineArn, definition } = resources.stateMachine;
  const runner = createWorkflowRunner({
    definition,
    stateMachineArn,
    pauses,
    functions: resources.functions.map((each) => ({
      arn: each.arn,
      memoryMiB: each.memoryMiB,
      timeoutSeconds: fakes.timeoutSeconds ?? each.timeoutSeconds,
      handler: (event, context) => {
        const called = each.environment.OBJECT_NAME ?? each.entry;
        calls.push({ called, event });
        return answer(fakes, each.entry, event, context);
      },
    })),
  });
  const onEvent = (event: WorkflowEvent) => events.push(event);
  const outcome = await runner.run({ ...EXECUTION, input: {}, onEvent, ...request });
  await runner.idle();
  const of = <T>(called: string) =>
    calls.filter((call) => call.called === called).map(({ event }) => event as T);
  return { outcome, calls, events, of };
}

type Handle = RunnableFunction['handler'];
type Entry = (typeof resources.functions)[number]['entry'];

/** Each function answers by its entry; an event is taken for what its function is called with. */
function answer(fakes: Fakes, entry: Entry, event: unknown, context: InvocationContext): ReturnType<Handle> {
  switch (entry) {
    case 'start-run': {
      const { startRun = async (given) => startedRun(given) } = fakes;
      return startRun(event as StartRunEvent, context);
    }
    case 'extractor':
      return extractor(fakes, event as ExtractorEvent, context);
    case 'record-failure':
      return (fakes.recordFailure ?? (async () => null))(event as RecordFailureEvent);
    case 'finish-run': {
      const { finishRun = async (given) => finishedRun(given) } = fakes;
      return finishRun(event as FinishRunEvent);
    }
    case 'oauth-callback':
      throw new Error('The workflow does not call it.');
  }
}

function extractor(fakes: Fakes, event: ExtractorEvent, context: InvocationContext): Promise<unknown> {
  const { plan = async () => planned('0001', '0002'), extract = async () => done } = fakes;
  const { commit = async () => ({ status: 'committed', rows: 1, maintain: false }) } = fakes;
  const { maintain = async () => ({ status: 'done' }) } = fakes;
  switch (event.operation) {
    case 'plan':
      return plan(event);
    case 'extract':
      return extract(event, context);
    case 'commit':
      return commit(event);
    case 'maintain':
      return maintain(event);
  }
}
