/**
 * The composition root of a function: ports bound to AWS, from names in the environment. The local
 * assembly uses this very root, with AWS's endpoints on loopback; it only overrides who watches.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { createDynamoDbRateBudget } from './aws/dynamodb-rate-budget.ts';
import { createDynamoDbStateStore } from './aws/dynamodb-state-store.ts';
import { createEventBridgeEvents } from './aws/eventbridge-events.ts';
import { createS3Lake } from './aws/s3-lake.ts';
import { createSecretsHashSource } from './aws/secrets-hash-source.ts';
import { createSecretsTokenSource } from './aws/secrets-token-source.ts';
import { createSfnExecutions } from './aws/sfn-executions.ts';
import type { ResolvedConfig } from './core/config.ts';
import type { ObjectName } from './core/names.ts';
import type {
  Clock,
  Events,
  HashSource,
  Metrics,
  ObserveProgress,
  RateBudget,
  StateStore,
} from './core/ports.ts';
import { createEmfMetrics } from './emf-metrics.ts';
import { type RawEnvironment, readEnvironment } from './environment.ts';
import { createIntercomClient, type IntercomClient } from './intercom/client.ts';
import { createProgressLog } from './progress-log.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { DEFAULT_LIMITS, type RunDependencies, type SyncLimits } from './sync/dependencies.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';

/** Tells two configurations apart; of the file's text. */
export const digestOf = (configText: string): string => createHash('sha256').update(configText).digest('hex');

/** What a caller in the same process may replace. */
export interface Overrides {
  readonly clock?: Clock;
  readonly observe?: ObserveProgress;
  readonly metrics?: Metrics;
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
  readonly metrics: Metrics;
  /** To be called at the end of an invocation: tells the requests that it sent. */
  readonly flushMetrics: () => void;
  readonly limits: SyncLimits;
}

/** One line as it is: Lambda would wrap what goes through the global console. */
const printLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** For the one function that sends events, so that the others' bundles go without. */
export const createEvents = (): Events => createEventBridgeEvents(new EventBridgeClient({}));

/**
 * Binds a function's ports.
 * @throws Error naming what is wrong with the environment or the configuration file
 */
export function createRuntime(env: RawEnvironment, overrides: Overrides = {}): Runtime {
  const environment = readEnvironment(env);
  const configText = readFileSync(environment.CONFIG_PATH, 'utf8');
  const config = JSON.parse(configText) as ResolvedConfig;
  const clock = overrides.clock ?? SYSTEM_CLOCK;
  const object = environment.OBJECT_NAME ?? null;
  const { POWERTOOLS_SERVICE_NAME: pipeline, METRICS_DETAIL: detail } = environment;
  const metrics = overrides.metrics ?? createEmfMetrics({ pipeline, detail, print: printLine });
  const requests = createRequestMetrics(metrics, clock, object ?? undefined);
  const watch = overrides.observe ?? createProgressLog(pipeline, clock);
  const observe: ObserveProgress = (event) => {
    requests.observe(event);
    watch(event);
  };
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
    metrics,
    flushMetrics: requests.flush,
    limits: { ...DEFAULT_LIMITS, ...overrides.limits },
  };
}
