import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { errnoOf } from '../disk-trouble.ts';
import { placeFile } from '../durable-files.ts';
import { bodyChunks } from '../read-body.ts';
import { verifyChecksums } from './checksums.ts';
import { entityTag } from './read-object.ts';
import { S3Failure } from './s3-failure.ts';

export interface PutObject {
  readonly request: IncomingMessage;
  readonly key: string;
  /** The path of the object's file. */
  readonly path: string;
  readonly temporaryFolder: string;
}

/**
 * Stores an object and returns its tag. The body goes to a temporary file, is checked and flushed to the disk, and
 * only then gets its name. After a kill or a power cut an object is whole or missing, and an object whose put was
 * answered stays. `If-None-Match: *` uses a link, which fails if the file exists, so the first put wins.
 */
export async function putObject({ request, key, path, temporaryFolder }: PutObject): Promise<string> {
  const onlyIfAbsent = onlyIfAbsentOf(request);
  const temporary = join(temporaryFolder, randomUUID());
  const file = await open(temporary, 'wx');
  try {
    try {
      await receiveBody(request, file);
      await file.datasync();
      await place(temporary, path, key, onlyIfAbsent);
      return entityTag(await file.stat({ bigint: true }));
    } finally {
      await file.close();
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

function onlyIfAbsentOf(request: IncomingMessage): boolean {
  const condition = request.headers['if-none-match'];
  if (condition === undefined || condition === '*') return condition === '*';
  throw new S3Failure('NotImplemented', 'Here If-None-Match must be *.');
}

async function receiveBody(request: IncomingMessage, file: FileHandle): Promise<void> {
  const checksums = verifyChecksums(request.headers);
  for await (const bytes of bodyChunks(request)) {
    checksums.update(bytes);
    await file.appendFile(bytes);
  }
  checksums.finish();
}

async function place(temporary: string, path: string, key: string, onlyIfAbsent: boolean): Promise<void> {
  try {
    await placeFile(temporary, path, onlyIfAbsent ? 'link' : 'rename');
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST' && onlyIfAbsent && (await isFile(path))) {
      throw new S3Failure('PreconditionFailed', `The key ${key} already exists.`);
    }
    if (['EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY'].includes(code)) {
      throw new S3Failure(
        'OperationAborted',
        `Objects are files here. The key ${key} and an existing key cannot both be files: one is the folder of the other.`,
      );
    }
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
