/** The app of one pipeline as bin/app.ts makes it, without bundles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../../functions/config/config.ts';
import { TABLES } from '../../../functions/objects/index.ts';
import { addPipeline, type PipelineStacks } from '../../../lib/stacks/pipeline.ts';
import type { StackTemplate } from '../../../lib/template/intrinsics.ts';

const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../cdk.json'), 'utf8'));

export interface Synthesis {
  readonly app: App;
  readonly stacks: PipelineStacks;
  readonly assembly: CloudAssembly;
  readonly templates: Readonly<Record<'data' | 'pipeline', StackTemplate>>;
}

const noCode = () => Code.fromInline('// not run');

/** Synthesizes one pipeline named `shop`, of this configuration. */
export function synthesis(written: PipelineConfig = {}): Synthesis {
  const app = new App({ context, builtinCloudFormationValidation: false, analyticsReporting: false });
  const rules = { tables: TABLES, cronProblem: () => null };
  const config = parseConfig({ name: 'shop', ...written }, TABLES);
  const stacks = addPipeline(app, config, noCode, parseDeployment({ name: 'shop', ...written }, rules));
  const assembly = app.synth();
  const templateOf = (stack: Stack): StackTemplate => assembly.getStackArtifact(stack.artifactId).template;
  const templates = { data: templateOf(stacks.data), pipeline: templateOf(stacks.pipeline) };
  return { app, stacks, assembly, templates };
}

/** Every configuration that leads to other resources, rights or properties. */
export const CONFIGURATIONS: Readonly<Record<string, PipelineConfig>> = {
  'by default': {},
  'with everything': {
    encryption: 'own-key',
    monitoring: 'detailed',
    dashboard: true,
    reservedConcurrency: 4,
    catalog: { database: 'shop_tables', workgroup: 'shop-analysts' },
    alerts: { email: 'data@example.com' },
    objectFrequency: { tags: { every: '6 hours' }, companies: { cron: '0 6 * * *' } },
  },
  'in an existing landscape': {
    encryption: { keyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
    aws: {
      bucket: 'company-lake',
      prefix: 'raw/intercom',
      permissionsBoundary: 'arn:aws:iam::123456789012:policy/boundary',
      tags: { team: 'data', 'cost center': '42' },
      vpc: { subnetIds: ['subnet-0a1b2c3d', 'subnet-4e5f6a7b'], securityGroupIds: ['sg-0a1b2c3d'] },
      callbackDomain: {
        name: 'intercom.example.com',
        certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd',
      },
      reader: {
        principals: ['210987654321', 'arn:aws:iam::345678901234:role/analysts'],
        externalId: 'intercom-data',
      },
    },
  },
};
