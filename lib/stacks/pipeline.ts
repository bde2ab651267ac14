import type { App } from 'aws-cdk-lib';
import type { ResolvedConfig } from '../../functions/core/config.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { ExtractionStack } from './extraction-stack.ts';
import { StorageStack } from './storage-stack.ts';

export interface PipelineStacks {
  readonly storage: StorageStack;
  readonly extraction: ExtractionStack;
}

/** The stacks of one pipeline, named after it. */
export function addPipeline(app: App, config: ResolvedConfig, code: FunctionCode): PipelineStacks {
  const tags = { pipeline: config.name };
  const storage = new StorageStack(app, `${config.name}-storage`, {
    description: `Data and state of the ${config.name} pipeline (Intercom to S3)`,
    tags,
    pipelineName: config.name,
  });
  const extraction = new ExtractionStack(app, `${config.name}-extraction`, {
    description: `Extractors and workflow of the ${config.name} pipeline (Intercom to S3)`,
    tags,
    config,
    code,
    storage: storage.storage,
    catalog: storage.catalog,
  });
  return { storage, extraction };
}
