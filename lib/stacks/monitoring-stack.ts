import { Aws, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { Deployment } from '../../functions/config/deployment.ts';
import type { RunIntervals } from '../constructs/alarms.ts';
import { Monitoring } from '../constructs/monitoring.ts';
import { objectGroups } from '../constructs/object-groups.ts';
import type { Storage } from '../constructs/storage.ts';
import type { ExtractionStack } from './extraction-stack.ts';

export interface MonitoringStackProps extends StackProps {
  readonly config: ResolvedConfig;
  readonly deployment: Deployment;
  readonly storage: Storage;
  /** What is watched. */
  readonly extraction: ExtractionStack;
  /** Where schedules put what they could not start. */
  readonly deadLetters: IQueue;
}

/** What tells people how the pipeline does. */
export class MonitoringStack extends Stack {
  constructor(scope: Construct, id: string, props: MonitoringStackProps) {
    super(scope, id, props);
    const { config, deployment, storage, extraction, deadLetters } = props;
    const { topic, dashboard } = new Monitoring(this, 'Monitoring', {
      pipelineName: config.name,
      objects: config.objects,
      stateMachine: extraction.workflow.stateMachine,
      finishRunLog: extraction.finishRun.logGroup,
      email: deployment.alerts.email ?? undefined,
      missedIntervals: deployment.alerts.missedIntervals,
      intervals: deployment.paused ? null : intervalsOf(config, deployment),
      detail: deployment.monitoring,
      deadLetters,
      key: storage.key,
    });
    new CfnOutput(this, 'DashboardUrl', {
      value: `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#dashboards/dashboard/${dashboard.dashboardName}`,
      description: 'CloudWatch dashboard of the pipeline',
    });
    new CfnOutput(this, 'AlertTopicArn', {
      value: topic.topicArn,
      description: 'SNS topic of the alarms; subscribe whoever should know',
    });
  }
}

function intervalsOf({ objects }: ResolvedConfig, deployment: Deployment): RunIntervals {
  const minutes = objectGroups(objects, deployment).map(({ schedule }) => schedule.gaps.longest / 60);
  return { shortestMinutes: Math.min(...minutes), longestMinutes: Math.max(...minutes) };
}
