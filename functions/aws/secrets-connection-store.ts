/** The connection in the pipeline's secret, for code that writes it. Each load reads the secret again. */
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { ConnectionStore } from '../core/ports.ts';
import { NOT_CONNECTED, parseConnection, serializeConnection } from './connection-secret.ts';
import { callAws } from './errors.ts';

export function createSecretsConnectionStore(
  client: SecretsManagerClient,
  secretName: string,
): ConnectionStore {
  async function put(SecretString: string): Promise<void> {
    const command = new PutSecretValueCommand({ SecretId: secretName, SecretString });
    await callAws('write the connection secret', () => client.send(command));
  }
  return {
    async load() {
      const command = new GetSecretValueCommand({ SecretId: secretName });
      const { SecretString } = await callAws('read the connection secret', () => client.send(command));
      return parseConnection(SecretString);
    },
    save: (connection) => put(serializeConnection(connection)),
    clear: () => put(NOT_CONNECTED),
  };
}
