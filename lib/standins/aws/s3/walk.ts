import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../disk-trouble.ts';
import { isKeySegment } from './keys.ts';

export interface WalkOptions {
  /** Only keys that begin with it. */
  readonly prefix: string;
  /** Only keys greater than it. */
  readonly after: string;
}

/** The keys below a folder in the order of their UTF-8 bytes. Does not read folders that cannot hold a wanted key. */
export async function* walk(folder: string, options: WalkOptions, parent = ''): AsyncGenerator<string> {
  for (const key of await sortedKeys(folder, parent, options)) {
    if (key.endsWith('/')) yield* walk(join(folder, key.slice(parent.length)), options, key);
    else if (compareUtf8(key, options.after) > 0) yield key;
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
