import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { link, mkdir, open, rename, stat } from 'node:fs/promises';
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

/**
 * Replaces a file as a whole: a kill or a power cut leaves the old file or the new one. Only its owner may read it.
 * It is synchronous, because the files are small and some callers must not let other code run in between.
 */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, path);
  syncFolderNow(dirname(path));
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

/** Windows cannot open folders. Its file system journals the entries itself. */
const FLUSHES_FOLDERS = process.platform !== 'win32';

/** Flushes a folder's entries to the disk. A folder that is gone by now is fine. */
async function syncFolder(folder: string): Promise<void> {
  if (!FLUSHES_FOLDERS) return;
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Does the same synchronously, for a folder that must exist. */
function syncFolderNow(folder: string): void {
  if (!FLUSHES_FOLDERS) return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
