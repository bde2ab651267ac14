import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Deployment } from '../../functions/config/deployment.ts';
import { ownKey } from './own-key.ts';
import { stateTable } from './state-table.ts';

/** Plans and receipts of a run are of no use once the run is over; a month is for looking into one. */
const WORK_DAYS = 30;

/** How long a deleted or overwritten object can be brought back. */
const NONCURRENT_DAYS = 7;

/** No multipart uploads are made, so none has a reason to stay. */
const UPLOAD_DAYS = 1;

/** Letters and digits: some 380 bits, more than HMAC-SHA-256 can use. */
const HASH_KEY_CHARACTERS = 64;

export type StorageProps = Pick<Deployment, 'encryption' | 'logRetentionDays'>;

/** Of every bucket. What is retained goes only where the very first creation of the stack fails: it is empty then. */
const BUCKET = {
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
};

/** What a pipeline keeps: the lake, the state, the connection and the hash key. All of it outlives the stack. */
export class Storage extends Construct {
  /** The pipeline's own key; undefined: AWS's keys encrypt. */
  readonly key: Key | undefined;
  /** Everything of the output contract, and `work/`. */
  readonly lake: Bucket;
  /** Who has read which file of the pipeline's buckets, and when. */
  readonly accessLogs: Bucket;
  /** One item per object, and the shared rate budget. */
  readonly state: TableV2;
  /** The connection's JSON; `{}` is not connected. */
  readonly connection: Secret;
  /** Key of the hashes of field rules: with another one, equal values no longer have equal hashes. */
  readonly hashKey: Secret;

  constructor(scope: Construct, id: string, { encryption, logRetentionDays }: StorageProps) {
    super(scope, id);
    const key = encryption === 'own-key' ? ownKey(this, 'Key') : undefined;
    const withKey = key && { encryptionKey: key };
    this.key = key;
    // S3 delivers these logs only where its own key encrypts them.
    this.accessLogs = new Bucket(this, 'AccessLogs', {
      ...BUCKET,
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'ExpireLogs', expiration: Duration.days(logRetentionDays) }],
    });
    this.lake = new Bucket(this, 'Lake', {
      ...BUCKET,
      versioned: true,
      // With a bucket key S3 asks KMS once in a while, not for every object.
      ...(key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
      serverAccessLogsBucket: this.accessLogs as IBucket,
      serverAccessLogsPrefix: 'lake/',
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
    this.state = stateTable(this, 'State', key);
    // CloudFormation writes the value again whenever it changes here, over the token: it must stay as it is.
    this.connection = new Secret(this, 'Connection', {
      description: "The pipeline's connection to Intercom, written by the connect command",
      secretStringValue: SecretValue.unsafePlainText('{}'),
      ...withKey,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    // Generated once, when the stack is created; a change of these two properties would make a new key.
    this.hashKey = new Secret(this, 'HashKey', {
      description: "Key of the pipeline's hashed fields; keep it, or hashes of before and after differ",
      generateSecretString: { passwordLength: HASH_KEY_CHARACTERS, excludePunctuation: true },
      ...withKey,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }
}
