import { CfnOutput, Stack } from 'aws-cdk-lib';
import {
  AccountPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  type IGrantable,
  PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Landscape } from '../../functions/config/landscape.ts';
import { grantKey } from './access.ts';
import type { Catalog } from './catalog.ts';
import type { Storage } from './storage.ts';

export interface ReadableData {
  readonly storage: Pick<Storage, 'lake' | 'prefix' | 'key'>;
  readonly catalog: Catalog;
}

/**
 * Grants reading all data of a pipeline, from S3 and with Athena: tables, manifests and run summaries, the Glue
 * database, and the workgroup with its results. It grants no access to state, secrets or `work/`.
 */
export function grantRead(
  grantee: IGrantable,
  { storage: { lake, prefix, key }, catalog }: ReadableData,
): void {
  const { results, databaseName, workgroupName } = catalog;
  const stack = Stack.of(catalog);
  const arn = (service: string, resource: string) => stack.formatArn({ service, resource });
  const rights: readonly (readonly [actions: string[], resources: string[]])[] = [
    [
      ['s3:GetObject'],
      ['tables/*', 'manifests/*', 'runs/*'].map((pattern) => lake.arnForObjects(prefix + pattern)),
    ],
    [['s3:GetBucketLocation'], [lake.bucketArn, results.bucketArn]],
    [['s3:ListBucket'], [results.bucketArn]],
    [['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], [results.arnForObjects('*')]],
    [
      ['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:GetPartitions'],
      [
        arn('glue', 'catalog'),
        arn('glue', `database/${databaseName}`),
        arn('glue', `table/${databaseName}/*`),
      ],
    ],
    [
      [
        'athena:GetWorkGroup',
        'athena:StartQueryExecution',
        'athena:StopQueryExecution',
        'athena:GetQueryExecution',
        'athena:GetQueryResults',
      ],
      [arn('athena', `workgroup/${workgroupName}`)],
    ],
  ];
  for (const [actions, resources] of rights) {
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
  }
  // If the lake has a prefix, the rest of the bucket may belong to others.
  const within = prefix === '' ? {} : { StringLikeIfExists: { 's3:prefix': `${prefix}*` } };
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [lake.bucketArn], conditions: within }),
  );
  grantKey(grantee.grantPrincipal, key, 's3', ['kms:Decrypt', 'kms:GenerateDataKey']);
}

const principalOf = (text: string) =>
  /^\d+$/.test(text) ? new AccountPrincipal(text) : new ArnPrincipal(text);

/** A role with which other accounts read the data. It lives with the data, because they name it by its ARN. */
export class Reader extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { principals, externalId, ...data }: NonNullable<Landscape['reader']> & ReadableData,
  ) {
    super(scope, id);
    const assumedBy = new CompositePrincipal(...principals.map(principalOf));
    const role = new Role(this, 'Role', {
      description: 'Reads the data of an Intercom pipeline, from S3 and with Athena',
      assumedBy,
      ...(externalId !== null && { externalIds: [externalId] }),
    });
    grantRead(role, data);
    new CfnOutput(Stack.of(this), 'ReaderRoleArn', {
      value: role.roleArn,
      description: 'Role to assume in order to read the data from S3 and with Athena',
    });
  }
}
