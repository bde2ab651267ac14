/** Removes manifests that no longer count, with their files. */
import type { Manifest } from '../../core/engine-files.ts';
import { manifestKey } from '../../core/lake-keys.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { readStored } from '../store.ts';

export const filesOf = ({ tables, evidence = [] }: Manifest): readonly string[] => [
  ...Object.values(tables).flatMap(({ files }) => files.map(({ key }) => key)),
  ...evidence.map(({ key }) => key),
];

/**
 * Each manifest goes before its files: what is removed stops existing before it is gone.
 * @returns false if the invocation has to end before all are removed
 */
export async function purge(
  { lake, declaration }: Pick<ObjectDependencies, 'lake' | 'declaration'>,
  runIds: readonly string[],
  { isOver }: { readonly isOver: () => boolean },
): Promise<boolean> {
  for (const runId of runIds) {
    if (isOver()) return false;
    const key = manifestKey(declaration.name, runId);
    const manifest = await readStored<Manifest>(lake, key);
    if (manifest === null) continue;
    await lake.delete([key]);
    await lake.delete(filesOf(manifest));
  }
  return true;
}
