import { join } from 'node:path';
import { S3Failure } from './s3-failure.ts';

/** S3's own limit. */
const KEY_LIMIT_BYTES = 1024;
/** The limit of common file systems for one segment. */
const SEGMENT_LIMIT_BYTES = 255;

/** Files that desktops create in folders that somebody opens. They are not listed and are not valid in a key. */
const FOREIGN_NAMES: ReadonlySet<string> = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/** XML does not allow control characters. A backslash separates folders on Windows. */
const FORBIDDEN_CHARACTERS = /[\p{Cc}\\]/u;

/** The file of a key: the key is the path below the folder. Refuses every key that is not a plain relative path. */
export function pathOfKey(folder: string, key: string): string {
  const why = whyNotAPath(key);
  if (why !== undefined) throw new S3Failure('InvalidArgument', `The key ${JSON.stringify(key)} ${why}.`);
  const segments = key.split('/');
  if (
    Buffer.byteLength(key) > KEY_LIMIT_BYTES ||
    segments.some((segment) => Buffer.byteLength(segment) > SEGMENT_LIMIT_BYTES)
  ) {
    throw new S3Failure(
      'KeyTooLongError',
      `The key is longer than ${KEY_LIMIT_BYTES} bytes or has a segment of more than ${SEGMENT_LIMIT_BYTES}.`,
    );
  }
  return join(folder, ...segments);
}

/** True if a key can have this file or folder name as a segment. */
export function isKeySegment(name: string): boolean {
  return whyNotAPath(name) === undefined;
}

function whyNotAPath(key: string): string | undefined {
  const segments = key.split('/');
  if (segments.includes('')) return 'has an empty segment: it must not begin or end with / or contain //';
  if (segments.includes('.') || segments.includes('..')) return 'has a segment . or ..';
  if (FORBIDDEN_CHARACTERS.test(key)) return 'has a control character or a backslash';
  const foreign = segments.find((segment) => FOREIGN_NAMES.has(segment));
  return foreign === undefined ? undefined : `has the segment ${foreign}, which desktops create on their own`;
}
