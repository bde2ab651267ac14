/**
 * The composition root of a function: ports bound to AWS, from names in the environment. The local
 * assembly uses this very root, with AWS's endpoints on loopback; it only overrides who watches.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { createDynamoDbRateBudget } from './aws/dynamodb-rate-budget.ts';
import { createDynamoDbStateStore } from './aws/dynamodb-state-store.ts';
import { createGlueCatalog } from './aws/glue-catalog.ts';
import { createS3Lake } from './aws/s3-lake.ts';
import { createSecretsHashSource } from './aws/secrets-hash-source.ts';
import { createSecretsTokenSource } from './aws/secrets-token-source.ts';
import { createSfnExecutions } from './aws/sfn-executions.ts';
import { configuredTables } from './catalog/configured.ts';
import type { ResolvedConfig } from './core/config.ts';
import type { ObjectName } from './core/names.ts';
import type { Catalog, Clock, HashSource, ObserveProgress, RateBudget, StateStore } from './core/ports.ts';
import { type Environment, type RawEnvironment, readEnvironment } from './environment.ts';
import { createIntercomClient, type IntercomClient } from './intercom/client.ts';
import { OBJECTS } from './objects/index.ts';
import { createProgressLog } from './progress-log.ts';
import { DEFAULT_LIMITS, type RunDependencies, type SyncLimits } from './sync/dependencies.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';

/** Tells two configurations apart; of the file's text. */
export const digestOf = (configText: string): string => createHash('sha256').update(configText).digest('hex');

/** What a caller in the same process may replace. */
export interface Overrides {
  readonly clock?: Clock;
  readonly observe?: ObserveProgress;
  readonly limits?: Partial<SyncLimits>;
}

export interface Runtime {
  /** Set for extractor functions. */
  readonly object: ObjectName | null;
  readonly run: RunDependencies;
  readonly state: StateStore;
  readonly budget: RateBudget;
  readonly client: IntercomClient;
  readonly hashes: HashSource;
  /** Of the extractor's object; null for the other functions. */
  readonly catalog: Catalog | null;
  readonly limits: SyncLimits;
}

/** The catalog comes last and may be tried again: an extractor waits for no answer of it for long. */
const GLUE_TIMEOUTS_MS = { connectionTimeout: 5_000, requestTimeout: 20_000 };

function catalogOf(environment: Environment, config: ResolvedConfig): Catalog | null {
  const { OBJECT_NAME: object, GLUE_DATABASE: database, BUCKET_NAME: bucket } = environment;
  if (object === undefined || database === undefined) return null;
  return createGlueCatalog(new GlueClient({ requestHandler: GLUE_TIMEOUTS_MS }), {
    database,
    bucket,
    tables: (columns) => configuredTables([OBJECTS[object]], config, columns),
  });
}

/**
 * Binds a function's ports.
 * @throws Error naming what is wrong with the environment or the configuration file
 */
export function createRuntime(env: RawEnvironment, overrides: Overrides = {}): Runtime {
  const environment = readEnvironment(env);
  const configText = readFileSync(environment.CONFIG_PATH, 'utf8');
  const config = JSON.parse(configText) as ResolvedConfig;
  const clock = overrides.clock ?? SYSTEM_CLOCK;
  const observe = overrides.observe ?? createProgressLog(environment.POWERTOOLS_SERVICE_NAME, clock);
  const object = environment.OBJECT_NAME ?? null;
  const dynamoDb = new DynamoDBClient({});
  const budget = createDynamoDbRateBudget(dynamoDb, environment.TABLE_NAME, clock);
  const secrets = new SecretsManagerClient({});
  const tokens = createSecretsTokenSource(secrets, environment.CONNECTION_SECRET_NAME);
  return {
    object,
    run: {
      lake: createS3Lake(new S3Client({}), environment.BUCKET_NAME),
      clock,
      config,
      configDigest: digestOf(configText),
      observe,
      executions: createSfnExecutions(new SFNClient({})),
    },
    state: createDynamoDbStateStore(dynamoDb, environment.TABLE_NAME),
    budget,
    client: createIntercomClient({ baseUrl: config.baseUrl, tokens, budget, clock, object, observe }),
    hashes: createSecretsHashSource(secrets, environment.HASH_KEY_SECRET_NAME),
    catalog: catalogOf(environment, config),
    limits: { ...DEFAULT_LIMITS, ...overrides.limits },
  };
}
