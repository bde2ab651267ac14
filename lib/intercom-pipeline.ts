/** The pipeline as one construct, for a CDK app of your own. examples/platform.ts shows it in use. */
import type { Environment } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { PipelineConfig } from '../functions/config/config.ts';
import { parsePipelines } from '../functions/config/pipelines.ts';
import { CONFIG_RULES } from './cli/load-config.ts';
import { bundledCode, type FunctionCode } from './constructs/function-code.ts';
import { grantRead } from './constructs/reader.ts';
import { addPipeline, type PipelineStacks } from './stacks/pipeline.ts';

export interface IntercomPipelineProps {
  /** The configuration, as in `pipeline.config.ts`. */
  readonly pipeline: PipelineConfig;
  /** Account and region of its stacks. @default that of the stage, or of the credentials */
  readonly env?: Environment;
  /** The code of the functions. @default bundled by esbuild */
  readonly code?: FunctionCode;
}

/** A pipeline with its two stacks, in an app or a stage. */
export class IntercomPipeline extends Construct {
  /** For your own stack dependencies, tags or aspects. */
  readonly stacks: PipelineStacks;
  /** Tables, manifests and run summaries. */
  readonly bucket: IBucket;
  /** Where in the bucket they begin: empty for the top, otherwise with `/` at the end. */
  readonly prefix: string;
  readonly databaseName: string;
  readonly workgroupName: string;
  readonly stateMachine: IStateMachine;
  /** Where alarms go. */
  readonly alertTopic: ITopic;

  /** @throws InputError listing every mistake in the configuration */
  constructor(scope: Construct, id: string, { pipeline, env, code }: IntercomPipelineProps) {
    super(scope, id);
    const [resolved] = parsePipelines([pipeline], CONFIG_RULES);
    if (resolved === undefined) throw new Error('The configuration has no pipeline.');
    const { config, deployment } = resolved;
    this.stacks = addPipeline(this, config, code ?? bundledCode(config), deployment, { ...(env && { env }) });
    const { data, pipeline: running } = this.stacks;
    this.bucket = data.storage.lake;
    this.prefix = data.storage.prefix;
    this.databaseName = data.catalog.databaseName;
    this.workgroupName = data.catalog.workgroupName;
    this.stateMachine = running.stateMachine;
    this.alertTopic = running.alertTopic;
  }

  /** Grants reading all data, from S3 and with Athena, but not state, secrets or `work/`. */
  grantRead(grantee: IGrantable): void {
    grantRead(grantee, this.stacks.data);
  }
}
