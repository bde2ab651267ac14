import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { diskTrouble, errnoOf } from './disk-trouble.ts';
import { makeFolder } from './durable-files.ts';
import { DirectoryInUseError, OutputDirectoryError } from './errors.ts';

/** The output directory while this process holds it. */
export interface OutputDirectory {
  readonly path: string;
  /** Unfinished uploads. Outside the lake but on the same file system. Emptied at every start. */
  readonly temporaryFolder: string;
  readonly databaseFolder: string;
  readonly secretsFile: string;
  readonly eventsFile: string;
  readonly catalogFolder: string;
  /** Lets another process use the directory. */
  release(): Promise<void>;
}

/**
 * Creates the folders, takes the lock, and removes the leftovers of a killed process. Then it tries what every
 * upload needs (a write and a hard link), so that it refuses an unusable directory now and not hours into a run.
 */
export async function openOutputDirectory(directory: string): Promise<OutputDirectory> {
  const path = resolve(directory);
  const state = join(path, 'state');
  const temporaryFolder = join(state, 'tmp');
  await orExplain(path, () => makeFolder(state));
  const lock = await takeLock(path, join(state, 'lock'));
  try {
    await orExplain(path, async () => {
      await rm(temporaryFolder, { recursive: true, force: true });
      await mkdir(temporaryFolder);
      await tryWriteAndLink(temporaryFolder);
    });
  } catch (error) {
    await lock.close();
    throw error;
  }
  return {
    path,
    temporaryFolder,
    databaseFolder: join(state, 'dynamodb'),
    secretsFile: join(state, 'secrets.json'),
    eventsFile: join(state, 'events.ndjson'),
    catalogFolder: join(state, 'glue'),
    release: () => lock.close(),
  };
}

/**
 * The lock is an empty LevelDB database that stays open. LevelDB uses the operating system's file lock, which
 * vanishes with the process however it ends. There is no stale pid file and no waiting.
 */
async function takeLock(path: string, folder: string): Promise<ClassicLevel> {
  const lock = new ClassicLevel(folder);
  try {
    await lock.open();
    return lock;
  } catch (error) {
    if (error instanceof Error && errnoOf(error.cause) === 'LEVEL_LOCKED') {
      throw new DirectoryInUseError(path, error);
    }
    throw explainDatabaseError(path, 'state/lock', 'Remove it: it is empty.', error);
  }
}

async function tryWriteAndLink(folder: string): Promise<void> {
  const written = join(folder, randomUUID());
  const linked = join(folder, randomUUID());
  // More than a file system stores inside an inode, so that a full disk is noticed.
  await writeFile(written, Buffer.alloc(8 * 1024, 1));
  await link(written, linked);
  await rm(linked);
  await rm(written);
}

async function orExplain(path: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw (await isFile(path)) ? notADirectory(path, error) : explainDirectoryError(path, error);
  }
}

/** Explains an error that makes a directory unusable. */
export function explainDirectoryError(path: string, error: unknown): OutputDirectoryError {
  const trouble = diskTrouble(error, path);
  if (trouble !== undefined) return new OutputDirectoryError(path, trouble.message, error);
  const code = errnoOf(error) ?? '';
  if (['EEXIST', 'ENOTDIR', 'EISDIR'].includes(code)) return notADirectory(path, error);
  if (['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) {
    const what = 'its file system has no hard links. Choose a directory on a local disk.';
    return new OutputDirectoryError(path, what, error);
  }
  return new OutputDirectoryError(path, `${wordsOf(error)}. Choose another directory.`, error);
}

/**
 * Explains why a LevelDB database does not open.
 * @param advice what to do if neither the disk nor its permissions are the cause
 */
export function explainDatabaseError(
  path: string,
  folder: string,
  advice: string,
  error: unknown,
): OutputDirectoryError {
  if (diskTrouble(error, path) !== undefined) return explainDirectoryError(path, error);
  return new OutputDirectoryError(path, `${folder} is damaged (${wordsOf(error)}). ${advice}`, error);
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : String(error);

function notADirectory(path: string, error: unknown): OutputDirectoryError {
  const what = 'the path, or a part of it, is a file. Remove that file or choose another directory.';
  return new OutputDirectoryError(path, what, error);
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
