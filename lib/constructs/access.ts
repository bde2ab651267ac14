/** The rights the functions are given, each as narrow as AWS can express it. */

import { Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ObjectName } from '../../functions/core/names.ts';

/** Key prefixes, each ending in `/`. */
export interface LakeAccess {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly delete: readonly string[];
}

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
}

/**
 * Partition keys of the table as the adapters write them (functions/aws): the state of an object, the shared
 * rate budget, the workspace that the pipeline belongs to.
 */
export const STATE_KEYS = {
  object: (name: ObjectName | '*') => [`object#${name}`],
  budget: ['budget', 'budget#*'],
  workspace: ['workspace'],
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
}

/** Reading the value of a secret: the token, or the hash key. */
export function grantSecret(role: IRole, secret: Secret): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [secret.secretArn],
    }),
  );
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
