import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { Deployment } from '../../functions/config/deployment.ts';
import { Schedules } from '../constructs/schedules.ts';
import type { Storage } from '../constructs/storage.ts';
import type { Workflow } from '../constructs/workflow.ts';

export interface SchedulesStackProps extends StackProps {
  readonly config: ResolvedConfig;
  readonly deployment: Deployment;
  readonly storage: Storage;
  readonly workflow: Workflow;
}

/** When the pipeline runs; without this stack it runs when somebody starts it. */
export class SchedulesStack extends Stack {
  /** Starts that failed for good; each is a run that did not take place. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: SchedulesStackProps) {
    super(scope, id, props);
    const { config, deployment, storage, workflow } = props;
    const { deadLetters } = new Schedules(this, 'Schedules', {
      pipelineName: config.name,
      objects: config.objects,
      deployment,
      stateMachine: workflow.stateMachine,
      key: storage.key,
    });
    this.deadLetters = deadLetters;
    new CfnOutput(this, 'DeadLettersUrl', {
      value: deadLetters.queueUrl,
      description: 'Queue with the scheduled starts that failed for good',
    });
  }
}
