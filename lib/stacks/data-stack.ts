import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Deployment } from '../../functions/config/deployment.ts';
import { Catalog } from '../constructs/catalog.ts';
import { Reader } from '../constructs/reader.ts';
import { Storage } from '../constructs/storage.ts';

export interface DataStackProps extends StackProps {
  readonly pipelineName: string;
  readonly deployment: Deployment;
}

/** What a pipeline keeps. Everything else is in another stack and can be made again (docs/decisions/015). */
export class DataStack extends Stack {
  readonly storage: Storage;
  readonly catalog: Catalog;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    // The resources outlive the stack anyway. This protects the stack from deletion by mistake.
    super(scope, id, { ...props, terminationProtection: true });
    // The id `Default` leaves no trace in the names below it.
    this.storage = new Storage(this, 'Default', props.deployment);
    this.catalog = new Catalog(this, 'Catalog', {
      pipelineName: props.pipelineName,
      settings: props.deployment.catalog,
      accessLogs: this.storage.accessLogs,
      ...(this.storage.key && { encryptionKey: this.storage.key }),
    });
    const { reader } = props.deployment.aws;
    if (reader !== null)
      new Reader(this, 'Reader', { ...reader, storage: this.storage, catalog: this.catalog });
    this.#exports(props.deployment);
    this.#outputs();
  }

  /**
   * Exports everything that the other stack may ever import, whether this configuration imports it or not.
   * CloudFormation does not drop an export in use, so an export that comes and goes would block updates.
   */
  #exports({ aws, encryption }: Deployment): void {
    const { lake, state, connection, oauthClient, hashKey, key } = this.storage;
    const values = [
      // What existed before is known from the configuration and needs no export.
      ...(aws.bucket === null ? [lake.bucketName, lake.bucketArn] : []),
      ...(encryption === 'own-key' && key !== undefined ? [key.keyArn] : []),
      ...(aws.table === null ? [state.tableName, state.tableArn] : []),
      ...(aws.secrets.connection === null ? [connection.secretArn] : []),
      ...(aws.secrets.oauthClient === null ? [oauthClient.secretArn] : []),
      ...(aws.secrets.hashKey === null ? [hashKey.secretArn] : []),
      this.catalog.databaseName,
    ];
    for (const value of values) this.exportValue(value);
  }

  #outputs(): void {
    const { lake, prefix, state, connection, oauthClient, hashKey } = this.storage;
    new CfnOutput(this, 'BucketName', {
      value: lake.bucketName,
      description: 'Bucket with the tables, manifests and run summaries',
    });
    if (prefix !== '') {
      new CfnOutput(this, 'LakePrefix', {
        value: prefix,
        description: 'Where in the bucket they begin; keys in manifests follow it',
      });
    }
    new CfnOutput(this, 'TableName', {
      value: state.tableName,
      description: 'Table with cursors and leases',
    });
    new CfnOutput(this, 'ConnectionSecretArn', {
      value: connection.secretArn,
      description: 'Secret with the connection to Intercom',
    });
    new CfnOutput(this, 'OAuthClientSecretArn', {
      value: oauthClient.secretArn,
      description: 'Secret to fill with client_id and client_secret of your Intercom app',
    });
    new CfnOutput(this, 'HashKeySecretArn', {
      value: hashKey.secretArn,
      description: 'Secret with the key of hashed fields',
    });
    new CfnOutput(this, 'GlueDatabase', {
      value: this.catalog.databaseName,
      description: 'Glue database with the tables and views, for Athena',
    });
    new CfnOutput(this, 'AthenaWorkgroup', {
      value: this.catalog.workgroupName,
      description: 'Athena workgroup with its own bucket for results and a limit on what a query may scan',
    });
  }
}
