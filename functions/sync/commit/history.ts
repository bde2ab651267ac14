/** A full-refresh run replaces the runs before it, so old ones need not be kept forever. */

import type { Manifest } from '../../core/engine-files.ts';
import { originalOf, runIdIn, tierOf } from '../../core/lake-keys.ts';
import { isSharedTable } from '../../core/names.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { purge } from '../rewrite/purge.ts';
import { GRACE_MS } from '../rewrite/tiers.ts';
import { readStored } from '../store.ts';

type PruneDependencies = Pick<ObjectDependencies, 'lake' | 'config' | 'declaration' | 'clock'>;

const knowsEveryList = ({ completeness }: Manifest): boolean =>
  Object.values(completeness.relations).every(({ unknown = 0 }) => unknown === 0);

/**
 * The first of these manifests that knows every list of its records; null if there is none. A child's rows stay current
 * until its list is sent again (docs/output.md).
 */
async function firstWhole(
  { lake, declaration }: PruneDependencies,
  keys: readonly string[],
): Promise<string | null> {
  if (declaration.children.length === 0) return keys[0] ?? null;
  for (const key of keys) {
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest !== null && knowsEveryList(manifest)) return key;
  }
  return null;
}

/** A run beyond the history. */
interface Beyond {
  readonly key: string;
  /** The later run that pushed it beyond the history and superseded it. */
  readonly since: string;
}

/**
 * Those of these manifests that are beyond `history.fullRefreshRuns`: never the last run, a run whose child rows may be
 * current, or a run of an incremental object.
 * @param keys oldest first
 */
export async function beyondHistory(
  dependencies: PruneDependencies,
  keys: readonly string[],
): Promise<readonly Beyond[]> {
  const { config, declaration } = dependencies;
  if (declaration.sync.kind !== 'full_refresh') return [];
  // An erasure stands next to the run that it replaces.
  const runs = keys.filter((key, at) => originalOf(runIdIn(key)) !== originalOf(runIdIn(keys[at + 1] ?? '')));
  const kept = config.history.fullRefreshRuns;
  const beyond: Beyond[] = [];
  for (const [at, key] of runs.slice(0, -kept).entries()) {
    const whole = await firstWhole(dependencies, runs.slice(at + 1));
    // Then there is none for the later runs either.
    if (whole === null) break;
    const since = [whole, runs[at + kept] ?? whole].toSorted().at(-1) ?? whole;
    beyond.push({ key, since });
  }
  return beyond;
}

/** Whether the run recorded something that no later run repeats: deletions and rejects. */
const holdsEvidence = ({ tables }: Manifest): boolean =>
  Object.entries(tables).some(([table, { rows }]) => isSharedTable(table) && rows > 0);

/**
 * Removes runs that have been beyond `history.fullRefreshRuns` for so long that no query can still need their files.
 * @param keys those of all manifests, oldest first
 * @returns true if some of them hold deletions or rejects: a rewrite has to put these together first
 */
export async function pruneHistory(
  dependencies: PruneDependencies,
  keys: readonly string[],
): Promise<boolean> {
  const { lake, clock } = dependencies;
  /** The run with its other versions: what an erasure replaced would count again if only the erasure were removed. */
  const versionsOf = (runId: string): readonly string[] =>
    keys.map(runIdIn).filter((id) => originalOf(id) === originalOf(runId));
  let isEvidenceLeft = false;
  const gone: string[] = [];
  for (const { key, since } of await beyondHistory(dependencies, keys)) {
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest === null) continue;
    if (holdsEvidence(manifest)) {
      isEvidenceLeft ||= tierOf(manifest.run_id) === null;
      continue;
    }
    const later = await readStored<Manifest>(lake, since);
    if (later !== null && clock.now() - Date.parse(later.committed_at) > GRACE_MS)
      gone.push(...versionsOf(runIdIn(key)));
  }
  await purge(dependencies, gone, { isOver: () => false });
  return isEvidenceLeft;
}
