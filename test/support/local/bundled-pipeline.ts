/**
 * A pipeline as it is uploaded: the synthesized assembly with its assets, every function run from its bundle in
 * a thread of its own, with the environment and the rights of the template and nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { PipelineConfig } from '../../../functions/config/config.ts';
import type { FunctionEntry } from '../../../functions/environment.ts';
import { type ExecutionsBackend, startEmbeddedAws } from '../../../lib/standins/aws/index.ts';
import { createExecutions } from '../../../lib/standins/aws/workflow/executions.ts';
import {
  createWorkflowRunner,
  type RunOutcome,
  type WorkflowRunner,
} from '../../../lib/standins/aws/workflow/workflow-runner.ts';
import { provision } from '../../../lib/template/provision.ts';
import type { LocalResources } from '../../../lib/template/template.ts';
import { type AwsRefusal, allOff } from './aws-proxy.ts';
import { assemble, bundled } from './bundled-function.ts';
import { gateAws, type Right } from './gated-aws.ts';

export interface BundledPipeline {
  readonly directory: string;
  readonly resources: LocalResources;
  readonly runner: WorkflowRunner;
  /** What the functions printed, all together. */
  output(): string;
  /** What functions asked of AWS and their roles do not allow. */
  denied(): readonly string[];
  /** The rights of each function's role, by its logical id. */
  rights(): Readonly<Record<string, readonly Right[]>>;
  /** Refuses an operation of one function until it is called off. */
  refuse(entry: FunctionEntry, operation: string, refusal: AwsRefusal): () => void;
  /** Every write of every function is done and its first answer lost, until it is called off. */
  loseAnswers(): () => void;
  connect(connection: Readonly<Record<string, string>>): Promise<void>;
  /** One execution with this input, to its end; the signal stops it. */
  run(input: unknown, signal?: AbortSignal): Promise<RunOutcome>;
  close(): Promise<void>;
}

/**
 * Synthesizes, provisions and opens a pipeline.
 * @param kept a directory that outlives it, and what runs the executions that are started over HTTP, if anything does.
 * @default an empty directory, and `run` alone
 */
export async function openBundledPipeline(
  config: PipelineConfig,
  setEnvironment: (variables: Readonly<Record<string, string>>) => void,
  kept?: { readonly directory: string; readonly backend?: ExecutionsBackend },
): Promise<BundledPipeline> {
  const directory = kept?.directory ?? (await mkdtemp(join(tmpdir(), 'bundled-')));
  const { resources, folderOf, gateOf } = assemble(join(directory, 'cdk.out'), config);
  const { arn: stateMachineArn, definition } = resources.stateMachine;
  const executions = createExecutions({ directory, stateMachineArn });
  const aws = await startEmbeddedAws({ directory, executions: kept?.backend ?? executions });
  setEnvironment(aws.environment);
  await provision(aws, resources);
  // The embedded S3 keeps files, and must be told again which bucket holds them.
  if (config.aws?.bucket !== undefined) await aws.createBucket(config.aws.bucket);
  let printed = '';
  const inWorkflow = resources.functions.filter(({ entry }) => entry !== 'oauth-callback');
  const gates = await Promise.all(
    inWorkflow.map(({ logicalId }) => gateAws({ environment: aws.environment, ...gateOf(logicalId) })),
  );
  const functions = inWorkflow.map((one, index) =>
    bundled(one, folderOf(one.logicalId), gates[index]?.environment ?? {}, (text) => {
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
    resources,
    runner,
    output: () => printed,
    denied: () => gates.flatMap(({ denied }) => denied),
    rights: () =>
      Object.fromEntries(inWorkflow.map(({ logicalId }, index) => [logicalId, gates[index]?.rights() ?? []])),
    refuse(entry, operation, refusal) {
      const of = gates.filter((_, index) => inWorkflow[index]?.entry === entry);
      return allOff(of.map((gate) => gate.refuse(operation, refusal)));
    },
    loseAnswers: () => allOff(gates.map((gate) => gate.loseAnswers())),
    connect: async (connection) => {
      const SecretString = JSON.stringify(connection);
      await secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
    },
    run: async (input, signal) => {
      const { arn, name, startTime } = executions.begin({ input });
      const outcome = await runner.run({
        executionArn: arn,
        executionName: name,
        startTime,
        input,
        ...(signal && { signal }),
      });
      await runner.idle();
      executions.finish(outcome.status);
      return outcome;
    },
    close: async () => {
      await Promise.all(functions.map((one) => one.stop()));
      await Promise.all(gates.map((gate) => gate.close()));
      await aws.close();
      if (kept === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
