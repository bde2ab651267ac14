import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import { type ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { type ISecret, Secret, type SecretProps } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Deployment, NONCURRENT_DAYS } from '../../functions/config/deployment.ts';
import { WRITTEN_ONCE } from '../../functions/core/lake-keys.ts';
import { ownKey } from './own-key.ts';
import { stateTable } from './state-table.ts';

/** Plans and receipts have no use after their run. A month leaves time to look into one. */
const WORK_DAYS = 30;

/** The pipeline makes no multipart uploads, so there is no reason to keep an unfinished one. */
const UPLOAD_DAYS = 1;

/** Letters and digits, about 380 bits: more than HMAC-SHA-256 can use. */
const HASH_KEY_CHARACTERS = 64;

export type StorageProps = Pick<Deployment, 'encryption' | 'logRetentionDays' | 'aws'>;

/** For every bucket. A retained bucket is deleted only if the first creation of the stack fails; it is empty then. */
const BUCKET = {
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
};

/** What a pipeline keeps: the lake, the state, the connection and two more secrets. All of it outlives the stack. */
export class Storage extends Construct {
  /** The pipeline's own key; undefined if AWS's keys encrypt. */
  readonly key: IKey | undefined;
  /** Tables, manifests, run summaries, and `work/`. */
  readonly lake: IBucket;
  /** Where the lake begins in its bucket: empty for the top. */
  readonly prefix: string;
  /** Logs who read which file of the pipeline's buckets, and when. */
  readonly accessLogs: Bucket;
  /** One item per object, and the shared rate budget. */
  readonly state: ITableV2;
  /** The connection as JSON; `{}` means not connected. */
  readonly connection: ISecret;
  /** `{"client_id", "client_secret"}` of the Intercom app, filled in by the user. */
  readonly oauthClient: ISecret;
  /** Key for hashed fields. With another key, equal values no longer have equal hashes. */
  readonly hashKey: ISecret;

  constructor(scope: Construct, id: string, { encryption, logRetentionDays, aws }: StorageProps) {
    super(scope, id);
    const key = this.#key(encryption);
    const withKey = key && { encryptionKey: key };
    this.key = key;
    // S3 delivers these logs only to a bucket that S3's own key encrypts.
    this.accessLogs = new Bucket(this, 'AccessLogs', {
      ...BUCKET,
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'ExpireLogs', expiration: Duration.days(logRetentionDays) }],
    });
    this.lake =
      aws.bucket === null
        ? (this.#ownLake(key) as IBucket)
        : Bucket.fromBucketAttributes(this, 'Lake', { bucketName: aws.bucket, ...withKey });
    this.prefix = aws.prefix;
    this.state =
      aws.table === null
        ? (stateTable(this, 'State', key) as ITableV2)
        : TableV2.fromTableAttributes(this, 'State', { tableName: aws.table, ...withKey });
    // Never change this value: CloudFormation would write it again, over the token.
    this.connection = this.#secret('Connection', aws.secrets.connection, {
      description: "The pipeline's connection to Intercom, written by the connect command",
      secretStringValue: SecretValue.unsafePlainText('{}'),
    });
    // Never change this value: CloudFormation would write it again, over what the user filled in.
    this.oauthClient = this.#secret('OAuthClient', aws.secrets.oauthClient, {
      description: 'Client id and secret of your Intercom app, for the connect command; fill it in once',
      secretStringValue: SecretValue.unsafePlainText('{"client_id":"","client_secret":""}'),
    });
    // Never change these two properties: CloudFormation would generate a new key.
    this.hashKey = this.#secret('HashKey', aws.secrets.hashKey, {
      description: "Key of the pipeline's hashed fields; keep it, or hashes of before and after differ",
      generateSecretString: { passwordLength: HASH_KEY_CHARACTERS, excludePunctuation: true },
    });
  }

  /** @param arn of a secret that exists; null for a new one with these properties */
  #secret(id: string, arn: string | null, props: SecretProps): ISecret {
    const withKey = this.key && { encryptionKey: this.key };
    if (arn !== null)
      return Secret.fromSecretAttributes(this, id, { secretCompleteArn: arn, ...withKey }) as ISecret;
    const removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
    return new Secret(this, id, { ...props, ...withKey, removalPolicy }) as ISecret;
  }

  #key(encryption: StorageProps['encryption']): IKey | undefined {
    if (encryption === 'aws') return undefined;
    return encryption === 'own-key' ? ownKey(this, 'Key') : Key.fromKeyArn(this, 'Key', encryption.keyArn);
  }

  #ownLake(key: IKey | undefined): Bucket {
    const lake = new Bucket(this, 'Lake', {
      ...BUCKET,
      versioned: true,
      // With a bucket key, S3 asks KMS now and then instead of once per object.
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
    lake.addToResourcePolicy(this.#writeOnce(lake));
    // A bucket that outlives its stack keeps its protection, and its log of who reads it.
    for (const bucket of [lake, this.accessLogs])
      bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    return lake;
  }

  /**
   * Lets nobody replace what is kept: every put must say `If-None-Match: *`. Multipart uploads and copies without that
   * header are refused too; the pipeline makes none.
   */
  #writeOnce(lake: Bucket): PolicyStatement {
    return new PolicyStatement({
      sid: 'WriteOnce',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: WRITTEN_ONCE.map((folder) => lake.arnForObjects(`${folder}*`)),
      conditions: { Null: { 's3:if-none-match': 'true' } },
    });
  }
}
