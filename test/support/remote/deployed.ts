/** A pipeline as if deployed: AWS endpoints with its stacks in this process, the command in its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll, onTestFinished } from 'vitest';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../../functions/config/config.ts';
import type { Deployment } from '../../../functions/config/deployment.ts';
import { completeAuthorization } from '../../../functions/connection/complete-authorization.ts';
import { createConnectionRuntime } from '../../../functions/connection-runtime.ts';
import type { SyncLimits } from '../../../functions/sync/dependencies.ts';
import { type LocalPipeline, openLocalPipeline } from '../../../lib/cli/local/local-pipeline.ts';
import { quoted } from '../../../lib/cli/remote/remote-pipeline.ts';
import { addPipeline } from '../../../lib/stacks/pipeline.ts';
import { closeServer, listenOnLoopback } from '../../../lib/standins/aws/loopback-server.ts';
import {
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../lib/standins/intercom/index.ts';
import { resolver, type StackTemplate } from '../../../lib/template/intrinsics.ts';
import { LOCAL_PLACE, localResources, synthesize } from '../../../lib/template/template.ts';
import { type Ended, ended } from '../ended.ts';
import { inProcess } from '../local/in-process.ts';
import { type CloudFormation, type DeployedStack, startCloudFormation } from './cloudformation.ts';
import { createRunningExecutions, type RunningExecutions } from './running-executions.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Text for standard input, which then ends; null keeps it open and silent. */
  readonly stdin?: string | null;
  /** Runs it in a terminal, which puts all output on standard output; standard input stays open. */
  readonly terminal?: boolean;
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with all output so far, and the process. */
  readonly onOutput?: (shown: string, child: ChildProcess) => void;
}

/** True with the `script` of util-linux, which every Linux has; other systems have another one, or none. */
export const canPretendTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** All output of commands in this test file, to search it for secrets. */
export const shown: string[] = [];

/** Runs `bin/pipeline.ts` with these arguments. Besides PATH, it has only this `environment`. */
export async function pipelineCommand(
  args: readonly string[],
  { environment = {}, stdin, terminal = false, onStart, onOutput }: CommandOptions = {},
): Promise<Ended> {
  const words = [process.execPath, 'bin/pipeline.ts', ...args];
  const [file = '', ...rest] = terminal
    ? ['script', '-qec', words.map(quoted).join(' '), '/dev/null']
    : words;
  const child = spawn(file, rest, {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent', ...environment },
  });
  onStart?.(child);
  const end = ended(child, ({ stdout, stderr }) => onOutput?.(stdout + stderr, child));
  child.stdin.on('error', () => undefined);
  if (!terminal && stdin !== null) child.stdin.end(stdin ?? '');
  const { status, stdout, stderr } = await end;
  shown.push(stdout, stderr);
  return { status, stdout, stderr };
}

/** Names and templates of the stacks, as `cdk deploy` makes them. */
function stacksOf(config: ReturnType<typeof parseConfig>, deployment: Deployment) {
  const outdir = mkdtempSync(join(tmpdir(), 'deployed-'));
  try {
    const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
    const app = new App({ outdir, context, analyticsReporting: false, treeMetadata: false });
    addPipeline(app, config, () => Code.fromInline('// not called'), deployment);
    return app.synth().stacks.map(({ stackName, template }) => ({ name: stackName, template }));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The outputs of each stack with their local values, without those of services that are not embedded. */
export function deployedStacks(
  config: ReturnType<typeof parseConfig>,
  deployment: Deployment,
  callbackUrl: string,
): readonly DeployedStack[] {
  const stacks = stacksOf(config, deployment);
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
  /** Stores the simulator's token. @default true */
  readonly connected?: boolean;
  /** Fills in client id and secret. @default false */
  readonly clientFilled?: boolean;
  /** Makes plans and attempts small. */
  readonly limits?: Partial<SyncLimits>;
}

export type SecretName = 'Connection' | 'OAuthClient';

/** The app, as registered at the simulator. */
export const APP = { clientId: 'app-1234', clientSecret: 'CLIENT-SECRET-5f2c' } as const;

type OnEnd = (close: () => void | Promise<void>) => void;

interface Callback {
  readonly url: string;
  /** Set once the pipeline is open. */
  answer: (query: string) => Promise<unknown>;
}

/** The callback, without its pages, which have their own tests. */
async function startCallback(onEnd: OnEnd): Promise<Callback> {
  const callback = { url: '', answer: async (_query: string): Promise<unknown> => null };
  const server = createServer(async (request, response) => {
    const [, query = ''] = (request.url ?? '').split('?');
    response.end(JSON.stringify(await callback.answer(query)));
  });
  callback.url = `http://127.0.0.1:${await listenOnLoopback(server)}/callback`;
  onEnd(() => closeServer(server));
  return callback;
}

/** Decides as a person does on Intercom's page, and follows the redirect. */
export async function decide(url: string, decision: 'authorize' | 'deny'): Promise<void> {
  const asked = new URL(url);
  const body = new URLSearchParams({ ...Object.fromEntries(asked.searchParams), decision });
  await fetch(`${asked.origin}${asked.pathname}`, { method: 'POST', body });
}

export interface Deployed {
  readonly simulator: Simulator;
  readonly pipeline: LocalPipeline;
  readonly executions: RunningExecutions;
  readonly cloudFormation: CloudFormation;
  /** Leads a command to all of this. */
  readonly environment: Readonly<Record<string, string>>;
  readonly callbackUrl: string;
  readonly configFile: string;
  /** The stored text of the secret. */
  secret(name: SecretName): Promise<string>;
  putSecret(name: SecretName, text: string): Promise<void>;
  /** Runs a command for this pipeline. */
  command(args: readonly string[], options?: CommandOptions): Promise<Ended>;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'remote-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits and pauses of the workflow, shortened for tests. */
const PAUSES = { waitMs: 10, retryMs: 10 };

async function deploy(options: DeployedOptions, onEnd: OnEnd): Promise<Deployed> {
  const simulator = await startSimulator({ sizes: SIZES.tiny, oauth: APP, ...options.simulator });
  onEnd(() => simulator.close());
  const directory = await mkdtemp(join(tmpdir(), 'remote-'));
  onEnd(() => rm(directory, { recursive: true, force: true }));
  const written = { name: 'intercom', baseUrl: simulator.url, ...options.config };
  const configFile = join(directory, 'pipeline.json');
  await writeFile(configFile, JSON.stringify(written));
  const config = parseConfig(written);
  const deployment = parseDeployment(written);
  const cloudFormation = await startCloudFormation();
  onEnd(() => cloudFormation.close());
  const callback = await startCallback(onEnd);
  simulator.registerRedirectUrl(callback.url);
  for (const stack of deployedStacks(config, deployment, callback.url))
    cloudFormation.stacks.set(stack.name, stack);

  const resources = localResources(synthesize(config, deployment));
  const { bucket } = deployment.aws;
  let aws: Readonly<Record<string, string>> = {};
  const executions: RunningExecutions = createRunningExecutions(() => pipeline.runner);
  const pipeline = await openLocalPipeline({
    directory,
    config,
    // A bucket of the user's own was there before.
    resources: { ...resources, buckets: bucket === null ? resources.buckets : [bucket] },
    backend: executions,
    pauses: PAUSES,
    startHost: inProcess({
      observe: () => undefined,
      ...(options.limits && { limits: options.limits }),
    }),
    setEnvironment: (variables) => {
      aws = variables;
      Object.assign(process.env, variables);
    },
  });
  onEnd(async () => {
    for (const arn of executions.arns) executions.stop(arn);
    await executions.idle();
    await pipeline.close();
  });
  const function_ = pipeline.resources.functions.find(({ entry }) => entry === 'oauth-callback');
  const { dependencies } = createConnectionRuntime({
    ...function_?.environment,
    CONFIG_PATH: join(directory, 'state', 'pipeline.json'),
  });
  callback.answer = (query) => completeAuthorization(dependencies, query, AbortSignal.timeout(10_000));

  const secrets = new SecretsManagerClient({});
  const putSecret: Deployed['putSecret'] = async (SecretId, SecretString) =>
    void (await secrets.send(new PutSecretValueCommand({ SecretId, SecretString })));
  if (options.connected !== false) await pipeline.connect(simulator.token);
  if (options.clientFilled === true) {
    const { clientId, clientSecret } = APP;
    await putSecret('OAuthClient', JSON.stringify({ client_id: clientId, client_secret: clientSecret }));
  }
  const environment = {
    ...aws,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: cloudFormation.url,
    AWS_ENDPOINT_URL_LAMBDA: cloudFormation.url,
  };
  return {
    simulator,
    pipeline,
    executions,
    cloudFormation,
    environment,
    callbackUrl: callback.url,
    configFile,
    putSecret,
    async secret(SecretId) {
      return (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
    },
    command: (args, { environment: more, ...rest } = {}) =>
      pipelineCommand([...args, '--config', configFile], {
        environment: { ...environment, ...more },
        ...rest,
      }),
  };
}

/**
 * Deploys a pipeline for all tests of a file. There can be only one, because the functions find AWS through the
 * environment of this process.
 */
export async function deployForAll(options: DeployedOptions = {}): Promise<Deployed> {
  const closers: (() => void | Promise<void>)[] = [];
  const deployed = await deploy(options, (close) => void closers.push(close));
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });
  return deployed;
}
