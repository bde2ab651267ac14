/** The four kinds of function in the workflow, each created from its environment. The entries are one line each. */
import { randomUUID } from 'node:crypto';
import { withoutChildren } from './core/declared-tables.ts';
import { RetryableError } from './core/errors.ts';
import type { WorkShare } from './core/ports.ts';
import type {
  CommitResult,
  ExtractorEvent,
  ExtractResult,
  FinishRunEvent,
  FinishRunResult,
  MaintainResult,
  PlanResult,
  RecordFailureEvent,
  StartRunEvent,
  StartRunResult,
} from './core/workflow.ts';
import type { RawEnvironment } from './environment.ts';
import { readMe } from './intercom/me.ts';
import { errorOf } from './intercom/optional-lists.ts';
import { createObjectReader } from './intercom/readers/index.ts';
import { OBJECTS } from './objects/index.ts';
import { createCatalog, createEvents, createRuntime, type Overrides } from './runtime.ts';
import { commitObject } from './sync/commit/commit.ts';
import type { ObjectDependencies } from './sync/dependencies.ts';
import { type Attempt, extractSlice } from './sync/extract/extract.ts';
import { planObject } from './sync/plan/plan.ts';
import { finishRun } from './sync/run/finish-run.ts';
import { recordFailure } from './sync/run/record-failure.ts';
import { startRun } from './sync/run/start-run.ts';
import { createUnderCap, UNCAPPED, type UnderCap, type UnderCapOptions } from './sync/under-cap.ts';

/** The part of Lambda's context that we use. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export type Handler<Event, Result> = (event: Event, context: InvocationContext) => Promise<Result>;

/** Length of an attempt's id: long enough that two invocations of a slice never share one. */
const ATTEMPT_LENGTH = 10;

const newAttemptId = (): string => randomUUID().replaceAll('-', '').slice(0, ATTEMPT_LENGTH);

const underCapOf = ({
  share,
  ...options
}: Omit<UnderCapOptions, 'share'> & { readonly share: WorkShare | null }): UnderCap =>
  share === null ? UNCAPPED : createUnderCap({ ...options, share });

export function createStartRun(
  env: RawEnvironment,
  overrides?: Overrides,
): Handler<StartRunEvent, StartRunResult> {
  const runtime = createRuntime(env, 'start-run', overrides);
  const { run, state, budget, client, share, metrics, begin, flushMetrics } = runtime;
  const dependencies = {
    ...run,
    state,
    metrics,
    isIncremental: (object: keyof typeof OBJECTS) => OBJECTS[object].sync.kind === 'incremental',
    identify: async () => {
      const { workspaceId, dateHeaderMs } = await readMe(client);
      // This stores what /me showed about the rate limit, for the plans, which come next.
      await budget.limit();
      return { workspaceId, dateMs: dateHeaderMs };
    },
  };
  // Requests are sent one by one: nothing is under way once the last is answered.
  const underCap = underCapOf({ ...run, share, object: null, quiet: () => undefined });
  return (event) => {
    begin();
    return startRun({ ...dependencies, underCap }, event).finally(flushMetrics);
  };
}

export function createRecordFailure(
  env: RawEnvironment,
  overrides?: Overrides,
): Handler<RecordFailureEvent, void> {
  const { run, state, metrics } = createRuntime(env, 'record-failure', overrides);
  return (event) => recordFailure({ ...run, state, metrics }, event);
}

export function createFinishRun(
  env: RawEnvironment,
  overrides?: Overrides,
): Handler<FinishRunEvent, FinishRunResult> {
  const { run, metrics, paused } = createRuntime(env, 'finish-run', overrides);
  const events = createEvents();
  return (event) => finishRun({ ...run, metrics, events, paused }, event);
}

type ExtractorResult = PlanResult | ExtractResult | CommitResult | MaintainResult;

/** The reader has to stop at this share of the margin. The rest is for storing what it read. */
const DEADLINE_SHARE = 0.5;

/** Storing has to stop at this share, so that the invocation ends with an error instead of being cut off. */
const END_SHARE = 0.05;
const DEADLINE_POLL_MS = 500;

interface Started {
  readonly attempt: Attempt;
  /** Aborts after the attempt's deadline: the last moment for calls to AWS. */
  readonly last: AbortSignal;
  readonly end: () => void;
}

/** An attempt on a slice, with signals that abort when the invocation is about to end. */
function startAttempt(context: InvocationContext, marginMs: number): Started {
  const deadline = new AbortController();
  const last = new AbortController();
  const remainingMs = () => context.getRemainingTimeInMillis();
  const timer = setInterval(() => {
    if (remainingMs() < marginMs * DEADLINE_SHARE) deadline.abort();
    if (remainingMs() < marginMs * END_SHARE) last.abort();
  }, DEADLINE_POLL_MS);
  const attempt = { id: newAttemptId(), remainingMs, deadline: deadline.signal };
  return { attempt, last: last.signal, end: () => clearInterval(timer) };
}

/** @throws Error if the function is called for an object that is not its own */
export function createExtractor(
  env: RawEnvironment,
  overrides?: Overrides,
): Handler<ExtractorEvent, ExtractorResult> {
  const runtime = createRuntime(env, 'extractor', overrides);
  const { object, run, budget, client, share, hashes, limits, begin, flushMetrics } = runtime;
  if (object === null) throw new Error("The extractor's environment names no OBJECT_NAME.");
  const catalogFor = createCatalog(env, object, run.config);
  const whole = OBJECTS[object];
  const declaration = withoutChildren(whole, run.config.excludedTables);
  const { inFlight } = run.config.parallelism;
  const isWanted = (): boolean => share?.isWanted() ?? false;
  const dependenciesOf = (attempt: Attempt, last: AbortSignal): ObjectDependencies => {
    const over = new AbortController();
    const signal = AbortSignal.any([attempt.deadline, over.signal]);
    const underCap = underCapOf({ ...run, share, object, quiet: () => over.abort(), last });
    const reader = createObjectReader(declaration, { client, clock: run.clock, inFlight, signal });
    return {
      ...run,
      ...runtime.forAttempt(last),
      budget: { ...budget, limit: () => budget.limit(last) },
      declaration,
      whole,
      reader,
      underCap,
      hashes,
      catalog: catalogFor(last),
      limits,
    };
  };
  return async (event, context) => {
    if (event.object !== object) throw new Error(`This function extracts ${object}, not ${event.object}.`);
    begin();
    const holder = { executionArn: event.execution, runId: event.runId };
    const { attempt, last, end } = startAttempt(context, limits.deadlineMarginMs);
    const dependencies = dependenciesOf(attempt, last);
    try {
      switch (event.operation) {
        case 'plan':
          return await planObject(dependencies, holder);
        case 'extract':
          // Work whose share others wait for ends as if its time were over.
          return await extractSlice(dependencies, holder, event.slice, {
            ...attempt,
            remainingMs: () => (isWanted() ? 0 : attempt.remainingMs()),
          });
        case 'commit':
          return await commitObject(dependencies, holder);
        case 'maintain': {
          // Large, and needed at most about once a day.
          const { maintainObject } = await import('./sync/rewrite/maintain.ts');
          return await maintainObject(dependencies, holder, {
            id: attempt.id,
            isOver: () => attempt.remainingMs() < limits.deadlineMarginMs,
          });
        }
        default:
          return event satisfies never;
      }
    } catch (error) {
      const isOver = [attempt.deadline, last].some(({ aborted, reason }) => aborted && error === reason);
      if (!isOver) throw errorOf(object, error);
      throw new RetryableError(`${event.operation} of ${object} ran out of time and starts again.`, {
        code: 'deadline',
        cause: error,
      });
    } finally {
      end();
      flushMetrics();
    }
  };
}
