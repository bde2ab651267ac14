import { describe, expect, test } from 'vitest';
import { createSecretsConnectionStore } from '../../../functions/aws/secrets-connection-store.ts';
import type { ConnectionStore } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryConnectionStore } from '../../support/memory/memory-connection-store.ts';

const endpoints = useAwsEndpoints();

describe.each<[string, () => Promise<ConnectionStore>]>([
  ['memory', async () => createMemoryConnectionStore()],
  [
    'Secrets Manager',
    async () => createSecretsConnectionStore(endpoints().secrets, await endpoints().newSecret('{}')),
  ],
])('the connection store (%s)', (_name, create) => {
  test('returns what was saved last, and nothing after it was cleared', async () => {
    const store = await create();
    const first = {
      accessToken: 'token-1',
      workspace: { id: 'w1', name: 'Wörkspace "1"' },
      region: 'Europe',
      connectedAt: '2026-11-22T12:00:00.000Z',
    };
    expect(await store.load()).toBeNull();
    await store.save(first);
    expect(await store.load()).toEqual(first);
    const second = { ...first, accessToken: 'token-2', workspace: { id: 'w1', name: null }, region: null };
    await store.save(second);
    expect(await store.load()).toEqual(second);
    await store.clear();
    expect(await store.load()).toBeNull();
  });
});
