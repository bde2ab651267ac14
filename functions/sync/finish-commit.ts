/** The last two steps of a commit. They are the same for the run itself and for a later run that finds it half done. */

import type { Draft, Manifest } from '../core/engine-files.ts';
import { ContractError } from '../core/errors.ts';
import { manifestKey, purgedKey } from '../core/lake-keys.ts';
import type { CommittedState, ObjectState } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { encodeJson, requireStored } from './store.ts';

const committedBy = (manifest: Manifest, manifestKey: string, draft: Draft): CommittedState => ({
  runId: manifest.run_id,
  manifestKey,
  cursor: manifest.cursor?.after ?? null,
  startFrom: draft.startFrom,
});

/**
 * The last commit stays what it was. If an erasure replaces its manifest, only the key changes. An object that was reset
 * has history, but no last commit.
 */
function afterRewrite(
  manifest: Manifest,
  manifestKey: string,
  { committed }: ObjectState,
): CommittedState | null {
  const isLast =
    committed !== null && manifest.replaces?.some((id) => committed.manifestKey.endsWith(`/${id}.json`));
  return isLast === true ? { ...committed, manifestKey } : committed;
}

/**
 * Writes the manifest first (once, never overwritten), then the state in one conditional update under the
 * fence. If the condition fails, the state is read back: a retry of our own successful write fails too.
 * @throws ContractError if another run has taken the lease in between
 */
export async function finishCommit(
  { lake, state: store, clock }: Pick<ObjectDependencies, 'lake' | 'state' | 'clock'>,
  state: ObjectState,
  draft: Draft,
): Promise<ObjectState> {
  const key = manifestKey(state.object, draft.manifest.run_id);
  const isRewrite = draft.manifest.replaces !== undefined;
  // From now on readers see it, and what it supersedes is kept for running queries, however old the draft is.
  const wanted = { ...draft.manifest, committed_at: isoTime(clock.now()) };
  const isNew = (await lake.putNew(key, encodeJson(wanted))) === 'written';
  const manifest = isNew ? wanted : await requireStored<Manifest>(lake, key);
  const committed = isRewrite ? afterRewrite(manifest, key, state) : committedBy(manifest, key, draft);
  const result = await store.commit(state.object, state.fence, committed);
  if (result.ok) return result.value;
  // We slept while a later run finished this commit, replaced it and removed it: it must not come back.
  const isRevived = isNew && (await lake.get(purgedKey(manifest.run_id, state.object))) !== null;
  if (isRevived) await lake.delete([key]);
  const found = await store.load(state.object);
  // All that a finished rewrite changes in the state is that its mark is gone.
  const isDone = isRewrite
    ? found.committing?.runId !== manifest.run_id
    : found.committed?.runId === manifest.run_id;
  if (isDone) return found;
  throw new ContractError(
    `Run ${manifest.run_id} could not move the cursor of ${state.object}: another run has taken the object over.`,
    { code: 'lease_lost' },
  );
}
