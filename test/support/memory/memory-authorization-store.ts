/** Requests to authorize as a map. */
import type { AuthorizationOutcome, AuthorizationRequest } from '../../../functions/core/authorization.ts';
import type { AuthorizationStore } from '../../../functions/core/ports.ts';

interface Entry {
  readonly request: AuthorizationRequest;
  isTaken: boolean;
  outcome: AuthorizationOutcome | null;
}

export function createMemoryAuthorizationStore(): AuthorizationStore {
  const entries = new Map<string, Entry>();
  return {
    async begin(stateHash, request) {
      entries.set(stateHash, { request, isTaken: false, outcome: null });
    },
    async take(stateHash, now) {
      const entry = entries.get(stateHash);
      if (entry === undefined) return { status: 'unknown' };
      if (entry.isTaken) return { status: 'used', outcome: entry.outcome };
      if (entry.request.expiresAt <= now) return { status: 'expired' };
      entry.isTaken = true;
      return { status: 'taken', request: entry.request };
    },
    async settle(stateHash, outcome) {
      const entry = entries.get(stateHash);
      if (entry?.isTaken !== true) throw new Error('Only a request that was taken can be settled.');
      entry.outcome = outcome;
    },
    outcome: async (stateHash) => entries.get(stateHash)?.outcome ?? null,
  };
}
