/** Functions as they are uploaded: the synthesized assembly with its assets, and threads that run a bundle each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App } from 'aws-cdk-lib';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../../functions/config/config.ts';
import { TABLES } from '../../../functions/objects/index.ts';
import { bundledCode } from '../../../lib/constructs/function-code.ts';
import { addPipeline } from '../../../lib/stacks/pipeline.ts';
import type { RunnableFunction } from '../../../lib/standins/aws/workflow/invocation.ts';
import { createIsolates } from '../../../lib/standins/aws/workflow/isolates.ts';
import type { StackTemplate } from '../../../lib/template/intrinsics.ts';
import {
  LOCAL_PLACE,
  type LocalFunction,
  type LocalResources,
  localResources,
} from '../../../lib/template/template.ts';
import { denialsOfBuckets, rightsOfFunction } from '../iam.ts';
import type { Gate } from './gated-aws.ts';

const CDK_JSON = join(import.meta.dirname, '../../../cdk.json');
const WORKER = new URL('./bundled-worker.ts', import.meta.url);

/** One instance of a function. */
export interface Bundled extends RunnableFunction {
  stop(): Promise<void>;
}

/** A function from its bundle, with these variables and its own. Started when it is first called, as on AWS. */
export function bundled(
  { arn, entry, environment, timeoutSeconds, memoryMiB }: LocalFunction,
  folder: string,
  variables: Readonly<Record<string, string>>,
  onOutput: (text: string) => void,
): Bundled {
  const { handlerOf, close } = createIsolates({
    module: WORKER,
    threads: 1,
    memoryMiB,
    environment: { ...variables, ...environment, CONFIG_PATH: join(folder, 'pipeline.json') },
    data: pathToFileURL(join(folder, `${entry}.mjs`)).href,
    onOutput,
  });
  return { arn, timeoutSeconds, memoryMiB, handler: handlerOf(arn), stop: close };
}

export interface Assembly {
  readonly resources: LocalResources;
  /** Folder of a function's asset. */
  folderOf(logicalId: string): string;
  /** What a function may do. */
  gateOf(logicalId: string): Omit<Gate, 'environment'>;
}

/** Synthesizes a pipeline with its bundles into `outdir`. */
export function assemble(outdir: string, config: PipelineConfig): Assembly {
  const { context } = JSON.parse(readFileSync(CDK_JSON, 'utf8')) as { context: Record<string, unknown> };
  const app = new App({ outdir, context, analyticsReporting: false });
  const resolved = parseConfig(config, TABLES);
  const deployment = parseDeployment(config, { tables: TABLES, cronProblem: () => null });
  addPipeline(app, resolved, bundledCode(resolved), deployment);
  const templates = app.synth().stacks.map((stack) => stack.template as StackTemplate);
  const codeOf = (logicalId: string): { readonly S3Key: string } => {
    const code = templates.flatMap(({ Resources }) => Resources[logicalId]?.Properties?.Code ?? [])[0];
    if (code === undefined) throw new Error(`${logicalId} has no code.`);
    return code as { readonly S3Key: string };
  };
  return {
    resources: localResources(templates),
    gateOf: (logicalId) => ({
      logicalId,
      rights: [
        ...rightsOfFunction(templates, logicalId, LOCAL_PLACE),
        ...denialsOfBuckets(templates, LOCAL_PLACE),
      ],
      hasOwnKey: config.encryption === 'own-key',
    }),
    folderOf: (logicalId) => join(outdir, `asset.${codeOf(logicalId).S3Key.replace(/\.zip$/, '')}`),
  };
}
