/** Removes manifests that no longer count, with their files. */
import type { Manifest } from '../../core/engine-files.ts';
import { isErased, manifestKey, originalOf, purgedKey, runIdIn } from '../../core/lake-keys.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { filesOf, manifestKeys } from '../manifests.ts';
import { encodeJson, readStored } from '../store.ts';

type PurgeDependencies = Pick<ObjectDependencies, 'lake' | 'declaration'>;

/** Files that the remaining erasures took over from what they replaced. */
async function takenOver(
  { lake, declaration }: PurgeDependencies,
  runIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (runIds.length === 0) return new Set();
  const keys = await manifestKeys(lake, declaration.name);
  const erased = keys.filter((key) => isErased(runIdIn(key)) && !runIds.includes(runIdIn(key)));
  const manifests = await Promise.all(erased.map((key) => readStored<Manifest>(lake, key)));
  return new Set(manifests.flatMap((manifest) => (manifest === null ? [] : filesOf(manifest))));
}

/**
 * Each manifest goes before its files, so that it stops counting first. What an erasure replaced goes before the
 * erasure, so that it never counts again; the files that they share go after both.
 * @returns false if the invocation has to end before all are removed
 */
export async function purge(
  dependencies: PurgeDependencies,
  runIds: readonly string[],
  { isOver }: { readonly isOver: () => boolean },
): Promise<boolean> {
  const { lake, declaration } = dependencies;
  const kept = await takenOver(dependencies, runIds);
  for (const [at, ids] of [...Map.groupBy(runIds.toSorted(), originalOf).values()].entries()) {
    if (at > 0 && isOver()) return false;
    const stored = await Promise.all(
      ids.map((id) => readStored<Manifest>(lake, manifestKey(declaration.name, id))),
    );
    const manifests = stored
      .filter((manifest) => manifest !== null)
      .toSorted((a, b) => (a.replaces?.length ?? 0) - (b.replaces?.length ?? 0));
    for (const { run_id } of manifests) {
      await lake.putNew(purgedKey(run_id, declaration.name), encodeJson({}));
      await lake.delete([manifestKey(declaration.name, run_id)]);
    }
    const files = manifests.flatMap(filesOf);
    await lake.delete([...new Set(files)].filter((file) => !kept.has(file)));
  }
  return true;
}
