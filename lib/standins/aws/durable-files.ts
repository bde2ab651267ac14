import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './disk-trouble.ts';

/** A folder may vanish between its creation and its use, because deleting its last file removes it. */
const PLACE_TRIES = 20;

/**
 * Gives a finished file its name in one step. `link` fails with EEXIST if the name is taken; `rename` replaces
 * the file that has it. Missing folders are created. Once this resolves, the name survives a power cut (on a
 * journaling file system, which flushes the parent folders along with a folder).
 */
export async function placeFile(from: string, to: string, how: 'link' | 'rename'): Promise<void> {
  const folder = dirname(to);
  for (let tries = 1; ; tries++) {
    try {
      await makeFolder(folder);
      await (how === 'link' ? link(from, to) : rename(from, to));
      break;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || tries === PLACE_TRIES) throw error;
    }
  }
  await syncFolder(folder);
}

/** Puts a text in the place of a file that only its owner may read; a kill leaves the old one or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/**
 * Creates a folder and its parents. `mkdir` with `recursive` does the same, but reports a read-only file system
 * as ENOENT (Node 24).
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeUnlessThere(folder);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await makeUnlessThere(folder);
  }
}

async function makeUnlessThere(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  }
}

/** Flushes a folder's entries to the disk. A folder that is gone by now is fine. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders. Its file system journals the entries itself.
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
