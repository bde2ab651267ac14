/** A full-refresh run replaces the runs before it, so old ones need not be kept forever. */

import type { Manifest } from '../../core/engine-files.ts';
import { manifestPrefix, originalOf, runIdIn, tierOf } from '../../core/lake-keys.ts';
import { isSharedTable } from '../../core/names.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { purge } from '../rewrite/purge.ts';
import { readStored } from '../store.ts';

type PruneDependencies = Pick<ObjectDependencies, 'lake' | 'config' | 'declaration'>;

const knowsEveryList = ({ completeness }: Manifest): boolean =>
  Object.values(completeness.relations).every(({ unknown = 0 }) => unknown === 0);

/**
 * The run that every older one is superseded by: the newest that knows every list of its records. A child's rows stay
 * current until its list comes again (docs/output.md). Null if there is none.
 */
async function newestWhole(
  { lake, declaration }: PruneDependencies,
  keys: readonly string[],
): Promise<string | null> {
  if (declaration.children.length === 0) return keys.at(-1) ?? null;
  for (const key of keys.toReversed()) {
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest !== null && knowsEveryList(manifest)) return key;
  }
  return null;
}

/**
 * Of these manifests, oldest first, those beyond `history.fullRefreshRuns`: never the last run, one whose children may
 * be current, or a run of an incremental object.
 */
export async function beyondHistory(
  dependencies: PruneDependencies,
  keys: readonly string[],
): Promise<readonly string[]> {
  const { config, declaration } = dependencies;
  if (declaration.sync.kind !== 'full_refresh') return [];
  // An erasure stands next to the run that it replaces.
  const runs = keys.filter((key, at) => originalOf(runIdIn(key)) !== originalOf(runIdIn(keys[at + 1] ?? '')));
  const old = runs.slice(0, -config.history.fullRefreshRuns);
  const whole = old.length === 0 ? null : await newestWhole(dependencies, keys);
  return old.filter((key) => whole !== null && key < whole);
}

/** Whether the run noticed something that no later run says again: deletions, and what could not be a row. */
const holdsEvidence = ({ tables }: Manifest): boolean =>
  Object.entries(tables).some(([table, { rows }]) => isSharedTable(table) && rows > 0);

/**
 * Removes runs beyond `history.fullRefreshRuns`.
 * @returns true if some of them hold deletions or rejects: these are put together by a rewrite first
 */
export async function pruneHistory(dependencies: PruneDependencies): Promise<boolean> {
  const { lake, declaration } = dependencies;
  const keys = await Array.fromAsync(lake.list(manifestPrefix(declaration.name)));
  /** With what an erasure replaced and that waits for queries: by itself it would count again. */
  const versionsOf = (runId: string): readonly string[] =>
    keys.map(runIdIn).filter((id) => originalOf(id) === originalOf(runId));
  let isEvidenceLeft = false;
  const gone: string[] = [];
  for (const key of await beyondHistory(dependencies, keys)) {
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest === null) continue;
    if (holdsEvidence(manifest)) isEvidenceLeft ||= tierOf(manifest.run_id) === null;
    else gone.push(...versionsOf(runIdIn(key)));
  }
  await purge(dependencies, gone, { isOver: () => false });
  return isEvidenceLeft;
}
