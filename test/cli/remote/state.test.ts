/** status and resync of a deployed pipeline, with the real command. */
import { createServer } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it } from 'vitest';
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import type { RunSummary } from '../../../functions/core/engine-files.ts';
import { closeServer, listenOnLoopback } from '../../../lib/standins/aws/loopback-server.ts';
import { deployForAll } from '../../support/remote/deployed.ts';

const { command, simulator, executions, pipeline, cloudFormation } = await deployForAll({
  connected: false,
  config: { objects: ['contacts', 'tags'] },
});

const state = createDynamoDbStateStore(new DynamoDBClient({}), pipeline.resources.tables[0]?.TableName ?? '');

const undo: (() => void)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0)) one();
  await executions.idle();
});

/** Address of a DynamoDB in which no table exists. */
async function withoutTables(): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(
      JSON.stringify({
        __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
        message: 'Requested resource not found',
      }),
    );
  });
  undo.push(() => void closeServer(server));
  return `http://127.0.0.1:${await listenOnLoopback(server)}`;
}

/** Starts a run that reads tags for some seconds. */
async function startSlowRun(): Promise<void> {
  undo.push(simulator.addFault({ match: { path: '/tags' }, respond: { kind: 'delay', delayMs: 4_000 } }));
  await command(['run', '--objects', 'tags', '--no-wait']);
}

const rowsOf = (stdout: string, object: string): number | undefined =>
  (JSON.parse(stdout) as RunSummary).objects.find((one) => one.object === object)?.rows[object as 'tags'];

describe('status', () => {
  it('of a new pipeline', async () => {
    const { status, stdout } = await command(['status']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^pipeline +intercom, account 000000000000, us-east-1$/m);
    expect(stdout).toMatch(/^connected +no; connect it with: npm run pipeline -- connect --config/m);
    expect(stdout).toMatch(/^runs +none in progress$/m);
    expect(stdout).toMatch(/No run has finished here yet/);
  });

  it('of a pipeline that is not connected, but whose account allows too few functions', async () => {
    cloudFormation.lambdaLimit = 10;
    undo.push(() => {
      cloudFormation.lambdaLimit = 1_000;
    });
    const { status, stderr } = await command(['check']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^This account may run 10 Lambda functions at a time/m);
    expect(stderr).toMatch(/^error: Pipeline 'intercom' is not connected to Intercom yet\./m);
  });

  it('of a pipeline whose runs found no connection yet', async () => {
    const run = await command(['run']);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(
      /^error: Pipeline 'intercom' is not connected to Intercom yet\. Connect it with: npm run pipeline -- connect --config/m,
    );
    expect((await executions.describe(executions.arns.at(-1) ?? ''))?.status).toBe('SUCCEEDED');
    const { status, stdout } = await command(['status']);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^last run \S+ \(incremental\) read nothing: the pipeline was not connected yet,/m,
    );
  });

  it('shows the connection and the configured objects', async () => {
    const connect = () => command(['connect', '--access-token', '--yes'], { stdin: `${simulator.token}\n` });
    const connected = await connect();
    expect(connected).toMatchObject({ status: 0 });
    expect(connected.stdout).toMatch(/^run \S+ \(incremental\) succeeded: /m);
    const started = executions.arns.length;
    const again = await connect();
    expect(again.stderr).toMatch(/Runs start on schedule\. To start one now: /);
    expect(executions.arns.length).toBe(started);
    const { stdout } = await command(['status']);
    const { size } = simulator.workspace.contacts;
    expect(stdout).toMatch(/^connected +workspace “.+” \(\w+\), since \d{4}-/m);
    expect(stdout).toMatch(
      new RegExp(`^contacts +committed +\\S+ \\S+ +${size} +${size} +${size} +\\d+ +✓ complete$`, 'm'),
    );
    expect(stdout).not.toMatch(/^companies/m);
  });

  it('shows a run in progress; as JSON, without the token', async () => {
    await startSlowRun();
    const { stdout } = await command(['status', '--json']);
    const [arn] = executions.arns.slice(-1);
    expect(JSON.parse(stdout)).toMatchObject({
      pipeline: { name: 'intercom', region: 'us-east-1' },
      connection: { workspace_id: simulator.workspace.id },
      running: [{ execution: arn }],
      last_run: { status: 'succeeded' },
    });
    expect(stdout).not.toContain(simulator.token);
  });
});

describe('a table that somebody has deleted', () => {
  it('is named by status, which fails', async () => {
    const { status, stdout, stderr } = await command(['status'], {
      environment: { AWS_ENDPOINT_URL_DYNAMODB: await withoutTables() },
    });
    expect(stderr).toMatch(
      /^error: The state table of the pipeline does not exist any more \(dynamodb:GetItem: /m,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
});

describe('resync', () => {
  it('changes nothing if nobody can agree', async () => {
    const { status, stderr } = await command(['resync', 'contacts']);
    expect(stderr).toMatch(/Nothing was changed\. Use --yes/);
    expect(status).toBe(1);
    expect((await state.load('contacts')).committed?.cursor).toBeGreaterThan(0);
  });

  it('reads all of the object again', async () => {
    const again = await command(['run', '--objects', 'contacts', '--json']);
    expect(rowsOf(again.stdout, 'contacts')).toBeLessThan(simulator.workspace.contacts.size);
    const { status, stdout } = await command(['resync', 'contacts', '--yes', '--json']);
    expect(status).toBe(0);
    expect(rowsOf(stdout, 'contacts')).toBe(simulator.workspace.contacts.size);
  });

  it('is refused while a run holds the object, and leaves it alone', async () => {
    await startSlowRun();
    const until = Date.now() + 10_000;
    while ((await state.load('tags')).lease === null && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const before = await state.load('tags');
    const started = executions.arns.length;
    const { status, stderr } = await command(['resync', 'tags', '--yes']);
    expect(stderr).toMatch(
      /^error: Run \S+ is reading tags, so nothing was forgotten\. .* stop it first: npm run pipeline -- stop --config \S+$/m,
    );
    expect(status).toBe(1);
    expect(executions.arns.length).toBe(started);
    expect((await state.load('tags')).fence).toBe(before.fence);
  });

  it('ignores a lease whose run is gone', async () => {
    const { fence } = await state.load('tags');
    await state.takeLease('tags', fence, { executionArn: 'arn:gone', runId: '20200101T000000000Z-abcdef' });
    const { status } = await command(['resync', 'tags', '--yes']);
    expect(status).toBe(0);
  });
});
