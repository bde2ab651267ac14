/** Files that have the name of one attempt: nobody else writes them, and until a receipt lists them nobody reads them. */
import type { Lake } from '../core/ports.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { requireSoleLease, type SoleLease } from './lease.ts';

/**
 * Puts such files, and takes one away again if the object was taken over meanwhile: an attempt may have slept through
 * an erasure, and nobody would look for its file any more (decision 022).
 * @throws ContractError if the object was taken over
 */
export function ownFiles(
  dependencies: Pick<ObjectDependencies, 'lake' | 'state' | 'declaration'>,
  lease: SoleLease,
): Pick<Lake, 'get' | 'putNew'> {
  const { lake } = dependencies;
  return {
    get: lake.get,
    async putNew(key, body) {
      const result = await lake.putNew(key, body);
      try {
        await requireSoleLease(dependencies, lease);
      } catch (error) {
        await lake.delete([key]);
        throw error;
      }
      return result;
    },
  };
}
