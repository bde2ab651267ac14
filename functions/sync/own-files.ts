/** Files named after one attempt: nobody else writes them, and nobody reads them until a receipt lists them. */
import type { Lake } from '../core/ports.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { requireSoleLease, type SoleLease } from './lease.ts';

/**
 * Puts such files, and deletes a file again if the object was taken over meanwhile: the attempt may have slept through
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
