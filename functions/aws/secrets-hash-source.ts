/** The pipeline's hash: HMAC-SHA-256 in hex, with the key from the pipeline's secret. */
import { createHmac, createSecretKey } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ContractError } from '../core/errors.ts';
import type { HashSource, HashText } from '../core/ports.ts';
import { callAws } from './errors.ts';

/** A shorter key could be guessed. The one created at deployment has 64 characters. */
const SHORTEST_KEY = 32;

/** @param secretString the key, as the secret holds it */
export function hashWith(secretString: string): HashText {
  const key = createSecretKey(secretString, 'utf8');
  return (text) => createHmac('sha256', key).update(text, 'utf8').digest('hex');
}

/**
 * Reads the key on each call.
 * @throws ContractError if the secret holds no key: an empty key would protect nothing
 */
export function createSecretsHashSource(client: SecretsManagerClient, secretName: string): HashSource {
  return {
    async hashText() {
      const command = new GetSecretValueCommand({ SecretId: secretName });
      const { SecretString = '' } = await callAws('read the hash key', () => client.send(command));
      if (SecretString.length < SHORTEST_KEY) {
        throw new ContractError(
          `Secret '${secretName}' holds no hash key of at least ${SHORTEST_KEY} characters. Put the pipeline's key back, or a new random one: hashes made with another key differ.`,
          { code: 'no_hash_key' },
        );
      }
      return hashWith(SecretString);
    },
  };
}
