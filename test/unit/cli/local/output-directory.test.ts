/** The lake as the commands see it in its files. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDirectoryLake } from '../../../../lib/cli/local/output-directory.ts';

test('files that desktops leave where somebody looks are not listed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'directory-lake-'));
  const folder = join(directory, 'lake/manifests/tags');
  await mkdir(folder, { recursive: true });
  for (const name of ['.DS_Store', 'Thumbs.db', 'desktop.ini', 'run.json'])
    await writeFile(join(folder, name), '{}');
  const lake = createDirectoryLake(directory);
  expect(await Array.fromAsync(lake.list('manifests/'))).toEqual(['manifests/tags/run.json']);
  expect((await Array.fromAsync(lake.sizes('manifests/tags/'))).map(({ key }) => key)).toEqual([
    'manifests/tags/run.json',
  ]);
});
