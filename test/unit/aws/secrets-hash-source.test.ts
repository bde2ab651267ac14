import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSecretsHashSource } from '../../../functions/aws/secrets-hash-source.ts';
import { testHash } from '../../support/dependencies.ts';

function source(SecretString: string) {
  const client = mockClient(SecretsManagerClient);
  client.on(GetSecretValueCommand).resolves({ SecretString });
  return { client, hashes: createSecretsHashSource(new SecretsManagerClient({}), 'hash-key') };
}

test('reads the key from the secret on each call', async () => {
  const { client, hashes } = source('k'.repeat(64));
  expect(client.calls()).toHaveLength(0);
  await hashes.hashText();
  expect(client.commandCalls(GetSecretValueCommand).map(({ args }) => args[0].input)).toEqual([
    { SecretId: 'hash-key' },
  ]);
});

/** With the key alone you can compute the same hashes elsewhere. */
test('is HMAC-SHA-256 over UTF-8, in hex', async () => {
  const { hashes } = source('k'.repeat(64));
  const hash = await hashes.hashText();
  for (const text of ['', 'ada@example.com', 'Zoë 🙂']) expect(hash(text)).toBe(testHash(text));
  expect(hash('ada@example.com')).toMatch(/^[0-9a-f]{64}$/);
});

test('differs with a different key', async () => {
  const one = await source('a'.repeat(64)).hashes.hashText();
  const other = await source('b'.repeat(64)).hashes.hashText();
  expect(one('x')).not.toBe(other('x'));
});

test.each(['', 'short', 'x'.repeat(31)])('refuses %j as a key, without showing it', async (key) => {
  const refusal = source(key).hashes.hashText();
  await expect(refusal).rejects.toMatchObject({ name: 'ContractError', code: 'no_hash_key' });
  if (key !== '') await expect(refusal).rejects.not.toThrow(key);
});
