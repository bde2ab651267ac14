import { describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { parseRunInput } from '../../functions/config/run-input.ts';
import { DEFAULT_OBJECTS } from '../../functions/core/names.ts';
import { synthesis } from '../support/infra/synthesis.ts';

interface Schedule {
  readonly Description: string;
  readonly GroupName: unknown;
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone?: string;
  readonly FlexibleTimeWindow: unknown;
  readonly State: string;
  readonly Target: {
    readonly Arn: unknown;
    readonly RoleArn: unknown;
    readonly Input: string;
    readonly DeadLetterConfig: unknown;
    readonly RetryPolicy: {
      readonly MaximumEventAgeInSeconds: number;
      readonly MaximumRetryAttempts: number;
    };
  };
}

function resourcesOf(config: PipelineConfig, type: string): readonly (readonly [string, unknown])[] {
  return Object.entries(synthesis(config).templates.pipeline.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([logicalId, { Properties }]) => [logicalId, Properties]);
}

const schedulesOf = (config: PipelineConfig = {}) =>
  resourcesOf(config, 'AWS::Scheduler::Schedule') as readonly (readonly [string, Schedule])[];

function onlyOne(config: PipelineConfig = {}): Schedule {
  const [first, ...others] = schedulesOf(config);
  expect(others).toEqual([]);
  if (first === undefined) throw new Error('There is no schedule.');
  return first[1];
}

const namesOf = (config: PipelineConfig) => schedulesOf(config).map(([logicalId]) => logicalId);

const SIX_HOURS = { every: '6 hours' };

describe('a schedule', () => {
  test('of all objects starts the workflow with the input {}', () => {
    expect(onlyOne()).toMatchObject({
      ScheduleExpression: 'rate(1 hour)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      GroupName: { Ref: expect.stringMatching(/^SchedulesGroup/) },
      Target: {
        Arn: { Ref: expect.stringMatching(/^WorkflowStateMachine/) },
        RoleArn: { 'Fn::GetAtt': [expect.stringMatching(/^SchedulesRole/), 'Arn'] },
        Input: '{}',
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^SchedulesDeadLetters/), 'Arn'] } },
      },
    });
  });

  test('is one per frequency, with its objects as input', () => {
    const config: PipelineConfig = {
      objects: ['contacts', 'companies', 'tags', 'teams', 'tickets'],
      frequency: { every: '30 minutes' },
      objectFrequency: {
        tags: { every: '360 minutes' },
        companies: SIX_HOURS,
        tickets: { cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' },
        teams: { every: '30 minutes' },
      },
    };
    const found = schedulesOf(config).map(([logicalId, schedule]) => [
      logicalId.slice(0, -8),
      schedule.ScheduleExpression,
      schedule.ScheduleExpressionTimezone,
      JSON.parse(schedule.Target.Input),
    ]);
    expect(found).toEqual([
      ['SchedulesMain', 'rate(30 minutes)', undefined, { objects: ['contacts', 'teams'] }],
      ['SchedulesCompanies', 'rate(6 hours)', undefined, { objects: ['companies', 'tags'] }],
      ['SchedulesTickets', 'cron(0 6 ? * MON-FRI *)', 'Europe/Berlin', { objects: ['tickets'] }],
    ]);
  });

  test('has an input that the workflow accepts', () => {
    const config = { objects: [...DEFAULT_OBJECTS] };
    const rules = { config, isIncremental: () => true, now: 0 };
    const inputs = schedulesOf({ objectFrequency: { tags: SIX_HOURS, teams: SIX_HOURS } }).map(
      ([, { Target }]) => parseRunInput(JSON.parse(Target.Input), rules),
    );
    expect(inputs.flatMap(({ objects }) => objects).toSorted()).toEqual(DEFAULT_OBJECTS.toSorted());
  });

  test('keeps its logical id when its frequency changes', () => {
    const before = namesOf({ objectFrequency: { tags: SIX_HOURS, teams: SIX_HOURS } });
    const after = namesOf({
      frequency: { cron: '0 6 * * *' },
      objectFrequency: { tags: { every: '1 day' }, teams: { every: '1 day' } },
    });
    expect(before).toHaveLength(2);
    expect(after).toEqual(before);
  });

  test('can be paused by configuration, and still exists then', () => {
    const states = schedulesOf({ paused: true, objectFrequency: { tags: SIX_HOURS } }).map(
      ([, { State }]) => State,
    );
    expect(states).toEqual(['DISABLED', 'DISABLED']);
  });

  test.each([
    [{ every: '15 minutes' }, 450],
    [{ every: '1 hour' }, 1_800],
    [{ every: '3 days' }, 86_400],
    // The night without 02:00 makes two hours of three.
    [{ cron: '0 0,3,6,9,12,15,18,21 * * *', timezone: 'Europe/Berlin' }, 3_600],
  ])('%j is retried for half of its shortest interval, a day at most', (frequency, seconds) => {
    const { RetryPolicy } = onlyOne({ frequency }).Target;
    expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: seconds, MaximumRetryAttempts: 185 });
  });
});

describe('dead letters', () => {
  test('are kept for two weeks, encrypted, over TLS only', () => {
    const [[, queue] = []] = resourcesOf({}, 'AWS::SQS::Queue');
    expect(queue).toEqual({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
    const [[, policy] = []] = resourcesOf({}, 'AWS::SQS::QueuePolicy');
    expect(policy).toMatchObject({
      PolicyDocument: {
        Statement: [
          { Effect: 'Deny', Action: 'sqs:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        ],
      },
    });
  });
});

test('the role is for the schedules of this group alone', () => {
  const [, role] =
    resourcesOf({}, 'AWS::IAM::Role').find(([logicalId]) => logicalId.startsWith('SchedulesRole')) ?? [];
  expect(role).toMatchObject({
    AssumeRolePolicyDocument: {
      Statement: [
        {
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: {
            StringEquals: {
              'aws:SourceAccount': { Ref: 'AWS::AccountId' },
              'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/^SchedulesGroup/), 'Arn'] },
            },
          },
        },
      ],
    },
  });
});
