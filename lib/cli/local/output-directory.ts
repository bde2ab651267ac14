/** An output directory as its files show it: readable while a sync is running. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError } from '../../../functions/core/errors.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { DirectoryInUseError, isKeySegment, OutputDirectoryError } from '../../standins/aws/index.ts';

/** The resolved configuration of the last sync, as a deployed function finds it beside its bundle. */
export const CONFIG_FILE = 'state/pipeline.json';

/**
 * For commands that only make sense after a sync.
 * @param out the output directory
 * @param below a folder in it
 * @throws InputError if it does not exist, most likely because the path is mistyped
 */
export async function requireFolder(out: string, below = ''): Promise<void> {
  const path = join(resolve(out), below);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new InputError(
    `${path} ${found === null ? 'does not exist' : 'is a file'}. Name the directory of a sync with --out.`,
    { code: 'no_directory' },
  );
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** The lake, straight from its files. @param directory the output directory; the data is in its `lake/` */
export function createDirectoryLake(directory: string): Pick<Lake, 'get' | 'list' | 'sizes'> {
  const root = join(directory, 'lake');

  async function keysBelow(prefix: string): Promise<readonly string[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
      (error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      },
    );
    return (
      entries
        // Desktops leave files of their own in folders that somebody opens.
        .filter((entry) => entry.isFile() && isKeySegment(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .filter((key) => key.startsWith(prefix))
        .sort()
    );
  }

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
      yield* await keysBelow(prefix);
    },
    async *sizes(prefix) {
      for (const key of await keysBelow(prefix)) {
        const found = await stat(join(root, key)).catch((error: unknown) => {
          if (isMissing(error)) return null;
          throw error;
        });
        if (found !== null) yield { key, bytes: found.size, storedAtMs: found.mtimeMs };
      }
    },
  };
}

/** The codes of a disk that takes no more data. */
const DISK_TROUBLE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk of the output directory is full: free some space',
  EDQUOT: 'The quota of the output directory is used up: free some space',
  EROFS: 'The output directory is on a read-only file system: make it writable',
};

/** One sentence about trouble with the disk or the directory; null for any other error. */
export function explainDisk(error: unknown): string | null {
  if (error instanceof DirectoryInUseError || error instanceof OutputDirectoryError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const advice = DISK_TROUBLE[code];
  return advice === undefined
    ? null
    : `${advice}, then run the same command again. Nothing is lost (${code}).`;
}
