import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { ACKNOWLEDGEMENTS } from '../../lib/stacks/acknowledgements.ts';
import { AwsSolutions, unacknowledged } from '../../lib/stacks/aws-solutions.ts';
import { CONFIGURATIONS, synthesis } from '../support/infra/synthesis.ts';

const findings = Object.entries(CONFIGURATIONS).map(
  ([name, config]) =>
    [name, new AwsSolutionsChecks().validateScope(synthesis(config).app).violations] as const,
);

test.each(findings)('a pipeline %s has no finding without a reason', (_name, violations) => {
  const open = unacknowledged(violations).flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
  );
  expect(open).toEqual([]);
});

describe.each(ACKNOWLEDGEMENTS)('$finding at $at', (acknowledgement) => {
  test('exists, and is found if its reason is removed', () => {
    const others = ACKNOWLEDGEMENTS.filter((one) => one !== acknowledgement);
    expect(findings.flatMap(([, violations]) => unacknowledged(violations, others))).not.toEqual([]);
  });

  test('covers whole findings and paths, with a reason in a sentence', () => {
    for (const pattern of [acknowledgement.finding.source, acknowledgement.at.source]) {
      expect(pattern).toMatch(/^\^.*\$$/);
    }
    expect(acknowledgement.reason).toMatch(/^.{40,}\.$/);
  });
});

test('a finding stops the synthesis, and says where to give a reason', () => {
  const app = new App({ builtinCloudFormationValidation: false });
  Validations.of(app).addPlugins(new AwsSolutions());
  new CfnBucket(new Stack(app, 'shop-data'), 'Open');
  expect(() => app.synth()).toThrow('AwsSolutions-S1');
  const [violation] = unacknowledged(new AwsSolutionsChecks().validateScope(app).violations);
  expect(violation).toMatchObject({
    ruleName: 'AwsSolutions-S1',
    fix: expect.stringContaining('acknowledgements.ts'),
  });
});
