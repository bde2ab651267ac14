/** What holds for every stack of a pipeline. */
import { describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { CONFIGURATIONS, synthesis } from '../support/infra/synthesis.ts';

interface Found {
  readonly place: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const all = Object.entries(CONFIGURATIONS).map(([name, config]) => [name, synthesis(config)] as const);

const resourcesOf = ({ templates }: ReturnType<typeof synthesis>): readonly Found[] =>
  Object.entries(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources).map(([logicalId, { Type, Properties = {} }]) => ({
      place: `${stack}/${logicalId}`,
      type: Type,
      properties: Properties,
    })),
  );

/** Names that we give instead of CloudFormation, and why that does no harm. */
const NAMED: Readonly<Record<string, string>> = {
  'AWS::IAM::Policy PolicyName': 'an inline policy is named within its role',
  'AWS::Athena::WorkGroup Name': 'it ends with a suffix of the stack, or the user chose it',
  'AWS::Logs::LogGroup LogGroupName': 'it ends with a suffix of the stack',
  'AWS::ApiGatewayV2::Api Name': 'a label: APIs are told apart by their ids',
  'AWS::ApiGatewayV2::DomainName DomainName': 'the user owns the domain',
  'AWS::ApiGatewayV2::Stage StageName': '$default is the stage without a path, within its API',
  'AWS::SNS::Topic DisplayName': 'a label: the name of the sender of mails',
  'AWS::CloudWatch::Alarm MetricName': 'refers to a metric',
};

const isReference = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ('Ref' in value || 'Fn::GetAtt' in value || 'Fn::ImportValue' in value);

describe.each(all)('a pipeline %s', (_name, synthesized) => {
  const resources = resourcesOf(synthesized);

  test('gives nothing a physical name', () => {
    const named = resources.flatMap(({ place, type, properties }) =>
      Object.entries(properties)
        .filter(
          ([name, value]) =>
            name.endsWith('Name') && !isReference(value) && NAMED[`${type} ${name}`] === undefined,
        )
        .map(([name, value]) => `${place} ${type} ${name}: ${JSON.stringify(value)}`),
    );
    expect(named).toEqual([]);
  });

  test('keeps every log as long as configured', () => {
    const groups = resources.filter(({ type }) => type === 'AWS::Logs::LogGroup');
    expect(groups.length).toBeGreaterThan(19);
    for (const { properties } of groups) expect(properties).toHaveProperty('RetentionInDays', 90);
  });

  test('has stacks with a description and tags', () => {
    for (const { template, tags } of synthesized.assembly.stacks) {
      expect(template.Description).toMatch(/ of the shop pipeline \(Intercom to S3\)$/);
      expect(tags).toMatchObject({ pipeline: 'shop' });
    }
  });

  test('describes every output', () => {
    for (const { Outputs = {} } of Object.values(synthesized.templates)) {
      const own = Object.entries(Outputs).filter(([id]) => !id.startsWith('ExportsOutput'));
      for (const [, output] of own)
        expect(output).toHaveProperty('Description', expect.stringMatching(/^.{10,}$/));
    }
  });
});

test('log retention is as configured, also for the access log of the bucket', () => {
  const resources = resourcesOf(synthesis({ logRetentionDays: 7 }));
  const days = resources.flatMap(({ properties }) => properties.RetentionInDays ?? []);
  expect(new Set(days)).toEqual(new Set([7]));
  const buckets = resources
    .filter(({ type }) => type === 'AWS::S3::Bucket')
    .map(({ properties }) => properties);
  expect(buckets).toContainEqual(
    expect.objectContaining({
      LifecycleConfiguration: { Rules: [{ Id: 'ExpireLogs', Status: 'Enabled', ExpirationInDays: 7 }] },
    }),
  );
});

test('an output says how many functions a run uses', () => {
  const { pipeline } = synthesis({ parallelism: { objects: 3, slices: 5 } }).templates;
  expect(pipeline.Outputs?.LambdaConcurrency).toMatchObject({ Value: '15' });
});

/** What one stack exports to the other. */
const exportsOf = (config: PipelineConfig): readonly string[] =>
  Object.values(synthesis(config).templates)
    .flatMap(({ Outputs = {} }) => Object.keys(Outputs))
    .filter((id) => id.startsWith('ExportsOutput'))
    .toSorted();

// CloudFormation cannot remove an export that a deployed stack still imports: such an update would fail.
test.each<[string, PipelineConfig, PipelineConfig]>([
  ['objects are removed', {}, { objects: ['tags'] }],
  ['schedules are paused', {}, { paused: true }],
  ['detail is switched off', { monitoring: 'detailed' }, {}],
  ['the mail address is removed', { alerts: { email: 'data@example.com' } }, {}],
  ['the schedule is too rare for an alarm of silence', {}, { frequency: { every: '30 days' } }],
])('no export goes if %s', (_what, before, after) => {
  expect(exportsOf(after)).toEqual(exportsOf(before));
});

/** The property of a resource that names the key. */
const KEY_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::S3::Bucket': 'BucketEncryption',
  'AWS::DynamoDB::GlobalTable': 'Replicas',
  'AWS::SecretsManager::Secret': 'KmsKeyId',
  'AWS::SQS::Queue': 'KmsMasterKeyId',
  'AWS::SNS::Topic': 'KmsMasterKeyId',
  'AWS::Logs::LogGroup': 'KmsKeyId',
};

test('the own key encrypts everything that can be encrypted, except the access log of the bucket', () => {
  const encrypted = resourcesOf(synthesis({ encryption: 'own-key' })).filter(
    ({ type }) => type in KEY_PROPERTIES,
  );
  const without = encrypted.filter(({ type, properties }) => {
    const key = JSON.stringify(properties[KEY_PROPERTIES[type] ?? ''] ?? null);
    return !/"Key[0-9A-F]{8}"|ExportsOutputFnGetAttKey/.test(key);
  });
  expect(without.map(({ place }) => place.slice(0, -8))).toEqual(['data/AccessLogs']);
  expect(new Set(encrypted.map(({ type }) => type)).size).toBeGreaterThanOrEqual(5);
});

test('without one there is no key, and no role has a right to any', () => {
  const resources = resourcesOf(synthesis());
  expect(resources.filter(({ type }) => type.startsWith('AWS::KMS'))).toEqual([]);
  expect(JSON.stringify(resources)).not.toContain('"kms:');
});
