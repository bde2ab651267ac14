/** Older versions, which a versioned bucket keeps of files that were replaced or removed. */
import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsOutput,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isPipelineError } from '../../../functions/core/errors.ts';

/** Pages of all versions below a prefix, including what was replaced or deleted. The SDK has no paginator for it. */
export async function* versionsIn(client: S3Client, Bucket: string, Prefix: string) {
  let next: Pick<ListObjectVersionsOutput, 'NextKeyMarker' | 'NextVersionIdMarker'> = {};
  do {
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = next;
    const page = await client.send(
      new ListObjectVersionsCommand({ Bucket, Prefix, KeyMarker, VersionIdMarker }),
    );
    yield page;
    next = page;
  } while (next.NextKeyMarker !== undefined);
}

/** Keys that one DeleteObjects call accepts. */
const DELETE_BATCH = 1_000;

const isDenied = (error: unknown): boolean =>
  (isPipelineError(error) && error.code === 'aws_denied') ||
  (error instanceof Error && error.name === 'AccessDenied');

/**
 * Removes versions that are no longer current. The caller needs `s3:ListBucketVersions` and `s3:DeleteObjectVersion`.
 * Current versions stay.
 * @param prefixes of keys, or whole keys
 * @returns how many were removed, and how many stay because S3 refuses; `left` is null if the caller may not list them
 */
export async function removeOlderVersions(
  client: S3Client,
  Bucket: string,
  prefixes: readonly string[],
): Promise<{ readonly removed: number; readonly left: number | null }> {
  const older: ObjectIdentifier[] = [];
  try {
    for (const prefix of prefixes)
      for await (const { Versions = [] } of versionsIn(client, Bucket, prefix))
        for (const { Key, VersionId, IsLatest } of Versions)
          if (IsLatest === false) older.push({ Key, VersionId });
  } catch (error) {
    if (isDenied(error)) return { removed: 0, left: null };
    throw error;
  }
  let left = 0;
  for (let start = 0; start < older.length; start += DELETE_BATCH) {
    const Objects = older.slice(start, start + DELETE_BATCH);
    try {
      const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
      left += (await client.send(command)).Errors?.length ?? 0;
    } catch (error) {
      if (!isDenied(error)) throw error;
      left += Objects.length;
    }
  }
  return { removed: older.length - left, left };
}
