import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

/** Plans and receipts of a run are of no use once the run is over; a month is for looking into one. */
const WORK_DAYS = 30;

/** How long a deleted or overwritten object can be brought back. */
const NONCURRENT_DAYS = 7;

/** No multipart uploads are made, so none has a reason to stay. */
const UPLOAD_DAYS = 1;

/** What a pipeline keeps: the lake, the state and the connection. All of it outlives the stack. */
export class Storage extends Construct {
  /** Everything of the output contract, and `work/`. */
  readonly lake: Bucket;
  /** One item per object, and the shared rate budget. */
  readonly state: TableV2;
  /** The connection's JSON; `{}` is not connected. */
  readonly connection: Secret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.lake = new Bucket(this, 'Lake', {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'ExpireWork', prefix: 'work/', expiration: Duration.days(WORK_DAYS) },
        {
          id: 'CleanUp',
          noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
          abortIncompleteMultipartUploadAfter: Duration.days(UPLOAD_DAYS),
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    this.state = new TableV2(this, 'State', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // CloudFormation writes the value again whenever it changes here, over the token: it must stay as it is.
    this.connection = new Secret(this, 'Connection', {
      description: "The pipeline's connection to Intercom, written by the connect command",
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
