import { randomBytes } from 'node:crypto';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { createTable } from './create-table.ts';
import { diskTrouble } from './disk-trouble.ts';
import { startDynamoDbEndpoint } from './dynamodb-endpoint.ts';
import { eventBridgeOperations } from './eventbridge.ts';
import { openEventsFile } from './events-file.ts';
import { glueOperations } from './glue.ts';
import { openGlueFiles } from './glue-files.ts';
import { startJsonEndpoint } from './json-endpoint.ts';
import { explainDatabaseError, explainDirectoryError, openOutputDirectory } from './output-directory.ts';
import { createBuckets } from './s3/buckets.ts';
import { startS3Endpoint } from './s3/s3-endpoint.ts';
import { openSecretsFile } from './secrets-file.ts';
import { secretsManagerOperations } from './secrets-manager.ts';
import { type ExecutionsBackend, noExecutions, stepFunctionsOperations } from './step-functions.ts';

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

const LOST_STATE =
  'It holds the cursors. Restore it from a copy. Or remove it: the next run then reads every object from the beginning. Files in the lake stay.';

export interface EmbeddedAwsOptions {
  /** The output directory. It is created if missing. Only one process at a time may use it. */
  readonly directory: string;
  /** Runs executions behind the Step Functions endpoint. Without it, the endpoint refuses to start any. */
  readonly executions?: ExecutionsBackend;
}

export interface EmbeddedAws {
  /** Environment variables that make plain SDK clients talk to these endpoints and to nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Turns a folder of the output directory into a bucket. Keys are relative paths, objects are plain files.
   * The mapping lasts until `close`. The files stay.
   * @default folder 'lake'
   */
  createBucket(name: string, folder?: string): Promise<void>;
  /** Creates the table unless it exists, and waits until it is active. */
  createTable(input: CreateTableCommandInput): Promise<void>;
  /** Creates the secret unless it exists. Never overwrites an existing value. */
  createSecret(name: string, initialValue: string): Promise<void>;
  /** Creates the Glue database unless it exists. */
  createDatabase(name: string): Promise<void>;
  /** Stops the endpoints and lets another process use the directory. */
  close(): Promise<void>;
}

/**
 * Starts the endpoints over one directory:
 * `lake/` the objects, `state/dynamodb/` the tables, `state/secrets.json` the secrets, `state/glue/` the catalog,
 * `state/events.ndjson` the events, `state/tmp/` uploads in progress.
 */
export async function startEmbeddedAws(options: EmbeddedAwsOptions): Promise<EmbeddedAws> {
  const directory = await openOutputDirectory(options.directory);
  const closers: (() => Promise<void>)[] = [directory.release];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const orExplain = <T>(act: Promise<T>) =>
    act.catch((error: unknown) => {
      throw diskTrouble(error, directory.path) ? explainDirectoryError(directory.path, error) : error;
    });
  try {
    const accessKeyId = `LOCAL${randomBytes(12).toString('hex').toUpperCase()}`;
    const secrets = openSecretsFile(directory.secretsFile);
    const catalog = openGlueFiles(directory.catalogFolder);
    const buckets = createBuckets(directory.path);
    const operations = {
      ...secretsManagerOperations(secrets, REGION),
      ...eventBridgeOperations(openEventsFile(directory.eventsFile), REGION),
      ...stepFunctionsOperations(options.executions ?? noExecutions),
      ...glueOperations(catalog, ACCOUNT),
    };

    const folder = directory.databaseFolder;
    const dynamoDb = await startDynamoDbEndpoint({ folder, accessKeyId, region: REGION }).catch(
      (error: unknown) => {
        throw explainDatabaseError(directory.path, 'state/dynamodb', LOST_STATE, error);
      },
    );
    closers.push(dynamoDb.close);
    const s3 = await startS3Endpoint({ accessKeyId, buckets, temporaryFolder: directory.temporaryFolder });
    closers.push(s3.close);
    const json = await startJsonEndpoint({ accessKeyId, operations, folder: directory.path });
    closers.push(json.close);

    return {
      environment: environmentOf({ accessKeyId, s3: s3.url, dynamoDb: dynamoDb.url, json: json.url }),
      createBucket: (name, bucketFolder = 'lake') => orExplain(buckets.create(name, bucketFolder)),
      createTable: (input) => createTable(dynamoDb.url, { accessKeyId, region: REGION }, input),
      createDatabase: (name) => orExplain(catalog.createDatabase(name)),
      createSecret: (name, initialValue) => orExplain(secrets.createIfMissing(name, initialValue)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Endpoints {
  readonly accessKeyId: string;
  readonly s3: string;
  readonly dynamoDb: string;
  readonly json: string;
}

function environmentOf(endpoints: Endpoints): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamoDb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.json,
    AWS_ENDPOINT_URL_SFN: endpoints.json,
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.json,
    AWS_ENDPOINT_URL_GLUE: endpoints.json,
    // Any other service gets a clear refusal from us and never reaches the real AWS.
    AWS_ENDPOINT_URL: endpoints.json,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: endpoints.accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'local',
    // Settings of the user's own environment that must not take effect.
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_USE_FIPS_ENDPOINT: 'false',
    AWS_USE_DUALSTACK_ENDPOINT: 'false',
  };
}
