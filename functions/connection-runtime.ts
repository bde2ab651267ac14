/** The composition root of the callback, which uses the state table and two secrets and nothing else. */
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AWS_CLIENT } from './aws/clients.ts';
import { createDynamoDbAuthorizationStore } from './aws/dynamodb-authorization-store.ts';
import { createDynamoDbStateStore } from './aws/dynamodb-state-store.ts';
import { createSecretsConnectionStore } from './aws/secrets-connection-store.ts';
import { createSecretsOAuthClientSource } from './aws/secrets-oauth-client-source.ts';
import type { ResolvedConfig } from './config/config.ts';
import type { CompleteDependencies } from './connection/dependencies.ts';
import { type RawEnvironment, readEnvironment } from './environment.ts';
import { createIntercomAccess } from './intercom/oauth.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';

export interface ConnectionRuntime {
  readonly dependencies: CompleteDependencies;
  readonly service: string;
}

/** @throws Error that names the mistake in the environment or the configuration file */
export function createConnectionRuntime(env: RawEnvironment): ConnectionRuntime {
  const { place, configPath, service } = readEnvironment(env, 'oauth-callback');
  const config = JSON.parse(readFileSync(configPath, 'utf8')) as ResolvedConfig;
  const clock = SYSTEM_CLOCK;
  const dynamoDb = new DynamoDBClient(AWS_CLIENT);
  const secrets = new SecretsManagerClient(AWS_CLIENT);
  return {
    service,
    dependencies: {
      intercom: createIntercomAccess({ config, clock }),
      authorizations: createDynamoDbAuthorizationStore(dynamoDb, place('TABLE_NAME')),
      connections: createSecretsConnectionStore(secrets, place('CONNECTION_SECRET_NAME')),
      clients: createSecretsOAuthClientSource(secrets, place('OAUTH_CLIENT_SECRET_NAME')),
      state: createDynamoDbStateStore(dynamoDb, place('TABLE_NAME')),
      clock,
      config,
    },
  };
}
