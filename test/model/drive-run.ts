/** Runs of one object as the state machine makes them: retries, failures, crashes, time-outs and aborted executions. */
import { ContractError, RetryableError } from '../../functions/core/errors.ts';
import type { ExtractResult } from '../../functions/core/workflow.ts';
import { commitObject } from '../../functions/sync/commit/commit.ts';
import type { ObjectDependencies } from '../../functions/sync/dependencies.ts';
import { extractSlice } from '../../functions/sync/extract/extract.ts';
import { planObject } from '../../functions/sync/plan/plan.ts';
import { maintainObject } from '../../functions/sync/rewrite/maintain.ts';
import { finishRun } from '../../functions/sync/run/finish-run.ts';
import { recordFailure } from '../../functions/sync/run/record-failure.ts';
import { type StartRunDependencies, startRun } from '../../functions/sync/run/start-run.ts';
import type { Pipeline } from '../support/dependencies.ts';
import { MACHINE } from '../support/workflow.ts';
import { beginInvocation, type Disturb, type Invocation, Killed, undisturbed } from './invocations.ts';

/** An invocation that the workflow has given up, and that goes on when it is woken. */
interface Zombie {
  readonly wake: () => void;
  readonly ended: Promise<Ending<unknown>>;
  readonly stalledAtMs: number;
  readonly invocation: Invocation;
}

export type InvokedWith = ObjectDependencies & Pick<StartRunDependencies, 'identify'>;

export interface Driven {
  readonly pipeline: Pipeline;
  /** The ports and the reader of one invocation. */
  readonly dependenciesOf: (invocation: Invocation, deadline: AbortSignal) => InvokedWith;
  readonly zombies: Zombie[];
  /** Files of invocations that woke later than any function lives. */
  readonly impossible: Set<string>;
}

export interface Conditions {
  readonly disturb: Disturb;
  /** Whether the execution ends with an invocation that died, without FinishRun; else the workflow retries. */
  readonly isAborted: () => boolean;
  /** Events after which an attempt nears its deadline; null: never. */
  readonly patience: () => number | null;
  /** Whether a second attempt works on the same slice at the same time. */
  readonly hasTwin: () => boolean;
}

export const CALM: Conditions = {
  disturb: undisturbed,
  isAborted: () => false,
  patience: () => null,
  hasTwin: () => false,
};

export type RunEnd =
  | { readonly status: 'aborted' }
  | { readonly status: 'refused'; readonly error: unknown }
  | {
      readonly status: 'committed' | 'skipped' | 'unavailable' | 'failed';
      readonly workRemains: boolean;
      readonly error: string | null;
    };

type Ending<T> =
  | { readonly type: 'ok'; readonly value: T }
  | { readonly type: 'error'; readonly error: unknown };

const settled = <T>(work: Promise<T>): Promise<Ending<T>> =>
  work.then(
    (value) => ({ type: 'ok', value }),
    (error: unknown) => ({ type: 'error', error }),
  );

const MOST_TRIES = 4;
const RETRY_MS = 5_000;
const MOST_CALLS = 300;

type Step<T> =
  | { readonly type: 'ok'; readonly value: T }
  | { readonly type: 'failed'; readonly error: { readonly name: string; readonly message: string } }
  | { readonly type: 'aborted' };

let attempts = 0;

/** Calls a function until it answers, fails for good, or the execution is over. */
async function invoke<T>(
  { pipeline, dependenciesOf, zombies }: Driven,
  conditions: Conditions,
  operation: (dependencies: InvokedWith, deadline: AbortSignal) => Promise<T>,
): Promise<Step<T>> {
  for (let tries = 1; ; tries += 1) {
    const invocation = beginInvocation(conditions.disturb);
    const deadline = new AbortController().signal;
    const ended = settled(operation(dependenciesOf(invocation, deadline), deadline));
    const stalled = invocation.stalled.then((wake) => ({ type: 'stalled', wake }) as const);
    const ending = await Promise.race([ended, stalled]);
    if (ending.type === 'stalled') {
      zombies.push({ wake: ending.wake, ended, stalledAtMs: pipeline.clock.now(), invocation });
    }
    const isCrash =
      ending.type === 'stalled' ||
      invocation.isDead() ||
      (ending.type === 'error' && ending.error instanceof Killed);
    if (isCrash) {
      if (conditions.isAborted()) return { type: 'aborted' };
      if (tries < MOST_TRIES) continue;
      return { type: 'failed', error: { name: 'Lambda.Unknown', message: 'crashed' } };
    }
    if (ending.type === 'ok') return ending;
    const { error } = ending;
    if (!(error instanceof Error)) throw error;
    if (error instanceof RetryableError && tries < MOST_TRIES) {
      pipeline.clock.advance(RETRY_MS);
      continue;
    }
    return { type: 'failed', error };
  }
}

/** Lambda's longest. */
const LONGEST_LIFE_MS = 15 * 60_000;

/** Wakes the oldest zombie and lets it end. @throws what no zombie may do */
export async function wakeZombie({ zombies, impossible, pipeline }: Driven): Promise<void> {
  const zombie = zombies.shift();
  if (zombie === undefined) return;
  const isTooLate = pipeline.clock.now() - zombie.stalledAtMs > LONGEST_LIFE_MS;
  zombie.wake();
  const ending = await zombie.ended;
  if (isTooLate) for (const key of zombie.invocation.writtenAwake) impossible.add(key);
  if (ending.type === 'ok') return;
  const { error } = ending;
  const isHarmless =
    error instanceof Killed || error instanceof RetryableError || error instanceof ContractError;
  if (!isHarmless) throw error;
}

/** One run of the object, from StartRun to its end. */
export async function driveRun(driven: Driven, input: unknown, conditions: Conditions): Promise<RunEnd> {
  const { pipeline } = driven;
  const { clock, executions, watchers } = pipeline;
  const startTime = new Date(clock.now()).toISOString();
  const arn = `arn:aws:states:us-east-1:1:execution:sync:${startTime}`;
  executions.running.add(arn);
  const call = <T>(
    operation: (dependencies: InvokedWith, deadline: AbortSignal) => Promise<T>,
  ): Promise<Step<T>> => invoke(driven, conditions, operation);
  const over = <E extends RunEnd>(end: E): E => {
    executions.running.delete(arn);
    return end;
  };

  const started = await call((dependencies) => {
    const { name, sync } = dependencies.declaration;
    return startRun(
      {
        ...dependencies,
        ...watchers,
        config: { ...dependencies.config, objects: [name] },
        isIncremental: () => sync.kind === 'incremental',
      },
      { execution: { arn, startTime }, input, extractors: { [name]: 'arn:fn' } },
    );
  });
  if (started.type === 'aborted') return over({ status: 'aborted' });
  if (started.type === 'failed') return over({ status: 'refused', error: started.error });
  const holder = { executionArn: arn, runId: started.value.runId };

  /** An attempt that nears its deadline after some looks at its time. */
  function beginAttempt(): { readonly id: string; readonly isOver: () => boolean } {
    attempts += 1;
    const patience = conditions.patience();
    let left = patience ?? 0;
    const isOver = (): boolean => {
      left -= 1;
      return patience !== null && left < 0;
    };
    return { id: `a${attempts}`, isOver };
  }

  async function extract(slice: string): Promise<Step<ExtractResult>> {
    for (let calls = 0; calls < MOST_CALLS; calls += 1) {
      const once = (): Promise<Step<ExtractResult>> =>
        call((dependencies, deadline) => {
          const { id, isOver } = beginAttempt();
          const remainingMs = (): number => (isOver() ? -1 : 1_000_000);
          return extractSlice(dependencies, holder, slice, { id, remainingMs, deadline });
        });
      const [step] = conditions.hasTwin() ? await Promise.all([once(), once()]) : [await once()];
      if (step.type !== 'ok' || step.value.status === 'done') return step;
      if (step.value.status === 'wait') clock.advance(step.value.waitSeconds * 1000);
    }
    // The state machine's own time-out.
    return { type: 'aborted' };
  }

  /** The object is committed: whatever becomes of its history, nothing of the run fails. */
  async function maintain(): Promise<Step<unknown>> {
    for (let calls = 0; calls < MOST_CALLS; calls += 1) {
      const step = await call((dependencies) => maintainObject(dependencies, holder, beginAttempt()));
      if (step.type === 'aborted') return step;
      if (step.type === 'failed' || step.value.status === 'done') return { type: 'ok', value: null };
    }
    return { type: 'aborted' };
  }

  async function work(): Promise<Step<unknown>> {
    const planned = await call((dependencies) => planObject(dependencies, holder));
    if (planned.type !== 'ok' || planned.value.status !== 'planned') return planned;
    for (const { slice } of planned.value.slices) {
      const extracted = await extract(slice);
      if (extracted.type !== 'ok') return extracted;
    }
    const committed = await call((dependencies) => commitObject(dependencies, holder));
    return committed.type === 'ok' && committed.value.maintain ? maintain() : committed;
  }

  const worked = await work();
  if (worked.type === 'aborted') return over({ status: 'aborted' });
  if (worked.type === 'failed') {
    const { name, message } = worked.error;
    const recorded = await call((dependencies) =>
      recordFailure(
        { ...dependencies, ...watchers },
        {
          object: dependencies.declaration.name,
          runId: holder.runId,
          execution: arn,
          error: { Error: name, Cause: JSON.stringify({ errorMessage: message }) },
        },
      ),
    );
    if (recorded.type !== 'ok') return over({ status: 'aborted' });
  }
  const finished = await call((dependencies) =>
    finishRun(
      { ...dependencies, ...watchers, paused: false },
      { runId: holder.runId, execution: arn, stateMachine: MACHINE },
    ),
  );
  if (finished.type !== 'ok') return over({ status: 'aborted' });
  const summary = pipeline.lake.json<{
    objects: readonly {
      status: 'committed' | 'skipped' | 'unavailable' | 'failed';
      message: string | null;
    }[];
  }>(`runs/${holder.runId}.json`);
  const [object] = summary.objects;
  if (object === undefined) throw new Error('a summary without the object');
  return over({
    status: object.status,
    workRemains: finished.value.nextRunStarted,
    error: object.message,
  });
}
