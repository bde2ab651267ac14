import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Deployment } from '../../functions/config/deployment.ts';
import { stackSuffix } from './stack-suffix.ts';

export interface CatalogProps {
  readonly pipelineName: string;
  readonly settings: Deployment['catalog'];
  /** Encrypts the results of queries. @default keys of S3 */
  readonly encryptionKey?: IKey;
  /** The bucket that logs access to the results. */
  readonly accessLogs: Bucket;
}

/** Results are copies of the data. Anyone who wants to keep one must copy it in time. */
const RESULT_DAYS = 7;

/** There is no reason to keep an unfinished multipart upload of a result. */
const UPLOAD_DAYS = 1;

const GIB = 1024 ** 3;

/**
 * The database in which query engines find the tables, and a workgroup to query them from. The database is empty until
 * the first run, because the extractors create the tables and views.
 */
export class Catalog extends Construct {
  /** Results of queries. */
  readonly results: Bucket;
  readonly databaseName: string;
  readonly workgroupName: string;

  constructor(scope: Construct, id: string, props: CatalogProps) {
    super(scope, id);
    const { pipelineName, settings, encryptionKey, accessLogs } = props;
    const suffix = stackSuffix(this);
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Stack.of(this).account,
      databaseInput: {
        // People type it in every query, so it has only characters that need no quotes.
        name: settings.database ?? `${pipelineName.replaceAll('-', '_')}_${suffix}`,
        description: `Tables of the ${pipelineName} pipeline (Intercom to S3)`,
      },
    });
    // It is kept like the data, because people have their own views in it. A failed first creation removes it.
    database.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.results = this.#results(accessLogs, encryptionKey);
    const workgroup = this.#workgroup(
      settings.workgroup ?? `${pipelineName}-${suffix}`,
      settings.scanLimitGiB * GIB,
      props,
    );
    this.databaseName = database.ref;
    this.workgroupName = workgroup.ref;
  }

  /** A separate bucket: everyone who queries must write results, but only the pipeline may write to the lake. */
  #results(accessLogs: Bucket, encryptionKey: IKey | undefined): Bucket {
    return new Bucket(this, 'Results', {
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      serverAccessLogsBucket: accessLogs as IBucket,
      serverAccessLogsPrefix: 'athena-results/',
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // CloudFormation cannot delete a bucket that is not empty. This one empties itself.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      lifecycleRules: [
        {
          id: 'ExpireResults',
          expiration: Duration.days(RESULT_DAYS),
          abortIncompleteMultipartUploadAfter: Duration.days(UPLOAD_DAYS),
        },
      ],
    });
  }

  #workgroup(
    name: string,
    scanLimitBytes: number,
    { pipelineName, encryptionKey }: CatalogProps,
  ): CfnWorkGroup {
    return new CfnWorkGroup(this, 'Workgroup', {
      name,
      description: `Queries on the ${pipelineName} pipeline (Intercom to S3)`,
      // Saved queries and history would keep CloudFormation from deleting it.
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: scanLimitBytes,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${this.results.bucketName}/`,
          expectedBucketOwner: Stack.of(this).account,
          encryptionConfiguration:
            encryptionKey === undefined
              ? { encryptionOption: 'SSE_S3' }
              : { encryptionOption: 'SSE_KMS', kmsKey: encryptionKey.keyArn },
        },
      },
    });
  }
}
