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

/** All pages of a listing: objects and common prefixes, each in the order of the answer. */
async function list(s3: S3Client, options: Omit<ListObjectsV2CommandInput, 'Bucket'>) {
  const objects: string[] = [];
  const prefixes: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET, ...options })) {
    objects.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''));
  }
  return { objects, prefixes };
}

const byUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('2,500 keys come in three pages, in the order of their bytes, with size and tag', async () => {
  const { directory } = started();
  const s3 = new S3Client({});
  const keys = Array.from({ length: 2_500 }, (_, index) => `runs/${index}.json`);
  await write(directory, keys);
  expect((await list(s3, { Prefix: 'runs/' })).objects).toEqual(keys.toSorted(byUtf8));

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
  expect(await list(s3, { Delimiter: '/' })).toEqual({ objects: [], prefixes: ['b/'] });
  await expect(list(s3, { Delimiter: '|' })).rejects.toMatchObject({ name: 'NotImplemented' });
  expect((await list(s3, { MaxKeys: 0 })).objects).toEqual([]);
});

test('any listing of any keys is what S3 would answer', async () => {
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
    startAfter: fc.option(key, { nil: undefined }),
    delimiter: fc.constantFrom(undefined, '/'),
    maxKeys: fc.integer({ min: 1, max: 7 }),
  });
  let round = 0;
  const { directory } = started();
  const s3 = new S3Client({});
  await fc.assert(
    fc.asyncProperty(cases, async ({ keys, prefix, startAfter, delimiter, maxKeys }) => {
      const home = `round-${round++}/`;
      await write(
        directory,
        keys.map((name) => home + name),
      );
      const listed = await list(s3, {
        Prefix: home + prefix,
        ...(startAfter !== undefined && { StartAfter: home + startAfter }),
        ...(delimiter !== undefined && { Delimiter: delimiter }),
        MaxKeys: maxKeys,
      });
      const expected = model(keys, prefix, startAfter, delimiter);
      expect(listed).toEqual({
        objects: expected.objects.map((name) => home + name),
        prefixes: expected.prefixes.map((name) => home + name),
      });
    }),
    { numRuns: 150 },
  );
});

/** S3's documented behaviour in a few lines. */
function model(keys: readonly string[], prefix: string, startAfter = '', delimiter?: string) {
  const wanted = keys
    .filter((key) => key.startsWith(prefix) && (startAfter === '' || byUtf8(key, startAfter) > 0))
    .toSorted(byUtf8);
  const rolledUp = wanted.map((key) => {
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    return end === -1 ? key : key.slice(0, end + 1);
  });
  return {
    objects: rolledUp.filter((key) => !key.endsWith('/')),
    prefixes: [...new Set(rolledUp.filter((key) => key.endsWith('/')))],
  };
}

/** Drops keys that are the folder of another key: both cannot be files. */
function withoutParents(keys: readonly string[]): string[] {
  return keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`)));
}
