/** AWS clients with the user's credentials. Each refusal by AWS becomes one message. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { AWS_CLIENT, S3_CLIENT } from '../../../functions/aws/clients.ts';
import { InputError } from '../../../functions/core/errors.ts';
import { explainAws } from './aws-trouble.ts';

export interface AwsAccess {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  /** Ends calls in progress; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Asks the person for the code of an MFA device; undefined if nobody can answer. */
  readonly askMfaCode?: ((device: string) => Promise<string>) | undefined;
}

type ClientOptions = typeof AWS_CLIENT & {
  readonly region: string;
  readonly credentials: ReturnType<typeof credentialsOf>;
};

export interface AwsClients {
  readonly region: string;
  readonly cloudFormation: CloudFormationClient;
  readonly dynamoDb: DynamoDBClient;
  readonly eventBridge: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sfn: SFNClient;
  /**
   * Makes a client that few commands need, so that the others need not load it.
   * @param signal ends its calls. @default the signal that ends those of all others
   */
  open<Client>(Service: new (options: ClientOptions) => Client, signal?: AbortSignal): Client;
}

/** IAM's names for the services. */
const IAM_NAMES: Readonly<Record<string, string>> = {
  AthenaClient: 'athena',
  CloudFormationClient: 'cloudformation',
  DynamoDBClient: 'dynamodb',
  EventBridgeClient: 'events',
  GlueClient: 'glue',
  KMSClient: 'kms',
  LambdaClient: 'lambda',
  S3Client: 's3',
  SecretsManagerClient: 'secretsmanager',
  SFNClient: 'states',
};

/** Operations whose IAM action has another name. */
const IAM_ACTIONS: Readonly<Record<string, string>> = {
  DeleteObjects: 'DeleteObjectVersion',
  ListObjectVersions: 'ListBucketVersions',
  ListObjectsV2: 'ListBucket',
};

function iamAction(clientName: string, commandName: string): string {
  const operation = commandName.replace(/Command$/, '');
  return `${IAM_NAMES[clientName] ?? clientName}:${IAM_ACTIONS[operation] ?? operation}`;
}

type Next = (request: unknown) => Promise<unknown>;

/** What all clients have in common; their types differ only in their commands. */
interface AnyClient {
  readonly middlewareStack: {
    add(
      middleware: (next: Next, context: { clientName?: string; commandName?: string }) => Next,
      options: { readonly step: 'initialize'; readonly name: string; readonly priority: 'high' },
    ): void;
  };
  readonly config: {
    readonly requestHandler: { handle(request: unknown, options?: object): Promise<unknown> };
  };
}

/** Makes the signal end requests, and turns refusals into messages. */
function guarded<Client>(client: Client, access: AwsAccess, region: string | null): Client {
  const { middlewareStack, config } = client as unknown as AnyClient;
  const { signal, profile = null } = access;
  const { requestHandler } = config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) => handle(request, { ...options, abortSignal: signal });
  middlewareStack.add(
    (next, { clientName = '', commandName = '' }) =>
      async (request) => {
        try {
          return await next(request);
        } catch (error) {
          signal.throwIfAborted();
          throw explainAws(error, { action: iamAction(clientName, commandName), region, profile });
        }
      },
    { step: 'initialize', name: 'explainAws', priority: 'high' },
  );
  return client;
}

/** No SDK warnings, such as the one about a profile that comes with keys in the environment: the user chose that. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** A named profile is the only source. If it has no credentials, those of the machine must not take their place. */
function credentialsOf({ profile, askMfaCode }: AwsAccess) {
  const options = { logger: SILENT, ...(askMfaCode && { mfaCodeProvider: askMfaCode }) };
  return profile === undefined ? fromNodeProviderChain(options) : fromIni({ ...options, profile });
}

/** Two letters, words, a number: `eu-west-1`, `us-gov-east-1`. */
const REGION = /^[a-z]{2}(-[a-z]+)+-\d+$/;

/** The named region, or the one of the environment or the profile. */
async function regionOf({ profile, region }: AwsAccess): Promise<string> {
  const options = { ...(profile && { profile }), ...(region && { region }) };
  const probe = new CloudFormationClient(options);
  const found = await probe.config.region().catch(() => null);
  probe.destroy();
  if (found === null || found === '') {
    throw new InputError(
      "No AWS region is set. Name the region of the pipeline with --region, in AWS_REGION, or as 'region' in the profile.",
      { code: 'aws_region' },
    );
  }
  if (REGION.test(found)) return found;
  throw new InputError(`'${found}' is not a valid AWS region. Write it like --region eu-west-1.`, {
    code: 'aws_region',
  });
}

/** @throws InputError if no region is set */
export async function createAwsClients(access: AwsAccess): Promise<AwsClients> {
  const region = await regionOf(access);
  const options = {
    region,
    credentials: credentialsOf(access),
    ...AWS_CLIENT,
    ...(access.profile && { profile: access.profile }),
  };
  const ready = <Client>(client: Client): Client => guarded(client, access, region);
  return {
    region,
    cloudFormation: ready(new CloudFormationClient(options)),
    dynamoDb: ready(new DynamoDBClient(options)),
    eventBridge: ready(new EventBridgeClient(options)),
    lambda: ready(new LambdaClient(options)),
    s3: ready(new S3Client({ ...options, ...S3_CLIENT })),
    secrets: ready(new SecretsManagerClient(options)),
    sfn: ready(new SFNClient(options)),
    open: (Service, signal = access.signal) => guarded(new Service(options), { ...access, signal }, region),
  };
}
