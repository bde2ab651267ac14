import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

export interface AlertTopicProps {
  readonly displayName: string;
  /** Address that gets mail once its owner has confirmed. @default none */
  readonly email?: string | undefined;
  /** Key to encrypt with, which CloudWatch may use. @default none, beyond SNS's own encryption of its disks */
  readonly key: IKey | undefined;
}

/**
 * The topic of the alarms: TLS only, and open to CloudWatch alarms of this account. It is encrypted only with the
 * pipeline's own key, if there is one: CloudWatch cannot publish to a topic under AWS's key for SNS, another key would
 * cost a dollar a month, and the messages only name a pipeline and an alarm.
 */
export class AlertTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { displayName, email, key }: AlertTopicProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { displayName, enforceSSL: true, ...(key && { masterKey: key }) });
    // The policy for TLS replaces the default one, which lets CloudWatch in.
    this.topic.addToResourcePolicy(this.#forAlarms(this.topic.topicArn));
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
  }

  #forAlarms(topicArn: string): PolicyStatement {
    const stack = Stack.of(this);
    const alarms = stack.formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    return new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topicArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: { 'aws:SourceArn': alarms },
      },
    });
  }
}
