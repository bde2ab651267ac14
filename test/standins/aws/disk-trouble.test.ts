import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteObjectsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, type TestContext, test } from 'vitest';
import { diskTrouble } from '../../../lib/standins/aws/disk-trouble.ts';
import { OutputDirectoryError, startEmbeddedAws } from '../../../lib/standins/aws/index.ts';
import { asS3Failure } from '../../../lib/standins/aws/s3/s3-failure.ts';
import { makeReadOnly, mountSmallDisk, start } from '../../support/aws/harness.ts';
import { BUCKET, TABLE } from '../../support/aws/names.ts';

const CANNOT_MOUNT = 'mounting a small file system takes root on Linux';

async function smallDisk(context: TestContext, options = 'size=4m'): Promise<string> {
  return (await mountSmallDisk(options)) ?? context.skip(CANNOT_MOUNT);
}

/** Fills the disk to the last byte. */
function fill(directory: string): void {
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${join(directory, 'filler')}`, 'bs=4k'], { stdio: 'ignore' });
  } catch {
    // dd fails once the disk is full, as intended.
  }
}

test.each([
  ['ENOSPC', 507, 'InsufficientStorage', 'The disk is full: /lake'],
  ['EDQUOT', 507, 'InsufficientStorage', 'The disk quota is used up: /lake'],
  ['EROFS', 403, 'AccessDenied', 'The file system is read-only: /lake'],
  ['EACCES', 403, 'AccessDenied', 'Writing is not allowed: /lake'],
  ['EPERM', 403, 'AccessDenied', 'Writing is not permitted: /lake'],
  ['EIO', 500, 'InternalError', 'an error'],
])('%s is answered with %i %s', (code, status, name, words) => {
  const failure = asS3Failure(Object.assign(new Error('an error'), { code }), '/lake');
  expect(failure).toMatchObject({ status, code: name, message: expect.stringContaining(words) });
});

test('LevelDB reports disk errors as text, and in the cause', () => {
  const cause = Object.assign(new Error('IO error: /x/000003.log: No space left on device'), {
    code: 'LEVEL_IO_ERROR',
  });
  const error = Object.assign(new Error('Database failed to open', { cause }), {
    code: 'LEVEL_DATABASE_NOT_OPEN',
  });
  expect(diskTrouble(error, '/x')).toMatchObject({ kind: 'full' });
  expect(diskTrouble(new Error('something else'), '/x')).toBeUndefined();
});

test('a put on a full disk is answered with 507 once, and other requests still work', async (context) => {
  const directory = await smallDisk(context);
  await start({ directory });
  const s3 = new S3Client({});
  const put = (Key: string, Body: Buffer) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  await expect(put('large', Buffer.alloc(12 * 1024 * 1024, 1))).rejects.toMatchObject({
    name: 'InsufficientStorage',
    message: expect.stringMatching(/^The disk is full: .*Free some space/),
    $metadata: { httpStatusCode: 507, attempts: 1 },
  });
  expect(await readdir(join(directory, 'state/tmp'))).toEqual([]);
  expect(await readdir(join(directory, 'lake'))).toEqual([]);
  await put('small', Buffer.alloc(1024, 1));
});

test('secrets and tables report a full disk at once, and the process survives', async (context) => {
  const directory = await smallDisk(context);
  const aws = await start({ directory });
  await aws.createSecret('token', '{}');
  fill(directory);
  const full = { name: 'InsufficientStorage', $metadata: { httpStatusCode: 507, attempts: 1 } };
  const secrets = new SecretsManagerClient({});
  const value = new PutSecretValueCommand({ SecretId: 'token', SecretString: 'x'.repeat(50_000) });
  await expect(secrets.send(value)).rejects.toMatchObject(full);

  await expect(aws.createSecret('other', 'x'.repeat(50_000))).rejects.toThrow(
    /cannot be used: The disk is full/,
  );

  const client = new DynamoDBClient({});
  const put = (pk: string) =>
    client.send(
      new PutItemCommand({
        TableName: TABLE.TableName,
        Item: { pk: { S: pk }, x: { S: 'x'.repeat(50_000) } },
      }),
    );
  // The first request loses its connection with the database. Its retry gets the answer.
  await expect(put('a')).rejects.toMatchObject({ name: 'InsufficientStorage' });
  await expect(put('b')).rejects.toMatchObject({
    ...full,
    message: expect.stringContaining('The disk is full'),
  });

  await aws.close();
  await expect(startEmbeddedAws({ directory })).rejects.toBeInstanceOf(OutputDirectoryError);
  await rm(join(directory, 'filler'));
  await start({ directory });
});

test('a read-only folder is answered with 403 and named', async (context) => {
  const { directory } = await start();
  const lake = join(directory, 'lake');
  await writeFile(join(lake, 'kept'), 'x');
  if (!makeReadOnly(lake)) context.skip(CANNOT_MOUNT);
  const s3 = new S3Client({});
  const denied = {
    name: 'AccessDenied',
    message: expect.stringContaining(lake),
    $metadata: { httpStatusCode: 403, attempts: 1 },
  };
  await expect(
    s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a/b', Body: 'x' })),
  ).rejects.toMatchObject(denied);
  const { Errors } = await s3.send(
    new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: 'kept' }] } }),
  );
  expect(Errors).toMatchObject([{ Key: 'kept', Code: denied.name, Message: denied.message }]);
});

test('a start on a read-only file system is refused, with or without earlier output', async (context) => {
  const directory = await smallDisk(context, 'ro');
  const refused = await startEmbeddedAws({ directory: join(directory, 'out') }).catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(OutputDirectoryError);
  expect(refused).toMatchObject({ message: expect.stringMatching(/read-only: .*Make the folder writable/) });

  const used = await start();
  await used.close();
  if (!makeReadOnly(used.directory)) context.skip(CANNOT_MOUNT);
  await expect(startEmbeddedAws({ directory: used.directory })).rejects.toThrow(
    /cannot be used: The file system is read-only/,
  );
});

test('a start on a full disk is refused', async (context) => {
  const directory = await smallDisk(context, 'size=64k');
  await mkdir(join(directory, 'out'));
  fill(directory);
  await expect(startEmbeddedAws({ directory: join(directory, 'out') })).rejects.toThrow(
    /cannot be used: The disk is full: .*Free some space/,
  );
});
