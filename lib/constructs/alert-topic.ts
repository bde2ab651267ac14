import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { TOPIC_KEY_ACTIONS } from './own-key.ts';

export interface AlertTopicProps {
  readonly displayName: string;
  /** Address that gets mail once it has confirmed. @default none */
  readonly email?: string | undefined;
  /** Key to encrypt with, which CloudWatch may use. @default a key of the topic's own */
  readonly key: IKey | undefined;
}

/** A deleted key can be brought back for so long. */
const KEY_PENDING_DAYS = 7;

/**
 * Where alarms go: encrypted, TLS only, and open to CloudWatch's alarms of this account. A key of our own,
 * because CloudWatch cannot publish to a topic under the key that AWS manages for SNS.
 */
export class AlertTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { displayName, email, key }: AlertTopicProps) {
    super(scope, id);
    const masterKey = key ?? this.#ownKey(`Encrypts ${displayName}`);
    this.topic = new Topic(this, 'Topic', { displayName, masterKey, enforceSSL: true });
    // The policy for TLS takes the place of the default one, which would have let CloudWatch in.
    this.topic.addToResourcePolicy(this.#forAlarms(['sns:Publish'], this.topic.topicArn));
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
  }

  #ownKey(description: string): Key {
    const key = new Key(this, 'Key', {
      description,
      enableKeyRotation: true,
      pendingWindow: Duration.days(KEY_PENDING_DAYS),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    key.addToResourcePolicy(this.#forAlarms([...TOPIC_KEY_ACTIONS], '*'));
    return key;
  }

  #forAlarms(actions: string[], resource: string): PolicyStatement {
    const stack = Stack.of(this);
    const alarms = stack.formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    return new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions,
      resources: [resource],
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: { 'aws:SourceArn': alarms },
      },
    });
  }
}
