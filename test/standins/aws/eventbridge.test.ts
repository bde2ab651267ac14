import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { expect, test } from 'vitest';
import { start } from '../../support/aws/harness.ts';

const entry = { Source: 'a.b', DetailType: 'Happened', Detail: '{"n":1}' };

const eventsOf = async (directory: string): Promise<readonly unknown[]> =>
  (await readFile(join(directory, 'state', 'events.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('an event becomes a line of the file, as the target of a rule would receive it', async () => {
  const { directory } = await start();
  const client = new EventBridgeClient({});
  const { FailedEntryCount, Entries } = await client.send(
    new PutEventsCommand({ Entries: [entry, { ...entry, Detail: '{"n":2}' }] }),
  );
  expect(FailedEntryCount).toBe(0);
  expect(await eventsOf(directory)).toEqual(
    [1, 2].map((n, index) => ({
      version: '0',
      id: Entries?.[index]?.EventId,
      'detail-type': 'Happened',
      source: 'a.b',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'us-east-1',
      resources: [],
      detail: { n },
    })),
  );
});

test('entries that EventBridge would refuse are refused one by one, in an answer of 200', async () => {
  const { directory } = await start();
  const client = new EventBridgeClient({ maxAttempts: 1 });
  const answer = await client.send(
    new PutEventsCommand({
      Entries: [
        entry,
        { ...entry, Detail: '{' },
        { ...entry, Detail: '[1]' },
        { ...entry, Source: '' },
        { ...entry, EventBusName: 'other' },
        { ...entry, Detail: JSON.stringify({ text: 'x'.repeat(256 * 1024) }) },
      ],
    }),
  );
  expect(answer.FailedEntryCount).toBe(5);
  expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
    undefined,
    'MalformedDetail',
    'MalformedDetail',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
  ]);
  expect(await eventsOf(directory)).toHaveLength(1);
  await expect(client.send(new PutEventsCommand({ Entries: [] }))).rejects.toThrow('Entries must be a list');
  await expect(client.send(new PutRuleCommand({ Name: 'r' }))).rejects.toThrow('no operation');
});

test('a long file becomes the older one', async () => {
  const { directory } = await start();
  const file = join(directory, 'state', 'events.ndjson');
  await writeFile(file, 'x'.repeat(8 * 1024 * 1024));
  await new EventBridgeClient({}).send(new PutEventsCommand({ Entries: [entry] }));
  expect(await eventsOf(directory)).toHaveLength(1);
  expect((await stat(file.replace('.ndjson', '.older.ndjson'))).size).toBe(8 * 1024 * 1024);
});
