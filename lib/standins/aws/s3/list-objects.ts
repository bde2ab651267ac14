import { stat } from 'node:fs/promises';
import { errnoOf } from '../disk-trouble.ts';
import { pathOfKey } from './keys.ts';
import { entityTag } from './read-object.ts';
import { walk } from './walk.ts';
import { xmlDocument, xmlValue } from './xml.ts';

const KEYS_LIMIT = 1_000;
export interface ListRequest {
  readonly prefix: string;
  readonly continuationToken: string | undefined;
}

/** Reads the query of a ListObjectsV2. */
export const parseListRequest = (query: URLSearchParams): ListRequest => ({
  prefix: query.get('prefix') ?? '',
  continuationToken: query.get('continuation-token') ?? undefined,
});

/** One page of a listing as XML. */
export async function listObjects(bucket: string, folder: string, request: ListRequest): Promise<string> {
  const { continuationToken, prefix } = request;
  const after = continuationToken === undefined ? '' : keyOfToken(continuationToken);
  const keys: string[] = [];
  for await (const key of walk(folder, { prefix, after })) {
    keys.push(key);
    if (keys.length > KEYS_LIMIT) break;
  }
  const page = keys.slice(0, KEYS_LIMIT);
  const last = page.at(-1);
  const truncated = keys.length > KEYS_LIMIT && last !== undefined;
  const contents = await Promise.all(page.map((key) => describe(folder, key)));
  return xmlDocument(
    'ListBucketResult',
    xmlValue('Name', bucket) +
      xmlValue('Prefix', prefix) +
      xmlValue('MaxKeys', KEYS_LIMIT) +
      xmlValue('KeyCount', page.length) +
      xmlValue('IsTruncated', truncated) +
      xmlValue('ContinuationToken', continuationToken) +
      xmlValue('NextContinuationToken', truncated ? tokenOf(last) : undefined) +
      contents.join(''),
  );
}

async function describe(folder: string, key: string): Promise<string> {
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

function tokenOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function keyOfToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}
