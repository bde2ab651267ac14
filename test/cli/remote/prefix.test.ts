/** A pipeline below a prefix of the user's own bucket, with the real commands. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GetTablesCommand, GlueClient } from '@aws-sdk/client-glue';
import { beforeAll, expect, test } from 'vitest';
import { WRITTEN } from '../../../functions/core/lake-keys.ts';
import { deployForAll } from '../../support/remote/deployed.ts';

const { command, configFile, simulator, pipeline } = await deployForAll({
  config: { objects: ['tags', 'contacts'], aws: { bucket: 'company-lake', prefix: 'raw/intercom' } },
});

const BUCKET = join(dirname(configFile), 'lake');
const BELOW = 'raw/intercom/';

/** Keys of everything in the bucket. */
async function keysOfBucket(): Promise<readonly string[]> {
  const entries = await readdir(BUCKET, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(BUCKET.length + 1));
}

const addressIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/s3:\/\/[\w./=:-]+/g)].map(([address]) => address)),
];

/** True if the address is of a file in the bucket. */
const isThere = (address: string): boolean =>
  existsSync(address.replace('s3://company-lake/', `${BUCKET}/`)) && address.startsWith('s3://company-lake/');

const THEIRS = [
  'tables/contacts/prices.csv',
  'raw/other/runs/1.json',
  'raw/intercom-2/manifests/tags/1.json',
];

beforeAll(async () => {
  for (const key of THEIRS) {
    await mkdir(dirname(join(BUCKET, key)), { recursive: true });
    await writeFile(join(BUCKET, key), 'theirs');
  }
  expect(await command(['run'])).toMatchObject({ status: 0 });
});

test('everything that is written lies below it, also what the commands write', async () => {
  const [id = ''] = simulator.workspace.contacts.ids();
  expect(await command(['person', 'erase', id, '--yes'])).toMatchObject({ status: 0 });
  expect(await command(['load-sql', '--for', 'redshift'])).toMatchObject({ status: 0 });
  const ours = (await keysOfBucket()).filter((key) => !THEIRS.includes(key));
  const starts = WRITTEN.map((start) => BELOW + start);
  expect(ours.filter((key) => !starts.some((start) => key.startsWith(start)))).toEqual([]);
  const folders = new Set(ours.map((key) => key.slice(BELOW.length).split('/')[0]));
  expect([...folders].toSorted()).toEqual(['erasures', 'evidence', 'manifests', 'runs', 'tables', 'work']);
  for (const key of THEIRS) expect(await readFile(join(BUCKET, key), 'utf8')).toBe('theirs');
});

test('the commands read it there', async () => {
  const status = await command(['status']);
  expect(status.stdout).toContain('bucket     company-lake, below raw/intercom/');
  expect(status.stdout).toMatch(/contacts .* complete/);
  const { stdout } = await command(['status', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ pipeline: { bucket: 'company-lake', prefix: BELOW } });
  expect(await command(['verify', '--deep'])).toMatchObject({ status: 0 });
});

test('the statements for a warehouse name files that are there', async () => {
  const { stdout: redshift } = await command(['load-sql', '--for', 'redshift']);
  const lists = addressIn(redshift);
  expect(lists.length).toBeGreaterThan(1);
  expect(lists.filter((address) => !isThere(address))).toEqual([]);
  const bodies = await Promise.all(
    lists.map((address) => readFile(address.replace('s3://company-lake', BUCKET), 'utf8')),
  );
  const { stdout: bigquery } = await command(['load-sql', '--for', 'bigquery']);
  const files = addressIn(bigquery);
  expect(files.length).toBeGreaterThan(1);
  expect(files.filter((address) => !isThere(address))).toEqual([]);
  expect(addressIn(bodies.join()).toSorted()).toEqual(files.toSorted());
});

test('the catalog finds it there', async () => {
  const DatabaseName = pipeline.resources.databases[0];
  const { TableList = [] } = await new GlueClient({}).send(new GetTablesCommand({ DatabaseName }));
  const places = TableList.flatMap(({ StorageDescriptor, Parameters }) =>
    StorageDescriptor?.Location === undefined
      ? []
      : [[StorageDescriptor.Location, Parameters?.['storage.location.template']]],
  );
  const root = `s3://company-lake/${BELOW}`;
  expect(places).toContainEqual([`${root}tables/tags/`, `${root}tables/tags/run_date=\${run_date}/`]);
  expect(places).toContainEqual([`${root}manifests/`, `${root}manifests/\${object}/`]);
  expect(places.filter(([location]) => location?.startsWith(root) !== true)).toEqual([]);
  // A view keeps rows by the address of their file, which is this and the key in the manifest.
  const view = TableList.find(({ Name }) => Name === 'manifest_files')?.ViewOriginalText ?? '';
  const { originalSql } = JSON.parse(Buffer.from(view.split(' ')[3] ?? '', 'base64').toString('utf8'));
  expect(originalSql).toContain(`'${root}' || file_key AS path`);
});

test('the next run continues there', async () => {
  const [id = ''] = [...simulator.workspace.contacts.ids()].toReversed();
  simulator.workspace.contacts.update(id, { language_override: 'fr' });
  expect(await command(['run'])).toMatchObject({ status: 0 });
  const { objects } = JSON.parse((await command(['status', '--json'])).stdout) as {
    readonly objects: readonly { readonly committed: { readonly mode: string } }[];
  };
  expect(objects.map(({ committed }) => committed.mode).toSorted()).toEqual(['full_refresh', 'incremental']);
});
