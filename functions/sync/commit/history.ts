/** A full-refresh run replaces the runs before it, so old ones need not be kept forever. */

import type { Manifest } from '../../core/engine-files.ts';
import { manifestPrefix } from '../../core/lake-keys.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { readStored } from '../store.ts';

/**
 * Removes old runs beyond `history.fullRefreshRuns`: each manifest first, so that a run stops existing before
 * its files go. Never removes the last run, or runs of incremental objects.
 */
export async function pruneHistory(
  dependencies: Pick<ObjectDependencies, 'lake' | 'config' | 'declaration'>,
): Promise<void> {
  const { lake, config, declaration } = dependencies;
  if (declaration.sync.kind !== 'full_refresh') return;
  const keys: string[] = [];
  for await (const key of lake.list(manifestPrefix(declaration.name))) keys.push(key);
  for (const key of keys.slice(0, -config.history.fullRefreshRuns)) {
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest === null) continue;
    await lake.delete([key]);
    await lake.delete(Object.values(manifest.tables).flatMap(({ files }) => files.map((file) => file.key)));
  }
}
