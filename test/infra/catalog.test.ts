import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, test } from 'vitest';
import { parseDeployment } from '../../functions/config/config.ts';
import { Catalog } from '../../lib/constructs/catalog.ts';
import { StorageStack } from '../../lib/stacks/storage-stack.ts';

const template = Template.fromStack(
  new StorageStack(new App(), 'storage', { pipelineName: 'my-shop', deployment: parseDeployment({}) }),
);

test('the database has a name that needs no quotes, and stays when the stack goes', () => {
  template.hasResource('AWS::Glue::Database', {
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: { CatalogId: { Ref: 'AWS::AccountId' }, DatabaseInput: { Name: 'my_shop' } },
  });
});

describe('the workgroup', () => {
  const [workgroup] = Object.values(template.findResources('AWS::Athena::WorkGroup'));
  const { WorkGroupConfiguration, ...rest } = workgroup?.Properties ?? {};

  test('is named after the pipeline, and goes with the stack', () => {
    expect(rest).toMatchObject({ Name: 'my-shop', RecursiveDeleteOption: true });
    expect(workgroup).not.toHaveProperty('DeletionPolicy');
  });

  test('makes everybody keep to its limit and its place for results', () => {
    expect(WorkGroupConfiguration).toMatchObject({
      EnforceWorkGroupConfiguration: true,
      PublishCloudWatchMetricsEnabled: true,
      BytesScannedCutoffPerQuery: 107_374_182_400,
      EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
      ResultConfiguration: {
        EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
        ExpectedBucketOwner: { Ref: 'AWS::AccountId' },
      },
    });
    const text = JSON.stringify(WorkGroupConfiguration.ResultConfiguration.OutputLocation);
    expect(text).toMatch(/^\{"Fn::Join":\["",\["s3:\/\/",\{"Ref":"CatalogResults\w+"\},"\/"\]\]\}$/);
  });
});

test('results lie in a bucket of their own for a week, closed to the public', () => {
  const buckets = template.findResources('AWS::S3::Bucket');
  const [, results] =
    Object.entries(buckets).find(([logicalId]) => logicalId.startsWith('CatalogResults')) ?? [];
  expect(results?.DeletionPolicy).toBe('RetainExceptOnCreate');
  expect(results?.Properties).toMatchObject({
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
    },
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
    LifecycleConfiguration: {
      Rules: [
        {
          Id: 'ExpireResults',
          ExpirationInDays: 7,
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    },
  });
  expect(results?.Properties).not.toHaveProperty('VersioningConfiguration');
  template.resourcePropertiesCountIs(
    'AWS::S3::BucketPolicy',
    { Bucket: { Ref: Match.stringLikeRegexp('^CatalogResults') } },
    1,
  );
});

test('with a key of its own the results are encrypted with it', () => {
  const stack = new Stack(new App(), 'own-key');
  const accessLogs = new Bucket(stack, 'AccessLogs');
  new Catalog(stack, 'Catalog', { pipelineName: 'shop', encryptionKey: new Key(stack, 'Key'), accessLogs });
  const own = Template.fromStack(stack);
  const KmsKey = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
  own.hasResourceProperties('AWS::Athena::WorkGroup', {
    WorkGroupConfiguration: {
      ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey } },
    },
  });
  own.hasResourceProperties('AWS::S3::Bucket', {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        Match.objectLike({
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KmsKey },
        }),
      ],
    },
  });
});
