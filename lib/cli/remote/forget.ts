/** Forgets what is known of an object, so that the next run reads it whole again. */
import { ContractError, InputError } from '../../../functions/core/errors.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { RemotePipeline } from './remote-pipeline.ts';

const isAtWork = (object: ObjectName, runId: string): InputError =>
  new InputError(
    `Run ${runId} is working on ${object}: nothing was forgotten. Try again when it has ended, or stop it in the Step Functions console first.`,
    { code: 'object_held' },
  );

/**
 * Refuses while a run holds one of the objects.
 * @throws InputError naming the run
 */
export async function requireFree(
  { state, runs }: Pick<RemotePipeline, 'state' | 'runs'>,
  objects: readonly ObjectName[],
): Promise<ReadonlyMap<ObjectName, number>> {
  const fences = new Map<ObjectName, number>();
  for (const object of objects) {
    const { lease, fence } = await state.load(object);
    const execution = lease === null ? null : await runs.describe(lease.executionArn);
    if (lease !== null && execution?.status === 'running') throw isAtWork(object, lease.runId);
    fences.set(object, fence);
  }
  return fences;
}

/**
 * Forgets cursor, debts and schema of the objects, each under the fence at which no run held it.
 * @throws InputError where a run takes an object at this very moment; that one and those after it are as before
 */
export async function forgetObjects(
  pipeline: Pick<RemotePipeline, 'state' | 'runs'>,
  objects: readonly ObjectName[],
): Promise<void> {
  for (const [object, fence] of await requireFree(pipeline, objects)) {
    const { ok } = await pipeline.state.reset(object, fence);
    if (ok) continue;
    const { lease } = await pipeline.state.load(object);
    throw isAtWork(object, lease?.runId ?? 'of this moment');
  }
}

/** Attempts to reset an object whose fence moves at the same moment. */
const MOST_ATTEMPTS = 5;

/**
 * Forgets the objects even where a run holds them: the fence moves, so that nothing of that run is committed.
 * @throws ContractError where runs keep taking an object
 */
export async function takeAway(
  { state }: Pick<RemotePipeline, 'state'>,
  objects: readonly ObjectName[],
): Promise<void> {
  for (const object of objects) {
    for (let attempt = 1; ; attempt += 1) {
      const { fence, lease, committing, committed } = await state.load(object);
      if (lease === null && committing === null && committed === null) break;
      if ((await state.reset(object, fence)).ok) break;
      if (attempt === MOST_ATTEMPTS) {
        throw new ContractError(`The lease of ${object} changes hands all the time: stop the runs first.`, {
          code: 'lease_contention',
        });
      }
    }
  }
}
