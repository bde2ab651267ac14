import { describe, expect, test } from 'vitest';
import { createS3Lake } from '../../../functions/aws/s3-lake.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryLake } from '../../support/memory/memory-lake.ts';

const endpoints = useAwsEndpoints();

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | null): string | null => body && new TextDecoder().decode(body);

describe.each<[string, () => Promise<Lake>]>([
  ['memory', async () => createMemoryLake()],
  ['S3', async () => createS3Lake(endpoints().s3, { bucket: await endpoints().newBucket(), prefix: '' })],
  [
    'S3, below a prefix',
    async () => createS3Lake(endpoints().s3, { bucket: await endpoints().newBucket(), prefix: 'raw/a.b/' }),
  ],
])('the lake (%s)', (_name, create) => {
  test('returns what was written, and null for a missing key', async () => {
    const lake = await create();
    expect(await lake.get('a/b.json')).toBeNull();
    expect(await lake.putNew('a/b.json', bytes('x\u{1f600}'))).toBe('written');
    expect(text(await lake.get('a/b.json'))).toBe('x\u{1f600}');
    expect(await lake.get('a/b')).toBeNull();
  });

  test('accepts an empty object', async () => {
    const lake = await create();
    await lake.putNew('empty', new Uint8Array());
    expect((await lake.get('empty'))?.length).toBe(0);
  });

  test('keeps what was written, even if the caller changes the bytes later', async () => {
    const lake = await create();
    const body = bytes('before');
    await lake.putNew('k', body);
    body.fill(0);
    expect(text(await lake.get('k'))).toBe('before');
  });

  test('never overwrites: of 50 writes at once, one succeeds and its content stays', async () => {
    const lake = await create();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_unused, index) => lake.putNew('k', bytes(`writer ${index}`))),
    );
    const winner = answers.indexOf('written');
    expect(answers.filter((answer) => answer === 'written')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'exists')).toHaveLength(49);
    expect(text(await lake.get('k'))).toBe(`writer ${winner}`);
    expect(await lake.putNew('k', bytes('later'))).toBe('exists');
    expect(text(await lake.get('k'))).toBe(`writer ${winner}`);
  });

  test('lists more than a page of keys with a prefix, each once, in the order of their bytes', async () => {
    const lake = await create();
    const names = Array.from({ length: 1_105 }, (_unused, index) => `p/${(index * 7919) % 1_105}.json`);
    const others = [
      'p.json',
      'pa/1.json',
      'q/1.json',
      'o/1.json',
      'p/\u{e4}.json',
      'p/Z.json',
      'p/a/deep.json',
    ];
    const all = [...names, ...others];
    for (let start = 0; start < all.length; start += 100) {
      await Promise.all(all.slice(start, start + 100).map((key) => lake.putNew(key, bytes('x'))));
    }
    const wanted = all
      .filter((key) => key.startsWith('p/'))
      .sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    expect(await Array.fromAsync(lake.list('p/'))).toEqual(wanted);
    expect(await Array.fromAsync(lake.list('nothing/'))).toEqual([]);
    expect(await Array.fromAsync(lake.list('p/a/deep'))).toEqual(['p/a/deep.json']);

    await lake.delete([...wanted, 'p/never-there']);
    expect(await Array.fromAsync(lake.list('p/'))).toEqual([]);
    expect(await lake.get('q/1.json')).not.toBeNull();
  });

  test('deletes nothing for an empty list, and accepts a key again after its deletion', async () => {
    const lake = await create();
    await lake.delete([]);
    await lake.putNew('k', bytes('1'));
    await lake.delete(['k']);
    expect(await lake.get('k')).toBeNull();
    expect(await lake.putNew('k', bytes('2'))).toBe('written');
  });
});

test('lakes of one bucket do not know of each other', async () => {
  const bucket = await endpoints().newBucket();
  const at = (prefix: string): Lake => createS3Lake(endpoints().s3, { bucket, prefix });
  const [whole, ours, theirs] = [at(''), at('raw/intercom/'), at('raw/intercom-2/')] as const;
  for (const [lake, name] of [
    [whole, 'whole'],
    [ours, 'ours'],
    [theirs, 'theirs'],
  ] as const)
    expect(await lake.putNew('runs/1.json', bytes(name))).toBe('written');
  expect(await Array.fromAsync(ours.list(''))).toEqual(['runs/1.json']);
  expect(await Array.fromAsync(whole.list('raw/'))).toEqual([
    'raw/intercom-2/runs/1.json',
    'raw/intercom/runs/1.json',
  ]);
  await ours.delete(['runs/1.json']);
  expect(await ours.get('runs/1.json')).toBeNull();
  expect(text(await whole.get('runs/1.json'))).toBe('whole');
  expect(text(await theirs.get('runs/1.json'))).toBe('theirs');
});
