import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface CatalogProps {
  readonly pipelineName: string;
  /** Of the results of queries. @default keys of S3 */
  readonly encryptionKey?: IKey;
  /** Where it is logged who reads results. */
  readonly accessLogs: Bucket;
}

/** Results are copies of the data; who wants to keep one takes it out. */
const RESULT_DAYS = 7;

/** No multipart upload of a result that was cut off has a reason to stay. */
const UPLOAD_DAYS = 1;

/**
 * What one query may read before it is stopped: at 5 USD per TB half a dollar. A workspace with a million
 * conversations is some 20 GB, compressed; a query that reads more joins without a condition.
 */
const SCAN_LIMIT_BYTES = 100 * 1024 ** 3;

/** Typed in every query, so it is the pipeline's own name, in the characters that need no quotes. */
export const glueDatabaseName = (pipelineName: string): string => pipelineName.replaceAll('-', '_');

/**
 * Where query engines find the tables, and the workgroup to ask from. The database is empty until the first
 * run: extractors make the tables and views in it.
 */
export class Catalog extends Construct {
  readonly databaseName: string;
  readonly workgroupName: string;

  constructor(scope: Construct, id: string, { pipelineName, encryptionKey, accessLogs }: CatalogProps) {
    super(scope, id);
    this.databaseName = glueDatabaseName(pipelineName);
    this.workgroupName = pipelineName;
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Stack.of(this).account,
      databaseInput: {
        name: this.databaseName,
        description: `Tables of the ${pipelineName} pipeline (Intercom to S3)`,
      },
    });
    // As the data, it stays: people have made views of their own in it. A failed first creation takes it back.
    database.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.#workgroup(pipelineName, this.#results(accessLogs, encryptionKey), encryptionKey);
  }

  /** A bucket of their own: who asks questions has to write results, and nobody but the pipeline writes to the lake. */
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
      // A bucket that is not empty cannot be destroyed; this one empties itself.
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

  #workgroup(pipelineName: string, results: Bucket, encryptionKey: IKey | undefined): void {
    new CfnWorkGroup(this, 'Workgroup', {
      name: this.workgroupName,
      description: `Queries on the ${pipelineName} pipeline (Intercom to S3)`,
      // Saved queries and history would keep it from being destroyed.
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: SCAN_LIMIT_BYTES,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${results.bucketName}/`,
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
