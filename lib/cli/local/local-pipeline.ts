/** The deployed workflow with its functions, tables and buckets in one directory, over embedded AWS endpoints. */
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { freeAllShares } from '../../../functions/aws/dynamodb-cap-shares.ts';
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import { digestOf } from '../../../functions/config-digest.ts';
import type { Clock } from '../../../functions/core/ports.ts';
import { withCodeVersion } from '../../constructs/code-version.ts';
import { type ExecutionsBackend, replaceFile, startEmbeddedAws } from '../../standins/aws/index.ts';
import { createExecutions, type LocalExecutions } from '../../standins/aws/workflow/executions.ts';
import {
  createWorkflowRunner,
  type RunnableFunction,
  type WorkflowRunner,
  type WorkflowRunnerOptions,
} from '../../standins/aws/workflow/workflow-runner.ts';
import { provision } from '../../template/provision.ts';
import type { LocalFunction, LocalResources } from '../../template/template.ts';
import { CONFIG_FILE } from './output-directory.ts';

export interface LocalAwsOptions {
  /** Output directory: `lake/` with the data, `state/` with everything else. */
  readonly directory: string;
  readonly resources: LocalResources;
  /** Sets variables where the AWS SDK looks for them: in the entry's `process.env`. */
  readonly setEnvironment: (environment: Readonly<Record<string, string>>) => void;
  readonly clock?: Pick<Clock, 'now'>;
  /** Runs the executions that are started over HTTP. @default they wait for `executions.next()` */
  readonly backend?: ExecutionsBackend;
}

export interface LocalAws {
  readonly executions: LocalExecutions;
  close(): Promise<void>;
}

/**
 * Opens an output directory, which only one process can do at a time, with all resources of the template.
 * @throws DirectoryInUseError, OutputDirectoryError
 */
export async function openLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { directory, resources, clock, backend, setEnvironment } = options;
  const { arn: stateMachineArn } = resources.stateMachine;
  const executions = createExecutions({ directory, stateMachineArn, ...(clock && { clock }) });
  const aws = await startEmbeddedAws({ directory, executions: backend ?? executions });
  try {
    setEnvironment(aws.environment);
    await provision(aws, resources);
    return { executions, close: () => aws.close() };
  } catch (error) {
    await aws.close();
    throw error;
  }
}

/** Where functions run. */
export interface FunctionHost {
  /** Starts nothing until the handler is called. */
  handlerOf(called: LocalFunction): RunnableFunction['handler'];
  /** Ends all functions, whatever they are doing. */
  close(): Promise<void>;
}

export interface LocalPipelineOptions extends LocalAwsOptions {
  readonly config: ResolvedConfig;
  /** @param configPath of the resolved configuration, for the functions */
  readonly startHost: (configPath: string) => FunctionHost;
  readonly pauses?: NonNullable<WorkflowRunnerOptions['pauses']>;
}

export interface LocalPipeline {
  readonly resources: LocalResources;
  readonly executions: LocalExecutions;
  /** Digest of code and configuration. A run that began with another digest cannot resume. */
  readonly configDigest: string;
  readonly runner: WorkflowRunner;
  /** Stores a token, as the command `connect` does. */
  connect(accessToken: string): Promise<void>;
  close(): Promise<void>;
}

function connectionSecret({ functions }: LocalResources): string {
  const name = functions.find(({ entry }) => entry === 'start-run')?.environment.CONNECTION_SECRET_NAME;
  if (name === undefined) throw new Error('The template has no StartRun function with a connection secret.');
  return name;
}

/** Writes the configuration where the functions find it. Atomic, because a query may read it at any time. */
function writeConfig(configPath: string, config: ResolvedConfig): string {
  const text = withCodeVersion(config);
  replaceFile(configPath, text);
  return digestOf(text);
}

/**
 * Opens the pipeline of an output directory, which only one process can do at a time.
 * @throws DirectoryInUseError, OutputDirectoryError
 */
export async function openLocalPipeline(options: LocalPipelineOptions): Promise<LocalPipeline> {
  const { directory, config, resources, startHost, pauses } = options;
  const aws = await openLocalAws(options);
  try {
    if (config.concurrency !== null) {
      // Only this process has the directory, so whatever still holds a share was killed with an earlier process.
      for (const { TableName: table } of resources.tables)
        await freeAllShares(new DynamoDBClient({}), table ?? '');
    }
    const configPath = join(directory, CONFIG_FILE);
    const configDigest = writeConfig(configPath, config);
    const host = startHost(configPath);
    const runner = createWorkflowRunner({
      definition: resources.stateMachine.definition,
      stateMachineArn: resources.stateMachine.arn,
      functions: resources.functions.map((one) => ({
        arn: one.arn,
        timeoutSeconds: one.timeoutSeconds,
        memoryMiB: one.memoryMiB,
        handler: host.handlerOf(one),
      })),
      ...(pauses && { pauses }),
    });
    const secrets = new SecretsManagerClient({});
    const SecretId = connectionSecret(resources);
    return {
      resources,
      executions: aws.executions,
      configDigest,
      runner,
      async connect(accessToken) {
        const SecretString = JSON.stringify({ access_token: accessToken });
        await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
      },
      async close() {
        await host.close();
        await aws.close();
      },
    };
  } catch (error) {
    await aws.close();
    throw error;
  }
}
