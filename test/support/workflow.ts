/** Runs the whole workflow of one object over in-memory ports, as the state machine would. */
import type { Lease } from '../../functions/core/ports.ts';
import type { FinishRunResult, PlanResult } from '../../functions/core/workflow.ts';
import { commitObject } from '../../functions/sync/commit/commit.ts';
import type { ObjectDependencies } from '../../functions/sync/dependencies.ts';
import { type Attempt, extractSlice } from '../../functions/sync/extract/extract.ts';
import { planObject } from '../../functions/sync/plan/plan.ts';
import { finishRun } from '../../functions/sync/run/finish-run.ts';
import { recordFailure } from '../../functions/sync/run/record-failure.ts';
import { startRun } from '../../functions/sync/run/start-run.ts';
import type { Pipeline } from './dependencies.ts';

export const MACHINE = 'arn:aws:states:us-east-1:1:stateMachine:sync';

let attempts = 0;

/** An attempt with a name that no other attempt has. */
export function nextAttempt(remainingMs = 1_000_000): Attempt {
  attempts += 1;
  return { id: `a${attempts}`, remainingMs: () => remainingMs, deadline: new AbortController().signal };
}

/** Begins a run of one object, and returns its lease. */
export async function beginRun(
  pipeline: Pipeline,
  dependencies: ObjectDependencies,
  input: unknown = {},
): Promise<Lease> {
  const { name } = dependencies.declaration;
  const startTime = new Date(pipeline.clock.now()).toISOString();
  const arn = `arn:aws:states:us-east-1:1:execution:sync:${startTime}`;
  pipeline.executions.running.add(arn);
  const config = { ...dependencies.config, objects: [name] };
  const { runId } = await startRun(
    {
      ...dependencies,
      ...pipeline.watchers,
      config,
      state: dependencies.state,
      identify: async () => ({ workspaceId: 'w1', dateMs: pipeline.clock.now() }),
      isIncremental: () => dependencies.declaration.sync.kind === 'incremental',
    },
    { execution: { arn, startTime }, input, extractors: { [name]: 'arn:fn' } },
  );
  return { executionArn: arn, runId };
}

/** Extracts every slice of a plan until it is done. */
export async function extractAll(
  dependencies: ObjectDependencies,
  holder: Lease,
  slices: PlanResult['slices'],
): Promise<void> {
  for (const { slice } of slices) {
    for (let calls = 0; ; calls += 1) {
      if (calls > 1_000) throw new Error('The slice is never done.');
      const { status } = await extractSlice(dependencies, holder, slice, nextAttempt());
      if (status === 'done') break;
    }
  }
}

export async function planAndExtract(dependencies: ObjectDependencies, holder: Lease): Promise<PlanResult> {
  const plan = await planObject(dependencies, holder);
  await extractAll(dependencies, holder, plan.slices);
  return plan;
}

export function failObject(
  pipeline: Pipeline,
  dependencies: ObjectDependencies,
  holder: Lease,
  error: { readonly name: string; readonly message: string },
): Promise<void> {
  return recordFailure(
    { ...dependencies, ...pipeline.watchers },
    {
      object: dependencies.declaration.name,
      runId: holder.runId,
      execution: holder.executionArn,
      error: { Error: error.name, Cause: JSON.stringify({ errorMessage: error.message }) },
    },
  );
}

export async function endRun(
  pipeline: Pipeline,
  dependencies: ObjectDependencies,
  holder: Lease,
): Promise<FinishRunResult> {
  const result = await finishRun(
    { ...dependencies, ...pipeline.watchers, paused: false },
    { runId: holder.runId, execution: holder.executionArn, stateMachine: MACHINE },
  );
  pipeline.executions.running.delete(holder.executionArn);
  return result;
}

/** One run of one object from start to end. An hour passes after it. */
export async function runOnce(
  pipeline: Pipeline,
  dependencies: ObjectDependencies,
  input: unknown = {},
): Promise<FinishRunResult> {
  const holder = await beginRun(pipeline, dependencies, input);
  try {
    const { status } = await planAndExtract(dependencies, holder);
    if (status === 'planned') await commitObject(dependencies, holder);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    await failObject(pipeline, dependencies, holder, error);
  }
  const result = await endRun(pipeline, dependencies, holder);
  pipeline.clock.advance(3_600_000);
  return result;
}

/** Runs until no work remains. Returns how many runs that took. */
export async function runUntilDone(
  pipeline: Pipeline,
  dependencies: ObjectDependencies,
  input: unknown = {},
): Promise<number> {
  let next = input;
  for (let runs = 1; runs <= 400; runs += 1) {
    const result = await runOnce(pipeline, dependencies, next);
    if (result.status === 'failed') throw new Error(result.cause);
    if (!result.nextRunStarted) return runs;
    next = {};
  }
  throw new Error('Work remains forever.');
}
