import { Aspects, type Environment, PermissionsBoundary, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parseDeployment, type ResolvedConfig } from '../../functions/config/config.ts';
import type { Deployment } from '../../functions/config/deployment.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { LogSettings } from '../constructs/log-settings.ts';
import { DataStack } from './data-stack.ts';
import { PipelineStack } from './pipeline-stack.ts';
import { warnAboutRegion } from './region-warning.ts';

export interface PipelineStacks {
  /** `<name>-data`: what is kept. */
  readonly data: DataStack;
  /** `<name>`: what can be made again. It depends on the other, so deploying it brings both. */
  readonly pipeline: PipelineStack;
}

export interface Destination {
  /** Account and region of the stacks. @default that of the stage, or of the credentials at deployment */
  readonly env?: Environment;
  /** The region that the credentials are for, if it is known; used for a warning only. */
  readonly awsRegion?: string | undefined;
}

/**
 * Adds the two stacks of one pipeline to an app or a stage. Their names are given rather than derived from the scope,
 * because the `pipeline` commands find a deployment by them.
 */
export function addPipeline(
  scope: Construct,
  config: ResolvedConfig,
  code: FunctionCode,
  deployment: Deployment = parseDeployment({}),
  { env, awsRegion }: Destination = {},
): PipelineStacks {
  const { permissionsBoundary, tags } = deployment.aws;
  /** @param what the stack has, for the list of stacks in the console */
  const props = (stackName: string, what: string) => ({
    stackName,
    description: `${what} of the ${config.name} pipeline (Intercom to S3)`,
    tags: { ...tags, pipeline: config.name },
    ...(env && { env }),
    ...(permissionsBoundary !== null && {
      permissionsBoundary: PermissionsBoundary.fromArn(permissionsBoundary),
    }),
  });
  const dataName = `${config.name}-data`;
  const data = new DataStack(scope, dataName, {
    ...props(dataName, 'Data, state and secrets'),
    pipelineName: config.name,
    deployment,
  });
  const pipeline = new PipelineStack(scope, config.name, {
    ...props(config.name, 'Functions, workflow and schedules'),
    config,
    deployment,
    code,
    data,
  });
  const logs = new LogSettings({ retentionDays: deployment.logRetentionDays, key: data.storage.key });
  for (const stack of [data, pipeline]) Aspects.of(stack).add(logs);
  const region = Token.isUnresolved(data.region) ? awsRegion : data.region;
  if (region !== undefined) warnAboutRegion(data, config, region);
  return { data, pipeline };
}
