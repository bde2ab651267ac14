/** The state store as a map; values are copied on the way in and out. */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Conditional, ObjectState, StateStore } from '../../../functions/core/ports.ts';

export function createMemoryStateStore(): StateStore {
  const states = new Map<ObjectName, ObjectState>();
  let workspace: string | null = null;
  let replaced: string | null = null;

  const stateOf = (object: ObjectName): ObjectState =>
    structuredClone(
      states.get(object) ?? {
        object,
        fence: 0,
        lease: null,
        committing: null,
        committed: null,
        failures: null,
      },
    );

  function change(
    object: ObjectName,
    fence: number,
    changes: Partial<ObjectState>,
  ): Conditional<ObjectState> {
    const before = stateOf(object);
    if (before.fence !== fence) return { ok: false };
    states.set(object, structuredClone({ ...before, ...changes }));
    return { ok: true, value: stateOf(object) };
  }

  return {
    load: async (object) => stateOf(object),
    takeLease: async (object, fence, lease) => change(object, fence, { lease, fence: fence + 1 }),
    markCommitting: async (object, fence, committing) => change(object, fence, { committing }),
    commit: async (object, fence, committed) =>
      change(object, fence, { committed, committing: null, failures: null }),
    async countFailure({ object, fence, committed }, runId) {
      const now = stateOf(object);
      const isCounted = now.failures !== null && now.failures.runId >= runId;
      if (isCounted || !isDeepStrictEqual(now.committed, committed)) return { ok: false };
      return change(object, fence, { failures: { count: (now.failures?.count ?? 0) + 1, runId } });
    },
    async releaseLease(object, fence) {
      change(object, fence, { lease: null });
    },
    async claimWorkspace(workspaceId) {
      workspace ??= workspaceId;
      return workspace;
    },
    claimedWorkspace: async () => workspace,
    async moveWorkspace(workspaceId) {
      if (workspace !== workspaceId) replaced ??= workspace;
      workspace = workspaceId;
    },
    replacedWorkspace: async () => replaced,
    async endReplacement() {
      replaced = null;
    },
    reset: async (object, fence) =>
      change(object, fence, {
        committed: null,
        committing: null,
        lease: null,
        failures: null,
        fence: fence + 1,
      }),
  };
}
