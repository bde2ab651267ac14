/** The state store as a map; what goes in and comes out are copies. */
import type { ObjectName } from '../../functions/core/names.ts';
import type { Conditional, ObjectState, StateStore } from '../../functions/core/ports.ts';

export function createMemoryStateStore(): StateStore {
  const states = new Map<ObjectName, ObjectState>();
  let workspace: string | null = null;

  const stateOf = (object: ObjectName): ObjectState =>
    structuredClone(
      states.get(object) ?? { object, fence: 0, lease: null, committing: null, committed: null },
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
    commit: async (object, fence, committed) => change(object, fence, { committed, committing: null }),
    async releaseLease(object, fence) {
      change(object, fence, { lease: null });
    },
    async claimWorkspace(workspaceId) {
      workspace ??= workspaceId;
      return workspace;
    },
    claimedWorkspace: async () => workspace,
    async moveWorkspace(workspaceId) {
      workspace = workspaceId;
    },
    reset: async (object, fence) =>
      change(object, fence, { committed: null, committing: null, lease: null, fence: fence + 1 }),
  };
}
