/** The third composition root: the same ports, bound to a deployed pipeline with the user's credentials. */
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import { createS3Lake } from '../../../functions/aws/s3-lake.ts';
import { createSecretsConnectionStore } from '../../../functions/aws/secrets-connection-store.ts';
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import type { ConnectionStore, Lake, StateStore } from '../../../functions/core/ports.ts';
import { DEFAULT_CONFIG_FILE, loadConfig } from '../load-config.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import { type DeployedPipeline, findDeployed } from './deployment.ts';
import { createRuns, type Runs } from './runs.ts';

/** Options of every command. */
export interface RemoteOptions {
  readonly profile?: string;
  readonly region?: string;
  readonly pipeline?: string;
  readonly config?: string;
}

export interface RemotePipeline {
  /** From the configuration file on this machine; the deployed one may be older. */
  readonly config: ResolvedConfig;
  readonly deployed: DeployedPipeline;
  readonly clients: AwsClients;
  readonly lake: Pick<Lake, 'get' | 'list' | 'putNew' | 'sizes'>;
  readonly state: StateStore;
  readonly connections: ConnectionStore;
  readonly runs: Runs;
  /** `npm run pipeline -- status --profile prod`: another command for the same pipeline. */
  command(words: string): string;
}

/** The configuration of the pipeline that the options name. @throws InputError */
export const configOf = ({ config, pipeline }: RemoteOptions): Promise<ResolvedConfig> =>
  loadConfig(config ?? DEFAULT_CONFIG_FILE, pipeline);

/** Quoted for a shell, if it needs quotes. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const optionNames = ['profile', 'region', 'pipeline', 'config'] as const;

const optionText = (options: RemoteOptions): string =>
  optionNames
    .map((name) => (options[name] === undefined ? '' : ` --${name} ${quoted(options[name])}`))
    .join('');

/** `npm run pipeline -- status --profile prod`: a command for the pipeline that the options name. */
export const commandText = (words: string, options: RemoteOptions): string =>
  `npm run pipeline -- ${words}${optionText(options)}`;

/** The command that deploys the pipeline, and with it the stack with the data, on which it depends. */
export const deployCommand = (name: string, { config, profile }: RemoteOptions): string =>
  `npx cdk deploy ${name}${config === undefined ? '' : ` -c config=${quoted(config)}`}${profile === undefined ? '' : ` --profile ${quoted(profile)}`}`;

/** @throws InputError if no region is set */
export const clientsOf = (
  { environment, signal, canAsk, ask }: Terminal,
  { profile, region }: RemoteOptions,
): Promise<AwsClients> =>
  createAwsClients({
    profile,
    region: region ?? (environment.AWS_REGION || environment.AWS_DEFAULT_REGION || undefined),
    signal,
    askMfaCode: canAsk ? (device) => ask(`Code from MFA device ${device}:`) : undefined,
  });

/**
 * Finds the pipeline in AWS.
 * @throws InputError, RetryableError: one message for each reason why it cannot be found
 */
export async function openRemotePipeline(
  terminal: Terminal,
  options: RemoteOptions,
  config: ResolvedConfig,
): Promise<RemotePipeline> {
  const clients = await clientsOf(terminal, options);
  const deployed = await findDeployed(clients, {
    name: config.name,
    deploy: deployCommand(config.name, options),
  });
  return {
    config,
    deployed,
    clients,
    lake: createS3Lake(clients.s3, deployed.lake),
    state: createDynamoDbStateStore(clients.dynamoDb, deployed.table),
    connections: createSecretsConnectionStore(clients.secrets, deployed.connectionSecret),
    runs: createRuns(clients.sfn, deployed.stateMachine),
    command: (words) => commandText(words, options),
  };
}
