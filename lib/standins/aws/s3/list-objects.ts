import { stat } from 'node:fs/promises';
import { errnoOf } from '../disk-trouble.ts';
import { pathOfKey } from './keys.ts';
import { entityTag } from './read-object.ts';
import { S3Failure } from './s3-failure.ts';
import { type Entry, walk } from './walk.ts';
import { xmlDocument, xmlValue } from './xml.ts';

const KEYS_LIMIT = 1_000;
/** Greater than all that follows a common prefix. */
const LAST_CHARACTER = '\u{10ffff}';

export interface ListRequest {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly maxKeys: number;
  readonly startAfter: string | undefined;
  readonly continuationToken: string | undefined;
}

/** Reads the query of a ListObjectsV2. */
export function parseListRequest(query: URLSearchParams): ListRequest {
  const delimiter = query.get('delimiter') ?? undefined;
  if (delimiter !== undefined && delimiter !== '/') {
    throw new S3Failure('NotImplemented', 'The delimiter can be nothing but / here.');
  }
  const maxKeys = query.get('max-keys') ?? String(KEYS_LIMIT);
  if (!/^\d{1,9}$/.test(maxKeys)) throw new S3Failure('InvalidArgument', 'max-keys is no number.');
  return {
    prefix: query.get('prefix') ?? '',
    delimiter,
    maxKeys: Math.min(Number(maxKeys), KEYS_LIMIT),
    startAfter: query.get('start-after') ?? undefined,
    continuationToken: query.get('continuation-token') ?? undefined,
  };
}

/** One page of a listing as XML. */
export async function listObjects(bucket: string, folder: string, request: ListRequest): Promise<string> {
  const { continuationToken, delimiter, maxKeys, prefix, startAfter } = request;
  const after = continuationToken === undefined ? (startAfter ?? '') : keyOfToken(continuationToken);
  const entries: Entry[] = [];
  for await (const entry of walk(folder, { prefix, after, rollUp: delimiter !== undefined })) {
    entries.push(entry);
    if (entries.length > maxKeys) break;
  }
  const page = entries.slice(0, maxKeys);
  const last = page.at(-1);
  const truncated = entries.length > maxKeys && last !== undefined;
  const contents = await Promise.all(page.map((entry) => describe(folder, entry)));
  return xmlDocument(
    'ListBucketResult',
    xmlValue('Name', bucket) +
      xmlValue('Prefix', prefix) +
      xmlValue('Delimiter', delimiter) +
      xmlValue('StartAfter', startAfter) +
      xmlValue('MaxKeys', maxKeys) +
      xmlValue('KeyCount', page.length) +
      xmlValue('IsTruncated', truncated) +
      xmlValue('ContinuationToken', continuationToken) +
      xmlValue('NextContinuationToken', truncated ? tokenOf(last) : undefined) +
      contents.join(''),
  );
}

async function describe(folder: string, { key, kind }: Entry): Promise<string> {
  if (kind === 'prefix') return `<CommonPrefixes>${xmlValue('Prefix', key)}</CommonPrefixes>`;
  try {
    const file = await stat(pathOfKey(folder, key), { bigint: true });
    const lastModified = new Date(Number(file.mtimeMs)).toISOString();
    return `<Contents>${
      xmlValue('Key', key) +
      xmlValue('LastModified', lastModified) +
      xmlValue('ETag', entityTag(file)) +
      xmlValue('Size', Number(file.size)) +
      xmlValue('StorageClass', 'STANDARD')
    }</Contents>`;
  } catch (error) {
    // Deleted since the folder was read.
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function tokenOf({ key, kind }: Entry): string {
  return Buffer.from(kind === 'prefix' ? key + LAST_CHARACTER : key).toString('base64url');
}

function keyOfToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}
