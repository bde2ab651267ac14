import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../disk-trouble.ts';
import { S3Failure } from './s3-failure.ts';

/** First and last byte, both included. */
interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Not a digest of the content. It changes with every put and takes no time to compute. */
export function entityTag(file: BigIntStats): string {
  return `"${file.size.toString(16)}-${file.mtimeNs.toString(16)}-${file.ino.toString(16)}"`;
}

/** GetObject and HeadObject. */
export async function readObject(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const file = await openObject(path);
  try {
    const found = await file.stat({ bigint: true });
    if (!found.isFile()) throw noSuchKey();
    const size = Number(found.size);
    const range = parseRange(request.headers.range, size);
    response.writeHead(range === undefined ? 200 : 206, {
      'accept-ranges': 'bytes',
      'content-length': range === undefined ? size : range.last - range.first + 1,
      'content-type': 'application/octet-stream',
      etag: entityTag(found),
      'last-modified': new Date(Number(found.mtimeMs)).toUTCString(),
      ...(range && { 'content-range': `bytes ${range.first}-${range.last}/${size}` }),
    });
    if (request.method === 'HEAD' || size === 0) {
      response.end();
      return;
    }
    // Sends no more than the headers promise, in case somebody writes to the file by hand.
    const { first, last } = range ?? { first: 0, last: size - 1 };
    await pipeline(file.createReadStream({ start: first, end: last, autoClose: false }), response);
  } finally {
    await file.close();
  }
}

/** The range of a Range header; undefined where there is none or none that is understood, as HTTP has it. */
function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) throw new S3Failure('InvalidRange', `The object has ${size} bytes.`);
  return { first, last };
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
