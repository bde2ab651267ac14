/** `delete`: everything a pipeline has made goes, nothing else, and a command that was cut off is run again. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PipelineConfig } from '../../../functions/config/config.ts';
import { isPipelineError } from '../../../functions/core/errors.ts';
import { WRITTEN } from '../../../functions/core/lake-keys.ts';
import { createAwsClients } from '../../../lib/cli/remote/aws-clients.ts';
import { type DeleteOptions, runDelete } from '../../../lib/cli/remote/commands/delete.ts';
import { removals } from '../../../lib/cli/remote/removal.ts';
import type { Terminal } from '../../../lib/cli/terminal/terminal.ts';
import { type Account, deployShop, secretArn, stackId, startAccount } from '../../support/remote/account.ts';
import { pipelineCommand } from '../../support/remote/deployed.ts';

const KEYS = [
  'tables/contacts/run_date=2026-11-01/run_id=1/a.ndjson',
  'manifests/contacts/1.json',
  'runs/2026.json',
  'work/2026/run.json',
];

let account: Account;
let directory: string;
const before = { ...process.env };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'delete-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const environment = () => ({
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'key',
  AWS_REGION: 'eu-west-1',
  AWS_ENDPOINT_URL: account.url,
});

/** A new account. */
async function renew(): Promise<void> {
  if (account !== undefined) await account.close();
  account = await startAccount();
  process.env = { ...before, ...environment() };
}
beforeEach(renew);
afterAll(async () => {
  process.env = before;
  await account.close();
});

async function configFile(config: PipelineConfig = {}): Promise<string> {
  const file = join(directory, 'pipeline.json');
  await writeFile(file, JSON.stringify({ name: 'shop', ...config }));
  return file;
}

interface Ran {
  /** The error's message if it failed. */
  readonly status: number | string;
  readonly told: string;
}

/** Runs the command in this process, with a clock that does not wait. */
async function run(
  options: DeleteOptions,
  {
    config,
    answers,
  }: { readonly config?: PipelineConfig; readonly answers?: readonly [boolean, string] } = {},
): Promise<Ran> {
  const told: string[] = [];
  const killed = new AbortController();
  const terminal: Terminal = {
    environment: process.env,
    clock: { now: () => 0, sleep: async () => undefined },
    signal: killed.signal,
    canAsk: answers !== undefined,
    page: async () => undefined,
    width: () => null,
    tell: (text) => void told.push(text),
    print: (text) => void told.push(text),
    confirm: async (question) => {
      told.push(question);
      return answers?.[0] ?? false;
    },
    ask: async (question) => {
      told.push(question);
      return answers?.[1] ?? '';
    },
    askHidden: async () => '',
    live: () => ({ note: () => undefined, stop: () => undefined }),
    async *readLines() {},
    run: async () => undefined,
  };
  const onHook = account.hook;
  account.hook = (moment, call) => {
    try {
      onHook(moment, call);
    } catch (error) {
      killed.abort(error);
      throw error;
    }
  };
  try {
    const status = await runDelete(terminal, { config: await configFile(config), ...options });
    return { status, told: told.join('\n') };
  } catch (error) {
    if (!(killed.signal.aborted || isPipelineError(error))) throw error;
    return { status: (error as Error).message, told: told.join('\n') };
  } finally {
    account.hook = onHook;
  }
}

/** Your own bucket, with these objects. */
const fill = (keys: readonly string[]): void =>
  void account.buckets.set(
    'lake',
    keys.map((key, n) => ({ key, id: `v${n}`, bytes: 1, isMarker: false })),
  );

/** Another stack of the account. */
function addStack(outputs: Readonly<Record<string, string>>): void {
  const name = `other-${account.stacks.length}`;
  account.stacks.push({
    name,
    id: stackId(name, 'c3'),
    status: 'CREATE_COMPLETE',
    isProtected: true,
    deletedAt: null,
    outputs,
    resources: [],
  });
}

/** What costs money or holds data. */
const left = () => ({
  stacks: account.stacks.filter(({ status }) => status !== 'DELETE_COMPLETE').map(({ name }) => name),
  buckets: [...account.buckets.keys()],
  tables: [...account.tables].filter(([, { status }]) => status !== 'DELETING').map(([name]) => name),
  secrets: [...account.secrets].filter(([, days]) => days === null).map(([arn]) => arn),
  databases: [...account.databases.keys()],
  keys: [...account.keys].filter(([, days]) => days === null).map(([id]) => id),
  running: [...account.running],
});
const NOTHING = { stacks: [], buckets: [], tables: [], secrets: [], databases: [], keys: [], running: [] };

const CHANGES = /^(Delete|Update|Stop|Schedule|S3 (DELETE|POST))/;
const changes = () => account.calls.filter((call) => CHANGES.test(call));

describe('everything', () => {
  it('says what there is and what it costs, asks twice, and deletes all of it', async () => {
    deployShop(account, KEYS);
    const { status, told } = await run({}, { answers: [true, 'shop'] });
    expect(told).toMatch(/To be deleted of pipeline 'shop' \(account 123456789012, eu-west-1\):/);
    expect(told).toMatch(/bucket +shop-data-lake-a1 +6 object versions and delete markers, 4\.0 kB$/m);
    expect(told).toMatch(/table +shop-data-State-a1 +about 17 items$/m);
    expect(told).toMatch(/database +shop_a1 +4 tables and views, yours too$/m);
    expect(told).toMatch(/costs about \$2\.20 a month/);
    expect(told).toMatch(/Delete all of this\?\nType the name of the pipeline \(shop\)/);
    expect(told).toMatch(/Stopped run /);
    expect(status).toBe(0);
    expect(left()).toEqual(NOTHING);
    expect([...account.secrets.values(), ...account.keys.values()]).toEqual([30, 30, 30, 30]);
  });

  it('with the real command, and again: there is nothing any more', async () => {
    deployShop(account, KEYS);
    const args = ['delete', '--yes', 'shop', '--config', await configFile()];
    const first = await pipelineCommand(args, { environment: environment() });
    expect(first.stderr).toMatch(/^Deleted\. For 30 days, secrets can be restored/m);
    expect(first.status).toBe(0);
    expect(left()).toEqual(NOTHING);
    const done = changes().length;
    const second = await pipelineCommand(args, { environment: environment() });
    expect(second.stderr).toMatch(/There is nothing to delete of pipeline 'shop'/);
    expect(second.status).toBe(0);
    expect(changes()).toHaveLength(done);
  }, 60_000);

  it('of stacks that were destroyed before', async () => {
    deployShop(account, KEYS);
    account.running.clear();
    for (const stack of account.stacks)
      Object.assign(stack, { status: 'DELETE_COMPLETE', deletedAt: '2026-11-02T00:00:00Z' });
    expect((await run({ yes: 'shop' })).status).toBe(0);
    expect(left()).toEqual(NOTHING);
  });

  it('can be cut off before and after any call, and goes on', async () => {
    deployShop(account, KEYS);
    await run({ yes: 'shop' });
    const all = account.calls.length;
    expect(all).toBeGreaterThan(40);
    const cut = fc.record({
      at: fc.array(fc.tuple(fc.integer({ min: 1, max: all }), fc.constantFrom('before', 'after')), {
        minLength: 1,
        maxLength: 3,
      }),
      keys: fc.uniqueArray(
        fc.nat({ max: 40 }).map((n) => `tables/contacts/run_date=${n}`),
        { maxLength: 8 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(cut, async ({ at, keys }) => {
        await renew();
        deployShop(account, keys);
        for (const [call, moment] of at) {
          const from = account.calls.length;
          account.hook = (now) => {
            const made = account.calls.length - from;
            if (made > call || (made === call && now === moment)) throw new Error('killed');
          };
          await run({ yes: 'shop' });
          account.hook = () => undefined;
        }
        expect((await run({ yes: 'shop' })).status).toBe(0);
        expect(left()).toEqual(NOTHING);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('nothing, if', () => {
  beforeEach(() => deployShop(account, KEYS));

  it.each<[string, DeleteOptions, readonly [boolean, string] | undefined, number | RegExp]>([
    ['nobody can answer', {}, undefined, 1],
    ['the first answer is no', {}, [false, 'shop'], 1],
    ['the name is another', {}, [true, 'shop-data'], 1],
    [
      'the name after --yes is another',
      { yes: 'intercom' },
      undefined,
      /'intercom' is not the name of the pipeline, which is 'shop'/,
    ],
    [
      '--own-bucket has no bucket',
      { yes: 'shop', ownBucket: true },
      undefined,
      /--own-bucket is only for a pipeline whose configuration names/,
    ],
  ])('%s', async (_why, options, answers, expected) => {
    const { status } = await run(options, answers && { answers });
    if (expected instanceof RegExp) expect(status).toMatch(expected);
    else expect(status).toBe(expected);
    expect(changes()).toEqual([]);
  });

  it('CloudFormation is working on a stack', async () => {
    const [data] = account.stacks;
    if (data !== undefined) data.status = 'UPDATE_IN_PROGRESS';
    expect((await run({ yes: 'shop' })).status).toMatch(
      /Stack shop-data is UPDATE_IN_PROGRESS\. Nothing was changed/,
    );
    expect(changes()).toEqual([]);
  });

  it('nobody knows the pipeline there', async () => {
    await renew();
    expect((await run({ yes: 'shop' })).status).toMatch(
      /CloudFormation knows no stack of pipeline 'shop' \(account 123456789012, eu-west-1\), neither deployed nor deleted/,
    );
  });
});

it('keeps the data with --keep-data', async () => {
  deployShop(account, KEYS);
  const { status, told } = await run({ yes: 'shop', keepData: true });
  expect(told).toMatch(/The data stays, in stack shop-data\./);
  expect(told).toMatch(/To bring it back: npx cdk deploy shop/);
  expect(status).toBe(0);
  const { stacks, buckets, tables, secrets, databases, keys, running } = left();
  expect([stacks, running]).toEqual([['shop-data'], []]);
  expect([buckets, tables, secrets, databases, keys].map(({ length }) => length)).toEqual([3, 1, 3, 1, 1]);
});

it('loses no data if CloudFormation does not delete the stack with it', async () => {
  deployShop(account, KEYS);
  account.undeletable.set('shop-data', 'Export shop-data:Lake cannot be deleted as it is in use by reports');
  const { status, told } = await run({ yes: 'shop' });
  expect(status).toMatch(
    /does not delete stack shop-data: it is DELETE_FAILED \(Export .* in use by reports\)/,
  );
  expect(told).toMatch(/Not everything is deleted\. To continue: npm run pipeline -- delete/);
  expect([...account.buckets.keys()]).toHaveLength(3);
  expect(account.buckets.get('shop-data-lake-a1')).toHaveLength(6);
});

it.each<[string, DeleteOptions, PipelineConfig]>([
  ['--keep-data', { keepData: true }, {}],
  ['--own-bucket', { ownBucket: true }, { aws: { bucket: 'lake' } }],
])('advises to go on with %s, at the same place', async (flag, options, config) => {
  deployShop(account, KEYS);
  account.undeletable.set('shop', 'no');
  const place = { region: 'eu-west-1', pipeline: 'shop' };
  const { told } = await run({ yes: 'shop', ...options, ...place }, { config });
  expect(told).toContain(
    `To continue: npm run pipeline -- delete ${flag} --region eu-west-1 --pipeline shop --config ${join(directory, 'pipeline.json')}`,
  );
});

it('advises to disconnect the same pipeline, and to deploy it to the same region', async () => {
  deployShop(account, KEYS);
  const place = { region: 'eu-west-1', pipeline: 'shop' };
  const { told } = await run(place);
  expect(told).toMatch(
    /'npm run pipeline -- disconnect --region eu-west-1 --pipeline shop --config \S+' uninstalls it/,
  );
  const kept = await run({ yes: 'shop', keepData: true, ...place });
  expect(kept.told).toMatch(/To bring it back: AWS_REGION=eu-west-1 npx cdk deploy shop -c config=/);
});

describe('leaves alone', () => {
  /** A deleted stack has left all of it; the stack that is deployed has taken over bucket, table and secrets. */
  function adoptedBy(name: string): void {
    deployShop(account, KEYS);
    for (const stack of account.stacks)
      Object.assign(stack, { status: 'DELETE_COMPLETE', deletedAt: '2026-11-02T00:00:00Z' });
    account.running.clear();
    account.stacks.push({
      name: `${name}-data`,
      id: stackId(`${name}-data`, 'b2'),
      status: 'CREATE_COMPLETE',
      isProtected: true,
      deletedAt: null,
      outputs: {
        BucketName: 'shop-data-lake-a1',
        TableName: 'shop-data-State-a1',
        Secret: secretArn('HashKeya1'),
      },
      resources: [['AWS::S3::Bucket', 'AccessLogs8B620ECA', `${name}-logs`]],
    });
    account.buckets.set(`${name}-logs`, []);
  }

  it.each([
    ['the same pipeline', 'shop', ['shop-data-lake-a1']],
    ['another pipeline', 'other', ['shop-data-lake-a1', 'other-logs']],
  ])('what %s has adopted, and its key', async (_who, name, buckets) => {
    adoptedBy(name);
    const { status, told } = await run({ yes: 'shop' });
    expect(told).toMatch(
      /The bucket shop-data-lake-a1 stays: the configuration names it, or an output of another stack\./,
    );
    expect(status).toBe(0);
    expect(left()).toMatchObject({
      stacks: name === 'other' ? ['other-data'] : [],
      buckets,
      tables: ['shop-data-State-a1'],
      secrets: [secretArn('HashKeya1')],
      keys: ['key-a1'],
      databases: [],
    });
    expect(account.buckets.get('shop-data-lake-a1')).toHaveLength(6);
  });

  it('what the configuration names, also when no stack does', async () => {
    deployShop(account, KEYS);
    const config = { aws: { bucket: 'shop-data-lake-a1', table: 'shop-data-State-a1' } };
    expect((await run({ yes: 'shop' }, { config })).status).toBe(0);
    expect(left()).toMatchObject({
      buckets: ['shop-data-lake-a1'],
      tables: ['shop-data-State-a1'],
      secrets: [],
      keys: ['key-a1'],
    });
    // Out of the configuration, it goes as well.
    expect((await run({ yes: 'shop' })).status).toBe(0);
    expect(left()).toEqual(NOTHING);
  });

  it('what others have in your own bucket; what the pipeline wrote there goes with --own-bucket', async () => {
    const yours = ['tables/prices.csv', 'tables/contacts/mine.csv', 'runs/mine.json', 'work', 'report.pdf'];
    fill([...WRITTEN.map((start) => `${start}x`), ...KEYS, ...yours]);
    const config = { aws: { bucket: 'lake' } };
    expect((await run({ yes: 'shop', ownBucket: true }, { config })).status).toBe(0);
    expect(account.buckets.get('lake')?.map(({ key }) => key)).toEqual(yours);
    addStack({ BucketName: 'lake' });
    expect((await run({ yes: 'shop', ownBucket: true }, { config })).status).toMatch(
      /also belongs to another stack/,
    );
  });

  it('what other pipelines have in your own bucket, below other prefixes', async () => {
    const theirs = [...KEYS, ...KEYS.map((key) => `raw/b/${key}`)];
    fill([...KEYS.map((key) => `raw/a/${key}`), ...theirs]);
    addStack({ BucketName: 'lake' });
    addStack({ BucketName: 'lake', LakePrefix: 'raw/b/' });
    const config = { aws: { bucket: 'lake', prefix: 'raw/a' } };
    expect((await run({ yes: 'shop', ownBucket: true }, { config })).status).toBe(0);
    expect(account.buckets.get('lake')?.map(({ key }) => key)).toEqual(theirs);
    addStack({ BucketName: 'lake', LakePrefix: 'raw/a/' });
    expect((await run({ yes: 'shop', ownBucket: true }, { config })).status).toMatch(
      /also belongs to another stack/,
    );
  });
});

it('knows every kind of resource that outlives its stack', async () => {
  const file = join(import.meta.dirname, '../../infra/stateful-resources.json');
  const { resources } = JSON.parse(readFileSync(file, 'utf8')) as {
    resources: Record<string, { Type: string }>;
  };
  const clients = await createAwsClients({ region: 'eu-west-1', signal: new AbortController().signal });
  const clock = { now: () => 0, sleep: async () => undefined };
  const known = removals(clients, { clock, signal: new AbortController().signal });
  const kept = new Set(Object.values(resources).map(({ Type }) => Type));
  expect([...known.keys()].toSorted()).toEqual([...kept].toSorted());
});
