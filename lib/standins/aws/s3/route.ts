import type { IncomingMessage } from 'node:http';
import { S3Failure } from './s3-failure.ts';

type S3Operation = 'DeleteObjects' | 'GetObject' | 'ListObjectsV2' | 'ListObjectVersions' | 'PutObject';

export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Empty for an operation on the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

const OBJECT_OPERATIONS: Readonly<Record<string, S3Operation>> = {
  GET: 'GetObject',
  PUT: 'PutObject',
};

const LIST_PARAMETERS = ['list-type', 'prefix', 'continuation-token'];
const VERSIONS_PARAMETERS = ['versions', 'prefix', 'key-marker', 'version-id-marker'];

/** Headers that change the meaning of a request and that we do not support. We refuse them instead of ignoring them. */
const REFUSED_HEADERS = [
  'content-encoding',
  'if-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
  'x-amz-copy-source',
  'x-amz-tagging',
];

/**
 * Reads a request. It does not use a URL parser, which would resolve `..` instead of refusing it. A request that is
 * not implemented is refused by name.
 */
export function parseS3Request({ headers, method = '', url = '/' }: IncomingMessage): S3Request {
  const [path = '', search = ''] = splitOnce(url, '?');
  const [bucket = '', rawKey = ''] = splitOnce(path.slice(1), '/');
  const key = decodeKey(rawKey);
  const query = new URLSearchParams(search);
  const operation = operationOf(method, key, query);
  if (operation === undefined) {
    throw new S3Failure('NotImplemented', `The embedded S3 has no ${method} ${url}.`);
  }
  const header = REFUSED_HEADERS.find((name) => headers[name] !== undefined) ?? metadataHeader(headers);
  if (header !== undefined) {
    throw new S3Failure('NotImplemented', `The embedded S3 does not support the header ${header}.`);
  }
  return { operation, bucket, key, query };
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation | undefined {
  const has = (...names: string[]) =>
    [...query.keys()].every((name) => name === 'x-id' || names.includes(name));
  if (key !== '') return has() ? OBJECT_OPERATIONS[method] : undefined;
  if (method === 'GET' && query.get('list-type') === '2' && has(...LIST_PARAMETERS)) return 'ListObjectsV2';
  if (method === 'GET' && query.has('versions') && has(...VERSIONS_PARAMETERS)) return 'ListObjectVersions';
  if (method === 'POST' && query.has('delete') && has('delete')) return 'DeleteObjects';
  return undefined;
}

/** Objects are plain files, which cannot hold metadata. */
function metadataHeader(headers: IncomingMessage['headers']): string | undefined {
  return Object.keys(headers).find((name) => name.startsWith('x-amz-meta-'));
}

function decodeKey(rawKey: string): string {
  try {
    return decodeURIComponent(rawKey);
  } catch {
    throw new S3Failure('InvalidURI', 'The key is not UTF-8 in URL encoding.');
  }
}

function splitOnce(text: string, separator: string): string[] {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}
