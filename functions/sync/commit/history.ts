/** A full-refresh run replaces the runs before it, so old ones need not be kept forever. */

import type { Manifest } from '../../core/engine-files.ts';
import { manifestPrefix } from '../../core/lake-keys.ts';
import { isSharedTable } from '../../core/names.ts';
import type { ObjectDependencies } from '../dependencies.ts';
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
 * Removes old runs beyond `history.fullRefreshRuns`: each manifest first, so that a run stops existing before
 * its files go. Never removes the last run, one whose children may be current, or runs of incremental objects.
 */
export async function pruneHistory(dependencies: PruneDependencies): Promise<void> {
  const { lake, config, declaration } = dependencies;
  if (declaration.sync.kind !== 'full_refresh') return;
  const keys: string[] = [];
  for await (const key of lake.list(manifestPrefix(declaration.name))) keys.push(key);
  const old = keys.slice(0, -config.history.fullRefreshRuns);
  const whole = old.length === 0 ? null : await newestWhole(dependencies, keys);
  for (const key of old.filter((one) => whole !== null && one < whole)) {
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest === null) continue;
    await lake.delete([key]);
    // An object may delete nothing from the shared tables. Its files there are no longer listed, so they are not data.
    const own = Object.entries(manifest.tables).filter(([table]) => !isSharedTable(table));
    await lake.delete(own.flatMap(([, { files }]) => files.map((file) => file.key)));
  }
}
