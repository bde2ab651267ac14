import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Alarms, type AlarmsProps } from './alarms.ts';
import { AlertTopic } from './alert-topic.ts';
import { createDashboard, type DashboardProps } from './dashboard.ts';

export interface MonitoringProps extends Omit<AlarmsProps, 'topic'>, Pick<DashboardProps, 'finishRunLog'> {
  /** Address that gets the alarms by mail. @default none; you can subscribe to the topic by hand */
  readonly email?: string | undefined;
  /** Whether there is a dashboard. */
  readonly hasDashboard: boolean;
  /** Encrypts the alarms. @default none */
  readonly key: IKey | undefined;
}

/** The monitoring of a pipeline: a topic, the alarms that notify it, and a dashboard if wanted. */
export class Monitoring extends Construct {
  readonly topic: ITopic;
  readonly dashboard: Dashboard | undefined;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { email, key, pipelineName } = props;
    const displayName = `Alerts of the ${pipelineName} pipeline`;
    this.topic = new AlertTopic(this, 'Alerts', { displayName, email, key }).topic;
    const { all } = new Alarms(this, 'Alarms', { ...props, topic: this.topic });
    this.dashboard = props.hasDashboard
      ? createDashboard(this, 'Dashboard', { ...props, alarms: all })
      : undefined;
  }
}
