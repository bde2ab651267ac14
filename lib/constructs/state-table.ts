import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, type CfnGlobalTable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * The state of a pipeline: on demand, recoverable to any second of the last 35 days.
 * @param key encrypts it; undefined if AWS's own key does
 */
export function stateTable(scope: Construct, id: string, key: IKey | undefined): TableV2 {
  const table = new TableV2(scope, id, {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute: 'expiresAt',
    deletionProtection: true,
    // Also after a failed first creation: its protection would make the rollback fail.
    removalPolicy: RemovalPolicy.RETAIN,
  });
  if (key === undefined) return table;
  // TableV2 accepts a key only if the region is known. Ours is unknown until deployment.
  const resource = table.node.defaultChild as CfnGlobalTable;
  resource.sseSpecification = { sseEnabled: true, sseType: 'KMS' };
  resource.addPropertyOverride('Replicas.0.SSESpecification.KMSMasterKeyId', key.keyArn);
  // Grants on the table include this key.
  return Object.assign(table, { encryptionKey: key });
}
