/** The lake of an output directory, read straight from its files: works while a sync has the directory. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lake } from '../../../functions/core/ports.ts';

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** @param directory the output directory; the data lies in its `lake/` */
export function createDirectoryLake(directory: string): Pick<Lake, 'get' | 'list'> {
  const root = join(directory, 'lake');
  return {
    async get(key) {
      try {
        return await readFile(join(root, key));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async *list(prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
        (error: unknown) => {
          if (isMissing(error)) return [];
          throw error;
        },
      );
      const keys = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .filter((key) => key.startsWith(prefix));
      yield* keys.sort();
    },
  };
}
