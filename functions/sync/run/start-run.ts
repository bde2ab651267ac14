/** StartRun: checks the input and the connection, decides when the run starts, and names its objects. */
import { createHash } from 'node:crypto';
import { parseRunInput } from '../../config/run-input.ts';
import type { RunContext } from '../../core/engine-files.ts';
import { ConnectionError, InputError } from '../../core/errors.ts';
import { runContextKey, runIdOf } from '../../core/lake-keys.ts';
import type { ObjectName } from '../../core/names.ts';
import type { Metrics, StateStore } from '../../core/ports.ts';
import { type EpochMs, toSeconds } from '../../core/time.ts';
import type { ExecutionRef, StartRunEvent, StartRunResult } from '../../core/workflow.ts';
import type { RunDependencies } from '../dependencies.ts';
import { storeOnce } from '../store.ts';
import type { UnderCap } from '../under-cap.ts';

/** What `/me` says about the connection. */
export interface Identity {
  readonly workspaceId: string | null;
  /** The answer's `Date` header. */
  readonly dateMs: EpochMs | null;
}

export interface StartRunDependencies extends RunDependencies {
  readonly state: Pick<StateStore, 'claimWorkspace'>;
  readonly metrics: Metrics;
  readonly identify: () => Promise<Identity>;
  readonly underCap: UnderCap;
  readonly isIncremental: (object: ObjectName) => boolean;
}

/** A smaller difference between the clocks is not worth a note. */
const SKEW_SECONDS_REPORTED = 60;

const skewNote = (skew: number | null): readonly string[] =>
  skew === null || Math.abs(skew) <= SKEW_SECONDS_REPORTED
    ? []
    : [
        `Our clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} Intercom's. The run counts from the earlier one.`,
      ];

/** The run id of an execution. Every retry of the execution's start gets the same one. */
export const runIdOfExecution = ({ arn, startTime }: ExecutionRef): string =>
  runIdOf(Date.parse(startTime), createHash('sha256').update(arn).digest('hex'));

/** Refuses to mix the data of two workspaces. */
async function requireSameWorkspace(
  { state }: StartRunDependencies,
  workspaceId: string | null,
): Promise<void> {
  if (workspaceId === null) return;
  const owner = await state.claimWorkspace(workspaceId);
  if (owner === workspaceId) return;
  throw new ConnectionError(
    `The token belongs to workspace ${workspaceId}, but this pipeline holds the data of workspace ${owner}. Use a token of ${owner}, or give ${workspaceId} its own pipeline (locally: its own output directory).`,
    { code: 'other_workspace' },
  );
}

/** Asks Intercom who we are, and reports if the connection works. If Intercom is down, it reports nothing. */
async function connectedWorkspace(dependencies: StartRunDependencies): Promise<Identity> {
  const { identify, metrics } = dependencies;
  try {
    const identity = await identify();
    await requireSameWorkspace(dependencies, identity.workspaceId);
    metrics.record({ ConnectionLost: 0 });
    return identity;
  } catch (error) {
    if (error instanceof ConnectionError) metrics.record({ ConnectionLost: 1 });
    throw error;
  }
}

/**
 * Begins a run. If it is repeated for the same execution, it finds what it wrote before, so there is one run.
 * @throws InputError for bad input; ConnectionError if the pipeline is not connected, or the token no longer
 *   works or belongs to another workspace; RetryableError if Intercom cannot be reached
 */
export async function startRun(
  dependencies: StartRunDependencies,
  { execution, input, extractors }: StartRunEvent,
): Promise<StartRunResult> {
  const { lake, clock, config, configDigest, isIncremental, observe, underCap } = dependencies;
  const nowMs = clock.now();
  const request = parseRunInput(input, { config, isIncremental, now: toSeconds(nowMs) });
  if (config.startFrom !== null && config.startFrom > toSeconds(nowMs)) {
    throw new InputError("'startFrom' lies in the future, so there is nothing to read.", {
      code: 'bad_config',
    });
  }
  const runId = runIdOfExecution(execution);
  const capped = await underCap(runId, () => connectedWorkspace(dependencies));
  if (capped.status === 'wait') return { ...capped, runId, objects: [] };
  const identity = capped.result;
  const skew = identity.dateMs === null ? null : toSeconds(nowMs) - toSeconds(identity.dateMs);
  const run = await storeOnce<RunContext>(lake, runContextKey(runId), {
    format: 1,
    runId,
    execution: execution.arn,
    startedAtMs: Math.min(nowMs, identity.dateMs ?? nowMs),
    clockSkewSeconds: skew,
    mode: request.mode,
    range: request.range,
    objects: request.objects,
    configDigest,
    workspaceId: identity.workspaceId,
    notes: [...config.notes, ...request.notes, ...skewNote(skew)],
  });
  observe({ type: 'run_started', runId, objects: run.objects });
  return {
    status: 'started',
    waitSeconds: 0,
    runId,
    objects: run.objects.map((object) => {
      const functionArn = extractors[object];
      if (functionArn !== undefined) return { object, functionArn, runId };
      throw new InputError(`${object} is configured but has no function. Deploy again.`, {
        code: 'not_deployed',
      });
    }),
  };
}
