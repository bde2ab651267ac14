import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../disk-trouble.ts';
import { isKeySegment } from './keys.ts';

/** A line of a listing: an object, or a common prefix (it ends with `/`) for all objects below it. */
export interface Entry {
  readonly kind: 'object' | 'prefix';
  readonly key: string;
}

export interface WalkOptions {
  /** Only keys that begin with it. */
  readonly prefix: string;
  /** Only keys greater than it. */
  readonly after: string;
  /** Stops at the first `/` beyond the prefix. */
  readonly rollUp: boolean;
}

/** The keys below a folder in the order of their UTF-8 bytes. Folders that cannot hold any that is wanted are not read. */
export async function* walk(folder: string, options: WalkOptions, parent = ''): AsyncGenerator<Entry> {
  for (const key of await sortedKeys(folder, parent, options)) {
    if (!key.endsWith('/')) {
      if (compareUtf8(key, options.after) > 0) yield { kind: 'object', key };
      continue;
    }
    const below = walk(join(folder, key.slice(parent.length)), options, key);
    if (!(options.rollUp && key.length > options.prefix.length)) {
      yield* below;
    } else if (!(await below.next()).done) {
      await below.return(undefined);
      yield { kind: 'prefix', key };
    }
  }
}

/** S3 sorts by UTF-8 bytes, which is by code point. JavaScript compares UTF-16 units. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Sorts files by key and folders by key and `/`, so that the order of siblings is the order of all keys below them. */
async function sortedKeys(folder: string, parent: string, { prefix, after }: WalkOptions): Promise<string[]> {
  return (await readFolder(folder))
    .filter((found) => (found.isFile() || found.isDirectory()) && isKeySegment(found.name))
    .map((found) => parent + found.name + (found.isDirectory() ? '/' : ''))
    .filter((key) => key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key)))
    .filter((key) => compareUtf8(key, after) > 0 || (key.endsWith('/') && after.startsWith(key)))
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ key }) => key);
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // The folder's last file was deleted in the meantime.
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
