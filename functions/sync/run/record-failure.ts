/** RecordFailure: counts a failed object of the run, records why it failed, and releases its lease. */

import type { Outcome } from '../../core/engine-files.ts';
import { messageOfCause } from '../../core/errors.ts';
import { outcomeKey } from '../../core/lake-keys.ts';
import type { ObjectName } from '../../core/names.ts';
import type { Metrics, ObjectState, StateStore } from '../../core/ports.ts';
import type { RecordFailureEvent } from '../../core/workflow.ts';
import type { RunDependencies } from '../dependencies.ts';
import { storeOnce } from '../store.ts';

export interface RecordFailureDependencies extends RunDependencies {
  readonly state: StateStore;
  readonly metrics: Metrics;
}

/** How many times to try if others change the state at the same moment. */
const MAX_CONTENTION = 5;

/** True if the run has been counted already, or if this run or a later one has committed the object after all. */
const isSettled = ({ failures, committed }: ObjectState, runId: string): boolean =>
  (failures !== null && failures.runId >= runId) || (committed !== null && committed.runId >= runId);

/** Counts the run among the failed runs in a row: once, however often this is repeated. */
async function countFailure(store: StateStore, object: ObjectName, runId: string): Promise<ObjectState> {
  let state = await store.load(object);
  for (let round = 0; round < MAX_CONTENTION && !isSettled(state, runId); round += 1) {
    const counted = await store.countFailure(state, runId);
    state = counted.ok ? counted.value : await store.load(object);
  }
  return state;
}

/** @throws RetryableError if AWS cannot be reached */
export async function recordFailure(
  { lake, observe, state: store, metrics }: RecordFailureDependencies,
  { object, runId, execution, error }: RecordFailureEvent,
): Promise<void> {
  const message = error.Cause ? messageOfCause(error.Cause) : 'no message';
  const isUnavailable = error.Error === 'UnavailableError';
  const state = isUnavailable ? await store.load(object) : await countFailure(store, object, runId);
  const outcome: Outcome = isUnavailable
    ? { status: 'unavailable', message }
    : {
        status: 'failed',
        error: error.Error,
        message,
        failures: state.failures?.count ?? 0,
        cursor: state.committed?.cursor ?? null,
      };
  await storeOnce<Outcome>(lake, outcomeKey(runId, object), outcome);
  const isOurs = state.lease?.executionArn === execution && state.lease.runId === runId;
  if (isOurs && state.committing === null) await store.releaseLease(object, state.fence);
  if (error.Error === 'ConnectionError') metrics.record({ ConnectionLost: 1 }, object);
  observe({ type: 'object_finished', object, status: outcome.status, rows: 0 });
}
