/**
 * The second composition root: the deployed workflow, the same handlers, and the template's tables and buckets,
 * on embedded AWS endpoints. State and lake are in one directory.
 */
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { freeAllShares } from '../../../functions/aws/dynamodb-cap-shares.ts';
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import type { Clock, Metrics, ObserveProgress } from '../../../functions/core/ports.ts';
import {
  createExtractor,
  createFinishRun,
  createRecordFailure,
  createStartRun,
} from '../../../functions/handlers.ts';
import { digestOf, type Overrides } from '../../../functions/runtime.ts';
import { withCodeVersion } from '../../constructs/code-version.ts';
import {
  type EmbeddedAws,
  type ExecutionsBackend,
  replaceFile,
  startEmbeddedAws,
} from '../../standins/aws/index.ts';
import { createExecutions, type LocalExecutions } from '../../standins/aws/workflow/executions.ts';
import type { RunnableFunction } from '../../standins/aws/workflow/invocation.ts';
import {
  createWorkflowRunner,
  type WorkflowRunner,
  type WorkflowRunnerOptions,
} from '../../standins/aws/workflow/workflow-runner.ts';
import { provision } from '../../template/provision.ts';
import {
  type LocalFunction,
  type LocalResources,
  localResources,
  synthesize,
} from '../../template/template.ts';
import { CONFIG_FILE } from './output-directory.ts';

export interface LocalPipelineOptions {
  /** Output directory: `lake/` with the data, `state/` with everything else. */
  readonly directory: string;
  readonly config: ResolvedConfig;
  /** Sets variables where the AWS SDK looks for them: the entry's `process.env`. */
  readonly setEnvironment: (environment: Readonly<Record<string, string>>) => void;
  readonly observe: ObserveProgress;
  /** @default none: there is no CloudWatch here, and standard output belongs to the user */
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly limits?: NonNullable<Overrides['limits']>;
  readonly pauses?: NonNullable<WorkflowRunnerOptions['pauses']>;
  /** Runs the executions that are started over HTTP. @default they wait for `executions.next()` */
  readonly backend?: ExecutionsBackend;
}

export interface LocalPipeline {
  readonly resources: LocalResources;
  readonly executions: LocalExecutions;
  /** Digest of code and configuration; a run that began with another one cannot resume. */
  readonly configDigest: string;
  readonly runner: WorkflowRunner;
  /** Stores a token, as the command `connect` does. */
  connect(accessToken: string): Promise<void>;
  close(): Promise<void>;
}

/** What to do about a token that Intercom no longer accepts. */
export const RECONNECT = 'set INTERCOM_ACCESS_TOKEN to a valid token of your app';

const NO_METRICS: Metrics = { record: () => undefined };

/** The functions that the workflow calls; there is no callback on one machine. */
const FACTORIES = {
  extractor: createExtractor,
  'start-run': createStartRun,
  'record-failure': createRecordFailure,
  'finish-run': createFinishRun,
} as const;

const isOfWorkflow = (entry: LocalFunction['entry']): entry is keyof typeof FACTORIES => entry in FACTORIES;

/** A function of the template with its handler in this process; empty if the workflow does not call it. */
function runnable(
  { arn, entry, environment, timeoutSeconds, memoryMiB }: LocalFunction,
  configPath: string,
  overrides: Overrides,
): readonly RunnableFunction[] {
  if (!isOfWorkflow(entry)) return [];
  const handler = FACTORIES[entry]({ ...environment, CONFIG_PATH: configPath }, overrides);
  return [{ arn, timeoutSeconds, memoryMiB, handler: handler as RunnableFunction['handler'] }];
}

/** Name of the template's connection secret. */
function connectionSecret({ functions }: LocalResources): string {
  const name = functions.find(({ entry }) => entry === 'start-run')?.environment.CONNECTION_SECRET_NAME;
  if (name === undefined) throw new Error('The template has no StartRun function with a connection secret.');
  return name;
}

async function assemble(
  aws: EmbeddedAws,
  resources: LocalResources,
  options: LocalPipelineOptions,
): Promise<Pick<LocalPipeline, 'runner' | 'configDigest' | 'connect'>> {
  const { directory, config, observe, metrics = NO_METRICS, clock, limits, pauses } = options;
  options.setEnvironment(aws.environment);
  await provision(aws, resources);
  if (config.concurrency !== null) {
    // The directory is this process's alone: whatever had a share was killed with the process before.
    for (const { TableName: table } of resources.tables)
      await freeAllShares(new DynamoDBClient({}), table ?? '');
  }
  const configPath = join(directory, CONFIG_FILE);
  const configText = withCodeVersion(config);
  // Atomic, because a query may read it at any time.
  replaceFile(configPath, configText);
  const overrides: Overrides = {
    observe,
    metrics,
    reconnect: RECONNECT,
    ...(clock && { clock }),
    ...(limits && { limits }),
  };
  const runner = createWorkflowRunner({
    definition: resources.stateMachine.definition,
    stateMachineArn: resources.stateMachine.arn,
    functions: resources.functions.flatMap((one) => runnable(one, configPath, overrides)),
    ...(pauses && { pauses }),
  });
  const secrets = new SecretsManagerClient({});
  const SecretId = connectionSecret(resources);
  return {
    runner,
    configDigest: digestOf(configText),
    async connect(accessToken) {
      const SecretString = JSON.stringify({ access_token: accessToken });
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
    },
  };
}

/**
 * Opens the pipeline of an output directory, which only one process can do at a time.
 * @throws DirectoryInUseError, OutputDirectoryError
 */
export async function openLocalPipeline(options: LocalPipelineOptions): Promise<LocalPipeline> {
  const { directory, config, clock } = options;
  const resources = localResources(synthesize(config));
  const { arn: stateMachineArn } = resources.stateMachine;
  const executions = createExecutions({ directory, stateMachineArn, ...(clock && { clock }) });
  const aws = await startEmbeddedAws({ directory, executions: options.backend ?? executions });
  try {
    const assembled = await assemble(aws, resources, options);
    return { ...assembled, resources, executions, close: () => aws.close() };
  } catch (error) {
    await aws.close();
    throw error;
  }
}
