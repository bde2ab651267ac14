/**
 * The life of a pipeline, with the commands that a person uses and the bundles, rights and alarms of the templates:
 * deployed, not connected for a while, connected, stopped, resumed, destroyed, and deployed again over what it left
 * behind. No alarm goes off without a reason, and nothing is read or hashed again.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../functions/config/config.ts';
import { SIZES, type Simulator, startSimulator } from '../../lib/standins/intercom/index.ts';
import { identityOf } from '../../lib/template/intrinsics.ts';
import { LOCAL_PLACE, synthesize } from '../../lib/template/template.ts';
import { samplesOf } from '../support/emf.ts';
import type { Ended } from '../support/ended.ts';
import { createAlarms, type Point } from '../support/infra/alarm-states.ts';
import { openBundledPipeline } from '../support/local/bundled-pipeline.ts';
import { type ManifestView, readLake } from '../support/local/lake-reader.ts';
import { type CloudFormation, startCloudFormation } from '../support/remote/cloudformation.ts';
import { type CommandOptions, deployedStacks, pipelineCommand } from '../support/remote/deployed.ts';
import { createRunningExecutions } from '../support/remote/running-executions.ts';

const OBJECTS = ['contacts', 'conversations'] as const;
const HOUR = 3_600;

let simulator: Simulator;
let directory: string;
let cloudFormation: CloudFormation;

beforeAll(async () => {
  // Contacts are searched by whole days of this zone.
  simulator = await startSimulator({ sizes: SIZES.tiny, timezone: 'UTC' });
  directory = await mkdtemp(join(tmpdir(), 'journey-'));
  cloudFormation = await startCloudFormation();
});
afterAll(async () => {
  await cloudFormation.close();
  await simulator.close();
  await rm(directory, { recursive: true, force: true });
});

const METRIC_OF = {
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  ABORTED: 'ExecutionsAborted',
} as const;

/** `npx cdk deploy shop`, with the configuration that the commands read too. */
async function deploy(config: PipelineConfig) {
  const configFile = join(directory, 'pipeline.json');
  await writeFile(configFile, JSON.stringify(config));
  const [resolved, deployment] = [parseConfig(config), parseDeployment(config)];
  const stacks = deployedStacks(resolved, deployment, 'https://example.com/callback');
  for (const stack of stacks) cloudFormation.stacks.set(stack.name, stack);
  let environment: Readonly<Record<string, string>> = {};
  const executions = createRunningExecutions(() => pipeline.runner);
  const pipeline = await openBundledPipeline(
    config,
    (variables) => {
      environment = variables;
      Object.assign(process.env, variables);
    },
    { directory, backend: executions },
  );
  const stateMachineArn = pipeline.resources.stateMachine.arn;
  let [seenOutput, seenExecutions, firings] = [0, 0, 0];
  return {
    pipeline,
    executions,
    templates: synthesize(resolved, deployment),
    /** What the scheduler does. */
    async fire(): Promise<void> {
      firings += 1;
      await executions.start({ stateMachineArn, name: `scheduled-${firings}`, input: '{}' });
      await executions.idle();
    },
    command: (args: readonly string[], options: CommandOptions = {}): Promise<Ended> =>
      pipelineCommand([...args, '--config', configFile], {
        ...options,
        environment: {
          ...environment,
          AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
          AWS_ENDPOINT_URL_EVENTBRIDGE: cloudFormation.url,
          AWS_ENDPOINT_URL_LAMBDA: cloudFormation.url,
        },
      }),
    /** What CloudWatch has of the runs since the last call, and how they ended. */
    async news(atSeconds: number) {
      await executions.idle();
      const lines = pipeline.output().slice(seenOutput).split('\n');
      seenOutput = pipeline.output().length;
      const arns = executions.arns.slice(seenExecutions);
      seenExecutions += arns.length;
      const ended = await Promise.all(arns.map((arn) => executions.describe(arn)));
      const statuses = ended.map((one) => String(one?.status));
      const points: readonly Point[] = [
        ...lines
          .filter((line) => line.includes('"_aws"'))
          .flatMap(samplesOf)
          .map((sample) => ({ ...sample, atSeconds })),
        ...statuses.map((status) => ({
          namespace: 'AWS/States',
          name: METRIC_OF[status as keyof typeof METRIC_OF],
          value: 1,
          atSeconds,
        })),
      ];
      return { points, statuses };
    },
    close: () => pipeline.close(),
  };
}

type Deployment = Awaited<ReturnType<typeof deploy>>;

/** `npx cdk destroy shop shop-data`: what the template retains stays, and CloudFormation remembers its names. */
async function destroy({ templates }: Deployment): Promise<void> {
  const secrets = new SecretsManagerClient({});
  const idOf = async (logicalId: string, type: string): Promise<string> => {
    const { ref } = identityOf(logicalId, { Type: type }, LOCAL_PLACE);
    if (type !== 'AWS::SecretsManager::Secret') return ref;
    return (await secrets.send(new DescribeSecretCommand({ SecretId: ref }))).ARN ?? '';
  };
  const resources = templates
    .flatMap(({ Resources }) => Object.entries(Resources))
    .filter(
      ([, resource]) => 'DeletionPolicy' in resource && String(resource.DeletionPolicy).startsWith('Retain'),
    )
    .filter(([, { Type }]) => /S3::Bucket$|GlobalTable|Secret$/.test(Type));
  const kept = await Promise.all(
    resources.map(async ([id, { Type }]) => [id, await idOf(id, Type), 'DELETE_SKIPPED'] as const),
  );
  cloudFormation.stacks.clear();
  const id = `arn:aws:cloudformation:${LOCAL_PLACE.region}:${LOCAL_PLACE.accountId}:stack/shop-data/1`;
  cloudFormation.deleted.push({ name: 'shop-data', id, deletedAt: '2026-11-01T00:00:00Z', resources: kept });
}

/** Digest of each file with data or a manifest, by its path. */
async function filesOfLake(): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(join(directory, 'lake'), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => /\/lake\/(tables|manifests)\//.test(path));
  const digest = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  return new Map(await Promise.all(paths.map(async (path) => [path, await digest(path)] as const)));
}

const lastManifest = async (object: (typeof OBJECTS)[number]): Promise<ManifestView | undefined> =>
  (await readLake(directory)).manifests(object).at(-1);

/** How many records Intercom has that changed at this time or later. */
const changedSince = (object: (typeof OBJECTS)[number], seconds: number): number =>
  [...simulator.workspace[object].records()].filter(({ updated_at: at }) => Number(at) >= seconds).length;

/** An incremental run that read exactly what changed since the cursor, which lies 15 minutes before the start of the last run. */
async function expectOnlyChanges(before: Readonly<Record<string, ManifestView | undefined>>): Promise<void> {
  for (const object of OBJECTS) {
    const manifest = await lastManifest(object);
    const cursor = before[object]?.cursor?.after ?? Number.NaN;
    expect(manifest).toMatchObject({ mode: 'incremental', cursor: { before: cursor } });
    const changed = changedSince(object, cursor);
    expect(changed).toBeGreaterThan(0);
    expect(changed).toBeLessThan(simulator.workspace[object].size / 2);
    expect(manifest?.tables[object]?.rows).toBe(changed);
    // Intercom can search contacts by whole days only.
    const from = object === 'contacts' ? Math.floor(cursor / (24 * HOUR)) * 24 * HOUR : cursor;
    expect(manifest?.completeness).toMatchObject({ status: 'complete', read: changedSince(object, from) });
  }
}

const manifestsNow = async () => ({
  contacts: await lastManifest('contacts'),
  conversations: await lastManifest('conversations'),
});

/** Changes one record of each object. @returns the ids */
function changeOne(index: number) {
  const { contacts, conversations } = simulator.workspace;
  const [contact = '', conversation = ''] = [[...contacts.ids()][index], [...conversations.ids()][index]];
  contacts.update(contact, { language_override: `l${index}` });
  conversations.update(conversation, { priority: 'priority', read: true });
  return { contacts: contact, conversations: conversation };
}

/** Columns that say when and how a row was written, and those that `changeOne` changes. */
const CHANGING = [
  '_run_id',
  '_extracted_at',
  '_version',
  'updated_at',
  'language_override',
  'priority',
  'read',
];

const unchanging = (row: Readonly<Record<string, unknown>> | undefined) =>
  Object.entries(row ?? {}).filter(([column]) => !CHANGING.includes(column));

test('from the first deployment to the second', async () => {
  const config: PipelineConfig = {
    name: 'shop',
    baseUrl: simulator.url,
    objects: [...OBJECTS],
    sensitiveFields: 'hash',
  };
  const first = await deploy(config);
  const alarms = createAlarms(first.templates);
  expect(alarms.names).toEqual(
    expect.arrayContaining(['RunFailed', 'RunAborted', 'ConnectionLost', 'NoSuccessfulRun', 'DeadLetters']),
  );
  const stored: Point[] = [];
  /** Everything that happened at this full hour. @returns statuses of runs, and alarms that are red soon after it */
  async function after(hour: number, { news }: Deployment, watched: typeof alarms) {
    const { points, statuses } = await news(hour * HOUR + 60);
    stored.push(...points);
    const red = [120, 900].flatMap((later) => watched.evaluate(stored, hour * HOUR + later));
    return { statuses, red: [...new Set(red)] };
  }

  // Not connected for two firings: no run fails, no alarm goes off, and silence is no news yet.
  for (const hour of [1, 2]) {
    await first.fire();
    expect(await after(hour, first, alarms)).toEqual({ statuses: ['SUCCEEDED'], red: [] });
    expect(alarms.stateOf('NoSuccessfulRun')).toBe('INSUFFICIENT_DATA');
  }
  expect(await filesOfLake()).toEqual(new Map());

  const connected = await first.command(['connect', '--access-token', '--yes'], {
    stdin: `${simulator.token}\n`,
  });
  expect(connected).toMatchObject({ status: 0 });
  expect(await after(3, first, alarms)).toEqual({ statuses: ['SUCCEEDED'], red: [] });
  expect(alarms.names.filter((name) => alarms.stateOf(name) !== 'OK')).toEqual([]);
  for (const object of OBJECTS) {
    const whole = await lastManifest(object);
    expect(whole?.tables[object]?.rows).toBe([...simulator.workspace[object].ids()].length);
    expect(whole?.completeness.status).toBe('complete');
  }
  const initial = await manifestsNow();
  const read = await filesOfLake();

  // Stopped in the midst of a request. What was committed stays as it is.
  changeOne(0);
  const undo = simulator.addFault({
    match: { path: '/contacts/search' },
    respond: { kind: 'delay', delayMs: 4_000 },
  });
  let stop: Promise<Ended> | undefined;
  const stopped = await first.command(['run', '--objects', 'contacts'], {
    onOutput: (text) => {
      if (/contacts: reading/.test(text)) stop ??= first.command(['stop', '--yes']);
    },
  });
  undo();
  expect(await stop).toMatchObject({ status: 0, stderr: expect.stringMatching(/^Stopped run /m) });
  expect(stopped).toMatchObject({ status: 1, stderr: expect.stringMatching(/was stopped by somebody/) });
  expect(await after(4, first, alarms)).toEqual({ statuses: ['ABORTED'], red: ['RunAborted'] });
  expect(await filesOfLake()).toEqual(read);

  // Resumed, from where the last commit was. The alarm looks back on two hours.
  expect(await first.command(['run'])).toMatchObject({ status: 0 });
  expect(await after(5, first, alarms)).toEqual({ statuses: ['SUCCEEDED'], red: ['RunAborted'] });
  await expectOnlyChanges(initial);
  expect(await after(7, first, alarms)).toEqual({ statuses: [], red: [] });

  expect(first.pipeline.denied()).toEqual([]);
  const resumed = await manifestsNow();
  await destroy(first);
  expect(await first.command(['status'])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/is not deployed/),
  });
  const adopted = await first.command(['adopt']);
  expect(adopted).toMatchObject({ status: 0, stderr: expect.stringMatching(/^Stack shop-data was deleted/) });
  await first.close();
  const before = await filesOfLake();

  // Deployed again two days later. CloudWatch still has what the first pipeline reported.
  const changed = changeOne(1);
  const earlier = await readLake(directory);
  const second = await deploy({ ...config, ...JSON.parse(adopted.stdout) });
  try {
    expect(second.pipeline.resources).toMatchObject({ buckets: [], tables: [], secrets: [] });
    const alarmsAgain = createAlarms(second.templates);
    expect(alarmsAgain.evaluate(stored, 50 * HOUR)).toEqual([]);
    expect(alarmsAgain.stateOf('NoSuccessfulRun')).toBe('INSUFFICIENT_DATA');
    expect(await second.command(['run'])).toMatchObject({ status: 0 });
    expect(await after(51, second, alarmsAgain)).toEqual({ statuses: ['SUCCEEDED'], red: [] });
    expect(alarmsAgain.names.filter((name) => alarmsAgain.stateOf(name) !== 'OK')).toEqual([]);
    // If nothing follows, somebody hears of it.
    expect(await after(56, second, alarmsAgain)).toEqual({ statuses: [], red: ['NoSuccessfulRun'] });
    expect(await second.command(['verify', '--deep'])).toMatchObject({ status: 0 });
    expect(second.pipeline.denied()).toEqual([]);
  } finally {
    await second.close();
  }

  await expectOnlyChanges(resumed);
  const later = await readLake(directory);
  for (const object of OBJECTS) {
    const [was, is] = [earlier, later].map((lake) => lake.current(object).get(changed[object]));
    expect(is?.updated_at).not.toBe(was?.updated_at);
    expect(unchanging(is)).toEqual(unchanging(was));
    expect(JSON.stringify(is)).toMatch(/[0-9a-f]{64}/);
  }
  expect(later.current('contacts').get(changed.contacts)?.email).toMatch(/^[0-9a-f]{64}$/);
  const now = await filesOfLake();
  expect([...before].filter(([path, digest]) => now.get(path) !== digest)).toEqual([]);
});
