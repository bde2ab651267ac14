/**
 * The life of a pipeline: deployed, not connected for a while, connected, stopped, resumed, destroyed, and deployed again
 * over what it left behind. No alarm goes off without a reason, and nothing is read or hashed anew.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PipelineConfig, parseConfig } from '../../functions/config/config.ts';
import { SIZES, type Simulator, startSimulator } from '../../lib/standins/intercom/index.ts';
import { synthesize } from '../../lib/template/template.ts';
import { samplesOf } from '../support/emf.ts';
import { createAlarms, type Point } from '../support/infra/alarm-states.ts';
import { type BundledPipeline, openBundledPipeline } from '../support/local/bundled-pipeline.ts';
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

const METRIC_OF = {
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  ABORTED: 'ExecutionsAborted',
} as const;

/** Runs, and what CloudWatch has of each. */
function observed(pipeline: BundledPipeline) {
  const periods: Point[][] = [];
  return {
    periods,
    async run(signal?: AbortSignal): Promise<string> {
      const before = pipeline.output().length;
      const { status } = await pipeline.run({}, signal);
      const lines = pipeline.output().slice(before).split('\n');
      const ours = lines.filter((line) => line.includes('"_aws"')).flatMap(samplesOf);
      const name = METRIC_OF[status as keyof typeof METRIC_OF];
      periods.push([...ours, { namespace: 'AWS/States', name, value: 1 }]);
      return status;
    },
  };
}

test('from the first deployment to the second', async () => {
  const alarms = createAlarms(synthesize(parseConfig({ name: 'shop', objects: ['contacts'] })));
  const first = await deploy();
  const { run, periods } = observed(first);

  // Not connected for two firings: no run fails, no alarm goes off, and silence is no news yet.
  for (const _firing of [1, 2]) {
    expect(await run()).toBe('SUCCEEDED');
    expect(alarms.evaluate(periods)).toEqual([]);
    expect(alarms.stateOf('NoSuccessfulRun')).toBe('INSUFFICIENT_DATA');
  }

  await first.connect({ access_token: simulator.token });
  expect(await run()).toBe('SUCCEEDED');
  expect(alarms.evaluate(periods)).toEqual([]);
  expect(alarms.stateOf('NoSuccessfulRun')).toBe('OK');
  const all = simulator.workspace.contacts.size;
  const [whole] = (await readLake(directory)).manifests('contacts');
  expect(whole?.tables.contacts?.rows).toBe(all);
  const read = await filesOfLake();

  // Stopped in the midst of a request. What was committed stays as it is.
  const stop = new AbortController();
  const slow = { kind: 'delay', delayMs: 3_000 } as const;
  const undo = simulator.addFault({ match: { path: '/contacts/search' }, respond: slow });
  setTimeout(() => stop.abort(), 1_500);
  expect(await run(stop.signal)).toBe('ABORTED');
  undo();
  expect(alarms.evaluate(periods.slice(-1))).toEqual(['RunAborted']);
  expect(await filesOfLake()).toEqual(read);

  // Resumed, from where the last commit was.
  expect(await run()).toBe('SUCCEEDED');
  expect(alarms.evaluate(periods.slice(-1))).toEqual([]);
  const [, resumed] = (await readLake(directory)).manifests('contacts');
  expect(resumed).toMatchObject({ mode: 'incremental', cursor: { before: whole?.cursor?.after } });

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
  const incremental = manifests('contacts').at(-1);
  expect(incremental).toMatchObject({ mode: 'incremental', cursor: { before: resumed?.cursor?.after } });
  expect(incremental?.tables.contacts?.rows).toBeLessThan(all);
  const later = current('contacts').get(id);
  expect(later?.language_override).toBe('fr');
  expect(later?.email).toMatch(/^[0-9a-f]{64}$/);
  expect(later?.email).toBe(earlier?.email);
  const after = await filesOfLake();
  expect([...before].filter(([path, digest]) => after.get(path) !== digest)).toEqual([]);
});
