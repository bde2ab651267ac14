import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startForAllTests } from '../../support/aws/harness.ts';
import { BUCKET } from '../../support/aws/names.ts';

const started = startForAllTests();

async function write(directory: string, keys: readonly string[]): Promise<void> {
  await Promise.all(
    keys.map(async (key) => {
      const path = join(directory, 'lake', key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, key);
    }),
  );
}

/** All keys of a listing, in the order of the answers. */
async function list(s3: S3Client, options: Omit<ListObjectsV2CommandInput, 'Bucket'>): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET, ...options })) {
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
  }
  return keys;
}

const byUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('2,500 keys come in three pages, in the order of their bytes, with size and tag', async () => {
  const { directory } = started();
  const s3 = new S3Client({});
  const keys = Array.from({ length: 2_500 }, (_, index) => `runs/${index}.json`);
  await write(directory, keys);
  expect(await list(s3, { Prefix: 'runs/' })).toEqual(keys.toSorted(byUtf8));

  const first = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  expect(first).toMatchObject({ KeyCount: 1_000, IsTruncated: true, MaxKeys: 1_000 });
  expect(first.Contents?.[0]).toMatchObject({
    Key: 'runs/0.json',
    Size: 11,
    ETag: expect.stringMatching(/^".+"$/),
  });
});

test('nothing to list, and what desktops leave is not listed', async () => {
  const { directory } = started();
  const s3 = new S3Client({});
  expect(await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))).toMatchObject({
    KeyCount: 0,
    IsTruncated: false,
  });
  await write(directory, ['.DS_Store', 'a/.DS_Store', 'b/c']);
  expect(await list(s3, {})).toEqual(['b/c']);
  for (const more of [{ Delimiter: '/' }, { StartAfter: 'a' }, { MaxKeys: 1 }]) {
    await expect(list(s3, more)).rejects.toMatchObject({ name: 'NotImplemented' });
  }
});

test('any listing of any keys, from any page on, is what S3 would answer', async () => {
  const segment = fc.constantFrom(
    'a',
    'a-b',
    'a.b',
    'a0',
    'b',
    'x=1',
    'é',
    '\u{ffee}',
    '\u{1f600}',
    'a b',
    '+&',
  );
  const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
  const cases = fc.record({
    keys: fc.uniqueArray(key, { maxLength: 30 }).map(withoutParents),
    prefix: fc.constantFrom('', 'a', 'a/', 'a/a', 'a/b/', 'é/', 'zzz', 'a/b/a-b'),
    after: fc.option(key, { nil: undefined }),
  });
  let round = 0;
  const { directory } = started();
  const s3 = new S3Client({});
  await fc.assert(
    fc.asyncProperty(cases, async ({ keys, prefix, after }) => {
      const home = `round-${round++}/`;
      await write(
        directory,
        keys.map((name) => home + name),
      );
      const token = after === undefined ? undefined : Buffer.from(home + after).toString('base64url');
      const listed = await list(s3, {
        Prefix: home + prefix,
        ...(token !== undefined && { ContinuationToken: token }),
      });
      expect(listed).toEqual(model(keys, prefix, after).map((name) => home + name));
    }),
    { numRuns: 150 },
  );
});

/** S3's documented behaviour in a few lines. */
function model(keys: readonly string[], prefix: string, after = ''): string[] {
  return keys.filter((key) => key.startsWith(prefix) && byUtf8(key, after) > 0).toSorted(byUtf8);
}

/** Drops keys that are the folder of another key: both cannot be files. */
function withoutParents(keys: readonly string[]): string[] {
  return keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`)));
}
