/** Makes a rewrite count, in the order of a commit: its files are there; now mark, manifest, state. */
import type { Draft } from '../../core/engine-files.ts';
import { draftKey } from '../../core/lake-keys.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { finishCommit } from '../finish-commit.ts';
import { requireSoleLease, type SoleLease } from '../lease.ts';

/** @throws ContractError if another attempt has taken the object over: then nothing has changed */
export async function applyRewrite(
  dependencies: Pick<ObjectDependencies, 'lake' | 'state' | 'declaration' | 'clock'>,
  lease: SoleLease,
  draft: Draft,
): Promise<void> {
  const { state: store, declaration } = dependencies;
  const { run_id: runId } = draft.manifest;
  const committing = { runId, draftKey: draftKey(runId, declaration.name) };
  const marked = await store.markCommitting(declaration.name, lease.fence, committing);
  if (marked.ok) await finishCommit(dependencies, marked.value, draft);
  else await requireSoleLease(dependencies, lease);
}
