/** Time-outs of the AWS clients, and the signal that ends their calls. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AWS_CLIENT, S3_CLIENT, withTimes } from '../../../functions/aws/clients.ts';
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import { createS3Lake } from '../../../functions/aws/s3-lake.ts';
import { closeServer, listenOnLoopback } from '../../../lib/standins/aws/loopback-server.ts';

const B = { bucket: 'b', prefix: '' };

const ROOT = resolve(import.meta.dirname, '../../..');

const sources = ['functions', 'lib/cli/remote'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(ROOT, folder, file), 'utf8')),
);

test('are 3 s to connect and 15 s for a request; 30 s for S3', () => {
  expect(AWS_CLIENT.requestHandler).toMatchObject({ connectionTimeout: 3_000, requestTimeout: 15_000 });
  expect(S3_CLIENT.requestHandler).toMatchObject({ connectionTimeout: 3_000, requestTimeout: 30_000 });
});

test('are given to every client that sends requests', () => {
  const made = sources.flatMap((text) => [...text.matchAll(/new (\w+Client)\(([^;]*?)\)[,;)\n]/g)]);
  expect(made.length).toBeGreaterThan(10);
  // `options` of the commands hold them too.
  const without = made.filter(([, , given = '']) => !/AWS_CLIENT|S3_CLIENT|^options$/.test(given));
  expect(without.map(([text]) => text)).toEqual([]);
  const wrong = made.filter(([, name, given = '']) => (name === 'S3Client') !== /S3_CLIENT/.test(given));
  expect(wrong.map(([text]) => text)).toEqual([]);
});

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' };

/** A server that answers as told, and a client with short time-outs for it. */
async function against(answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response));
  const endpoint = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    await closeServer(server);
  });
  return {
    endpoint,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    ...withTimes({ connectMs: 300, requestMs: 300 }),
  };
}

describe('a service', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['that never answers', () => undefined],
    ['that stops in the middle of its answer', (response) => void response.writeHead(200).write('{"a":')],
  ])('%s is tried again later', async (_what, answer) => {
    const options = await against(answer);
    const lake = createS3Lake(new S3Client({ ...options, forcePathStyle: true }), B);
    await expect(lake.get('k')).rejects.toMatchObject({ name: 'RetryableError', code: 'aws_unavailable' });
    const state = createDynamoDbStateStore(new DynamoDBClient(options), 't');
    await expect(state.load('tags')).rejects.toMatchObject({ name: 'RetryableError' });
  });

  test('that never answers is left when the signal says so, with its reason', async () => {
    const options = { ...(await against(() => undefined)), ...AWS_CLIENT };
    const last = new AbortController();
    const lake = createS3Lake(new S3Client({ ...options, forcePathStyle: true }), B, last.signal);
    const state = createDynamoDbStateStore(new DynamoDBClient(options), 't', last.signal);
    const reason = new Error('over');
    setTimeout(() => last.abort(reason), 100);
    const calls = [
      lake.get('k'),
      lake.putNew('k', new Uint8Array([1])),
      lake.delete(['k']),
      lake.list('p')[Symbol.asyncIterator]().next(),
      state.load('tags'),
      state.takeLease('tags', 0, { executionArn: 'a', runId: 'r' }),
    ];
    for (const call of calls) await expect(call).rejects.toBe(reason);
  });
});

test('a time-out of the SDK is worth another try', async () => {
  const mock = mockClient(S3Client);
  mock.rejects(Object.assign(new Error('no answer within 30000 ms'), { name: 'TimeoutError' }));
  const lake = createS3Lake(new S3Client({ region: 'us-east-1' }), B);
  await expect(lake.get('k')).rejects.toMatchObject({ name: 'RetryableError' });
  mock.restore();
});
