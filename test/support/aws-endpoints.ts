/** AWS clients for the embedded endpoints, which start once per test file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll } from 'vitest';
import { startEmbeddedAws } from '../../lib/standins/aws/index.ts';

export interface FakeBackend {
  readonly running: Set<string>;
  readonly started: { readonly stateMachineArn: string; readonly name: string; readonly input: unknown }[];
}

export interface AwsEndpoints {
  readonly s3: S3Client;
  readonly dynamoDb: DynamoDBClient;
  readonly sfn: SFNClient;
  readonly glue: GlueClient;
  readonly secrets: SecretsManagerClient;
  readonly backend: FakeBackend;
  /** Resolves when no call to DynamoDB is in progress and none follows at once. */
  dynamoDbIdle(): Promise<void>;
  /** Creates a bucket and returns its name. */
  newBucket(): Promise<string>;
  /** Creates a table and returns its name. */
  newTable(): Promise<string>;
  /** Creates a Glue database and returns its name. */
  newDatabase(): Promise<string>;
  /** Creates a secret and returns its name. */
  newSecret(text: string): Promise<string>;
  close(): Promise<void>;
}

/** Returns a check for whether calls of the client are in progress. */
function countCalls(client: DynamoDBClient): () => boolean {
  let underWay = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      underWay += 1;
      try {
        return await next(args);
      } finally {
        underWay -= 1;
      }
    },
    { step: 'initialize' },
  );
  return () => underWay > 0;
}

async function startAwsEndpoints(): Promise<AwsEndpoints> {
  const directory = await mkdtemp(join(tmpdir(), 'ports-'));
  const backend: FakeBackend = { running: new Set(), started: [] };
  const known = new Set<string>();
  const aws = await startEmbeddedAws({
    directory,
    executions: {
      async start({ stateMachineArn, name, input }) {
        if (known.has(name)) {
          throw Object.assign(new Error(`${name} exists`), { name: 'ExecutionAlreadyExists' });
        }
        known.add(name);
        backend.started.push({ stateMachineArn, name, input: JSON.parse(input) });
        return { executionArn: `${stateMachineArn}:${name}`, startDate: new Date() };
      },
      async describe(executionArn) {
        if (executionArn.includes('unknown')) return undefined;
        return { status: backend.running.has(executionArn) ? 'RUNNING' : 'SUCCEEDED' };
      },
    },
  });
  const before = { ...process.env };
  Object.assign(process.env, aws.environment);
  const s3 = new S3Client({});
  const dynamoDb = new DynamoDBClient({});
  const sfn = new SFNClient({});
  const glue = new GlueClient({});
  const secrets = new SecretsManagerClient({});
  const isBusy = countCalls(dynamoDb);
  let count = 0;
  const nextName = (kind: string): string => {
    count += 1;
    return `${kind}-${count}`;
  };
  return {
    s3,
    dynamoDb,
    sfn,
    glue,
    secrets,
    backend,
    async dynamoDbIdle() {
      do await pauseFor(isBusy() ? 1 : 0);
      while (isBusy());
    },
    async newBucket() {
      const name = nextName('bucket');
      await aws.createBucket(name, name);
      return name;
    },
    async newTable() {
      const name = nextName('table');
      await aws.createTable({
        TableName: name,
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      });
      return name;
    },
    async newDatabase() {
      const name = nextName('database').replace('-', '_');
      await aws.createDatabase(name);
      return name;
    },
    async newSecret(text) {
      const name = nextName('secret');
      await aws.createSecret(name, text);
      return name;
    },
    async close() {
      for (const client of [s3, dynamoDb, sfn, glue, secrets]) client.destroy();
      await aws.close();
      for (const name of Object.keys(aws.environment)) delete process.env[name];
      Object.assign(process.env, before);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The endpoints for all tests of a file. One contract per port: the memory twin and the AWS adapter both keep it. */
export function useAwsEndpoints(): () => AwsEndpoints {
  let started: AwsEndpoints | undefined;
  beforeAll(async () => {
    started = await startAwsEndpoints();
  });
  afterAll(() => started?.close());
  return () => {
    if (started === undefined) throw new Error('The endpoints run during tests only.');
    return started;
  };
}
