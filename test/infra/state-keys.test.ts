import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createDynamoDbAuthorizationStore } from '../../functions/aws/dynamodb-authorization-store.ts';
import { createDynamoDbCapShares } from '../../functions/aws/dynamodb-cap-shares.ts';
import { createDynamoDbRateBudget } from '../../functions/aws/dynamodb-rate-budget.ts';
import { createDynamoDbStateStore } from '../../functions/aws/dynamodb-state-store.ts';
import { STATE_KEYS } from '../../lib/constructs/access.ts';

const clock = { now: () => 1_700_000_000_000, sleep: async () => {} };

const matches = (key: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern,
  );

/** The partition keys that `use` asks for. */
async function keysOf(use: (client: DynamoDBClient) => Promise<unknown>): Promise<readonly string[]> {
  const mock = mockClient(DynamoDBClient);
  mock.on(GetItemCommand).resolves({}).on(UpdateItemCommand).resolves({});
  await use(new DynamoDBClient({ region: 'us-east-1' }));
  const calls = [...mock.commandCalls(GetItemCommand), ...mock.commandCalls(UpdateItemCommand)];
  return calls.map(({ args: [command] }) => command.input.Key?.pk?.S ?? '');
}

test('the rights on the table cover exactly the keys that the adapters write', async () => {
  const object = await keysOf(async (client) => {
    const store = createDynamoDbStateStore(client, 'table');
    await store.load('contacts');
    await store.takeLease('contacts', 0, { executionArn: 'arn', runId: 'run' });
  });
  const workspace = await keysOf(async (client) => {
    const store = createDynamoDbStateStore(client, 'table');
    await store.claimedWorkspace();
    await store.claimWorkspace('w');
    // The mock answers nothing, so the workspace is claimed and need not move.
    await store.moveWorkspace('w');
    await store.replacedWorkspace();
    await store.endReplacement();
  });
  const authorizations = await keysOf(async (client) => {
    const store = createDynamoDbAuthorizationStore(client, 'table');
    await store.begin('00ff', { expiresAt: 1, replaceWorkspace: false });
    await store.take('00ff', 0);
    await store.settle('00ff', { kind: 'denied' });
    await store.outcome('00ff');
  });
  const budget = await keysOf(async (client) => {
    const { permit, limit } = createDynamoDbRateBudget(client, 'table', clock);
    await limit();
    await permit('bulk', new AbortController().signal);
  });
  const shares = await keysOf((client) =>
    createDynamoDbCapShares(client, 'table').update(() => ({ shares: [] })),
  );
  expect(shares).toHaveLength(2);
  for (const key of shares) expect(matches(key, STATE_KEYS.budget)).toBe(true);
  expect(object).toHaveLength(2);
  for (const key of object) expect(matches(key, STATE_KEYS.object('contacts'))).toBe(true);
  expect(authorizations).toHaveLength(4);
  for (const key of authorizations) expect(matches(key, STATE_KEYS.authorizations)).toBe(true);
  expect(workspace).toHaveLength(5);
  for (const key of workspace) expect(matches(key, STATE_KEYS.workspace)).toBe(true);
  expect(budget.length).toBeGreaterThanOrEqual(2);
  for (const key of budget) expect(matches(key, STATE_KEYS.budget)).toBe(true);
});
