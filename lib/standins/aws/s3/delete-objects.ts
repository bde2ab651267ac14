import { rmdir, stat, unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { errnoOf } from '../disk-trouble.ts';
import { readBody } from '../read-body.ts';
import { verifyChecksums } from './checksums.ts';
import { pathOfKey } from './keys.ts';
import { asS3Failure, S3Failure } from './s3-failure.ts';
import { unescapeXml, xmlContents, xmlDocument, xmlValue } from './xml.ts';

const KEYS_LIMIT = 1_000;
/** 1,000 keys of 1,024 bytes with every byte escaped. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;

/** DeleteObjects. Every key has its own result. */
export async function deleteObjects(request: IncomingMessage, folder: string): Promise<string> {
  const checksums = verifyChecksums(request.headers);
  const body = await readBody(request, BODY_LIMIT_BYTES);
  if (body === undefined) throw new S3Failure('MalformedXML', 'The list of keys is too long.');
  checksums.update(body);
  checksums.finish();
  const xml = body.toString('utf8');
  const quiet = xmlContents(xml, 'Quiet').includes('true');
  const outcomes = await Promise.all(keysOf(xml).map((key) => deleteOne(folder, key, quiet)));
  return xmlDocument('DeleteResult', outcomes.join(''));
}

function keysOf(xml: string): string[] {
  const keys = xmlContents(xml, 'Object').map((object) => {
    const [key] = xmlContents(object, 'Key');
    if (key === undefined) throw new S3Failure('MalformedXML', 'An object has no key.');
    return unescapeXml(key);
  });
  if (keys.length === 0 || keys.length > KEYS_LIMIT) {
    throw new S3Failure('MalformedXML', `There must be 1 to ${KEYS_LIMIT} keys.`);
  }
  return keys;
}

async function deleteOne(folder: string, key: string, quiet: boolean): Promise<string> {
  try {
    await deleteObject(folder, key);
    return quiet ? '' : `<Deleted>${xmlValue('Key', key)}</Deleted>`;
  } catch (error) {
    const { code, message } = asS3Failure(error, folder);
    return `<Error>${xmlValue('Key', key)}${xmlValue('Code', code)}${xmlValue('Message', message)}</Error>`;
  }
}

/** Deletes an object if it exists, and the folders that this leaves empty. */
async function deleteObject(folder: string, key: string): Promise<void> {
  const path = pathOfKey(folder, key);
  try {
    if (!(await stat(path)).isFile()) return;
    await unlink(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return;
    throw error;
  }
  await removeEmptyFolders(dirname(path), folder);
}

async function removeEmptyFolders(folder: string, upTo: string): Promise<void> {
  if (folder.length <= upTo.length) return;
  try {
    await rmdir(folder);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) return;
    throw error;
  }
  await removeEmptyFolders(dirname(folder), upTo);
}
