/** Runs the pipeline of a directory: first an interrupted run, then the requested one, until no work remains. */
import { isDeepStrictEqual } from 'node:util';
import type { RunContext, RunSummary } from '../../../functions/core/engine-files.ts';
import { messageOfCause } from '../../../functions/core/errors.ts';
import { runContextKey, runSummaryKey } from '../../../functions/core/lake-keys.ts';
import type { EpochMs } from '../../../functions/core/time.ts';
import { runIdOfExecution } from '../../../functions/sync/run/start-run.ts';
import { readStored } from '../../../functions/sync/store.ts';
import type { LocalExecution, LocalExecutions } from '../../standins/aws/workflow/executions.ts';
import type { LocalPipeline } from './local-pipeline.ts';
import { createDirectoryLake } from './output-directory.ts';

/** An older interrupted run is dropped: reading again is better than finishing an outdated plan. */
const MAX_RESUME_AGE_MS = 24 * 3_600_000;

export interface SyncRequest {
  /** The run's input, as a schedule or a person gives it. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly now: () => EpochMs;
  /** A resumed run that began less than this ago answers the request too: a new one would add nothing. */
  readonly overlapMs: number;
  /** Called before an interrupted run resumes. */
  readonly onResume: (interrupted: LocalExecution) => void;
  /** Called when an interrupted run is dropped: it is too old, or has another configuration. */
  readonly onGiveUp: (interrupted: LocalExecution) => void;
}

export type SyncResult =
  | { readonly status: 'finished'; readonly runs: readonly RunSummary[] }
  | { readonly status: 'aborted' }
  /** The run failed before it could write a summary, such as for bad input or a missing connection. */
  | { readonly status: 'failed'; readonly error: string; readonly message: string };

type ExecutionResult =
  | { readonly status: 'finished'; readonly summary: RunSummary }
  | Exclude<SyncResult, { readonly status: 'finished' }>;

/** Runs one execution to its end, or until the signal. An aborted one stays unfinished and can resume. */
async function runExecution(
  { runner, executions }: LocalPipeline,
  execution: LocalExecution,
  { signal, directory }: SyncRequest,
): Promise<ExecutionResult> {
  const outcome = await runner.run({
    executionArn: execution.arn,
    executionName: execution.name,
    startTime: execution.startTime,
    input: execution.input,
    signal,
  });
  await runner.idle();
  if (outcome.status === 'ABORTED') return { status: 'aborted' };
  executions.finish(outcome.status);
  const key = runSummaryKey(runIdOfExecution(execution));
  const summary = await readStored<RunSummary>(createDirectoryLake(directory), key);
  if (summary !== null) return { status: 'finished', summary };
  if (outcome.status === 'SUCCEEDED') throw new Error(`The run succeeded, but '${key}' is missing.`);
  return { status: 'failed', error: outcome.error.name, message: messageOfCause(outcome.error.cause) };
}

/** True if the interrupted run, once finished, covers the request. */
const coversRequest = ({ input, startTime }: LocalExecution, request: SyncRequest): boolean =>
  isDeepStrictEqual(input, request.input) && request.now() - Date.parse(startTime) < request.overlapMs;

/** True if the run began with other code or another configuration. */
async function hasOtherConfig(
  { configDigest }: LocalPipeline,
  interrupted: LocalExecution,
  { directory }: SyncRequest,
): Promise<boolean> {
  const key = runContextKey(runIdOfExecution(interrupted));
  const run = await readStored<RunContext>(createDirectoryLake(directory), key);
  return run !== null && run.configDigest !== configDigest;
}

/** Ends an interrupted run for good, if there is one, and says why. @param why without a full stop */
export function dropInterrupted(
  executions: LocalExecutions,
  tell: (text: string) => void,
  why: string,
): void {
  const interrupted = executions.unfinished();
  if (interrupted === undefined) return;
  executions.finish('ABORTED');
  tell(`The interrupted run of ${interrupted.startTime} is dropped: ${why}. The next sync starts a new one.`);
}

/** The execution to run first: an interrupted one, or the next one that a finished run asked for. */
async function pending(pipeline: LocalPipeline, request: SyncRequest): Promise<LocalExecution | null> {
  const { executions } = pipeline;
  const interrupted = executions.unfinished();
  if (interrupted === undefined) return executions.next() ?? null;
  const isTooOld = request.now() - Date.parse(interrupted.startTime) > MAX_RESUME_AGE_MS;
  if (isTooOld || (await hasOtherConfig(pipeline, interrupted, request))) {
    executions.finish('ABORTED');
    request.onGiveUp(interrupted);
    return null;
  }
  request.onResume(interrupted);
  return interrupted;
}

/**
 * Brings the directory up to date. An interrupted run resumes as the same execution, with the same run,
 * plans and receipts (Step Functions calls that a redrive).
 */
export async function syncLocally(pipeline: LocalPipeline, request: SyncRequest): Promise<SyncResult> {
  const { executions } = pipeline;
  const runs: RunSummary[] = [];
  const interrupted = await pending(pipeline, request);
  let execution = interrupted ?? executions.begin({ input: request.input });
  let isAnswered = interrupted === null || coversRequest(interrupted, request);
  for (;;) {
    const result = await runExecution(pipeline, execution, request);
    if (result.status !== 'finished') return result;
    runs.push(result.summary);
    const next = executions.next();
    if (next !== undefined) {
      execution = next;
    } else if (!isAnswered) {
      execution = executions.begin({ input: request.input });
      isAnswered = true;
    } else {
      return { status: 'finished', runs };
    }
  }
}
