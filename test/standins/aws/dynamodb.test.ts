import { connect } from 'node:net';
import { join } from 'node:path';
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ClassicLevel } from 'classic-level';
import { expect, test } from 'vitest';
import { dropUnfinishedTables } from '../../../lib/standins/aws/dynamodb-endpoint.ts';
import { start, startChild, startForAllTests, temporaryDirectory } from '../../support/aws/harness.ts';
import { TABLE } from '../../support/aws/names.ts';

const { TableName } = TABLE;

const started = startForAllTests();

const add = (client: DynamoDBClient, pk: string) =>
  client.send(
    new UpdateItemCommand({
      TableName,
      Key: { pk: { S: pk } },
      UpdateExpression: 'ADD used :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ReturnValues: 'UPDATED_NEW',
    }),
  );

const used = async (client: DynamoDBClient, pk: string) => {
  const { Item } = await client.send(
    new GetItemCommand({ TableName, Key: { pk: { S: pk } }, ConsistentRead: true }),
  );
  return Number(Item?.used?.N);
};

test('200 concurrent ADDs give exactly 200', async () => {
  const client = new DynamoDBClient({});
  await Promise.all(Array.from({ length: 200 }, () => add(client, 'counter')));
  expect(await used(client, 'counter')).toBe(200);
});

test('exactly one of many concurrent conditional updates under one fence wins', async () => {
  const client = new DynamoDBClient({});
  await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'lease' }, fence: { N: '7' } } }));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: { pk: { S: 'lease' } },
          UpdateExpression: 'SET fence = fence + :one, holder = :holder',
          ConditionExpression: 'fence = :seen',
          ExpressionAttributeValues: {
            ':one': { N: '1' },
            ':seen': { N: '7' },
            ':holder': { S: String(index) },
          },
        }),
      ),
    ),
  );
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(lost).toHaveLength(19);
  for (const { reason } of lost) expect(reason).toBeInstanceOf(ConditionalCheckFailedException);
});

test('tables and items survive a restart, and a table can be created again', async () => {
  const first = await start();
  const before = new DynamoDBClient({});
  await add(before, 'kept');
  await first.close();

  await start({ directory: first.directory });
  const after = new DynamoDBClient({});
  expect(await used(after, 'kept')).toBe(1);
  await Promise.all([first, first].map(() => add(after, 'kept')));
  expect(await used(after, 'kept')).toBe(3);
});

test('every answered write survives kill -9, and the directory is usable at once', async () => {
  const directory = await temporaryDirectory();
  const { kill } = await startChild(directory);
  const client = new DynamoDBClient({ maxAttempts: 1 });
  let answered = 0;
  const writer = async (name: string) => {
    for (;;) {
      try {
        await add(client, name);
        answered += 1;
      } catch {
        return;
      }
    }
  };
  const writers = [writer('a'), writer('b'), writer('c')];
  await expect.poll(() => answered, { timeout: 20_000, interval: 5 }).toBeGreaterThan(100);
  await kill();
  await Promise.all(writers);

  await start({ directory });
  const { Items = [] } = await new DynamoDBClient({}).send(new ScanCommand({ TableName }));
  const stored = Items.reduce((sum, item) => sum + Number(item.used?.N), 0);
  expect(stored).toBeGreaterThanOrEqual(answered);
  expect(stored).toBeLessThanOrEqual(answered + writers.length);
});

test('a table that a kill left half-created is created again', async () => {
  const folder = join(await temporaryDirectory(), 'dynamodb');
  const database = new ClassicLevel<string, object>(folder, { valueEncoding: 'json' });
  await database.put('table~half', { TableStatus: 'CREATING' });
  await database.put('table~whole', { TableStatus: 'ACTIVE' });
  await database.put('item-half~x', { TableStatus: 'CREATING' });
  await database.close();

  await dropUnfinishedTables(folder);
  const reopened = new ClassicLevel<string, object>(folder, { valueEncoding: 'json' });
  expect(await reopened.keys().all()).toEqual(['item-half~x', 'table~whole']);
  await reopened.close();
});

test('a client that hangs up in the middle of a request harms nothing', async () => {
  const { environment } = started().aws;
  const { port } = new URL(environment.AWS_ENDPOINT_URL_DYNAMODB ?? '');
  for (let times = 0; times < 5; times++) {
    const socket = connect(Number(port), '127.0.0.1');
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Credential=${environment.AWS_ACCESS_KEY_ID}/\r\n`;
    socket.write(`${head}Content-Length: 1000\r\n\r\nhalf`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
  }
  const client = new DynamoDBClient({});
  await add(client, 'alive');
  expect(await used(client, 'alive')).toBe(1);
});

test('batches of 25 come back whole in a scan', async () => {
  const client = new DynamoDBClient({});
  for (let batch = 0; batch < 4; batch++) {
    const requests = Array.from({ length: 25 }, (_, index) => ({
      PutRequest: { Item: { pk: { S: `item-${batch * 25 + index}` } } },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
  }
  const { Items = [] } = await client.send(new ScanCommand({ TableName }));
  expect(Items.filter(({ pk }) => pk?.S?.startsWith('item-'))).toHaveLength(100);
});
