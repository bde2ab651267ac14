import { Aws, Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Deployment } from '../../functions/config/deployment.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import { grantKey } from './access.ts';
import { pascalCase } from './extractors.ts';
import { type ObjectGroup, objectGroups } from './object-groups.ts';

export interface SchedulesProps {
  readonly pipelineName: string;
  /** The configured objects. */
  readonly objects: readonly ObjectName[];
  readonly deployment: Pick<Deployment, 'frequency' | 'objectFrequency' | 'paused'>;
  readonly stateMachine: IStateMachine;
  /** Encrypts the dead letters. @default a key of SQS */
  readonly key: IKey | undefined;
}

/** The longest that SQS keeps a message, because the person who reads it may be on holiday. */
const DEAD_LETTER_DAYS = 14;

/** AWS's own limits, so that only the retry time limits the number of attempts. */
const MAX_RETRY_SECONDS = 86_400;
const MAX_RETRY_ATTEMPTS = 185;

/** After half the interval, the next start is nearer than the missed one. */
const retrySeconds = ({ schedule }: ObjectGroup): number =>
  Math.min(MAX_RETRY_SECONDS, Math.floor(schedule.gaps.shortest / 2));

/**
 * Starts the workflow, with one schedule for the objects of each frequency. Scheduler may fire twice for one time. The
 * second run then finds the leases of its objects taken and skips all of them, which is not a failure.
 */
export class Schedules extends Construct {
  /** Starts that Step Functions did not accept within the retry time. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const { pipelineName, objects, deployment, stateMachine, key } = props;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
      enforceSSL: true,
      ...(key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: key }),
    });
    const group = new CfnScheduleGroup(this, 'Group');
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': group.attrArn } },
      }),
    });
    stateMachine.grantStartExecution(role);
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
    );
    grantKey(role, key, 'sqs', ['kms:GenerateDataKey', 'kms:Decrypt']);
    for (const each of objectGroups(objects, deployment)) {
      const schedule = new CfnSchedule(
        this,
        each.namedAfter === null ? 'Main' : pascalCase(each.namedAfter),
        {
          description: `Runs ${each.objects.join(', ')} of the ${pipelineName} pipeline`,
          groupName: group.ref,
          scheduleExpression: each.schedule.expression,
          ...(each.schedule.timezone !== null && { scheduleExpressionTimezone: each.schedule.timezone }),
          flexibleTimeWindow: { mode: 'OFF' },
          state: deployment.paused ? 'DISABLED' : 'ENABLED',
          target: {
            arn: stateMachine.stateMachineArn,
            roleArn: role.roleArn,
            input: JSON.stringify(each.objects.length === objects.length ? {} : { objects: each.objects }),
            deadLetterConfig: { arn: this.deadLetters.queueArn },
            retryPolicy: {
              maximumEventAgeInSeconds: retrySeconds(each),
              maximumRetryAttempts: MAX_RETRY_ATTEMPTS,
            },
          },
        },
      );
      // A rate fires as soon as it is created, and the role must have its rights by then.
      schedule.node.addDependency(role);
    }
  }
}
