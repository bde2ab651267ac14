import { Aws, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ResolvedConfig } from '../../functions/core/config.ts';
import { Monitoring, type MonitoringProps } from '../constructs/monitoring.ts';
import type { ExtractionStack } from './extraction-stack.ts';

export interface MonitoringStackProps
  extends StackProps,
    Pick<
      MonitoringProps,
      'email' | 'missedIntervals' | 'longestIntervalMinutes' | 'detail' | 'deadLetters' | 'encryptionKey'
    > {
  readonly config: ResolvedConfig;
  /** What is watched. */
  readonly extraction: ExtractionStack;
}

/** What tells people how the pipeline does. */
export class MonitoringStack extends Stack {
  constructor(scope: Construct, id: string, props: MonitoringStackProps) {
    super(scope, id, props);
    const { config, extraction, email, missedIntervals, longestIntervalMinutes, detail } = props;
    const { topic, dashboard } = new Monitoring(this, 'Monitoring', {
      pipelineName: config.name,
      objects: config.objects,
      stateMachine: extraction.workflow.stateMachine,
      finishRunLog: extraction.finishRun.logGroup,
      email,
      missedIntervals,
      longestIntervalMinutes,
      detail,
      deadLetters: props.deadLetters,
      encryptionKey: props.encryptionKey,
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
