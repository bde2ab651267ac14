/** The lake as an S3 bucket. */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { RetryableError } from '../core/errors.ts';
import type { LakeRoot } from '../core/lake-keys.ts';
import type { Lake, StoredFile } from '../core/ports.ts';
import { callAws, optionsOf } from './errors.ts';

/** Keys that one DeleteObjects call accepts. */
const DELETE_BATCH = 1_000;

/** S3 answers 409 if conditional writes race. The loser can simply try again. */
const MAX_RACES = 5;

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/**
 * Only this adapter knows the prefix: keys are relative to it.
 * @param signal ends the calls in progress, shortly before the invocation ends
 */
export function createS3Lake(
  client: S3Client,
  { bucket, prefix: root }: LakeRoot,
  signal?: AbortSignal,
): Lake {
  const options = optionsOf(signal);
  const call = <T>(what: string, send: () => Promise<T>) => callAws(what, send, signal);

  async function putNew(key: string, body: Uint8Array, races = 0): Promise<'written' | 'exists'> {
    try {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: root + key,
        Body: body,
        IfNoneMatch: '*',
      });
      await call(`write '${key}'`, () => client.send(command, options));
      return 'written';
    } catch (error) {
      if (isNamed(error, 'PreconditionFailed')) return 'exists';
      if (!isNamed(error, 'ConditionalRequestConflict')) throw error;
      if (races < MAX_RACES) return putNew(key, body, races + 1);
      throw new RetryableError(`'${key}' is being written by others right now.`, {
        code: 'aws_unavailable',
        cause: error,
      });
    }
  }

  async function* sizes(prefix: string): AsyncGenerator<StoredFile> {
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: root + prefix, ContinuationToken });
      const page = await call(`list '${prefix}'`, () => client.send(command, options));
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key !== undefined) {
          yield { key: Key.slice(root.length), bytes: Size ?? 0, storedAtMs: LastModified?.getTime() ?? 0 };
        }
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  return {
    putNew: (key, body) => putNew(key, body),
    async get(key) {
      try {
        return await call(`read '${key}'`, async () => {
          const command = new GetObjectCommand({ Bucket: bucket, Key: root + key });
          const answer = await client.send(command, options);
          return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
        });
      } catch (error) {
        if (error instanceof NoSuchKey) return null;
        throw error;
      }
    },
    async *list(prefix) {
      for await (const { key } of sizes(prefix)) yield key;
    },
    sizes,
    async delete(keys) {
      for (let start = 0; start < keys.length; start += DELETE_BATCH) {
        const Objects = keys.slice(start, start + DELETE_BATCH).map((key) => ({ Key: root + key }));
        const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } });
        await call('delete superseded files', async () => {
          const { Errors: [first] = [] } = await client.send(command, options);
          if (first === undefined) return;
          const error = new Error(`'${first.Key}' could not be deleted: ${first.Message}`);
          throw Object.assign(error, { name: first.Code ?? error.name });
        });
      }
    },
  };
}
