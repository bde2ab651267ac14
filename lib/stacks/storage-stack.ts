import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Deployment } from '../../functions/config/deployment.ts';
import { Catalog } from '../constructs/catalog.ts';
import { Storage } from '../constructs/storage.ts';

export interface StorageStackProps extends StackProps {
  readonly pipelineName: string;
  readonly deployment: Deployment;
}

/** What a pipeline keeps, apart from what works on it: destroying the rest leaves it untouched. */
export class StorageStack extends Stack {
  readonly storage: Storage;
  readonly catalog: Catalog;

  constructor(scope: Construct, id: string, props: StorageStackProps) {
    // Data and keys stay when the stack goes; this keeps the stack itself from going by mistake.
    super(scope, id, { ...props, terminationProtection: true });
    // The id `Default` leaves no trace in the names of what is in it.
    this.storage = new Storage(this, 'Default', props.deployment);
    this.catalog = new Catalog(this, 'Catalog', {
      pipelineName: props.pipelineName,
      accessLogs: this.storage.accessLogs,
      ...(this.storage.key && { encryptionKey: this.storage.key }),
    });
    new CfnOutput(this, 'BucketName', {
      value: this.storage.lake.bucketName,
      description: 'Bucket with the tables, manifests and run summaries',
    });
    new CfnOutput(this, 'TableName', {
      value: this.storage.state.tableName,
      description: 'Table with cursors and leases',
    });
    new CfnOutput(this, 'ConnectionSecretArn', {
      value: this.storage.connection.secretArn,
      description: 'Secret with the connection to Intercom',
    });
    new CfnOutput(this, 'HashKeySecretArn', {
      value: this.storage.hashKey.secretArn,
      description: 'Secret with the key of hashed fields',
    });
  }
}
