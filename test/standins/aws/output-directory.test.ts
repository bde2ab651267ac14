import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  DirectoryInUseError,
  OutputDirectoryError,
  startEmbeddedAws,
} from '../../../lib/standins/aws/index.ts';
import { start, startChild, temporaryDirectory } from '../../support/aws/harness.ts';
import { BUCKET } from '../../support/aws/names.ts';

test('a second process is refused, and accepted at once after kill -9 of the first', async () => {
  const directory = await temporaryDirectory();
  const { kill } = await startChild(directory);
  const refused = await startEmbeddedAws({ directory }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DirectoryInUseError);
  expect(refused).toMatchObject({
    name: 'DirectoryInUseError',
    directory,
    message: expect.stringContaining(directory),
  });

  await kill();
  await start({ directory });
});

test('a second start in the same process is refused, and accepted after close', async () => {
  const first = await start();
  await expect(startEmbeddedAws({ directory: first.directory })).rejects.toBeInstanceOf(DirectoryInUseError);
  await first.close();
  await start({ directory: first.directory });
});

test('kill -9 during puts leaves only whole objects, every answered one, and no leftovers', async () => {
  const directory = await temporaryDirectory();
  const { kill } = await startChild(directory);
  const s3 = new S3Client({ maxAttempts: 1 });
  const answered: string[] = [];
  const body = (key: string) => `${key}\n`.repeat(20_000);
  const writer = async (name: number) => {
    for (let index = 0; ; index++) {
      const key = `parts/${name}/${index}`;
      try {
        await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body(key), IfNoneMatch: '*' }));
        answered.push(key);
      } catch {
        return;
      }
    }
  };
  const endless = async function* () {
    for (;;) {
      yield Buffer.alloc(64 * 1024);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const stuck = s3
    .send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: 'stuck',
        Body: Readable.from(endless()),
        ContentLength: 2 ** 30,
      }),
    )
    .catch(() => 'failed');
  const writers = [1, 2, 3, 4].map(writer);
  await expect.poll(() => answered.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(40);
  // The endless upload may begin later than all of these.
  await expect.poll(() => readdir(join(directory, 'state/tmp')), { timeout: 20_000 }).not.toEqual([]);
  await kill();
  expect(await stuck).toBe('failed');
  await Promise.all(writers);

  await start({ directory });
  expect(await readdir(join(directory, 'state/tmp'))).toEqual([]);
  const files = await readdir(join(directory, 'lake'), { recursive: true, withFileTypes: true });
  const keys = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  const stored = keys.map((path) => path.slice(join(directory, 'lake/').length));
  for (const key of stored) expect(await readFile(join(directory, 'lake', key), 'utf8')).toBe(body(key));
  expect(stored).toEqual(expect.arrayContaining(answered));
  expect(stored).not.toContain('stuck');
});

test('leftovers of an earlier process in the temporary folder are removed', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'state/tmp'), { recursive: true });
  await writeFile(join(directory, 'state/tmp/left'), 'x');
  await start({ directory });
  expect(await readdir(join(directory, 'state/tmp'))).toEqual([]);
});

test('a missing directory is created; a path that is a file or leads through one is refused', async () => {
  const home = await temporaryDirectory();
  await start({ directory: join(home, 'new/deep') });
  await writeFile(join(home, 'file'), 'x');
  for (const directory of [join(home, 'file'), join(home, 'file/below')]) {
    const refused = await startEmbeddedAws({ directory }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OutputDirectoryError);
    expect(refused).toMatchObject({
      directory,
      message: expect.stringMatching(/is a file\. Remove that file or choose/),
    });
  }
});

test('a database that cannot be opened is reported with its directory', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'state'), { recursive: true });
  await writeFile(join(directory, 'state/dynamodb'), 'no folder');
  const refused = await startEmbeddedAws({ directory }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OutputDirectoryError);
  await rm(join(directory, 'state/dynamodb'));
  await start({ directory });
});

test.each([
  ['dynamodb', /state\/dynamodb is damaged \(.*CURRENT.*\)\. It holds the cursors\. .*remove it/],
  ['lock', /state\/lock is damaged \(.*CURRENT.*\)\. Remove it/],
])('garbage in state/%s is named, with what removing it means', async (name, message) => {
  const { directory, close } = await start();
  await close();
  const folder = join(directory, 'state', name);
  for (const file of await readdir(folder)) await writeFile(join(folder, file), 'garbage');
  await expect(startEmbeddedAws({ directory })).rejects.toThrow(message);
  await rm(folder, { recursive: true });
  await start({ directory });
});

test('settings for the real AWS have no effect', async () => {
  vi.stubEnv('AWS_PROFILE', 'production')
    .stubEnv('AWS_SESSION_TOKEN', 'x')
    .stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  await start();
  const put = new PutObjectCommand({ Bucket: BUCKET, Key: 'k', Body: 'x' });
  expect(await new S3Client({}).send(put)).toMatchObject({ $metadata: { httpStatusCode: 200 } });
});
