/** The connection's token, from the pipeline's secret: `{}` until it is connected. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConnectionError } from '../core/errors.ts';
import type { Connection, TokenSource } from '../core/ports.ts';
import { callAws } from './errors.ts';

function connectionIn(text: string | undefined): Connection | null {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    const token = (value as { access_token?: unknown } | null)?.access_token;
    return typeof token === 'string' && token !== '' ? { accessToken: token } : null;
  } catch {
    return null;
  }
}

/**
 * Reads the secret once and keeps it for the life of the instance.
 * @throws ConnectionError where the secret holds no token
 */
export function createSecretsTokenSource(client: SecretsManagerClient, secretName: string): TokenSource {
  let known: Connection | null = null;
  return {
    async connection() {
      if (known !== null) return known;
      const command = new GetSecretValueCommand({ SecretId: secretName });
      const { SecretString } = await callAws('read the connection secret', () => client.send(command));
      known = connectionIn(SecretString);
      if (known !== null) return known;
      throw new ConnectionError(
        `The pipeline is not connected: secret '${secretName}' holds no "access_token". Connect it to your Intercom workspace first.`,
        { code: 'not_connected' },
      );
    },
  };
}
