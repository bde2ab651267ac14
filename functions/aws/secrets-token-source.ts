/** The connection's token, from the pipeline's secret: `{}` until the pipeline is connected. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConnectionError } from '../core/errors.ts';
import type { Connection, TokenSource } from '../core/ports.ts';
import { parseConnection } from './connection-secret.ts';
import { callAws } from './errors.ts';

export interface SecretsTokenSource extends TokenSource {
  /** Makes the next call read the secret again. */
  forget(): void;
}

/**
 * Reads the secret once, and keeps the token until `forget` is called.
 * @throws ConnectionError if the secret holds no token
 */
export function createSecretsTokenSource(
  client: SecretsManagerClient,
  secretName: string,
): SecretsTokenSource {
  let known: Connection | null = null;
  return {
    async connection() {
      if (known !== null) return known;
      const command = new GetSecretValueCommand({ SecretId: secretName });
      const { SecretString } = await callAws('read the connection secret', () => client.send(command));
      const stored = parseConnection(SecretString);
      if (stored === null) {
        throw new ConnectionError(
          `The pipeline is not connected: secret '${secretName}' holds no "access_token". Connect it to your Intercom workspace first: npm run pipeline -- connect`,
          { code: 'not_connected' },
        );
      }
      known = { accessToken: stored.accessToken };
      return known;
    },
    forget() {
      known = null;
    },
  };
}
