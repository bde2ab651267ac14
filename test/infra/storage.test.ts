import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { resolveDeployment } from '../../functions/core/config.ts';
import { StorageStack } from '../../lib/stacks/storage-stack.ts';

const template = Template.fromStack(
  new StorageStack(new App(), 'storage', { pipelineName: 'my-shop', deployment: resolveDeployment({}) }),
);

const RETAINED = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

describe('the bucket', () => {
  test('is versioned, encrypted, closed to the public, and stays when the stack goes', () => {
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

  test('forgets work after 30 days, and what was deleted or cut off soon after', () => {
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

test('the table is on demand, recoverable to any point in time, expires items, and stays', () => {
  template.hasResource('AWS::DynamoDB::GlobalTable', {
    ...RETAINED,
    Properties: {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      Replicas: [
        Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }),
      ],
    },
  });
});

test('the secret begins as not connected, and stays', () => {
  template.hasResource('AWS::SecretsManager::Secret', {
    ...RETAINED,
    Properties: { SecretString: '{}' },
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

test('nothing but the workgroup has a physical name', () => {
  const names = ['BucketName', 'TableName', 'Name'];
  const resources = template.toJSON().Resources as Record<string, { Type: string; Properties?: object }>;
  const named = Object.values(resources).filter(({ Properties }) =>
    names.some((name) => Properties !== undefined && name in Properties),
  );
  expect(named.map(({ Type }) => Type)).toEqual(['AWS::Athena::WorkGroup']);
});
