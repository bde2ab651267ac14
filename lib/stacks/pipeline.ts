import { type App, Aspects } from 'aws-cdk-lib';
import { parseDeployment, type ResolvedConfig } from '../../functions/config/config.ts';
import type { Deployment } from '../../functions/config/deployment.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { LogSettings } from '../constructs/log-settings.ts';
import { ConnectionStack } from './connection-stack.ts';
import { ExtractionStack } from './extraction-stack.ts';
import { MonitoringStack } from './monitoring-stack.ts';
import { SchedulesStack } from './schedules-stack.ts';
import { StorageStack } from './storage-stack.ts';

export interface PipelineStacks {
  readonly storage: StorageStack;
  readonly extraction: ExtractionStack;
  readonly connection: ConnectionStack;
  readonly schedules: SchedulesStack;
  readonly monitoring: MonitoringStack;
}

/** The stacks of one pipeline, named after it. What holds for all of them is said here, once. */
export function addPipeline(
  app: App,
  config: ResolvedConfig,
  code: FunctionCode,
  deployment: Deployment = parseDeployment({}),
): PipelineStacks {
  /** @param what the stack has, for the list of stacks in the console */
  const props = (what: string) => ({
    description: `${what} of the ${config.name} pipeline (Intercom to S3)`,
    tags: { pipeline: config.name },
  });

  const storageStack = new StorageStack(app, `${config.name}-storage`, {
    ...props('Data and state'),
    pipelineName: config.name,
    deployment,
  });
  const { storage, catalog } = storageStack;

  const extraction = new ExtractionStack(app, `${config.name}-extraction`, {
    ...props('Extractors and workflow'),
    config,
    code,
    storage,
    catalog,
    metricsDetail: deployment.monitoring,
    paused: deployment.paused,
  });

  const connection = new ConnectionStack(app, `${config.name}-connection`, {
    ...props('Connection to its workspace'),
    config,
    code,
    storage,
  });

  const schedules = new SchedulesStack(app, `${config.name}-schedules`, {
    ...props('Schedules'),
    config,
    deployment,
    storage,
    workflow: extraction.workflow,
  });

  const monitoring = new MonitoringStack(app, `${config.name}-monitoring`, {
    ...props('Alarms and dashboard'),
    config,
    deployment,
    storage,
    extraction,
    deadLetters: schedules.deadLetters,
  });

  const stacks = { storage: storageStack, extraction, connection, schedules, monitoring };
  const logs = new LogSettings({ retentionDays: deployment.logRetentionDays, key: storage.key });
  for (const stack of Object.values(stacks)) Aspects.of(stack).add(logs);
  return stacks;
}
