/** A pipeline that is destroyed and deployed again over what it left behind: nothing is read or hashed anew. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { SIZES, type Simulator, startSimulator } from '../../lib/standins/intercom/index.ts';
import { openBundledPipeline } from '../support/local/bundled-pipeline.ts';
import { readLake } from '../support/local/lake-reader.ts';

let simulator: Simulator;
let directory: string;

beforeAll(async () => {
  simulator = await startSimulator({ sizes: SIZES.tiny });
  directory = await mkdtemp(join(tmpdir(), 'adoption-'));
});
afterAll(async () => {
  await simulator.close();
  await rm(directory, { recursive: true, force: true });
});

const deploy = (config: PipelineConfig = {}) =>
  openBundledPipeline(
    { name: 'shop', baseUrl: simulator.url, objects: ['contacts'], sensitiveFields: 'hash', ...config },
    (variables) => Object.assign(process.env, variables),
    directory,
  );

/** Digest of each file with data or a manifest, by its path. */
async function filesOfLake(): Promise<ReadonlyMap<string, string>> {
  const lake = join(directory, 'lake');
  const entries = await readdir(lake, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const data = paths.filter((path) => /\/lake\/(tables|manifests)\//.test(path));
  const digest = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  return new Map(await Promise.all(data.map(async (path) => [path, await digest(path)] as const)));
}

const arnOf = async (SecretId: string): Promise<string> =>
  (await new SecretsManagerClient({}).send(new DescribeSecretCommand({ SecretId }))).ARN ?? '';

test('destroyed and deployed again, it goes on where it was', async () => {
  const first = await deploy();
  await first.connect({ access_token: simulator.token });
  expect(await first.run({})).toMatchObject({ status: 'SUCCEEDED' });
  const { buckets, tables, secrets } = first.resources;
  const [bucket = ''] = buckets;
  const table = tables[0]?.TableName ?? '';
  expect(secrets.map(({ name }) => name).toSorted()).toEqual(['Connection', 'HashKey', 'OAuthClient']);
  const adopted = {
    bucket,
    table,
    secrets: {
      connection: await arnOf('Connection'),
      oauthClient: await arnOf('OAuthClient'),
      hashKey: await arnOf('HashKey'),
    },
  };
  await first.close();
  const before = await filesOfLake();
  const all = simulator.workspace.contacts.size;

  const [id = ''] = simulator.workspace.contacts.ids();
  const earlier = (await readLake(directory)).current('contacts').get(id);
  simulator.workspace.contacts.update(id, { language_override: 'fr' });
  const second = await deploy({ aws: adopted });
  try {
    expect(second.resources).toMatchObject({ buckets: [], tables: [], secrets: [] });
    expect(await second.run({})).toMatchObject({ status: 'SUCCEEDED' });
    expect(second.denied()).toEqual([]);
  } finally {
    await second.close();
  }

  const { manifests, current } = await readLake(directory);
  const [whole, incremental] = manifests('contacts');
  expect(whole?.tables.contacts?.rows).toBe(all);
  expect(incremental).toMatchObject({ mode: 'incremental', cursor: { before: whole?.cursor?.after } });
  expect(incremental?.tables.contacts?.rows).toBeLessThan(all);
  const later = current('contacts').get(id);
  expect(later?.language_override).toBe('fr');
  expect(later?.email).toMatch(/^[0-9a-f]{64}$/);
  expect(later?.email).toBe(earlier?.email);
  const after = await filesOfLake();
  expect([...before].filter(([path, digest]) => after.get(path) !== digest)).toEqual([]);
});
