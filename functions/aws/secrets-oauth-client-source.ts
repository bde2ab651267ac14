/** Client id and secret of the user's app at Intercom, from the secret that the user fills in. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { OAuthClientSource } from '../core/ports.ts';
import { secretFields } from './connection-secret.ts';
import { callAws } from './errors.ts';

/** Pasted text often has spaces and line breaks around it. */
const pasted = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/** Reads the secret on each call: the user may fill it in while a command waits for it. */
export function createSecretsOAuthClientSource(
  client: SecretsManagerClient,
  secretName: string,
): OAuthClientSource {
  return {
    async load() {
      const command = new GetSecretValueCommand({ SecretId: secretName });
      const { SecretString } = await callAws('read the OAuth client secret', () => client.send(command));
      const fields = secretFields(SecretString);
      const clientId = pasted(fields.client_id);
      const clientSecret = pasted(fields.client_secret);
      return clientId === '' || clientSecret === '' ? null : { clientId, clientSecret };
    },
  };
}
