/** Contacts over memory twins, and the maintenance of their history. */
import { runIdIn } from '../../functions/core/lake-keys.ts';
import type { Lease } from '../../functions/core/ports.ts';
import { pruneHistory } from '../../functions/sync/commit/history.ts';
import type { ObjectDependencies } from '../../functions/sync/dependencies.ts';
import { knownErasures } from '../../functions/sync/erasures.ts';
import { manifestKeys } from '../../functions/sync/manifests.ts';
import { isMaintenanceDue } from '../../functions/sync/rewrite/due.ts';
import { maintainObject } from '../../functions/sync/rewrite/maintain.ts';
import { createPipeline, dependenciesOf } from './dependencies.ts';
import { createWorld, createWorldReader } from './search-world.ts';

/** A pipeline that reads contacts from a world without any. */
export function contactsPipeline(compression: 'gzip' | 'none') {
  const pipeline = createPipeline();
  const world = createWorld([], { granularity: 'second', inclusive: false });
  const reader = createWorldReader(world, { nowMs: pipeline.clock.now });
  const dependencies = dependenciesOf(pipeline, {
    object: 'contacts',
    reader,
    limit: 166,
    config: { compression },
    limits: { maxSlices: 8, sliceRecords: 1_000 },
  });
  return { pipeline, world, dependencies };
}

/** Whether a commit would have the object's history maintained. */
export const isDue = async (dependencies: ObjectDependencies): Promise<boolean> => {
  const { lake, declaration } = dependencies;
  const ids = (await manifestKeys(lake, declaration.name)).map(runIdIn);
  return isMaintenanceDue(dependencies, await knownErasures(lake), ids);
};

/** As a commit does it. */
export const prune = async (dependencies: ObjectDependencies): Promise<boolean> => {
  const { lake, whole } = dependencies;
  return pruneHistory({ ...dependencies, declaration: whole }, await manifestKeys(lake, whole.name));
};

/**
 * Maintains by invocations that are over after a few looks at their time.
 * @param mostCalls more are an error: it is never done
 * @returns how many invocations it took
 */
export async function maintainInSteps(
  dependencies: ObjectDependencies,
  holder: Lease,
  { looks, mostCalls }: { readonly looks: number; readonly mostCalls: number },
): Promise<number> {
  for (let calls = 1; calls <= mostCalls; calls += 1) {
    let looked = 0;
    const isOver = (): boolean => {
      looked += 1;
      return looked > looks;
    };
    const { status } = await maintainObject(dependencies, holder, { id: `a${calls}`, isOver });
    if (status === 'done') return calls;
  }
  throw new Error('It is never done.');
}
