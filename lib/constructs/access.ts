/** The rights the functions are given, each as narrow as AWS can express it. */

import { Aws, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ObjectName } from '../../functions/core/names.ts';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../../functions/core/sync-event.ts';

/** Key prefixes, each ending in `/`. */
export interface LakeAccess {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly delete: readonly string[];
}

/**
 * Using the pipeline's own key, but only by way of a service: what the role may not read there, it cannot decrypt
 * by asking KMS itself.
 * @param key undefined: AWS's own keys encrypt, and need no rights
 */
export function grantKey(
  role: IRole,
  key: IKey | undefined,
  service: 's3' | 'dynamodb' | 'secretsmanager' | 'sqs',
  actions: readonly string[],
): void {
  if (key === undefined) return;
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...actions],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
    }),
  );
}

/** An object is encrypted with a data key of its own, which KMS makes for a put and decrypts for a get. */
const lakeKeyActions = ({ read, write }: LakeAccess): readonly string[] => [
  ...(read.length > 0 ? ['kms:Decrypt'] : []),
  ...(write.length > 0 ? ['kms:GenerateDataKey'] : []),
];

/** What DynamoDB asks KMS for in the name of whoever uses a table, to open its key ("Using your customer managed key"). */
const TABLE_KEY_ACTIONS = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'];

/**
 * Reading, writing and deleting below prefixes, and listing those that are read.
 *
 * `IfExists`, because S3 answers a GetObject of a missing key with 404 only to those who may list the
 * bucket, and that question carries no prefix; with a plain condition it would be a 403, which must
 * not be taken for "not there". A listing that names a prefix is held to the prefixes.
 */
export function grantLake(role: IRole, lake: Bucket, access: LakeAccess): void {
  const objects = (prefixes: readonly string[]) => prefixes.map((prefix) => lake.arnForObjects(`${prefix}*`));
  const allow = (actions: string[], resources: string[]) =>
    role.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
  allow(['s3:GetObject'], objects(access.read));
  allow(['s3:PutObject'], objects(access.write));
  if (access.delete.length > 0) allow(['s3:DeleteObject'], objects(access.delete));
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [lake.bucketArn],
      conditions: { StringLikeIfExists: { 's3:prefix': access.read.map((prefix) => `${prefix}*`) } },
    }),
  );
  grantKey(role, lake.encryptionKey, 's3', lakeKeyActions(access));
}

/**
 * Partition keys of the table as the adapters write them (functions/aws): the state of an object, the shared
 * rate budget, the workspace that the pipeline belongs to, requests to authorize.
 */
export const STATE_KEYS = {
  object: (name: ObjectName | '*') => [`object#${name}`],
  budget: ['budget', 'budget#*'],
  workspace: ['workspace'],
  authorizations: ['oauth#*'],
} as const;

/** Reading and conditionally updating single items, those with these partition keys. */
export function grantState(role: IRole, table: TableV2, keys: readonly string[]): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
    }),
  );
  grantKey(role, table.encryptionKey, 'dynamodb', TABLE_KEY_ACTIONS);
}

/**
 * Telling the account's default bus that a run has ended, and nothing else. `ForAllValues`, because one request may
 * carry several events, so that a key may have several values.
 */
export function grantSyncEvent(role: IRole): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['events:PutEvents'],
      resources: [
        Stack.of(role).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' }),
      ],
      conditions: {
        'ForAllValues:StringEquals': {
          'events:source': EVENT_SOURCE,
          'events:detail-type': EVENT_DETAIL_TYPE,
        },
      },
    }),
  );
}

/** Reading the value of a secret. */
export function grantSecret(role: IRole, secret: Secret): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [secret.secretArn],
    }),
  );
  grantKey(role, secret.encryptionKey, 'secretsmanager', ['kms:Decrypt']);
}

/** Putting a new value into a secret. */
export function grantSecretWrite(role: IRole, secret: Secret): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:PutSecretValue'],
      resources: [secret.secretArn],
    }),
  );
  grantKey(role, secret.encryptionKey, 'secretsmanager', ['kms:Decrypt', 'kms:GenerateDataKey']);
}

/** Making and changing these tables and views of a Glue database, no others. Every call names catalog and database too. */
export function grantCatalog(role: Role, database: string, tables: readonly string[]): void {
  const arn = (resource: string) => Stack.of(role).formatArn({ service: 'glue', resource });
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['glue:GetTable', 'glue:CreateTable', 'glue:UpdateTable'],
      resources: [
        arn('catalog'),
        arn(`database/${database}`),
        ...tables.map((table) => arn(`table/${database}/${table}`)),
      ],
    }),
  );
}
