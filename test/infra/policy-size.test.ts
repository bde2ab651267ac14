/**
 * IAM refuses a policy that is too long, at deployment. With the longest names none is. CDK moves what it thinks is too
 * much into managed policies.
 */
import { App, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { MAX_PREFIX } from '../../functions/config/landscape.ts';
import { OBJECT_NAMES } from '../../functions/core/names.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { policySizes } from '../support/infra/policy-sizes.ts';
import { rightsByRole } from '../support/infra/rights.ts';
import { synthesis } from '../support/infra/synthesis.ts';

/** Characters without white space (IAM User Guide, "IAM and AWS STS quotas"). */
const MOST_INLINE = 10_240;
const MOST_MANAGED = 6_144;

const arnOf = (service: string, rest: string): string =>
  `arn:aws:${service}:ap-southeast-2:123456789012:${rest}`;

const secret = (name: string): string => arnOf('secretsmanager', `secret:${name.repeat(512)}-AbCdEf`);

const LONGEST: PipelineConfig = {
  name: 'n'.repeat(31),
  objects: [...OBJECT_NAMES],
  monitoring: 'detailed',
  dashboard: true,
  concurrency: 1_000,
  catalog: { database: 'd'.repeat(128), workgroup: 'w'.repeat(128) },
  aws: {
    permissionsBoundary: 'arn:aws:iam::123456789012:policy/boundary',
    vpc: { subnetIds: ['subnet-0a1b2c3d'], securityGroupIds: ['sg-0a1b2c3d'] },
    reader: { principals: ['210987654321'], externalId: 'x'.repeat(1_224) },
  },
};

const CONFIGURATIONS: Readonly<Record<string, PipelineConfig>> = {
  'that makes everything': { ...LONGEST, encryption: 'own-key' },
  'that takes over everything': {
    ...LONGEST,
    encryption: { keyArn: arnOf('kms', `key/mrk-${'0'.repeat(32)}`) },
    aws: {
      ...LONGEST.aws,
      bucket: 'b'.repeat(63),
      prefix: 'p'.repeat(MAX_PREFIX),
      table: 't'.repeat(255),
      secrets: { connection: secret('c'), oauthClient: secret('o'), hashKey: secret('h') },
    },
  },
};

test.each(Object.entries(CONFIGURATIONS))('a pipeline %s has roles that IAM accepts', (_name, config) => {
  const { data, pipeline } = synthesis(config).templates;
  const { inline, managed } = policySizes([data, pipeline]);
  const roles = [data, pipeline].flatMap(({ Resources }) =>
    Object.values(Resources).filter(({ Type }) => Type === 'AWS::IAM::Role'),
  );
  expect(inline.size).toBe(roles.length);
  expect([...inline].filter(([, size]) => size > MOST_INLINE)).toEqual([]);
  expect(managed.filter((size) => size > MOST_MANAGED)).toEqual([]);
});

test('what CDK moves into managed policies is measured, and seen by the tests of rights', () => {
  const stack = new Stack(new App(), 'Large');
  const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const names = Array.from({ length: 60 }, (_, index) => `arn:aws:s3:::bucket/${'x'.repeat(300)}/${index}`);
  // Conditions of their own keep CDK from merging them.
  for (const [index, name] of names.entries())
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [name],
        conditions: { StringEquals: { 's3:prefix': `${index}` } },
      }),
    );
  const template = App.of(stack)?.synth().getStackByName('Large').template as StackTemplate;
  const { inline, managed } = policySizes([template]);
  expect(managed.length).toBeGreaterThan(1);
  expect(Math.max(...inline.values())).toBeLessThanOrEqual(MOST_INLINE);
  expect(Math.max(...managed)).toBeLessThanOrEqual(MOST_MANAGED);
  expect(rightsByRole(template).Reader).toEqual(
    names.map((name, index) => `s3:GetObject on ${name} if s3:prefix in ${index}`).toSorted(),
  );
});
