/** The rights of the functions, each as narrow as AWS can express it. */

import { Aws, Stack } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IPrincipal, type IRole, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ObjectName } from '../../functions/core/names.ts';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../../functions/core/sync-event.ts';
import type { Storage } from './storage.ts';

/** The bucket of a lake, and where in it the lake begins. */
export type LakePlace = Pick<Storage, 'lake' | 'prefix'>;

/** Patterns of keys in the lake, in which `*` stands for any characters, `/` included. */
export interface LakeAccess {
  readonly read: readonly string[];
  /** Keys that may be listed, besides those that may be read. @default none */
  readonly list?: readonly string[];
  readonly write: readonly string[];
  readonly delete: readonly string[];
}

/**
 * Grants the use of the pipeline's own key through one service only, so that a caller cannot ask KMS to decrypt what it
 * may not read in that service.
 * @param key undefined if AWS's keys encrypt, which need no rights
 */
export function grantKey(
  principal: IPrincipal,
  key: IKey | undefined,
  service: 's3' | 'dynamodb' | 'secretsmanager' | 'sqs',
  actions: readonly string[],
): void {
  if (key === undefined) return;
  principal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...actions],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
    }),
  );
}

/** Each object in S3 has its own data key, which KMS makes for a put and decrypts for a get. */
const lakeKeyActions = ({ read, write }: LakeAccess): readonly string[] => [
  ...(read.length > 0 ? ['kms:Decrypt'] : []),
  ...(write.length > 0 ? ['kms:GenerateDataKey'] : []),
];

/** What DynamoDB asks KMS for on behalf of the caller of a table (DynamoDB Developer Guide: "Using your customer managed key"). */
const TABLE_KEY_ACTIONS = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'];

/**
 * Grants reading, writing and deleting objects by their keys, and listing those that are read.
 *
 * The condition is `IfExists` because S3 answers a GetObject of a missing key with 404 only if the caller may list the
 * bucket, and that check carries no prefix. A plain condition would turn the 404 into a 403. A listing that names a
 * prefix must match one of these patterns.
 */
export function grantLake(role: IRole, { lake, prefix }: LakePlace, access: LakeAccess): void {
  // Patterns with the same actions share a statement: all policies of a role together may have 10,240 characters.
  const actionsOn = (pattern: string): readonly string[] => [
    ...(access.read.includes(pattern) ? ['s3:GetObject'] : []),
    ...(access.write.includes(pattern) ? ['s3:PutObject'] : []),
    ...(access.delete.includes(pattern) ? ['s3:DeleteObject'] : []),
  ];
  const patterns = [...new Set([...access.read, ...access.write, ...access.delete])];
  for (const same of Map.groupBy(patterns, (pattern) => actionsOn(pattern).join()).values()) {
    const [first = ''] = same;
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [...actionsOn(first)],
        resources: same.map((pattern) => lake.arnForObjects(prefix + pattern)),
      }),
    );
  }
  const listed = [...access.read, ...(access.list ?? [])];
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [lake.bucketArn],
      conditions: { StringLikeIfExists: { 's3:prefix': listed.map((pattern) => prefix + pattern) } },
    }),
  );
  grantKey(role, lake.encryptionKey, 's3', lakeKeyActions(access));
}

/**
 * Partition keys as the adapters in functions/aws write them: the state of an object, the shared rate budget, the
 * workspace of the pipeline, and pending authorizations.
 */
export const STATE_KEYS = {
  object: (name: ObjectName | '*') => [`object#${name}`],
  budget: ['budget', 'budget#*'],
  workspace: ['workspace'],
  authorizations: ['oauth#*'],
} as const;

/** Grants reading and updating single items with these partition keys. */
export function grantState(role: IRole, table: ITableV2, keys: readonly string[]): void {
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
 * Grants sending the event that a run has ended to the account's default bus, and nothing else. The condition is
 * `ForAllValues` because one request may carry several events, so a key may have several values.
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

/** Grants reading the value of a secret. */
export function grantSecret(role: IRole, secret: ISecret): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [secret.secretArn],
    }),
  );
  grantKey(role, secret.encryptionKey, 'secretsmanager', ['kms:Decrypt']);
}

/** Grants writing a new value to a secret. */
export function grantSecretWrite(role: IRole, secret: ISecret): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:PutSecretValue'],
      resources: [secret.secretArn],
    }),
  );
  grantKey(role, secret.encryptionKey, 'secretsmanager', ['kms:Decrypt', 'kms:GenerateDataKey']);
}

/** Grants creating and changing only these tables and views of a Glue database. Every call also names the catalog and the database. */
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
