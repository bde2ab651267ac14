/** The CDK app: `npx cdk deploy <name>`, `npx cdk synth -c config=FILE`. */
import { App, Validations } from 'aws-cdk-lib';
import { isPipelineError } from '../functions/core/errors.ts';
import { DEFAULT_CONFIG_FILE, loadPipelines } from '../lib/cli/load-config.ts';
import { bundledCode } from '../lib/constructs/function-code.ts';
import { AwsSolutions } from '../lib/stacks/aws-solutions.ts';
import { addPipeline } from '../lib/stacks/pipeline.ts';

try {
  const app = new App();
  Validations.of(app).addPlugins(new AwsSolutions());
  const file: unknown = app.node.tryGetContext('config') ?? DEFAULT_CONFIG_FILE;
  for (const { config, deployment } of await loadPipelines(String(file))) {
    addPipeline(app, config, bundledCode(config), deployment, { awsRegion: process.env.CDK_DEFAULT_REGION });
  }
  app.synth();
} catch (error) {
  if (!isPipelineError(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
