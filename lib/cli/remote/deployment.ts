/** Finds a deployed pipeline: reads the outputs of its stacks. */
import type { CloudFormationClient, Stack } from '@aws-sdk/client-cloudformation';
import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge';
import { InputError } from '../../../functions/core/errors.ts';
import type { LakeRoot } from '../../../functions/core/lake-keys.ts';
import type { AwsClients } from './aws-clients.ts';
import { describeStack } from './stacks.ts';

export interface DeployedPipeline {
  readonly name: string;
  readonly region: string;
  readonly accountId: string;
  readonly lake: LakeRoot;
  readonly table: string;
  readonly connectionSecret: string;
  readonly oauthClientSecret: string;
  readonly hashKeySecret: string;
  /** The app's redirect URL at Intercom. */
  readonly callbackUrl: string;
  readonly stateMachine: string;
}

/** Identifies it for people with several accounts: `pipeline 'shop' (account 123456789012, eu-west-1)`. */
export const placeOf = ({ name, accountId, region }: DeployedPipeline): string =>
  `pipeline '${name}' (account ${accountId}, ${region})`;

/** The data stack has this output if the lake is not at the top of its bucket. */
const PREFIX_OUTPUT = 'LakePrefix';

/** The stack and its output for each property. */
const OUTPUTS = {
  bucket: ['data', 'BucketName'],
  table: ['data', 'TableName'],
  connectionSecret: ['data', 'ConnectionSecretArn'],
  oauthClientSecret: ['data', 'OAuthClientSecretArn'],
  hashKeySecret: ['data', 'HashKeySecretArn'],
  callbackUrl: ['pipeline', 'CallbackUrl'],
  stateMachine: ['pipeline', 'StateMachineArn'],
} as const;

const STACKS = ['data', 'pipeline'] as const;
type StackName = (typeof STACKS)[number];

/** The name that lib/stacks/pipeline.ts gives to the stack with the data. */
export const dataStackOf = (pipeline: string): string => `${pipeline}-data`;

const nameOf = (pipeline: string, stack: StackName): string =>
  stack === 'data' ? dataStackOf(pipeline) : pipeline;

/** True if the stack was created. A failed update leaves its resources in place. */
const isThere = (status: string): boolean =>
  status === 'CREATE_COMPLETE' || status === 'IMPORT_COMPLETE' || status.startsWith('UPDATE_');

/** True if the first creation of the stack failed. */
const hasNeverBeen = (status: string): boolean => /^(CREATE_FAILED|ROLLBACK_(COMPLETE|FAILED))$/.test(status);

/** False also for the remains of a failed first creation. */
export async function isDeployed(client: CloudFormationClient, stack: string): Promise<boolean> {
  const found = await describeStack(client, stack);
  return found !== null && isThere(String(found.StackStatus));
}

/** The account in an ARN. */
export const accountIn = (arn: string | undefined): string | undefined => arn?.split(':')[4] || undefined;

/**
 * The account of the credentials, if no stack shows it: from the ARN of the default event bus, which every
 * account has. Null if the credentials do not even allow that request.
 */
export async function accountOf({ eventBridge, cloudFormation }: AwsClients): Promise<string | null> {
  const { accountId } = await cloudFormation.config.credentials();
  if (accountId !== undefined) return accountId;
  const bus = await eventBridge.send(new DescribeEventBusCommand({})).catch(() => null);
  return accountIn(bus?.Arn) ?? null;
}

export interface Wanted {
  /** Name of the pipeline. */
  readonly name: string;
  /** The command that deploys it: `npx cdk deploy shop`. */
  readonly deploy: string;
  /** ` --profile prod` for the AWS CLI, or nothing. */
  readonly profile: string;
}

/** @throws InputError that names the stacks that are missing or not ready, and what to do */
async function refuse(
  clients: AwsClients,
  { name, deploy, profile }: Wanted,
  stacks: ReadonlyMap<StackName, Stack | null>,
): Promise<never> {
  const all = [...stacks];
  const accountId =
    all.map(([, stack]) => accountIn(stack?.StackId)).find(Boolean) ?? (await accountOf(clients));
  const place = `${accountId === null ? 'this account' : `account ${accountId}`}, region ${clients.region}`;
  const missing = all.filter(([, stack]) => stack === null).map(([stack]) => nameOf(name, stack));
  if (missing.length === all.length) {
    throw new InputError(
      `Pipeline '${name}' is not deployed in ${place}: there is no stack ${missing.join(', ')}. Deploy it with '${deploy}', or say where it is with --region, --profile or --pipeline.`,
      { code: 'not_deployed' },
    );
  }
  const unready = all.flatMap(([stack, found]) =>
    found === null ? [] : [{ stack: nameOf(name, stack), status: String(found.StackStatus) }],
  );
  const broken = unready.filter(({ status }) => !isThere(status));
  const isBusy = broken.some(({ status }) => status.endsWith('_IN_PROGRESS'));
  const facts = [
    ...(missing.length > 0 ? [`stack ${missing.join(', ')} is missing`] : []),
    ...broken.map(({ stack, status }) => `stack ${stack} is ${status}`),
  ];
  // CDK deletes the remains of a failed first creation, unless the stack is protected.
  const remains = broken.find(({ stack, status }) => stack === nameOf(name, 'data') && hasNeverBeen(status));
  const unprotect =
    remains === undefined
      ? ''
      : `run 'aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${remains.stack} --region ${clients.region}${profile}', then `;
  const advice = isBusy
    ? `wait until the deployment has finished, or deploy with '${deploy}'`
    : `${unprotect}deploy the rest with '${deploy}'`;
  throw new InputError(
    `Pipeline '${name}' is only partly deployed in ${place}: ${facts.join('; ')}. To continue, ${advice}.`,
    {
      code: 'partly_deployed',
    },
  );
}

/**
 * Finds a deployed pipeline by its name.
 * @throws InputError naming the missing stack, its place and how to deploy it; the errors of explainAws
 */
export async function findDeployed(clients: AwsClients, wanted: Wanted): Promise<DeployedPipeline> {
  const { name, deploy } = wanted;
  const found = await Promise.all(
    STACKS.map(
      async (stack) => [stack, await describeStack(clients.cloudFormation, nameOf(name, stack))] as const,
    ),
  );
  const stacks = new Map(found);
  if (found.some(([, stack]) => stack === null || !isThere(String(stack.StackStatus)))) {
    return refuse(clients, wanted, stacks);
  }
  const outputOf = (stack: StackName, outputKey: string): string | undefined =>
    stacks.get(stack)?.Outputs?.find(({ OutputKey }) => OutputKey === outputKey)?.OutputValue;
  const output = (key: keyof typeof OUTPUTS): string => {
    const [stack, outputKey] = OUTPUTS[key];
    const value = outputOf(stack, outputKey);
    if (value !== undefined) return value;
    throw new InputError(
      `Stack ${nameOf(name, stack)} has no output ${outputKey}: an older version of this software deployed it. Deploy again with '${deploy}'.`,
      { code: 'older_version' },
    );
  };
  return {
    name,
    region: clients.region,
    accountId: accountIn(stacks.get('data')?.StackId) ?? '',
    lake: { bucket: output('bucket'), prefix: outputOf('data', PREFIX_OUTPUT) ?? '' },
    table: output('table'),
    connectionSecret: output('connectionSecret'),
    oauthClientSecret: output('oauthClientSecret'),
    hashKeySecret: output('hashKeySecret'),
    callbackUrl: output('callbackUrl'),
    stateMachine: output('stateMachine'),
  };
}
