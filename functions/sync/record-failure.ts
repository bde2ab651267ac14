/** RecordFailure: an object of the run failed; write down why, give its lease back, let the others go on. */
import { messageOfCause } from '../core/error-cause.ts';
import { outcomeKey } from '../core/lake-keys.ts';
import type { StateStore } from '../core/ports.ts';
import type { Outcome } from '../core/records.ts';
import type { RecordFailureEvent } from '../core/workflow.ts';
import type { RunDependencies } from './dependencies.ts';
import { storeOnce } from './store.ts';

export async function recordFailure(
  { lake, observe, state: store }: RunDependencies & { readonly state: StateStore },
  event: RecordFailureEvent,
): Promise<void> {
  const { object, runId, error } = event;
  const message = error.Cause ? messageOfCause(error.Cause) : 'no message';
  const outcome: Outcome =
    error.Error === 'UnavailableError'
      ? { status: 'unavailable', message }
      : { status: 'failed', error: error.Error, message };
  await storeOnce<Outcome>(lake, outcomeKey(runId, object), outcome);
  const state = await store.load(object);
  const isOurs = state.lease?.executionArn === event.execution && state.lease.runId === runId;
  if (isOurs && state.committing === null) await store.releaseLease(object, state.fence);
  observe({ type: 'object_finished', object, status: outcome.status, rows: 0 });
}
