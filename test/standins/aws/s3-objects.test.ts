import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { startForAllTests } from '../../support/aws/harness.ts';
import { BUCKET } from '../../support/aws/names.ts';

const started = startForAllTests();

const put = (
  s3: S3Client,
  key: string,
  body: PutObjectCommandInput['Body'] = 'x',
  more: Partial<PutObjectCommandInput> = {},
) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, ...more }));

const text = async (s3: S3Client, key: string) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return (await Body?.transformToString()) ?? '';
};

const remove = (s3: S3Client, ...keys: readonly string[]) => {
  const Delete = { Objects: keys.map((Key) => ({ Key })) };
  return s3.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete }));
};

describe('put and get', () => {
  test('an object is a plain file at its key and comes back as it was', async () => {
    const { directory } = started();
    const s3 = new S3Client({});
    const key = 'tables/tags/run_date=2026-11-22/a b+c&é"\'<日本>.ndjson';
    const { ETag } = await put(s3, key, 'hello');

    expect(await readFile(join(directory, 'lake', key), 'utf8')).toBe('hello');
    expect(await text(s3, key)).toBe('hello');
    const found = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    expect(found).toMatchObject({ ContentLength: 5, ETag });
    expect(Math.abs(Date.now() - Number(found.LastModified))).toBeLessThan(10_000);
  });

  test('an empty object, and one that replaces another', async () => {
    const s3 = new S3Client({});
    await put(s3, 'k', '');
    expect(await text(s3, 'k')).toBe('');
    await put(s3, 'k', 'new');
    expect(await text(s3, 'k')).toBe('new');
  });

  test('missing objects and buckets are reported by name', async () => {
    const { aws } = started();
    const s3 = new S3Client({});
    await put(s3, 'folder/k');
    await expect(text(s3, 'nothing')).rejects.toBeInstanceOf(NoSuchKey);
    await expect(text(s3, 'folder')).rejects.toBeInstanceOf(NoSuchKey);
    await expect(text(s3, 'folder/k/below')).rejects.toBeInstanceOf(NoSuchKey);
    await expect(put(s3, 'k', 'x', { Bucket: 'no-such-bucket' })).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
    await aws.createBucket('second-bucket', 'second');
    await expect(text(s3, 'folder/k')).resolves.toBe('x');
    await expect(aws.createBucket('third-bucket', 'second')).rejects.toThrow(
      'already belongs to the bucket second-bucket',
    );
    await expect(aws.createBucket('third-bucket', 'state')).rejects.toThrow(
      'cannot be the folder of a bucket',
    );
  });

  test('a key and one below it cannot both be files', async () => {
    const s3 = new S3Client({});
    await put(s3, 'a/b');
    for (const more of [{}, { IfNoneMatch: '*' }]) {
      await expect(put(s3, 'a', 'x', more)).rejects.toMatchObject({ name: 'OperationAborted' });
      await expect(put(s3, 'a/b/c', 'x', more)).rejects.toMatchObject({ name: 'OperationAborted' });
    }
  });
});

describe('If-None-Match: *', () => {
  test('of 50 concurrent puts of one key exactly one wins, and its body is the object', async () => {
    const { directory } = started();
    const s3 = new S3Client({});
    const bodies = Array.from({ length: 50 }, (_, index) => `body ${index} `.repeat(2_000));
    const outcomes = await Promise.allSettled(
      bodies.map((body) => put(s3, 'runs/once.json', body, { IfNoneMatch: '*' })),
    );

    const winners = bodies.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(winners).toEqual([await text(s3, 'runs/once.json')]);
    const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(losers.map(({ reason }) => [reason.name, reason.$metadata.httpStatusCode])).toEqual(
      Array.from({ length: 49 }, () => ['PreconditionFailed', 412]),
    );
    expect(await readdir(join(directory, 'state/tmp'))).toEqual([]);
  });
});

describe('delete', () => {
  test('one object, even a missing one; empty folders are removed', async () => {
    const { directory } = started();
    const s3 = new S3Client({});
    await put(s3, 'a/b/c');
    await put(s3, 'a/d');
    for (const key of ['a/b/c', 'a/b/c', 'a', 'nothing/here', 'a/d/below']) {
      await remove(s3, key);
    }
    expect(await readdir(join(directory, 'lake/a'))).toEqual(['d']);
    await remove(s3, 'a/d');
    expect(await readdir(join(directory, 'lake'))).toEqual([]);
  });

  test('many objects, each with its own result', async () => {
    const { directory } = started();
    const s3 = new S3Client({});
    const keys = ['a&b', 'c <d>', 'é'];
    await Promise.all(keys.map((key) => put(s3, key)));
    const { Deleted, Errors } = await remove(s3, ...keys, 'not there', '../out');
    expect(Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'not there']);
    expect(Errors).toMatchObject([{ Key: '../out', Code: 'InvalidArgument' }]);
    expect(await readdir(join(directory, 'lake'))).toEqual([]);
  });

  test('deleting the last object of a folder during puts into it loses no put', async () => {
    const s3 = new S3Client({});
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        await put(s3, `work/gone-${index % 2}/x${index}`);
        await remove(s3, `work/gone-${index % 2}/x${index}`);
        await put(s3, `work/gone-${index % 2}/y${index}`);
        expect(await text(s3, `work/gone-${index % 2}/y${index}`)).toBe('x');
        await remove(s3, `work/gone-${index % 2}/y${index}`);
      }),
    );
  });
});

describe('refused', () => {
  test('a body that does not have its checksum leaves nothing behind', async () => {
    const { directory } = started();
    const s3 = new S3Client({});
    await expect(put(s3, 'k', 'hello', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    const others = [
      { ChecksumCRC64NVME: 'AAAAAAAAAAA=' },
      { ChecksumSHA256: Buffer.alloc(32).toString('base64') },
      { ContentMD5: Buffer.alloc(16).toString('base64') },
    ];
    for (const more of others) {
      await expect(put(s3, 'k', 'hello', more)).rejects.toMatchObject({ name: 'NotImplemented' });
    }
    expect(await readdir(join(directory, 'lake'))).toEqual([]);
    expect(await readdir(join(directory, 'state/tmp'))).toEqual([]);
  });

  test.each(['../out', 'a/../../out', '/abs', 'a//b', 'a/', './a', 'a\\..\\b', 'a\u0000b', 'a/.DS_Store'])(
    'the key %j',
    async (key) => {
      const { directory } = started();
      const s3 = new S3Client({});
      await expect(put(s3, key)).rejects.toMatchObject({ name: 'InvalidArgument' });
      expect(await readdir(join(directory, 'lake'))).toEqual([]);
      expect(await readdir(directory)).not.toContain('out');
    },
  );

  test('a key that is too long for S3 or for a file system', async () => {
    const s3 = new S3Client({});
    for (const key of ['a/'.repeat(600).slice(0, -1), 'é'.repeat(130)]) {
      await expect(put(s3, key)).rejects.toMatchObject({ name: 'KeyTooLongError' });
    }
  });

  test('traversal in a raw request, plain or encoded', async () => {
    const {
      aws: { environment },
      directory,
    } = started();
    for (const path of [
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%2f..%2fetc/passwd',
      '/a/%2e%2e/state/secrets.json',
    ]) {
      const { status, body } = await raw(environment, { path: `/${BUCKET}${path}` });
      expect([status, body]).toEqual([400, expect.stringContaining('InvalidArgument')]);
    }
    expect((await raw(environment, { path: `/../${BUCKET}/k` })).status).toBe(404);
    expect((await raw(environment, { path: `/${BUCKET}/%ff` })).status).toBe(400);
    expect(await readdir(directory)).toContain('state');
  });

  test('features that are not implemented, by name', async () => {
    const { environment } = started().aws;
    const s3 = new S3Client({});
    await expect(put(s3, 'k', 'x', { Metadata: { a: 'b' } })).rejects.toThrow('x-amz-meta-a');
    await expect(put(s3, 'k', 'x', { IfMatch: '"1"' })).rejects.toThrow('if-match');
    await expect(put(s3, 'k', 'x', { IfNoneMatch: '"1"' })).rejects.toThrow('must be *');
    await expect(put(s3, 'k', 'x', { ContentEncoding: 'gzip' })).rejects.toThrow('content-encoding');
    const path = `/${BUCKET}/k`;
    for (const method of ['HEAD', 'DELETE'])
      expect((await raw(environment, { path, method })).status).toBe(501);
    expect((await raw(environment, { path: `${path}?uploads`, method: 'POST' })).status).toBe(501);
    expect((await raw(environment, { path, headers: { range: 'bytes=0-1' } })).body).toContain(
      'header range',
    );
  });

  test('requests from elsewhere: another host, a web page, another access key', async () => {
    const { environment } = started().aws;
    for (const name of [
      'AWS_ENDPOINT_URL_S3',
      'AWS_ENDPOINT_URL_DYNAMODB',
      'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    ]) {
      const there = { path: `/${BUCKET}/k`, endpoint: environment[name] ?? '' };
      expect((await raw(environment, { ...there, headers: { host: 'evil.example' } })).status).toBe(403);
      expect((await raw(environment, { ...there, headers: { origin: 'http://evil.example' } })).status).toBe(
        403,
      );
      const stranger = { authorization: 'AWS4-HMAC-SHA256 Credential=AKIA/x' };
      expect((await raw(environment, { ...there, headers: stranger })).status).toBe(403);
      expect((await raw(environment, there)).status).not.toBe(403);
    }
  });

  test('a body that breaks off leaves nothing behind', async () => {
    const {
      aws: { environment },
      directory,
    } = started();
    await expect(
      raw(environment, { path: `/${BUCKET}/k`, method: 'PUT', body: 'x', breakOff: true }),
    ).rejects.toThrow();
    expect(await readdir(join(directory, 'lake'))).toEqual([]);
    await expect.poll(() => readdir(join(directory, 'state/tmp'))).toEqual([]);
  });
});

interface RawRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly endpoint?: string;
  readonly breakOff?: boolean;
}

/** A request that no SDK would send. */
function raw(environment: Readonly<Record<string, string>>, wanted: RawRequest) {
  const {
    path,
    method = 'GET',
    headers,
    body = '',
    endpoint = environment.AWS_ENDPOINT_URL_S3 ?? '',
  } = wanted;
  const authorization = `AWS4-HMAC-SHA256 Credential=${environment.AWS_ACCESS_KEY_ID}/x, SignedHeaders=x, Signature=x`;
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(endpoint);
    const sent = request(
      { hostname, port, path, method, headers: { authorization, ...headers } },
      async (response) => {
        resolve({ status: response.statusCode, body: (await response.toArray()).join('') });
      },
    );
    sent.on('error', reject);
    if (wanted.breakOff) sent.write(body, () => setTimeout(() => sent.destroy(new Error('broken off')), 20));
    else sent.end(body);
  });
}
