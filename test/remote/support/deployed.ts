/** A pipeline as if it were deployed: AWS's endpoints with its stacks in this process, the command in its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { onTestFinished } from 'vitest';
import { type PipelineConfig, resolveConfig } from '../../../functions/core/config.ts';
import { resolver, type StackTemplate } from '../../../lib/local/intrinsics.ts';
import { type LocalPipeline, openLocalPipeline } from '../../../lib/local/local-pipeline.ts';
import { LOCAL_PLACE } from '../../../lib/local/template.ts';
import {
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../lib/simulator/index.ts';
import { addPipeline } from '../../../lib/stacks/pipeline.ts';
import { type CloudFormation, type DeployedStack, startCloudFormation } from './cloudformation.ts';
import { createRunningExecutions, type RunningExecutions } from './running-executions.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to standard input, which ends then. */
  readonly stdin?: string;
  /** Called with everything that standard output and error have shown so far, and the process. */
  readonly onOutput?: (shown: string, child: ChildProcess) => void;
}

/** Everything that commands have shown in this test file: for the search for secrets. */
export const shown: string[] = [];

/** Runs `bin/pipeline.ts` with these arguments; `environment` is all it knows besides the path. */
export async function pipelineCommand(
  args: readonly string[],
  { environment = {}, stdin, onOutput }: CommandOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['bin/pipeline.ts', ...args], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput?.(stdout + stderr, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onOutput?.(stdout + stderr, child);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin ?? '');
  const status = await new Promise<number | null>((done) => child.on('close', done));
  shown.push(stdout, stderr);
  return { status, stdout, stderr };
}

/** Names and templates of the stacks, as `cdk deploy` would make them. */
function stacksOf(config: ReturnType<typeof resolveConfig>) {
  const outdir = mkdtempSync(join(tmpdir(), 'deployed-'));
  try {
    const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
    const app = new App({ outdir, context, analyticsReporting: false, treeMetadata: false });
    addPipeline(app, config, () => Code.fromInline('// not called'));
    return app.synth().stacks.map(({ stackName, template }) => ({ name: stackName, template }));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The outputs of each stack with what they are on one machine; those of services that are not there stay out. */
function deployedStacks(
  config: ReturnType<typeof resolveConfig>,
  callbackUrl: string,
): readonly DeployedStack[] {
  const stacks = stacksOf(config);
  const templates = stacks.map(({ template }) => template as StackTemplate);
  return stacks.map(({ name, template }) => {
    const resolve = resolver(template as StackTemplate, templates, LOCAL_PLACE);
    const outputs = Object.entries((template as StackTemplate).Outputs ?? {}).flatMap(([key, { Value }]) => {
      if (key === 'CallbackUrl') return [[key, callbackUrl]];
      try {
        return [[key, String(resolve(Value))]];
      } catch {
        return [];
      }
    });
    return { name, status: 'CREATE_COMPLETE', outputs: Object.fromEntries(outputs) };
  });
}

export interface DeployedOptions {
  readonly config?: Partial<PipelineConfig>;
  readonly simulator?: SimulatorOptions;
  readonly callbackUrl?: string;
  /** @default true */
  readonly connected?: boolean;
  /** Limits of plans and attempts, to make them small. */
  readonly limits?: NonNullable<Parameters<typeof openLocalPipeline>[0]['limits']>;
}

export interface Deployed {
  readonly simulator: Simulator;
  readonly pipeline: LocalPipeline;
  readonly executions: RunningExecutions;
  readonly cloudFormation: CloudFormation;
  /** With which a command finds all of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly configFile: string;
  readonly directory: string;
  /** Runs a command for this pipeline. */
  command(args: readonly string[], options?: CommandOptions): Promise<Ended>;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'remote-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits and pauses of the workflow take no time of the test's. */
const PAUSES = { waitMs: 10, retryMs: 10 };

/** Deploys a pipeline for the length of one test. */
export async function deploy(options: DeployedOptions = {}): Promise<Deployed> {
  const simulator = await startSimulator({ sizes: SIZES.tiny, ...options.simulator });
  onTestFinished(() => simulator.close());
  const directory = await temporaryDirectory();
  const written = { name: 'intercom', baseUrl: simulator.url, ...options.config };
  const configFile = join(directory, 'pipeline.json');
  await writeFile(configFile, JSON.stringify(written));
  const config = resolveConfig(written);
  const cloudFormation = await startCloudFormation();
  onTestFinished(() => cloudFormation.close());
  for (const stack of deployedStacks(config, options.callbackUrl ?? 'https://callback.example/oauth')) {
    cloudFormation.stacks.set(stack.name, stack);
  }
  let aws: Readonly<Record<string, string>> = {};
  const executions: RunningExecutions = createRunningExecutions(() => pipeline.runner);
  const pipeline = await openLocalPipeline({
    directory,
    config,
    backend: executions,
    observe: () => undefined,
    pauses: PAUSES,
    ...(options.limits && { limits: options.limits }),
    setEnvironment: (variables) => {
      aws = variables;
      Object.assign(process.env, variables);
    },
  });
  onTestFinished(async () => {
    for (const arn of executions.arns) executions.stop(arn);
    await executions.idle();
    await pipeline.close();
  });
  if (options.connected !== false) await pipeline.connect(simulator.token);
  const environment = {
    ...aws,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: cloudFormation.url,
  };
  return {
    simulator,
    pipeline,
    executions,
    cloudFormation,
    environment,
    configFile,
    directory,
    command: (args, { environment: more, ...rest } = {}) =>
      pipelineCommand([...args, '--config', configFile], {
        environment: { ...environment, ...more },
        ...rest,
      }),
  };
}
