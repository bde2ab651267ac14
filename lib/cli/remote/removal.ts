/** How to look at and remove each kind of resource that outlives its stack. Every step can be repeated. */
import {
  DeleteTableCommand,
  DescribeTableCommand,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteDatabaseCommand,
  GetDatabaseCommand,
  GlueClient,
  paginateGetTables,
} from '@aws-sdk/client-glue';
import { DescribeKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { DeleteSecretCommand, DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { counted } from '../../../functions/core/counted.ts';
import { isPipelineError, RetryableError } from '../../../functions/core/errors.ts';
import { PRICES } from '../cost/prices.ts';
import { byteSize } from '../terminal/table-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { AwsClients } from './aws-clients.ts';
import { versionsIn } from './older-versions.ts';

export interface Found {
  /** What is in it. */
  readonly content: string;
  /** US dollars a month to keep it. */
  readonly monthlyUsd: number;
}

/** One kind of resource. `id` is its physical id in CloudFormation. */
export interface Removal {
  readonly noun: string;
  /** Null if it is gone, or marked for deletion. */
  look(id: string): Promise<Found | null>;
  /** Only for what `look` found. @throws RetryableError if AWS takes too long */
  remove(id: string): Promise<void>;
}

/** Days within which a secret can be restored and the deletion of a key cancelled: the most that AWS allows. */
export const RESTORE_DAYS = 30;

const POLL_MS = 2_000;
const MOST_POLLS = 150;
const GB = 1e9;

const GONE = /^(ResourceNotFoundException|EntityNotFoundException|NotFoundException|NotFound|NoSuchBucket)$/;

/** The answer, or null if AWS knows no such resource. */
async function ifThere<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    const isGone =
      error instanceof Error &&
      (GONE.test(error.name) || (isPipelineError(error) && error.code === 'aws_gone'));
    if (isGone) return null;
    throw error;
  }
}

/** What is in a bucket below these prefixes; null if there is no such bucket. */
export async function lookInto(
  client: S3Client,
  bucket: string,
  prefixes: readonly string[],
): Promise<Found | null> {
  if ((await ifThere(client.send(new HeadBucketCommand({ Bucket: bucket })))) === null) return null;
  let [versions, bytes] = [0, 0];
  for (const prefix of prefixes) {
    for await (const { Versions = [], DeleteMarkers = [] } of versionsIn(client, bucket, prefix)) {
      versions += Versions.length + DeleteMarkers.length;
      for (const { Size = 0 } of Versions) bytes += Size;
    }
  }
  return {
    content: `${counted(versions, 'object version or delete marker', 'object versions and delete markers')}, ${byteSize(bytes)}`,
    monthlyUsd: (bytes / GB) * PRICES.s3GbMonth,
  };
}

/** Deletes every version and delete marker below a prefix. */
export async function emptyBucket(client: S3Client, Bucket: string, Prefix = ''): Promise<void> {
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
    const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (Objects.length === 0) return;
    const { Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
    );
    const [refused] = Errors ?? [];
    if (refused !== undefined) {
      throw new RetryableError(
        `S3 does not delete ${counted(Errors?.length ?? 0, 'object version')} in bucket ${Bucket}, such as ${refused.Key} (${refused.Code}: ${refused.Message}).`,
        { code: 'object_not_deleted' },
      );
    }
  }
}

const bucketRemoval = ({ s3 }: AwsClients, { clock, signal }: Waiting): Removal => ({
  noun: 'bucket',
  look: (bucket) => lookInto(s3, bucket, ['']),
  async remove(Bucket) {
    for (let poll = 0; poll < MOST_POLLS; poll += 1) {
      try {
        await ifThere(emptyBucket(s3, Bucket));
        await ifThere(s3.send(new DeleteBucketCommand({ Bucket })));
        return;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'BucketNotEmpty') throw error;
      }
      await clock.sleep(POLL_MS, signal);
    }
    throw new RetryableError(
      `Something still writes to bucket ${Bucket}. S3 delivers access logs for hours; try again later.`,
      { code: 'bucket_not_empty' },
    );
  },
});

const tableRemoval = ({ dynamoDb }: AwsClients, { clock, signal }: Waiting): Removal => {
  async function described(TableName: string): Promise<TableDescription | null> {
    const answer = await ifThere(dynamoDb.send(new DescribeTableCommand({ TableName })));
    const { Table } = answer ?? {};
    return Table === undefined || Table.TableStatus === 'DELETING' ? null : Table;
  }
  return {
    noun: 'table',
    async look(name) {
      const table = await described(name);
      return table && { content: `about ${counted(table.ItemCount ?? 0, 'item')}`, monthlyUsd: 0 };
    },
    async remove(TableName) {
      for (let poll = 0; poll < MOST_POLLS; poll += 1) {
        const table = await described(TableName);
        if (table === null) return;
        if (table.TableStatus === 'ACTIVE') {
          await (table.DeletionProtectionEnabled === true
            ? dynamoDb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
            : dynamoDb.send(new DeleteTableCommand({ TableName })));
        } else {
          await clock.sleep(POLL_MS, signal);
        }
      }
      throw new RetryableError(`DynamoDB is still changing table ${TableName}; try again later.`, {
        code: 'table_busy',
      });
    },
  };
};

const secretRemoval = ({ secrets }: AwsClients): Removal => {
  async function isThere(SecretId: string): Promise<boolean> {
    const secret = await ifThere(secrets.send(new DescribeSecretCommand({ SecretId })));
    return secret !== null && secret.DeletedDate === undefined;
  }
  return {
    noun: 'secret',
    look: async (id) =>
      (await isThere(id))
        ? { content: `can be restored for ${RESTORE_DAYS} days`, monthlyUsd: PRICES.secretMonth }
        : null,
    async remove(SecretId) {
      await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: RESTORE_DAYS }));
    },
  };
};

const databaseRemoval = (clients: AwsClients): Removal => {
  const client = clients.open(GlueClient);
  return {
    noun: 'database',
    async look(Name) {
      if ((await ifThere(client.send(new GetDatabaseCommand({ Name })))) === null) return null;
      let tables = 0;
      for await (const page of paginateGetTables({ client }, { DatabaseName: Name })) {
        tables += page.TableList?.length ?? 0;
      }
      return { content: `${counted(tables, 'table or view', 'tables and views')}, yours too`, monthlyUsd: 0 };
    },
    // Its tables and views go with it.
    remove: async (Name) => void (await ifThere(client.send(new DeleteDatabaseCommand({ Name })))),
  };
};

const keyRemoval = (clients: AwsClients): Removal => {
  const client = clients.open(KMSClient);
  async function isThere(KeyId: string): Promise<boolean> {
    const key = await ifThere(client.send(new DescribeKeyCommand({ KeyId })));
    return key !== null && key.KeyMetadata?.KeyState !== 'PendingDeletion';
  }
  return {
    noun: 'key',
    look: async (id) =>
      (await isThere(id))
        ? {
            content: `its deletion can be cancelled for ${RESTORE_DAYS} days`,
            monthlyUsd: PRICES.kmsKeyMonth,
          }
        : null,
    async remove(KeyId) {
      await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: RESTORE_DAYS }));
    },
  };
};

type Waiting = Pick<Terminal, 'clock' | 'signal'>;

/** Each kind by its type in CloudFormation, in the order of removal: the key last. */
export const removals = (clients: AwsClients, waiting: Waiting): ReadonlyMap<string, Removal> =>
  new Map([
    ['AWS::S3::Bucket', bucketRemoval(clients, waiting)],
    ['AWS::DynamoDB::GlobalTable', tableRemoval(clients, waiting)],
    ['AWS::Glue::Database', databaseRemoval(clients)],
    ['AWS::SecretsManager::Secret', secretRemoval(clients)],
    ['AWS::KMS::Key', keyRemoval(clients)],
  ]);
