/** The connection's secret as a variable. */
import type { StoredConnection } from '../../../functions/core/authorization.ts';
import type { ConnectionStore } from '../../../functions/core/ports.ts';

export function createMemoryConnectionStore(connection: StoredConnection | null = null): ConnectionStore {
  let stored = structuredClone(connection);
  return {
    load: async () => structuredClone(stored),
    async save(next) {
      stored = structuredClone(next);
    },
    async clear() {
      stored = null;
    },
  };
}
