/** StartRun: checks the input and the connection, fixes the start of the run, and names its objects. */
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
  readonly state: Pick<StateStore, 'claimWorkspace' | 'claimedWorkspace' | 'replacedWorkspace'>;
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

/** Refuses to continue in the new workspace from the cursors of the old one. */
async function requireNoReplacement({ state }: StartRunDependencies): Promise<void> {
  const replaced = await state.replacedWorkspace();
  if (replaced === null) return;
  throw new ConnectionError(
    `Another workspace was to replace ${replaced}, but 'connect' was interrupted before every object forgot how far ${replaced} was read. To finish: npm run pipeline -- connect --replace-workspace`,
    { code: 'replacement_unfinished' },
  );
}

/** True if there is no connection and there has never been one. A connection that was lost is a failure. */
const wasNeverConnected = async ({ state }: StartRunDependencies, error: unknown): Promise<boolean> =>
  error instanceof ConnectionError &&
  error.code === 'not_connected' &&
  (await state.claimedWorkspace()) === null;

/**
 * Asks Intercom who we are, and reports whether the connection works. If Intercom is down, it reports nothing.
 * @returns null if nobody has ever connected the pipeline
 */
async function connectedWorkspace(dependencies: StartRunDependencies): Promise<Identity | null> {
  const { identify, metrics } = dependencies;
  try {
    const identity = await identify();
    await requireSameWorkspace(dependencies, identity.workspaceId);
    await requireNoReplacement(dependencies);
    metrics.record({ ConnectionLost: 0 });
    return identity;
  } catch (error) {
    if (await wasNeverConnected(dependencies, error)) return null;
    if (error instanceof ConnectionError) metrics.record({ ConnectionLost: 1 });
    throw error;
  }
}

const NOBODY: Identity = { workspaceId: null, dateMs: null };

const NOT_CONNECTED =
  'The pipeline is not connected to Intercom yet, so this run read nothing. Connect it: npm run pipeline -- connect';

/**
 * Begins a run. If it is repeated for the same execution, it finds what it wrote before, so there is one run.
 * If nobody has ever connected the pipeline, the run has no objects.
 * @throws InputError for bad input; ConnectionError if the connection is gone, or the token no longer works
 *   or belongs to another workspace, or a replacement is unfinished; RetryableError if Intercom cannot be reached
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
  const isConnected = capped.result !== null;
  const identity = capped.result ?? NOBODY;
  const skew = identity.dateMs === null ? null : toSeconds(nowMs) - toSeconds(identity.dateMs);
  const run = await storeOnce<RunContext>(lake, runContextKey(runId), {
    format: 1,
    runId,
    execution: execution.arn,
    startedAtMs: Math.min(nowMs, identity.dateMs ?? nowMs),
    clockSkewSeconds: skew,
    mode: request.mode,
    range: request.range,
    objects: isConnected ? request.objects : [],
    ...(request.repairs !== undefined && { repairs: request.repairs }),
    configDigest,
    workspaceId: identity.workspaceId,
    ...(!isConnected && { notConnected: true }),
    notes: isConnected ? [...config.notes, ...request.notes, ...skewNote(skew)] : [NOT_CONNECTED],
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
