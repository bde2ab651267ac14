import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { MetricsDetail } from '../../functions/environment.ts';
import { grantLake, grantSecret, grantState, grantSyncEvent, STATE_KEYS } from '../constructs/access.ts';
import type { Catalog } from '../constructs/catalog.ts';
import { Extractors } from '../constructs/extractors.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import type { Storage } from '../constructs/storage.ts';
import { Workflow } from '../constructs/workflow.ts';

export interface ExtractionStackProps extends StackProps {
  readonly config: ResolvedConfig;
  readonly code: FunctionCode;
  readonly storage: Storage;
  /** `detailed`: metrics per object as well. */
  readonly metricsDetail: MetricsDetail;
  readonly catalog: Catalog;
  /** A run that leaves work then starts no next run. */
  readonly paused: boolean;
}

/** More than needed; it is the share of a CPU that makes a cold start short. */
const MEMORY_MIB = 512;

/** StartRun asks Intercom who we are, FinishRun reads 16 outcomes and manifests: seconds, with retries minutes. */
const RUN_TIMEOUT_SECONDS = 300;
const RECORD_TIMEOUT_SECONDS = 60;

/** What works: the extractors, the functions of the workflow, and the workflow. */
export class ExtractionStack extends Stack {
  readonly workflow: Workflow;
  readonly finishRun: PipelineFunction;

  constructor(scope: Construct, id: string, props: ExtractionStackProps) {
    super(scope, id, props);
    const { config, code, storage, metricsDetail, catalog, paused } = props;
    const common = { code, storage, metricsDetail, pipelineName: config.name, memoryMiB: MEMORY_MIB };
    const startRun = new PipelineFunction(this, 'StartRun', {
      ...common,
      entry: 'start-run',
      description: `Begins a run of the ${config.name} pipeline`,
      timeoutSeconds: RUN_TIMEOUT_SECONDS,
    });
    grantLake(startRun.role, storage.lake, { read: ['work/'], write: ['work/'], delete: [] });
    grantState(startRun.role, storage.state, [...STATE_KEYS.workspace, ...STATE_KEYS.budget]);
    grantSecret(startRun.role, storage.connection);

    const recordFailure = new PipelineFunction(this, 'RecordFailure', {
      ...common,
      entry: 'record-failure',
      description: `Records why an object of a run of the ${config.name} pipeline failed`,
      timeoutSeconds: RECORD_TIMEOUT_SECONDS,
    });
    grantLake(recordFailure.role, storage.lake, { read: ['work/'], write: ['work/'], delete: [] });
    grantState(recordFailure.role, storage.state, STATE_KEYS.object('*'));

    const finishRun = new PipelineFunction(this, 'FinishRun', {
      ...common,
      paused,
      entry: 'finish-run',
      description: `Sums up a run of the ${config.name} pipeline and starts the next if work remains`,
      timeoutSeconds: RUN_TIMEOUT_SECONDS,
    });
    grantLake(finishRun.role, storage.lake, {
      read: ['work/', 'manifests/', 'runs/'],
      write: ['runs/'],
      delete: [],
    });
    grantSyncEvent(finishRun.role);
    this.finishRun = finishRun;

    const extractors = new Extractors(this, 'Extractors', { config, code, storage, metricsDetail });
    const { parallelism } = config;
    this.workflow = new Workflow(this, 'Workflow', {
      startRun,
      recordFailure,
      finishRun,
      extractors,
      parallelism,
    });
    new CfnOutput(this, 'StateMachineArn', {
      value: this.workflow.stateMachine.stateMachineArn,
      description: 'State machine that runs the pipeline; start it with the input {}',
    });
    new CfnOutput(this, 'GlueDatabase', {
      value: catalog.databaseName,
      description: 'Database with the tables, for Athena and every other engine that reads Glue',
    });
    new CfnOutput(this, 'AthenaWorkgroup', {
      value: catalog.workgroupName,
      description: 'Workgroup for queries in Athena: results of its own, and a limit on what one may scan',
    });
  }
}
