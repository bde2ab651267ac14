/**
 * The composition root of a function: it binds the ports to AWS, with names from the environment. On your machine
 * the same root runs in a thread, with AWS's endpoints on loopback.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AWS_CLIENT, S3_CLIENT } from './aws/clients.ts';
import { createDynamoDbCapShares } from './aws/dynamodb-cap-shares.ts';
import { createDynamoDbRateBudget } from './aws/dynamodb-rate-budget.ts';
import { createDynamoDbStateStore } from './aws/dynamodb-state-store.ts';
import { createEventBridgeEvents } from './aws/eventbridge-events.ts';
import { createS3Lake } from './aws/s3-lake.ts';
import { createSecretsHashSource } from './aws/secrets-hash-source.ts';
import { createSecretsTokenSource } from './aws/secrets-token-source.ts';
import type { ResolvedConfig } from './config/config.ts';
import { digestOf } from './config-digest.ts';
import type { ObjectName } from './core/names.ts';
import type {
  Catalog,
  Clock,
  Events,
  Executions,
  HashSource,
  Lake,
  Metrics,
  ObserveProgress,
  RateBudget,
  StateStore,
  WorkShare,
} from './core/ports.ts';
import { type FunctionEntry, type RawEnvironment, readEnvironment } from './environment.ts';
import { createIntercomClient, type IntercomClient } from './intercom/http/client.ts';
import { createRequestCap } from './intercom/http/request-cap.ts';
import { OBJECTS } from './objects/index.ts';
import { DEFAULT_LIMITS, type RunDependencies, type SyncLimits } from './sync/dependencies.ts';
import { SYSTEM_CLOCK } from './system-clock.ts';
import { createEmfMetrics } from './telemetry/emf-metrics.ts';
import { createProgressLog } from './telemetry/progress-log.ts';
import { createRequestMetrics } from './telemetry/request-metrics.ts';

/** What a thread that runs a function may replace. */
export interface Overrides {
  readonly clock?: Clock;
  readonly observe?: ObserveProgress;
  readonly metrics?: Metrics;
  readonly limits?: Partial<SyncLimits>;
  /** What to do about a token that Intercom no longer accepts. */
  readonly reconnect?: string;
}

/** The parts of a function. Most are created on first use, because not every function has the names for all. */
export interface Runtime {
  /** Null except for extractors. */
  readonly object: ObjectName | null;
  readonly run: RunDependencies;
  readonly state: StateStore;
  /** The ports of one attempt: `signal` ends their calls. */
  readonly forAttempt: (signal: AbortSignal) => {
    readonly lake: Lake;
    readonly state: StateStore;
    readonly executions: Executions;
  };
  readonly budget: RateBudget;
  /** Null if `concurrency` is not set. */
  readonly share: WorkShare | null;
  readonly client: IntercomClient;
  readonly hashes: HashSource;
  readonly metrics: Metrics;
  /** Call it at the end of an invocation: it reports the requests that the invocation sent. */
  readonly flushMetrics: () => void;
  readonly limits: SyncLimits;
  /** The schedules are paused. */
  readonly paused: boolean;
  /**
   * Call it first in every invocation. An instance can outlive a connection, so it reads the token again and
   * never uses one of a workspace that has been replaced.
   */
  readonly begin: () => void;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Prints a line unchanged: Lambda would wrap a line from the global console. */
const printLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Separate, so that only the bundle of the function that sends events contains this client. */
export const createEvents = (): Events => createEventBridgeEvents(new EventBridgeClient(AWS_CLIENT));

/**
 * For extractors only, as `createEvents` is for FinishRun. Loaded by the first commit.
 * @returns the catalog for one attempt: `signal` ends its calls
 */
export function createCatalog(
  env: RawEnvironment,
  object: ObjectName,
  config: ResolvedConfig,
): (signal: AbortSignal) => Catalog {
  const glue = once(async () => (await import('./catalog-runtime.ts')).createGlue(env, object, config));
  return (signal) => ({ publish: async (known) => (await glue())(signal).publish(known) });
}

/**
 * Loaded when another execution holds a lease, or the next run is started.
 * @returns the executions for one attempt: `signal` ends their calls
 */
function createExecutions(): (signal?: AbortSignal) => Executions {
  const sfn = once(async () => (await import('./aws/sfn-executions.ts')).createSfn());
  return (signal) => ({
    status: async (executionArn) => (await sfn())(signal).status(executionArn),
    start: async (...next) => (await sfn())(signal).start(...next),
  });
}

/**
 * @throws Error naming what is wrong with the environment or the configuration file
 */
export function createRuntime(env: RawEnvironment, entry: FunctionEntry, overrides: Overrides = {}): Runtime {
  const { place, lake, configPath, object, service, detail, paused } = readEnvironment(env, entry);
  const configText = readFileSync(configPath, 'utf8');
  const config = JSON.parse(configText) as ResolvedConfig;
  const clock = overrides.clock ?? SYSTEM_CLOCK;
  const metrics = overrides.metrics ?? createEmfMetrics({ pipeline: service, detail, print: printLine });
  const requests = createRequestMetrics(metrics, clock, object ?? undefined);
  const watch = overrides.observe ?? createProgressLog(service, clock);
  const observe: ObserveProgress = (event) => {
    requests.observe(event);
    watch(event);
  };
  const s3 = new S3Client(S3_CLIENT);
  const executionsFor = createExecutions();
  const dynamoDb = once(() => new DynamoDBClient(AWS_CLIENT));
  const secrets = once(() => new SecretsManagerClient(AWS_CLIENT));
  const tokens = once(() => createSecretsTokenSource(secrets(), place('CONNECTION_SECRET_NAME')));
  const budget = once(() => createDynamoDbRateBudget(dynamoDb(), place('TABLE_NAME'), clock));
  const cap = once(() => {
    if (config.concurrency === null) return null;
    return createRequestCap({
      cap: config.concurrency,
      shares: createDynamoDbCapShares(dynamoDb(), place('TABLE_NAME')),
      clock,
      id: randomUUID().slice(-12),
      object: object ?? 'start',
      yields: object === null || OBJECTS[object].read.spendsPosition !== true,
    });
  });
  const state = once(() => createDynamoDbStateStore(dynamoDb(), place('TABLE_NAME')));
  const hashes = once(() => createSecretsHashSource(secrets(), place('HASH_KEY_SECRET_NAME')));
  const client = once(() => {
    const gate = cap();
    return createIntercomClient({
      baseUrl: config.baseUrl,
      tokens: tokens(),
      budget: budget(),
      ...(gate && { gate }),
      clock,
      object,
      observe,
      reconnect: overrides.reconnect,
    });
  });
  return {
    object,
    run: {
      lake: createS3Lake(s3, lake()),
      clock,
      config,
      configDigest: digestOf(configText),
      observe,
      executions: executionsFor(),
    },
    get state() {
      return state();
    },
    forAttempt: (signal) => ({
      lake: createS3Lake(s3, lake(), signal),
      state: createDynamoDbStateStore(dynamoDb(), place('TABLE_NAME'), signal),
      executions: executionsFor(signal),
    }),
    get budget() {
      return budget();
    },
    get share() {
      return cap();
    },
    get client() {
      return client();
    },
    get hashes() {
      return hashes();
    },
    metrics,
    paused,
    flushMetrics: requests.flush,
    limits: { ...DEFAULT_LIMITS, ...overrides.limits },
    begin: () => tokens().forget(),
  };
}
