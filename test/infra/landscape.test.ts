/** Settings with which a pipeline fits into an account that has rules and resources already. */

import { App, Aws, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../functions/config/config.ts';
import { addPipeline } from '../../lib/stacks/pipeline.ts';
import type { Resource, StackTemplate } from '../../lib/template/intrinsics.ts';
import { rightsByRole } from '../support/infra/rights.ts';
import { CONFIGURATIONS, synthesis } from '../support/infra/synthesis.ts';

const { 'in an existing landscape': EVERYTHING = {} } = CONFIGURATIONS;
const { templates, stacks, assembly } = synthesis(EVERYTHING);

const ofType = ({ Resources }: StackTemplate, type: string) =>
  Object.values(Resources).filter(({ Type }) => Type === type);

const ofRole = (template: StackTemplate): readonly string[] => rightsByRole(template).ReaderRole ?? [];

const BUCKET = 'arn:<AWS::Partition>:s3:::company-lake';

const everywhere = (type: string) => [...ofType(templates.data, type), ...ofType(templates.pipeline, type)];

describe('a bucket that exists', () => {
  test('is used, and none is made for the data', () => {
    const names = everywhere('AWS::Lambda::Function').flatMap(({ Properties = {} }) => {
      const { Variables } = Properties.Environment as { readonly Variables: Record<string, unknown> };
      return Variables.BUCKET_NAME ?? [];
    });
    expect(new Set(names)).toEqual(new Set(['company-lake']));
    expect(names.length).toBeGreaterThan(16);
    const buckets = Object.keys(templates.data.Resources).filter(
      (id) => templates.data.Resources[id]?.Type === 'AWS::S3::Bucket',
    );
    expect(buckets.map((id) => id.slice(0, -8)).toSorted()).toEqual(['AccessLogs', 'CatalogResults']);
  });

  test('gives each function the same narrow rights', () => {
    const lines = rightsByRole(templates.pipeline).ExtractorsTagsRole?.filter((line) =>
      line.startsWith('s3:Put'),
    );
    const arn = `${BUCKET}/raw/intercom`;
    expect(lines).toEqual([
      `s3:PutObject on ${arn}/erasures/*/tags.*.json`,
      `s3:PutObject on ${arn}/evidence/tags/*`,
      `s3:PutObject on ${arn}/manifests/tags/*`,
      `s3:PutObject on ${arn}/tables/deletions/*/tags-*`,
      `s3:PutObject on ${arn}/tables/rejects/*/tags-*`,
      `s3:PutObject on ${arn}/tables/tags/*`,
      `s3:PutObject on ${arn}/work/*/tags/*`,
    ]);
  });
});

describe('a place in that bucket', () => {
  const { prefix: _prefix, ...atTheTop } = EVERYTHING.aws ?? {};
  const top = synthesis({ ...EVERYTHING, aws: atTheTop });

  test('is known to the functions that use the lake, and to nobody if it is the top', () => {
    const environments = (all: readonly Resource[]) =>
      all.map(({ Properties = {} }) => {
        const { Variables } = Properties.Environment as { readonly Variables: Record<string, unknown> };
        return [Variables.BUCKET_NAME, Variables.LAKE_PREFIX];
      });
    const users = environments(everywhere('AWS::Lambda::Function')).filter(
      ([bucket]) => bucket !== undefined,
    );
    expect(users.length).toBeGreaterThan(16);
    for (const [, prefix] of users) expect(prefix).toBe('raw/intercom/');
    const atTop = environments(ofType(top.templates.pipeline, 'AWS::Lambda::Function'));
    expect(atTop.filter(([, prefix]) => prefix !== undefined)).toEqual([]);
  });

  test('narrows every right to it, and changes no other', () => {
    const below = (line: string): string => {
      const [right = '', condition] = line.split(' if s3:prefix in ');
      const moved = right.replace(`${BUCKET}/`, `${BUCKET}/raw/intercom/`);
      if (condition === undefined) return moved;
      const prefixes = condition.split(' ').map((pattern) => `raw/intercom/${pattern}`);
      return `${moved} if s3:prefix in ${prefixes.join(' ')}`;
    };
    const wanted = Object.entries(rightsByRole(top.templates.pipeline)).map(
      ([role, lines]) => [role, lines.map(below).toSorted()] as const,
    );
    expect(
      wanted.flatMap(([, lines]) => lines.filter((line) => line.includes('raw/intercom'))).length,
    ).toBeGreaterThan(100);
    expect(rightsByRole(templates.pipeline)).toEqual(Object.fromEntries(wanted));
  });

  test('is an output, by which the commands find it', () => {
    expect(templates.data.Outputs?.LakePrefix).toMatchObject({ Value: 'raw/intercom/' });
    expect(top.templates.data.Outputs).not.toHaveProperty('LakePrefix');
    expect(ofRole(top.templates.data)).toContain(`s3:ListBucket on ${BUCKET}`);
  });

  test.each([
    ['raw', 'raw/'],
    ['raw/', 'raw/'],
    ['9.a_b-c/D/', '9.a_b-c/D/'],
  ])('%s is %s', (prefix, resolved) => {
    expect(parseDeployment({ aws: { bucket: 'lake', prefix } }).aws.prefix).toBe(resolved);
  });

  test.each([
    '',
    '/',
    '/raw',
    'raw//x',
    'raw/../x',
    './raw',
    '_raw',
    'raw/.x',
    'raw x',
    'raw*',
    'a=b',
    'r\u00e4w',
    'raw\n',
  ])('%j is refused', (prefix) => {
    const config = { aws: { bucket: 'lake', prefix } };
    expect(() => parseDeployment(config)).toThrow(
      "aws.prefix: must be a path in the bucket such as 'raw/intercom'",
    );
  });

  test.each<[Record<string, unknown>, string]>([
    [{ prefix: 'raw' }, "aws.prefix: is for a bucket of your own: name it in 'aws.bucket'"],
    [{ bucket: 'lake', prefix: 'x'.repeat(65) }, 'aws.prefix: must be at most 64 characters'],
  ])('%j is refused', (aws, message) => {
    expect(() => parseDeployment({ aws })).toThrow(message);
  });
});

test('a key that exists encrypts everything, and none is made', () => {
  expect(everywhere('AWS::KMS::Key')).toEqual([]);
  const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  for (const { Properties } of everywhere('AWS::SecretsManager::Secret'))
    expect(Properties).toMatchObject({ KmsKeyId: keyArn });
  for (const { Properties } of everywhere('AWS::Logs::LogGroup'))
    expect(Properties).toMatchObject({ KmsKeyId: keyArn });
  const lines = rightsByRole(templates.pipeline).StartRunRole?.filter((line) => line.includes('kms:'));
  expect(lines?.length).toBeGreaterThan(3);
  for (const line of lines ?? []) expect(line).toContain(` on ${keyArn} if kms:ViaService in `);
});

test('the boundary limits every role', () => {
  const roles = everywhere('AWS::IAM::Role');
  expect(roles.length).toBeGreaterThan(20);
  for (const { Properties } of roles)
    expect(Properties).toHaveProperty('PermissionsBoundary', 'arn:aws:iam::123456789012:policy/boundary');
});

test('the tags are on both stacks', () => {
  for (const { tags } of assembly.stacks)
    expect(tags).toEqual({ pipeline: 'shop', team: 'data', 'cost center': '42' });
});

test('every function runs in the subnets, with the rights that this takes', () => {
  const functions = everywhere('AWS::Lambda::Function');
  expect(functions).toHaveLength(29);
  for (const { Properties } of functions)
    expect(Properties).toMatchObject({
      VpcConfig: { SubnetIds: ['subnet-0a1b2c3d', 'subnet-4e5f6a7b'], SecurityGroupIds: ['sg-0a1b2c3d'] },
    });
  const rights = rightsByRole(templates.pipeline);
  for (const role of ['StartRunRole', 'CallbackRole', 'ExtractorsTagsRole'])
    expect(rights[role]).toContain('ec2:CreateNetworkInterface on *');
});

test('the callback has the domain as its only address', () => {
  const template = Template.fromStack(stacks.pipeline);
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: true });
  template.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
    DomainName: 'intercom.example.com',
    DomainNameConfigurations: [
      {
        CertificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd',
        EndpointType: 'REGIONAL',
      },
    ],
  });
  template.resourceCountIs('AWS::ApiGatewayV2::ApiMapping', 1);
  template.hasOutput('CallbackUrl', { Value: 'https://intercom.example.com/callback' });
  template.hasOutput('CallbackDomainTarget', {
    Description: 'Name that intercom.example.com must point to, as a CNAME or an alias record',
  });
});

describe('the role for readers', () => {
  test('can be assumed by those who are named, with the external id', () => {
    const [role] = Object.entries(templates.data.Resources).flatMap(([id, { Properties }]) =>
      id.startsWith('ReaderRole') && Properties?.AssumeRolePolicyDocument !== undefined ? [Properties] : [],
    );
    expect(role?.AssumeRolePolicyDocument).toMatchObject({
      Statement: [
        {
          Action: 'sts:AssumeRole',
          Principal: { AWS: expect.arrayContaining(['arn:aws:iam::345678901234:role/analysts']) },
          Condition: { StringEquals: { 'sts:ExternalId': 'intercom-data' } },
        },
      ],
    });
    expect(JSON.stringify(role)).toContain(':iam::210987654321:root');
    Template.fromStack(stacks.data).hasOutput('ReaderRoleArn', { Value: Match.anyValue() });
  });

  test('reads the data and nothing else: no state, no secret, no work', () => {
    const ReaderRole = ofRole(templates.data);
    const onLake = ReaderRole.filter((line) => line.includes('company-lake'));
    expect(onLake).toEqual([
      `s3:GetBucketLocation on ${BUCKET}`,
      ...['manifests', 'runs', 'tables'].map(
        (folder) => `s3:GetObject on ${BUCKET}/raw/intercom/${folder}/*`,
      ),
      `s3:ListBucket on ${BUCKET} if s3:prefix in raw/intercom/*`,
    ]);
    expect(ReaderRole.filter((line) => /^(dynamodb|secretsmanager|lambda|states|iam)/.test(line))).toEqual(
      [],
    );
    const glue = ReaderRole.filter((line) => line.startsWith('glue:')).map((line) => line.split(' ')[0]);
    expect(new Set(glue)).toEqual(
      new Set(['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:GetPartitions']),
    );
  });

  test('is not there unless asked for', () => {
    expect(JSON.stringify(synthesis().templates.data)).not.toContain('ReaderRole');
  });
});

test.each<[Record<string, unknown>, string]>([
  [
    { aws: { bucket: 'lake/intercom' } },
    "aws.bucket: 'lake/intercom' must be the name of a bucket and nothing else; 'aws.prefix' is for a place in it",
  ],
  [
    { aws: { bucket: 's3://lake' } },
    "aws.bucket: 's3://lake' must be the name of a bucket and nothing else; 'aws.prefix' is for a place in it",
  ],
  [{ aws: { bucket: 'Lake' } }, "aws.bucket: 'Lake' is not a valid bucket name"],
  [
    { aws: { permissionsBoundary: 'boundary' } },
    'aws.permissionsBoundary: must be an ARN such as arn:aws:iam',
  ],
  [{ aws: { tags: { pipeline: 'x' } } }, "'pipeline' is the tag with the name of the pipeline"],
  [{ aws: { tags: { 'aws:x': 'x' } } }, "must not begin with 'aws:'"],
  [{ aws: { vpc: { subnetIds: [], securityGroupIds: ['sg-1'] } } }, 'must name at least one subnet'],
  [{ aws: { callbackDomain: { name: 'example.com' } } }, 'aws.callbackDomain.certificateArn'],
  [
    { aws: { callbackDomain: { name: 'https://x.example', certificateArn: 'x' } } },
    'must be a domain in lower case',
  ],
  [
    { aws: { reader: { principals: ['*'] } } },
    'aws.reader.principals.0: must be an account number, or the ARN',
  ],
  [{ encryption: { keyArn: 'alias/mine' } }, 'encryption'],
  [{ encryption: 'mine' }, "encryption: must be 'aws', 'own-key' or { keyArn"],
  [{ name: 'shop-data' }, "name: must not end with '-data'"],
])('%j is refused', (config, message) => {
  expect(() => parseDeployment(config)).toThrow(message);
});

describe('the region', () => {
  const code = () => Code.fromInline('//');

  function warnings(
    config: PipelineConfig,
    destination: Parameters<typeof addPipeline>[4],
  ): readonly string[] {
    const { data } = addPipeline(new App(), parseConfig(config), code, undefined, destination);
    return Annotations.fromStack(data)
      .findWarning('*', Match.stringLikeRegexp('would leave'))
      .map(({ entry }) => String(entry.data));
  }

  test.each<[PipelineConfig, string, number]>([
    [{ region: 'EU' }, 'us-east-1', 1],
    [{ region: 'EU' }, 'eu-west-1', 0],
    [{ region: 'AU' }, 'eu-west-1', 1],
    [{ region: 'AU' }, 'ap-southeast-2', 0],
    [{ region: 'US' }, 'eu-west-1', 0],
  ])('of %j on %s leads to %i warnings', (config, region, count) => {
    expect(warnings(config, { env: { region } })).toHaveLength(count);
    expect(warnings(config, { awsRegion: region })).toHaveLength(count);
  });

  test('leads to no warning if nobody knows it', () => {
    expect(warnings({ region: 'EU' }, {})).toEqual([]);
  });

  test('is named in the warning', () => {
    expect(warnings({ region: 'EU' }, { awsRegion: 'us-east-1' })[0]).toContain(
      "The workspace is hosted in Europe (region: 'EU'), and this stack goes to us-east-1",
    );
  });
});

test('a stage can hold a pipeline, whose stacks keep the names by which the commands find them', () => {
  const stage = new Stage(new App(), 'Production', { env: { region: 'eu-west-1', account: '123456789012' } });
  const { data, pipeline } = addPipeline(stage, parseConfig({ name: 'shop' }), () => Code.fromInline('//'));
  expect([data.stackName, pipeline.stackName]).toEqual(['shop-data', 'shop']);
  expect([data.region, pipeline.account]).toEqual(['eu-west-1', '123456789012']);
  expect(new Stack(new App(), 'Other').region).toBe(Aws.REGION);
});
