import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, test } from 'vitest';
import { type PipelineConfig, parseDeployment } from '../../functions/config/config.ts';
import { Catalog } from '../../lib/constructs/catalog.ts';
import { DataStack } from '../../lib/stacks/data-stack.ts';

const templateOf = (config: PipelineConfig): Template =>
  Template.fromStack(
    new DataStack(new App(), 'data', { pipelineName: 'my-shop', deployment: parseDeployment(config) }),
  );

const template = templateOf({});

/** Eight digits of the id of the stack. */
const SUFFIX = {
  'Fn::Select': [
    0,
    { 'Fn::Split': ['-', { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] }] },
  ],
};

test('the database has a name without quotes that no earlier stack can have taken, and outlives the stack', () => {
  template.hasResource('AWS::Glue::Database', {
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseInput: { Name: { 'Fn::Join': ['', ['my_shop_', SUFFIX]] } },
    },
  });
});

describe('the workgroup', () => {
  const [workgroup] = Object.values(template.findResources('AWS::Athena::WorkGroup'));
  const { WorkGroupConfiguration, ...rest } = workgroup?.Properties ?? {};

  test('has a name that no earlier stack can have taken, and goes with the stack', () => {
    expect(rest).toMatchObject({
      Name: { 'Fn::Join': ['', ['my-shop-', SUFFIX]] },
      RecursiveDeleteOption: true,
    });
    expect(workgroup).not.toHaveProperty('DeletionPolicy');
  });

  test('enforces its limit and its place for results', () => {
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

test('both names may be chosen', () => {
  const chosen = templateOf({ catalog: { database: 'sales', workgroup: 'Analysts' } });
  chosen.hasResourceProperties('AWS::Glue::Database', { DatabaseInput: { Name: 'sales' } });
  chosen.hasResourceProperties('AWS::Athena::WorkGroup', { Name: 'Analysts' });
});

test('the workgroup stops a query at the chosen limit', () => {
  templateOf({ catalog: { scanLimitGiB: 1_000 } }).hasResourceProperties('AWS::Athena::WorkGroup', {
    WorkGroupConfiguration: { BytesScannedCutoffPerQuery: 1_073_741_824_000 },
  });
});

test.each([
  [{ scanLimitGiB: 0 }, 'catalog.scanLimitGiB: '],
  [{ scanLimitGiB: 1.5 }, 'catalog.scanLimitGiB: '],
  [{ database: 'default' }, "catalog.database: 'default' is the shared database of the account"],
  [{ workgroup: 'primary' }, "catalog.workgroup: 'primary' is the shared workgroup of the account"],
  [{ workgroup: 'Primary' }, "catalog.workgroup: 'primary' is the shared workgroup of the account"],
  [{ database: 'Sales-1' }, 'catalog.database: must be 1-128 characters a-z, 0-9 and _'],
])('%j is refused', (catalog, message) => {
  expect(() => parseDeployment({ catalog })).toThrow(message);
});

test('results are in a bucket of their own for a week, closed to the public', () => {
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
  new Catalog(stack, 'Catalog', {
    pipelineName: 'shop',
    settings: { database: null, workgroup: null, scanLimitGiB: 100 },
    encryptionKey: new Key(stack, 'Key'),
    accessLogs,
  });
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
