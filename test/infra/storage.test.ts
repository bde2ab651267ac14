import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { parseDeployment } from '../../functions/config/config.ts';
import { DataStack } from '../../lib/stacks/data-stack.ts';

const template = Template.fromStack(
  new DataStack(new App(), 'data', { pipelineName: 'my-shop', deployment: parseDeployment({}) }),
);

const RETAINED = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

describe('the bucket', () => {
  test('is versioned, encrypted, closed to the public, and outlives the stack', () => {
    template.hasResource('AWS::S3::Bucket', {
      ...RETAINED,
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    });
  });

  test.each([{ Bool: { 'aws:SecureTransport': 'false' } }, { NumericLessThan: { 's3:TlsVersion': 1.2 } }])(
    'refuses a connection with %j',
    (Condition) => {
      template.hasResourceProperties('AWS::S3::BucketPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({ Effect: 'Deny', Action: 's3:*', Principal: { AWS: '*' }, Condition }),
          ]),
        },
      });
    },
  );

  test('lets nobody replace what is kept', () => {
    const lake = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Lake'), 'Arn'] };
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Sid: 'WriteOnce',
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 's3:PutObject',
            Resource: ['tables', 'manifests', 'evidence', 'runs', 'erasures'].map((folder) => ({
              'Fn::Join': ['', [lake, `/${folder}/*`]],
            })),
            Condition: { Null: { 's3:if-none-match': 'true' } },
          },
        ]),
      },
    });
  });

  test('expires work after 30 days, and deleted or unfinished objects sooner', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          { Id: 'ExpireWork', Prefix: 'work/', ExpirationInDays: 30, Status: 'Enabled' },
          {
            Id: 'CleanUp',
            Status: 'Enabled',
            NoncurrentVersionExpiration: { NoncurrentDays: 7 },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            ExpiredObjectDeleteMarker: true,
          },
        ],
      },
    });
  });
});

test('the table is on demand, recoverable to any point in time, expires items, cannot be deleted, and stays', () => {
  template.hasResource('AWS::DynamoDB::GlobalTable', {
    // Also after a failed first creation: its protection would make the rollback fail.
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      Replicas: [
        Match.objectLike({
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ],
    },
  });
});

test('the secret starts as not connected, and stays', () => {
  template.hasResource('AWS::SecretsManager::Secret', {
    ...RETAINED,
    Properties: { SecretString: '{}' },
  });
});

test('the secret of the app starts empty, always with the same text, and stays', () => {
  template.hasResource('AWS::SecretsManager::Secret', {
    ...RETAINED,
    Properties: { SecretString: '{"client_id":"","client_secret":""}', Name: Match.absent() },
  });
});

test('the hash key is generated at deployment, is in no template, and stays', () => {
  template.hasResource('AWS::SecretsManager::Secret', {
    ...RETAINED,
    Properties: {
      GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
      SecretString: Match.absent(),
    },
  });
});

test('access to the bucket is logged, in a bucket of its own that is closed as well', () => {
  template.hasResourceProperties('AWS::S3::Bucket', {
    LoggingConfiguration: {
      DestinationBucketName: { Ref: Match.stringLikeRegexp('^AccessLogs') },
      LogFilePrefix: 'lake/',
    },
  });
  const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  expect(policies).toHaveLength(3);
  for (const { Properties } of policies) {
    const denied = Properties.PolicyDocument.Statement.filter(
      ({ Effect, Sid }: { Effect: string; Sid?: string }) => Effect === 'Deny' && Sid !== 'WriteOnce',
    );
    expect(denied.map(({ Condition }: { Condition: object }) => Condition)).toEqual([
      { Bool: { 'aws:SecureTransport': 'false' } },
      { NumericLessThan: { 's3:TlsVersion': 1.2 } },
    ]);
  }
});

describe('with a key of its own', () => {
  const deployment = parseDeployment({ encryption: 'own-key' });
  const own = Template.fromStack(new DataStack(new App(), 'data', { pipelineName: 'shop', deployment }));
  const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };

  test('the key is rotated, and stays', () => {
    own.hasResource('AWS::KMS::Key', { ...RETAINED, Properties: { EnableKeyRotation: true } });
  });

  test('services may use it on their own only for logs and alarms of this account', () => {
    const [{ Properties } = { Properties: undefined }] = Object.values(own.findResources('AWS::KMS::Key'));
    const statements: readonly { Sid?: string; Principal: { Service?: unknown }; Condition?: unknown }[] =
      Properties?.KeyPolicy.Statement;
    const ofServices = statements.filter(({ Principal }) => Principal.Service !== undefined);
    expect(ofServices.map(({ Sid }) => Sid)).toEqual(['LogGroups', 'AlarmsToTopic']);
    expect(ofServices.every(({ Condition }) => Condition !== undefined)).toBe(true);
  });

  test('it encrypts bucket, table and secrets, and the bucket asks KMS only now and then', () => {
    own.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key },
          },
        ],
      },
    });
    own.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: key } })],
    });
    own.allResourcesProperties('AWS::SecretsManager::Secret', { KmsKeyId: key });
  });
});

test('the policies of the lake and of its access logs stay with the buckets', () => {
  const policies = Object.entries(template.findResources('AWS::S3::BucketPolicy', RETAINED));
  expect(policies.map(([id]) => id.slice(0, -8)).toSorted()).toEqual(['AccessLogsPolicy', 'LakePolicy']);
});
