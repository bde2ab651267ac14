import { describe, expect, test } from 'vitest';
import { createDynamoDbAuthorizationStore } from '../../../functions/aws/dynamodb-authorization-store.ts';
import type { AuthorizationStore } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryAuthorizationStore } from '../../support/memory/memory-authorization-store.ts';

const endpoints = useAwsEndpoints();

describe.each<[string, () => Promise<AuthorizationStore>]>([
  ['memory', async () => createMemoryAuthorizationStore()],
  [
    'DynamoDB',
    async () => createDynamoDbAuthorizationStore(endpoints().dynamoDb, await endpoints().newTable()),
  ],
])('the authorization store (%s)', (_name, create) => {
  const request = { expiresAt: 1_000, replaceWorkspace: true };

  test('gives a request out once, to one of any number of callers', async () => {
    const store = await create();
    await store.begin('aa', request);
    const taken = await Promise.all(Array.from({ length: 20 }, () => store.take('aa', 999)));
    expect(taken.filter(({ status }) => status === 'taken')).toEqual([{ status: 'taken', request }]);
    expect(taken.filter(({ status }) => status === 'used')).toHaveLength(19);
    expect(await store.take('aa', 5_000)).toEqual({ status: 'used', outcome: null });
  });

  test('gives out no request that has expired or that nobody began', async () => {
    const store = await create();
    await store.begin('aa', { ...request, replaceWorkspace: false });
    expect(await store.take('aa', 1_000)).toEqual({ status: 'expired' });
    expect(await store.take('bb', 1)).toEqual({ status: 'unknown' });
    expect(await store.take('aa', 999)).toEqual({
      status: 'taken',
      request: { expiresAt: 1_000, replaceWorkspace: false },
    });
  });

  test('keeps the outcome of each request', async () => {
    const store = await create();
    const workspace = { id: 'w1', name: 'Wörkspace' };
    for (const hash of ['aa', 'bb']) await store.begin(hash, request);
    expect(await store.outcome('aa')).toBeNull();
    await expect(store.settle('aa', { kind: 'denied' })).rejects.toThrow();
    await store.take('aa', 1);
    await store.settle('aa', { kind: 'connected', workspace, region: null });
    expect(await store.outcome('aa')).toEqual({ kind: 'connected', workspace, region: null });
    expect(await store.take('aa', 2)).toEqual({
      status: 'used',
      outcome: { kind: 'connected', workspace, region: null },
    });
    expect(await store.outcome('bb')).toBeNull();
    expect(await store.outcome('cc')).toBeNull();
  });
});
