/** The pipeline as a construct in an app of the user, and the example of one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll, describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { IntercomPipeline } from '../../lib/intercom-pipeline.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { rightsByRole } from '../support/infra/rights.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'example-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (...path: readonly string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'));

const GLUE =
  /^glue:\w+ on arn:(aws|<AWS::Partition>):glue:eu-central-1:123456789012:(catalog|database|table)/;

test('the example holds a pipeline in a stage, whose data a role of another stack reads', () => {
  const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
  const { status, stderr } = spawnSync(process.execPath, ['examples/platform.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify(context),
    },
  });
  expect(stderr.split('\n').filter((line) => !line.startsWith('Bundling asset'))).toEqual(['']);
  expect(status).toBe(0);
  const { artifacts } = read('assembly-Production', 'manifest.json');
  const stacks = Object.entries(artifacts as Record<string, { type: string; properties?: unknown }>).filter(
    ([, { type }]) => type === 'aws:cloudformation:stack',
  );
  const names = stacks.map(([, { properties }]) => (properties as { stackName?: string }).stackName);
  expect(names.toSorted()).toEqual(['Production-Reports', 'support', 'support-data']);
  const [reports = ''] = Object.keys(artifacts).filter((id) => /Reports\w*$/.test(id));
  const template: StackTemplate = read('assembly-Production', `${reports}.template.json`);
  const { Role: lines = [] } = rightsByRole(template);
  expect(lines).toContain('s3:GetObject on <Lake.Arn>/tables/*');
  expect(lines.filter((line) => GLUE.test(line))).toHaveLength(12);
  expect(lines.filter((line) => /work\/|dynamodb|secretsmanager/.test(line))).toEqual([]);
});

describe('the construct', () => {
  const code = () => Code.fromInline('//');
  const pipelineOf = (pipeline: PipelineConfig) =>
    new IntercomPipeline(new App(), 'Intercom', { pipeline, code });

  test('gives what others refer to', () => {
    const intercom = pipelineOf({ name: 'shop' });
    const { data, pipeline } = intercom.stacks;
    expect(data.resolve(intercom.bucket.bucketName)).toEqual({ Ref: expect.stringMatching(/^Lake/) });
    expect(data.resolve(intercom.databaseName)).toEqual({ Ref: expect.stringMatching(/^CatalogDatabase/) });
    expect(data.resolve(intercom.workgroupName)).toEqual({ Ref: expect.stringMatching(/^CatalogWorkgroup/) });
    expect(pipeline.resolve(intercom.stateMachine.stateMachineArn)).toEqual({
      Ref: expect.stringMatching(/^WorkflowStateMachine/),
    });
    expect(pipeline.resolve(intercom.alertTopic.topicArn)).toEqual({
      Ref: expect.stringMatching(/^MonitoringAlertsTopic/),
    });
  });

  test('has the same resources as the app of this project', () => {
    const { data, pipeline } = pipelineOf({ name: 'shop' }).stacks;
    expect([data.stackName, pipeline.stackName]).toEqual(['shop-data', 'shop']);
    const ids = Object.keys(Template.fromStack(data).toJSON().Resources);
    const committed = JSON.parse(
      readFileSync(join(import.meta.dirname, 'stateful-resources.json'), 'utf8'),
    ) as { readonly resources: Readonly<Record<string, unknown>> };
    const kept = Object.keys(committed.resources).map((id) => id.replace('data/', ''));
    expect(ids).toEqual(expect.arrayContaining(kept.filter((id) => !id.startsWith('Key'))));
  });

  test('refuses a configuration with every mistake at once', () => {
    const pipeline = { region: 'MARS', frequency: { cron: '*/5 * * * *' } } as unknown as PipelineConfig;
    expect(() => pipelineOf(pipeline)).toThrow(/2 mistakes[\s\S]*region: [\s\S]*frequency\.cron: fires at/);
  });

  test('grants reading with the key of the pipeline', () => {
    const app = new App();
    const intercom = new IntercomPipeline(app, 'Intercom', {
      pipeline: { name: 'shop', encryption: 'own-key' },
      env: { account: '123456789012', region: 'eu-central-1' },
      code,
    });
    const stack = new Stack(app, 'Reports', { env: { account: '123456789012', region: 'eu-central-1' } });
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    intercom.grantRead(role);
    const { Role: lines = [] } = rightsByRole(Template.fromStack(stack).toJSON() as StackTemplate);
    expect(lines).toContain('kms:Decrypt on <Key.Arn> if kms:ViaService in s3.<AWS::Region>.amazonaws.com');
  });
});
