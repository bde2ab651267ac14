import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../disk-trouble.ts';
import { S3Failure } from './s3-failure.ts';

/** Not a digest of the content. It changes with every put and takes no time to compute. */
export function entityTag(file: BigIntStats): string {
  return `"${file.size.toString(16)}-${file.mtimeNs.toString(16)}-${file.ino.toString(16)}"`;
}

/** GetObject. */
export async function readObject(response: ServerResponse, path: string): Promise<void> {
  const file = await openObject(path);
  try {
    const found = await file.stat({ bigint: true });
    if (!found.isFile()) throw noSuchKey();
    const size = Number(found.size);
    response.writeHead(200, {
      'content-length': size,
      'content-type': 'application/octet-stream',
      etag: entityTag(found),
      'last-modified': new Date(Number(found.mtimeMs)).toUTCString(),
    });
    if (size === 0) {
      response.end();
      return;
    }
    // Sends no more than the headers promise, in case somebody writes to the file by hand.
    await pipeline(file.createReadStream({ end: size - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}

async function openObject(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) throw noSuchKey();
    throw error;
  }
}

function noSuchKey(): S3Failure {
  return new S3Failure('NoSuchKey', 'The specified key does not exist.');
}
