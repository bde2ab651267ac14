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

/** Options without a value, and whether to set them: `{ '--keep-data': true }`. */
export type Flags = Readonly<Record<`--${string}`, boolean>>;

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
  command(words: string, flags?: Flags): string;
}

/** The configuration of the pipeline that the options name. @throws InputError */
export const configOf = ({ config, pipeline }: RemoteOptions): Promise<ResolvedConfig> =>
  loadConfig(config ?? DEFAULT_CONFIG_FILE, pipeline);

/** Quoted for a shell, if it needs quotes. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const OPTION_NAMES = ['profile', 'region', 'pipeline', 'config'] as const;

const optionText = (options: RemoteOptions): string =>
  OPTION_NAMES.map((name) => (options[name] === undefined ? '' : ` --${name} ${quoted(options[name])}`)).join(
    '',
  );

/** ` --profile prod`, for a command of AWS's own tools. */
export const profileText = ({ profile }: Pick<RemoteOptions, 'profile'>): string =>
  optionText({ ...(profile !== undefined && { profile }) });

/** `npm run pipeline -- status --profile prod`: a command for the pipeline that the options name. */
export const commandText = (words: string, options: RemoteOptions, flags: Flags = {}): string => {
  const set = Object.entries(flags).flatMap(([flag, isSet]) => (isSet ? [flag] : []));
  return `npm run pipeline -- ${[words, ...set].join(' ')}${optionText(options)}`;
};

/**
 * The command that deploys the pipeline, and with it the stack with the data, on which it depends. The CDK has no
 * option for the region.
 */
export const deployCommand = (name: string, options: RemoteOptions): string => {
  const { config, region } = options;
  const place = region === undefined ? '' : `AWS_REGION=${quoted(region)} `;
  const file = config === undefined ? '' : ` -c config=${quoted(config)}`;
  return `${place}npx cdk deploy ${name}${file}${profileText(options)}`;
};

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
    profile: profileText(options),
  });
  return {
    config,
    deployed,
    clients,
    lake: createS3Lake(clients.s3, deployed.lake),
    state: createDynamoDbStateStore(clients.dynamoDb, deployed.table),
    connections: createSecretsConnectionStore(clients.secrets, deployed.connectionSecret),
    runs: createRuns(clients.sfn, deployed.stateMachine),
    command: (words, flags) => commandText(words, options, flags),
  };
}
