import { Aws, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { invocationsAtOnce, type ResolvedConfig } from '../../functions/config/config.ts';
import type { Deployment } from '../../functions/config/deployment.ts';
import { isOptional, type ObjectName } from '../../functions/core/names.ts';
import { grantLake, grantSecret, grantState, grantSyncEvent, STATE_KEYS } from '../constructs/access.ts';
import type { RunIntervals } from '../constructs/alarms.ts';
import { Extractors } from '../constructs/extractors.ts';
import type { FunctionCode } from '../constructs/function-code.ts';
import { Monitoring } from '../constructs/monitoring.ts';
import { OAuthCallback } from '../constructs/oauth-callback.ts';
import { objectGroups } from '../constructs/object-groups.ts';
import { type FunctionContext, PipelineFunction } from '../constructs/pipeline-function.ts';
import { Schedules } from '../constructs/schedules.ts';
import { Workflow } from '../constructs/workflow.ts';
import type { DataStack } from './data-stack.ts';

export interface PipelineStackProps extends StackProps {
  readonly config: ResolvedConfig;
  readonly deployment: Deployment;
  readonly code: FunctionCode;
  readonly data: DataStack;
}

/** More than needed. The share of a CPU that comes with it makes cold starts short. */
const MEMORY_MIB = 512;

/** StartRun asks Intercom which workspace it is. FinishRun reads outcome and manifest of each object. Seconds, or minutes with retries. */
const RUN_TIMEOUT_SECONDS = 300;
const RECORD_TIMEOUT_SECONDS = 60;

/** Patterns of keys below `work/` (functions/core/lake-keys.ts). */
const RUN_CONTEXT = ['work/*/run.json'];
const OUTCOMES = ['work/*/outcome.json'];

/** What a pipeline runs: functions, workflow, callback, schedules, alarms. All of it can be made again. */
export class PipelineStack extends Stack {
  readonly stateMachine: IStateMachine;
  readonly alertTopic: ITopic;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { config, deployment, code, data } = props;
    const context: FunctionContext = {
      pipelineName: config.name,
      code,
      storage: data.storage,
      catalog: data.catalog,
      metricsDetail: deployment.monitoring,
      vpc: deployment.aws.vpc,
    };
    const startRun = this.#startRun(context);
    const finishRun = this.#finishRun(context, deployment.paused);
    const { reservedConcurrency } = deployment;
    const extractors = new Extractors(this, 'Extractors', { config, context, reservedConcurrency });
    const { stateMachine } = new Workflow(this, 'Workflow', {
      pipelineName: config.name,
      startRun,
      recordFailure: this.#recordFailure(context),
      finishRun,
      extractors,
      parallelism: config.parallelism,
    });
    // The id `Default` leaves no trace in the names below it.
    const { url } = new OAuthCallback(this, 'Default', {
      context,
      domain: deployment.aws.callbackDomain,
    });
    const { deadLetters } = new Schedules(this, 'Schedules', {
      pipelineName: config.name,
      objects: config.objects,
      deployment,
      stateMachine,
      key: data.storage.key,
    });
    const { topic, dashboard } = new Monitoring(this, 'Monitoring', {
      pipelineName: config.name,
      objects: config.objects,
      stateMachine,
      // If StartRun is refused, the run fails, and RunFailed reports that.
      busiest: extractors.busiest,
      finishRunLog: finishRun.logGroup,
      hasDashboard: deployment.dashboard,
      email: deployment.alerts.email ?? undefined,
      missedIntervals: deployment.alerts.missedIntervals,
      intervals: deployment.paused ? null : intervalsOf(config, deployment),
      detail: deployment.monitoring,
      deadLetters,
      key: data.storage.key,
    });
    this.stateMachine = stateMachine;
    this.alertTopic = topic;
    this.#output(
      'StateMachineArn',
      stateMachine.stateMachineArn,
      'State machine that runs the pipeline; start it with the input {}',
    );
    this.#output(
      'LambdaConcurrency',
      String(invocationsAtOnce(config.parallelism)),
      "Lambda functions that a run uses at a time, at most; 'npm run pipeline -- check' compares this with what the account allows",
    );
    this.#output('CallbackUrl', url, "Redirect URL to register for the app in Intercom's Developer Hub");
    this.#output(
      'DeadLettersUrl',
      deadLetters.queueUrl,
      'Queue with the scheduled starts that failed for good',
    );
    this.#output(
      'AlertTopicArn',
      topic.topicArn,
      'SNS topic of the alarms; subscribe anyone who should know',
    );
    if (dashboard !== undefined) {
      this.#output(
        'DashboardUrl',
        `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#dashboards/dashboard/${dashboard.dashboardName}`,
        'CloudWatch dashboard of the pipeline',
      );
    }
  }

  #output(id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description });
  }

  #startRun(context: FunctionContext): PipelineFunction {
    const { storage, pipelineName } = context;
    const startRun = new PipelineFunction(this, 'StartRun', {
      context,
      entry: 'start-run',
      description: `Begins a run of the ${pipelineName} pipeline`,
      memoryMiB: MEMORY_MIB,
      timeoutSeconds: RUN_TIMEOUT_SECONDS,
    });
    grantLake(startRun.role, storage, { read: RUN_CONTEXT, write: RUN_CONTEXT, delete: [] });
    grantState(startRun.role, storage.state, [...STATE_KEYS.workspace, ...STATE_KEYS.budget]);
    grantSecret(startRun.role, storage.connection);
    return startRun;
  }

  #recordFailure(context: FunctionContext): PipelineFunction {
    const { storage, pipelineName } = context;
    const recordFailure = new PipelineFunction(this, 'RecordFailure', {
      context,
      entry: 'record-failure',
      description: `Records why an object failed in a run of the ${pipelineName} pipeline`,
      memoryMiB: MEMORY_MIB,
      timeoutSeconds: RECORD_TIMEOUT_SECONDS,
    });
    grantLake(recordFailure.role, storage, { read: OUTCOMES, write: OUTCOMES, delete: [] });
    grantState(recordFailure.role, storage.state, STATE_KEYS.object('*'));
    return recordFailure;
  }

  /** @param paused a run that leaves work then starts no next run */
  #finishRun(context: FunctionContext, paused: boolean): PipelineFunction {
    const { storage, pipelineName } = context;
    const finishRun = new PipelineFunction(this, 'FinishRun', {
      context,
      paused,
      entry: 'finish-run',
      description: `Sums up a run of the ${pipelineName} pipeline and starts the next if work remains`,
      memoryMiB: MEMORY_MIB,
      timeoutSeconds: RUN_TIMEOUT_SECONDS,
    });
    grantLake(finishRun.role, storage, {
      read: ['work/*', 'manifests/*', 'runs/*'],
      write: ['runs/*'],
      delete: [],
    });
    grantSyncEvent(finishRun.role);
    return finishRun;
  }
}

/** The small lists run rarely. They must not make alarms about other objects look further back. */
function intervalsOf({ objects }: ResolvedConfig, deployment: Deployment): RunIntervals {
  const minutesOf = (some: readonly ObjectName[]) =>
    objectGroups(some, deployment).map(({ schedule }) => schedule.gaps.longest / 60);
  const others = objects.filter((object) => !isOptional(object));
  return {
    shortestMinutes: Math.min(...minutesOf(objects)),
    longestMinutes: Math.max(...minutesOf(others.length === 0 ? objects : others)),
  };
}
