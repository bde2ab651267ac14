/** Functions as they are uploaded: the synthesized assembly with its assets, and threads that run a bundle each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { App } from 'aws-cdk-lib';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../../functions/config/config.ts';
import { TABLES } from '../../../functions/objects/index.ts';
import { bundledCode } from '../../../lib/constructs/function-code.ts';
import { addPipeline } from '../../../lib/stacks/pipeline.ts';
import { FunctionError, type RunnableFunction } from '../../../lib/standins/aws/workflow/invocation.ts';
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
const WORKER = join(import.meta.dirname, 'bundled-worker.mjs');

/** One instance of a function. */
export interface Bundled extends RunnableFunction {
  stop(): Promise<number>;
}

type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly message: string } }
);

/** A function from its bundle, with these variables and its own. Started when it is first called, as on AWS. */
export function bundled(
  { arn, entry, environment, timeoutSeconds, memoryMiB }: LocalFunction,
  folder: string,
  variables: Readonly<Record<string, string>>,
  onOutput: (text: string) => void,
): Bundled {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let worker: Worker | undefined;
  let calls = 0;
  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(WORKER, {
      workerData: { module: pathToFileURL(join(folder, `${entry}.mjs`)).href },
      env: { ...variables, ...environment, CONFIG_PATH: join(folder, 'pipeline.json') },
      stdout: true,
      stderr: true,
    });
    for (const stream of [started.stdout, started.stderr]) stream.setEncoding('utf8').on('data', onOutput);
    started.on('error', (error: unknown) =>
      fail(new FunctionError('Runtime.ExitError', error instanceof Error ? error.message : String(error))),
    );
    started.on('message', (answer: Answer) => {
      const call = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('result' in answer) call?.resolve(answer.result);
      else call?.reject(new FunctionError(answer.error.name, answer.error.message));
    });
    return started;
  };
  return {
    arn,
    timeoutSeconds,
    memoryMiB,
    handler: (event) => {
      worker ??= start();
      calls += 1;
      const call = Promise.withResolvers<unknown>();
      waiting.set(calls, call);
      worker.postMessage({ id: calls, event, deadlineMs: Date.now() + timeoutSeconds * 1000 });
      return call.promise;
    },
    stop: async () => (await worker?.terminate()) ?? 0,
  };
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
