/** FinishRun: writes the run's summary, starts the next run at once if work remains, and sends event and metrics. */

import type {
  Manifest,
  ObjectSummary,
  Outcome,
  Plan,
  RunContext,
  RunSummary,
} from '../../core/engine-files.ts';
import { manifestPrefix, outcomeKey, planKey, runContextKey, runSummaryKey } from '../../core/lake-keys.ts';
import type { ObjectName } from '../../core/names.ts';
import type { Events, Metrics } from '../../core/ports.ts';
import { syncCompleted } from '../../core/sync-event.ts';
import { type EpochMs, isoTime } from '../../core/time.ts';
import { type FinishRunEvent, type FinishRunResult, nextExecutionName } from '../../core/workflow.ts';
import type { RunDependencies } from '../dependencies.ts';
import { committedOf } from '../manifests.ts';
import { lastOutcome, latestRuns } from '../status.ts';
import { readLast, readStored, requireStored, storeOnce } from '../store.ts';
import { upTo } from '../up-to.ts';
import { attentionNotes, reportRun } from './report-run.ts';

export interface FinishRunDependencies extends RunDependencies {
  readonly events: Events;
  readonly metrics: Metrics;
  /** The schedules are paused: what remains waits until they resume, or until somebody starts a run. */
  readonly paused: boolean;
}

const EMPTY = {
  rows: {},
  files: 0,
  bytes: 0,
  completeness: null,
  schema: null,
  cursor: null,
  work_remains: false,
} as const;

const NO_OUTCOME: Outcome = {
  status: 'failed',
  error: 'Aborted',
  message: 'It was stopped before it could report why. See the logs of its function.',
};

/** @param after what went wrong after the manifest was written. The run is committed all the same. */
function committedSummary(manifest: Manifest, plan: Plan | null, after: Outcome | null): ObjectSummary {
  const { version, added, changed, dropped } = manifest.schema;
  const tables = Object.entries(manifest.tables);
  const files = tables.flatMap(([, table]) => table.files);
  return {
    object: manifest.object,
    status: 'committed',
    message: after?.message ?? null,
    error: null,
    rows: Object.fromEntries(tables.map(([name, table]) => [name, table.rows])),
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(manifest.requests !== undefined && { requests: manifest.requests }),
    completeness: manifest.completeness,
    schema: { version, added, changed, dropped },
    ...(manifest.rules?.mixed === true && { mixed_rules: true }),
    cursor: manifest.cursor?.after ?? null,
    work_remains: plan?.workRemains ?? false,
    committed_at: manifest.committed_at,
    up_to: upTo(manifest),
  };
}

/** @param last the newest manifest of an earlier run */
function uncommittedSummary(object: ObjectName, outcome: Outcome, last: Manifest | null): ObjectSummary {
  const { status, message } = outcome;
  const summary = { ...EMPTY, object, status, message, up_to: last === null ? null : upTo(last) };
  if (status !== 'failed') return { ...summary, error: null };
  const { error, cursor = null, failures } = outcome;
  return { ...summary, error, cursor, ...(failures !== undefined && { failures }) };
}

async function summarize(
  { lake }: RunDependencies,
  runId: string,
  object: ObjectName,
): Promise<ObjectSummary> {
  const manifest = await committedOf(lake, object, runId);
  const outcome = await readStored<Outcome>(lake, outcomeKey(runId, object));
  if (manifest !== null) {
    return committedSummary(manifest, await readStored<Plan>(lake, planKey(runId, object)), outcome);
  }
  const last = await readLast<Manifest>(lake, manifestPrefix(object));
  return uncommittedSummary(object, outcome ?? NO_OUTCOME, last);
}

function causeOf(objects: readonly ObjectSummary[]): string {
  const failed = objects.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return '';
  const list = failed.map(({ object, error, message }) => `${object} (${error}: ${message})`).join('; ');
  return `${failed.length} of ${objects.length} objects failed: ${list}`;
}

/** Marks objects that were unavailable before, too. Earlier runs are read only if one is unavailable now. */
async function withWhatWasTold(
  { lake }: RunDependencies,
  objects: readonly ObjectSummary[],
): Promise<readonly ObjectSummary[]> {
  const unavailable = objects.filter(({ status }) => status === 'unavailable').map(({ object }) => object);
  if (unavailable.length === 0) return objects;
  const runs = await latestRuns(lake, unavailable);
  const wasTold = ({ object, status }: ObjectSummary): boolean =>
    status === 'unavailable' && lastOutcome(runs, object)?.status === 'unavailable';
  return objects.map((one) => (wasTold(one) ? { ...one, still: true } : one));
}

/** Characters: a little less than a state machine's Fail state accepts as its cause. */
const MAX_CAUSE = 8_000;

function statusOf({ notConnected }: RunContext, objects: readonly ObjectSummary[]): RunSummary['status'] {
  if (notConnected === true) return 'not_connected';
  return objects.some(({ status }) => status === 'failed') ? 'failed' : 'succeeded';
}

const PAUSED =
  'There is more to read, but the pipeline is paused, so no next run was started. The next run continues from here.';

interface Ending {
  readonly objects: readonly ObjectSummary[];
  readonly finishedAtMs: EpochMs;
  readonly paused: boolean;
}

function summaryOf(run: RunContext, { objects, finishedAtMs, paused }: Ending): RunSummary {
  const workRemains = objects.some((object) => object.work_remains);
  const isPaused = workRemains && paused;
  return {
    format: 1,
    run_id: run.runId,
    status: statusOf(run, objects),
    mode: run.mode,
    started_at: isoTime(run.startedAtMs),
    finished_at: isoTime(finishedAtMs),
    workspace_id: run.workspaceId,
    objects,
    notes: [...run.notes, ...attentionNotes(objects, finishedAtMs), ...(isPaused ? [PAUSED] : [])],
    work_remains: workRemains,
    ...(isPaused && { paused: true }),
  };
}

/**
 * Ends a run. The summary is written once. A repeated call does not start a second next run, but sends the same
 * event again. Metrics come last: if the event fails and the call is repeated, nothing counts twice.
 * @throws RetryableError if AWS cannot be reached; ContractError if the run's context is missing
 */
export async function finishRun(
  dependencies: FinishRunDependencies,
  event: FinishRunEvent,
): Promise<FinishRunResult> {
  const { lake, clock, config, executions, events, paused } = dependencies;
  // Does not check the configuration: what the run did is reported even if another one was deployed meanwhile.
  const run = await requireStored<RunContext>(lake, runContextKey(event.runId));
  const objects = await withWhatWasTold(
    dependencies,
    await Promise.all(run.objects.map((name) => summarize(dependencies, run.runId, name))),
  );
  const summary = await storeOnce(
    lake,
    runSummaryKey(run.runId),
    summaryOf(run, { objects, finishedAtMs: clock.now(), paused }),
  );
  const remaining = summary.objects.filter((object) => object.work_remains).map(({ object }) => object);
  const startsNext = remaining.length > 0 && summary.paused !== true;
  if (startsNext) {
    await executions.start(event.stateMachine, nextExecutionName(run.runId), { objects: remaining });
  }
  await events.syncCompleted(syncCompleted(config.name, summary));
  reportRun(dependencies, summary);
  return {
    status: summary.status === 'failed' ? 'failed' : 'succeeded',
    runId: run.runId,
    cause: causeOf(summary.objects).slice(0, MAX_CAUSE),
    nextRunStarted: startsNext,
  };
}
