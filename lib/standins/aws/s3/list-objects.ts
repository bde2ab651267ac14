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

/** Reads the query of a ListObjectVersions. The marker is a key, so the listing continues like ListObjectsV2. */
export const parseVersionsRequest = (query: URLSearchParams): ListRequest => {
  const after = query.get('key-marker');
  return { prefix: query.get('prefix') ?? '', continuationToken: after ? tokenOf(after) : undefined };
};

/** One page of versions as XML. As in a bucket without versioning, each key has only its current one. */
export async function listVersions(bucket: string, folder: string, request: ListRequest): Promise<string> {
  const { page, next } = await pageOf(folder, request);
  const versions = await Promise.all(
    page.map((key) =>
      describe(folder, key, 'Version', xmlValue('VersionId', 'null') + xmlValue('IsLatest', true)),
    ),
  );
  return xmlDocument(
    'ListVersionsResult',
    xmlValue('Name', bucket) +
      xmlValue('Prefix', request.prefix) +
      xmlValue('MaxKeys', KEYS_LIMIT) +
      xmlValue('IsTruncated', next !== undefined) +
      xmlValue('NextKeyMarker', next) +
      xmlValue('NextVersionIdMarker', next === undefined ? undefined : 'null') +
      versions.join(''),
  );
}

/** One page of keys. `next` is the last of them if there are more. */
async function pageOf(folder: string, { continuationToken, prefix }: ListRequest) {
  const after = continuationToken === undefined ? '' : keyOfToken(continuationToken);
  const keys: string[] = [];
  for await (const key of walk(folder, { prefix, after })) {
    keys.push(key);
    if (keys.length > KEYS_LIMIT) break;
  }
  const page = keys.slice(0, KEYS_LIMIT);
  return { page, next: keys.length > KEYS_LIMIT ? page.at(-1) : undefined };
}

/** One page of a listing as XML. */
export async function listObjects(bucket: string, folder: string, request: ListRequest): Promise<string> {
  const { continuationToken, prefix } = request;
  const { page, next } = await pageOf(folder, request);
  const contents = await Promise.all(page.map((key) => describe(folder, key, 'Contents')));
  return xmlDocument(
    'ListBucketResult',
    xmlValue('Name', bucket) +
      xmlValue('Prefix', prefix) +
      xmlValue('MaxKeys', KEYS_LIMIT) +
      xmlValue('KeyCount', page.length) +
      xmlValue('IsTruncated', next !== undefined) +
      xmlValue('ContinuationToken', continuationToken) +
      xmlValue('NextContinuationToken', next === undefined ? undefined : tokenOf(next)) +
      contents.join(''),
  );
}

async function describe(folder: string, key: string, element: string, more = ''): Promise<string> {
  try {
    const file = await stat(pathOfKey(folder, key), { bigint: true });
    const lastModified = new Date(Number(file.mtimeMs)).toISOString();
    return `<${element}>${
      xmlValue('Key', key) +
      xmlValue('LastModified', lastModified) +
      xmlValue('ETag', entityTag(file)) +
      xmlValue('Size', Number(file.size)) +
      xmlValue('StorageClass', 'STANDARD') +
      more
    }</${element}>`;
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
