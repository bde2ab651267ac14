import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { counted } from '../../functions/core/counted.ts';
import {
  METRIC_NAMESPACE,
  type MetricName,
  OBJECT_DIMENSION,
  PIPELINE_DIMENSION,
} from '../../functions/core/metrics.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type { MetricsDetail } from '../../functions/environment.ts';
import { type AlarmWindow, memoryWindow, silenceWindow } from './alarm-windows.ts';

export interface AlarmsProps {
  readonly pipelineName: string;
  readonly objects: readonly ObjectName[];
  readonly stateMachine: IStateMachine;
  readonly topic: ITopic;
  /** Intervals without a successful run that are too many. */
  readonly missedIntervals: number;
  /** How often the objects run; null where the schedules are paused. */
  readonly intervals: RunIntervals | null;
  /** `detailed`: alarms per object as well. */
  readonly detail: MetricsDetail;
  /** Where schedules put what they could not start. */
  readonly deadLetters: IQueue;
}

/** Minutes, at most, between two runs of one schedule: of the schedule that runs most often, and of the rarest. */
export interface RunIntervals {
  readonly shortestMinutes: number;
  readonly longestMinutes: number;
}

/** A metric of the pipeline, or of one object of it. */
export const pipelineMetric = (
  pipelineName: string,
  metricName: MetricName,
  statistic: 'Sum' | 'Maximum' | 'Average' | 'SampleCount',
  { period = Duration.minutes(5), object }: { period?: Duration; object?: ObjectName } = {},
): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    statistic,
    period,
    dimensionsMap: {
      [PIPELINE_DIMENSION]: pipelineName,
      ...(object !== undefined && { [OBJECT_DIMENSION]: object }),
    },
  });

interface AlarmSpec {
  /** What has happened, and what to do next. */
  readonly description: string;
  readonly metric: (period: Duration) => IMetric;
  readonly window: AlarmWindow;
  readonly missing: TreatMissingData;
  /** What is too little instead of too much. @default at least 1 is too much */
  readonly whenNone?: boolean;
}

const ONE_PERIOD: AlarmWindow = { periodSeconds: 300, evaluationPeriods: 1 };

const intervalText = (minutes: number): string =>
  minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} minutes`;

/** The alarms of a pipeline, each to the one topic. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];
  readonly #topic: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#topic = new SnsAction(props.topic);
    const specs = { ...alarmsOfPipeline(props), ...(props.detail === 'detailed' && alarmsOfObjects(props)) };
    this.all = Object.entries(specs).map(([name, spec]) => this.#alarm(name, spec));
  }

  #alarm(name: string, { description, metric, window, missing, whenNone = false }: AlarmSpec): Alarm {
    const alarm = new Alarm(this, name, {
      alarmDescription: description,
      metric: metric(Duration.seconds(window.periodSeconds)),
      threshold: 1,
      comparisonOperator: whenNone
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: window.evaluationPeriods,
      // Something happened in any period; nothing happened in all of them.
      datapointsToAlarm: whenNone ? window.evaluationPeriods : 1,
      treatMissingData: missing,
    });
    alarm.addAlarmAction(this.#topic);
    return alarm;
  }
}

function alarmsOfPipeline(props: AlarmsProps): Readonly<Record<string, AlarmSpec>> {
  const { pipelineName: name, stateMachine, intervals, deadLetters } = props;
  const memory = memoryWindow(intervals?.longestMinutes ?? null);
  const most = (metric: MetricName) => (period: Duration) =>
    pipelineMetric(name, metric, 'Maximum', { period });
  return {
    RunFailed: {
      description: `A run of the pipeline '${name}' failed, was aborted or timed out. What it committed is safe, and the next run goes on from there. Next: 'npm run pipeline -- status' names the objects that failed and why; a run that could not begin says why in the cause of its execution in Step Functions.`,
      metric: (period) =>
        new MathExpression({
          label: 'Runs failed, aborted or timed out',
          expression: 'FILL(failed, 0) + FILL(aborted, 0) + FILL(timedOut, 0)',
          usingMetrics: {
            failed: stateMachine.metricFailed({ period, statistic: 'Sum' }),
            aborted: stateMachine.metricAborted({ period, statistic: 'Sum' }),
            timedOut: stateMachine.metricTimedOut({ period, statistic: 'Sum' }),
          },
          period,
        }),
      window: memory,
      // Step Functions tells only of runs that end; without one nothing failed.
      missing: TreatMissingData.NOT_BREACHING,
    },
    ObjectFailedTwice: {
      description: `An object of the pipeline '${name}' failed in two or more runs in a row, so it will not get better by itself. Its cursor stays, nothing is lost. Next: 'npm run pipeline -- status' says which object and why, and 'npm run pipeline -- check' whether a permission is missing.`,
      metric: most('ObjectsFailedRepeatedly'),
      window: memory,
      // Only runs tell; between them nothing fails.
      missing: TreatMissingData.NOT_BREACHING,
    },
    ConnectionLost: {
      description: `Intercom does not accept the access token of the pipeline '${name}', or it is that of another workspace: no run can read anything. Next: 'npm run pipeline -- connect' authorizes it again; runs then go on from where they were.`,
      metric: most('ConnectionLost'),
      window: ONE_PERIOD,
      // Every start of a run tells 0 or 1; until one tells 0, the connection is as lost as it was.
      missing: TreatMissingData.IGNORE,
    },
    OldDebts: {
      description: `Records or time ranges of the pipeline '${name}' are unread for more than a day though every run tries; everything else goes on. Next: 'npm run pipeline -- status' names the objects, and completeness.debts in their manifests the ranges and reasons. 'npm run pipeline -- resync <object>' reads one from its beginning.`,
      metric: most('OldDebts'),
      window: memory,
      // Only runs tell; what the last ones told is in the window.
      missing: TreatMissingData.NOT_BREACHING,
    },
    ...silenceAlarm(props),
    DeadLetters: {
      description: `A schedule of the pipeline '${name}' could not start a run, and what it would have started lies in the queue of dead letters. Next: read a message there (its attributes ERROR_CODE and ERROR_MESSAGE say why), remove the cause, start a run with 'npm run pipeline -- run', and purge the queue.`,
      metric: (period: Duration) =>
        deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
      window: ONE_PERIOD,
      // A queue that nothing was in for hours reports nothing.
      missing: TreatMissingData.NOT_BREACHING,
    },
  };
}

function silenceAlarm(props: AlarmsProps): Readonly<Record<string, AlarmSpec>> {
  const { pipelineName: name, missedIntervals, intervals, stateMachine } = props;
  if (intervals === null) return {};
  const { shortestMinutes } = intervals;
  const silence = silenceWindow(missedIntervals, shortestMinutes);
  if (silence === null) return {};
  return {
    NoSuccessfulRun: {
      description: `No run of the pipeline '${name}' has succeeded for ${counted(silence.intervals, 'interval')} of ${intervalText(shortestMinutes)}: the data is getting old. A run that left every object to another one, which may be stuck, does not count. (Runs before the first connection do not count against it.) Next: 'npm run pipeline -- status'; if there were no runs at all, look at the schedules in EventBridge Scheduler.`,
      // Not the executions that succeeded: one that leaves every object to a stuck one succeeds too.
      metric: (period) =>
        new MathExpression({
          label: 'Successful runs, and runs before the first connection',
          // A run before the first connection succeeds, but its start reports nothing about a connection.
          expression: 'FILL(runs, 0) + (FILL(succeeded, 0) > FILL(connected, 0))',
          usingMetrics: {
            runs: pipelineMetric(name, 'RunSeconds', 'SampleCount', { period }),
            succeeded: stateMachine.metricSucceeded({ period, statistic: 'Sum' }),
            connected: pipelineMetric(name, 'ConnectionLost', 'SampleCount', { period }),
          },
          period,
        }),
      window: silence.window,
      whenNone: true,
      // No run at all is the very thing to be told of.
      missing: TreatMissingData.BREACHING,
    },
  };
}

/** The same per object, so that the alarm names it. */
function alarmsOfObjects(props: AlarmsProps): Readonly<Record<string, AlarmSpec>> {
  const { pipelineName: name, objects, intervals } = props;
  const window = memoryWindow(intervals?.longestMinutes ?? null);
  const missing = TreatMissingData.NOT_BREACHING;
  const specs = objects.flatMap((object): [string, AlarmSpec][] => {
    const most = (metric: MetricName) => (period: Duration) =>
      pipelineMetric(name, metric, 'Maximum', { period, object });
    return [
      [
        `ObjectFailedTwice-${object}`,
        {
          description: `${object} of the pipeline '${name}' failed in two or more runs in a row. Next: 'npm run pipeline -- status' says why.`,
          metric: most('ObjectsFailedRepeatedly'),
          window,
          missing,
        },
      ],
      [
        `OldDebts-${object}`,
        {
          description: `Something of ${object} of the pipeline '${name}' is unread for more than a day. Next: completeness.debts in its last manifest names it.`,
          metric: most('OldDebts'),
          window,
          missing,
        },
      ],
    ];
  });
  return Object.fromEntries(specs);
}
