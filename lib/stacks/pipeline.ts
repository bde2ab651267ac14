import type { App } from 'aws-cdk-lib';
import { type ResolvedConfig, resolveDeployment } from '../../functions/core/config.ts';
import type { Deployment } from '../../functions/core/deployment.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { ConnectionStack } from './connection-stack.ts';
import { ExtractionStack } from './extraction-stack.ts';
import { StorageStack } from './storage-stack.ts';

export interface PipelineStacks {
  readonly storage: StorageStack;
  readonly extraction: ExtractionStack;
  readonly connection: ConnectionStack;
}

/** The stacks of one pipeline, named after it. */
export function addPipeline(
  app: App,
  config: ResolvedConfig,
  code: FunctionCode,
  deployment: Deployment = resolveDeployment({}),
): PipelineStacks {
  const tags = { pipeline: config.name };
  const storage = new StorageStack(app, `${config.name}-storage`, {
    description: `Data and state of the ${config.name} pipeline (Intercom to S3)`,
    tags,
  });
  const extraction = new ExtractionStack(app, `${config.name}-extraction`, {
    description: `Extractors and workflow of the ${config.name} pipeline (Intercom to S3)`,
    tags,
    config,
    code,
    storage: storage.storage,
  });
  const connection = new ConnectionStack(app, `${config.name}-connection`, {
    description: `Connection of the ${config.name} pipeline to its workspace (Intercom to S3)`,
    tags,
    config,
    code,
    storage: storage.storage,
  });
  return { storage, extraction, connection };
}
