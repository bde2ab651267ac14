/**
 * A pipeline as it is uploaded: the synthesized assembly with its assets, every function run from its bundle in
 * a thread of its own, with the environment of the template and nothing else.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { App } from 'aws-cdk-lib';
import { type PipelineConfig, resolveConfig } from '../../../functions/core/config.ts';
import { TABLES } from '../../../functions/objects/index.ts';
import { bundledCode } from '../../../lib/constructs/function-code.ts';
import { startEmbeddedAws } from '../../../lib/local/embedded-aws/index.ts';
import { createExecutions } from '../../../lib/local/executions.ts';
import type { StackTemplate } from '../../../lib/local/intrinsics.ts';
import { FunctionError, type RunnableFunction } from '../../../lib/local/invocation.ts';
import { provision } from '../../../lib/local/provision.ts';
import { type LocalFunction, type LocalResources, localResources } from '../../../lib/local/template.ts';
import { createWorkflowRunner, type RunOutcome } from '../../../lib/local/workflow-runner.ts';
import { addPipeline } from '../../../lib/stacks/pipeline.ts';

const CDK_JSON = join(import.meta.dirname, '../../../cdk.json');
const WORKER = join(import.meta.dirname, 'bundled-worker.mjs');

export interface BundledPipeline {
  readonly directory: string;
  /** What the functions printed, all together. */
  output(): string;
  connect(connection: Readonly<Record<string, string>>): Promise<void>;
  /** One execution with this input, to its end. */
  run(input: unknown): Promise<RunOutcome>;
  close(): Promise<void>;
}

interface Bundled extends RunnableFunction {
  stop(): Promise<number>;
}

type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly message: string } }
);

/** A function from its bundle. Started when it is first called, as on AWS. */
function bundled(
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

interface Assembly {
  readonly resources: LocalResources;
  /** Folder of a function's asset. */
  folderOf(logicalId: string): string;
}

function assemble(outdir: string, config: PipelineConfig): Assembly {
  const { context } = JSON.parse(readFileSync(CDK_JSON, 'utf8')) as { context: Record<string, unknown> };
  const app = new App({ outdir, context, analyticsReporting: false });
  const resolved = resolveConfig(config, TABLES);
  addPipeline(app, resolved, bundledCode(resolved));
  const templates = app.synth().stacks.map((stack) => stack.template as StackTemplate);
  const codeOf = (logicalId: string): { readonly S3Key: string } => {
    const code = templates.flatMap(({ Resources }) => Resources[logicalId]?.Properties?.Code ?? [])[0];
    if (code === undefined) throw new Error(`${logicalId} has no code.`);
    return code as { readonly S3Key: string };
  };
  return {
    resources: localResources(templates),
    folderOf: (logicalId) => join(outdir, `asset.${codeOf(logicalId).S3Key.replace(/\.zip$/, '')}`),
  };
}

/** Synthesizes, provisions and opens a pipeline over an empty directory. */
export async function openBundledPipeline(
  config: PipelineConfig,
  setEnvironment: (variables: Readonly<Record<string, string>>) => void,
): Promise<BundledPipeline> {
  const directory = await mkdtemp(join(tmpdir(), 'bundled-'));
  const { resources, folderOf } = assemble(join(directory, 'cdk.out'), config);
  const { arn: stateMachineArn, definition } = resources.stateMachine;
  const executions = createExecutions({ directory, stateMachineArn });
  const aws = await startEmbeddedAws({ directory, executions });
  setEnvironment(aws.environment);
  await provision(aws, resources);
  let printed = '';
  const functions = resources.functions.map((one) =>
    bundled(one, folderOf(one.logicalId), aws.environment, (text) => {
      printed += text;
    }),
  );
  const runner = createWorkflowRunner({
    definition,
    stateMachineArn,
    functions,
    pauses: { waitMs: 20, retryMs: 0 },
  });
  const secretName = resources.functions.find(({ entry }) => entry === 'start-run')?.environment
    .CONNECTION_SECRET_NAME;
  const secrets = new SecretsManagerClient({});
  return {
    directory,
    output: () => printed,
    connect: async (connection) => {
      const SecretString = JSON.stringify(connection);
      await secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
    },
    run: async (input) => {
      const { arn, name, startTime } = executions.begin({ input });
      const outcome = await runner.run({
        executionArn: arn,
        executionName: name,
        startTime,
        input,
      });
      await runner.idle();
      executions.finish(outcome.status);
      return outcome;
    },
    close: async () => {
      await Promise.all(functions.map((one) => one.stop()));
      await aws.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
