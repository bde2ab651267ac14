/** Forgets the state of an object, so that the next run reads all of it again. */
import { ContractError, InputError } from '../../../functions/core/errors.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { RemotePipeline } from './remote-pipeline.ts';

type Forgettable = Pick<RemotePipeline, 'state' | 'runs' | 'command'>;

const objectHeld = (object: ObjectName, runId: string, { command }: Forgettable): InputError =>
  new InputError(
    `Run ${runId} is reading ${object}, so nothing was forgotten. Try again when it has ended, or stop it first: ${command('stop')}`,
    { code: 'object_held' },
  );

/**
 * Makes sure that no run holds any of the objects.
 * @returns the fence of each
 * @throws InputError naming the run that holds one
 */
export async function requireFree(
  pipeline: Forgettable,
  objects: readonly ObjectName[],
): Promise<ReadonlyMap<ObjectName, number>> {
  const { state, runs } = pipeline;
  const fences = new Map<ObjectName, number>();
  for (const object of objects) {
    const { lease, fence } = await state.load(object);
    const execution = lease === null ? null : await runs.describe(lease.executionArn);
    if (lease !== null && execution?.status === 'running') throw objectHeld(object, lease.runId, pipeline);
    fences.set(object, fence);
  }
  return fences;
}

/**
 * Forgets cursor, debts and schema of the objects, each under the fence at which it was free.
 * @throws InputError if a run takes an object in the meantime; that one and those after it stay unchanged
 */
export async function forgetObjects(pipeline: Forgettable, objects: readonly ObjectName[]): Promise<void> {
  for (const [object, fence] of await requireFree(pipeline, objects)) {
    const { ok } = await pipeline.state.reset(object, fence);
    if (ok) continue;
    const { lease } = await pipeline.state.load(object);
    throw objectHeld(object, lease?.runId ?? '(just started)', pipeline);
  }
}

/** Attempts to reset an object whose fence keeps moving. */
const MOST_ATTEMPTS = 5;

/**
 * Forgets the objects even if a run holds them: the fence moves, so nothing of that run is committed.
 * @throws ContractError if runs keep taking an object
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
        throw new ContractError(`Runs keep taking the lease of ${object}. Stop them first.`, {
          code: 'lease_contention',
        });
      }
    }
  }
}
