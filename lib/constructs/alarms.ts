import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
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
import { isOptional, type ObjectName } from '../../functions/core/names.ts';
import type { MetricsDetail } from '../../functions/environment.ts';
import { type AlarmWindow, memoryWindow, silenceWindow } from './alarm-windows.ts';

export interface AlarmsProps {
  readonly pipelineName: string;
  readonly objects: readonly ObjectName[];
  readonly stateMachine: IStateMachine;
  /** The functions whose throttles count: those that run most. */
  readonly busiest: readonly Busy[];
  readonly topic: ITopic;
  /** The alarm goes off after this many intervals without a successful run. */
  readonly missedIntervals: number;
  /** How often the objects run; null if the schedules are paused. */
  readonly intervals: RunIntervals | null;
  /** `detailed` adds alarms per object. */
  readonly detail: MetricsDetail;
  /** The queue for scheduled starts that failed for good. */
  readonly deadLetters: IQueue;
}

/** An extractor that runs many times at once. */
export interface Busy {
  readonly object: ObjectName;
  readonly function: IFunction;
}

/** The longest time between two runs, in minutes, for the most frequent and for the rarest schedule. */
export interface RunIntervals {
  readonly shortestMinutes: number;
  readonly longestMinutes: number;
}

/** A metric of the pipeline, or of one of its objects. */
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
  /** What happened, and what to do next. */
  readonly description: string;
  /**
   * One metric, never a calculation: AWS documents how an alarm treats a metric without data, but not how a calculation
   * treats a metric that never had any.
   */
  readonly metric: (period: Duration) => IMetric;
  readonly window: AlarmWindow;
  readonly missing: TreatMissingData;
  /**
   * The metric counts what should happen, so the alarm is about its absence: it notifies when it goes from OK to
   * INSUFFICIENT_DATA. It begins in that state, so it only notifies after the first data. @default false
   */
  readonly isForSilence?: boolean;
}

const ONE_PERIOD: AlarmWindow = { periodSeconds: 300, evaluationPeriods: 1 };

/** Throttling comes in bursts; the alarm stays on between them. */
const AN_HOUR: AlarmWindow = { periodSeconds: 900, evaluationPeriods: 4 };

const intervalText = (minutes: number): string =>
  minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} minutes`;

/** The alarms of a pipeline. All of them notify one topic. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];
  readonly #topic: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#topic = new SnsAction(props.topic);
    const specs = { ...alarmsOfPipeline(props), ...(props.detail === 'detailed' && alarmsOfObjects(props)) };
    this.all = Object.entries(specs).map(([name, spec]) => this.#alarm(name, spec));
  }

  #alarm(name: string, { description, metric, window, missing, isForSilence = false }: AlarmSpec): Alarm {
    const alarm = new Alarm(this, name, {
      alarmDescription: description,
      metric: metric(Duration.seconds(window.periodSeconds)),
      threshold: 1,
      // One bad period is enough. An alarm for silence never reaches ALARM, because a sample counts at least one.
      comparisonOperator: isForSilence
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: window.evaluationPeriods,
      datapointsToAlarm: 1,
      treatMissingData: missing,
    });
    if (isForSilence) alarm.addInsufficientDataAction(this.#topic);
    else alarm.addAlarmAction(this.#topic);
    return alarm;
  }
}

function alarmsOfPipeline(props: AlarmsProps): Readonly<Record<string, AlarmSpec>> {
  const { pipelineName: name, stateMachine, busiest, intervals, deadLetters } = props;
  const memory = memoryWindow(intervals?.longestMinutes ?? null);
  const most = (metric: MetricName) => (period: Duration) =>
    pipelineMetric(name, metric, 'Maximum', { period });
  const ofRuns = (what: string, metric: AlarmSpec['metric']): AlarmSpec => ({
    description: `A run of the pipeline '${name}' ${what}. What it committed is safe, and the next run continues from there. Next: 'npm run pipeline -- status' shows which objects failed and why. If the run could not begin, the cause of its execution in Step Functions says why.`,
    metric,
    window: memory,
    // Step Functions reports only runs that end. Without one, nothing failed.
    missing: TreatMissingData.NOT_BREACHING,
  });
  return {
    RunFailed: ofRuns('failed', (period) => stateMachine.metricFailed({ period, statistic: 'Sum' })),
    RunAborted: ofRuns('was aborted', (period) => stateMachine.metricAborted({ period, statistic: 'Sum' })),
    RunTimedOut: ofRuns('timed out', (period) => stateMachine.metricTimedOut({ period, statistic: 'Sum' })),
    ObjectFailedTwice: {
      description: `An object of the pipeline '${name}' failed in two or more runs in a row, so it will not recover by itself. Its cursor stays and nothing is lost. Next: 'npm run pipeline -- status' shows which object and why, and 'npm run pipeline -- check' shows whether a permission is missing.`,
      metric: most('ObjectsFailedRepeatedly'),
      window: memory,
      // Only runs report this; nothing fails between them.
      missing: TreatMissingData.NOT_BREACHING,
    },
    ConnectionLost: {
      description: `Intercom does not accept the access token of the pipeline '${name}', it belongs to another workspace, or a replacement of the workspace was interrupted. No run can read anything. Next: 'npm run pipeline -- connect' authorizes it again; runs then continue where they stopped. If 'npm run pipeline -- check' reports an interrupted replacement, use 'npm run pipeline -- connect --replace-workspace' instead.`,
      metric: most('ConnectionLost'),
      window: ONE_PERIOD,
      // Every start of a run reports 0 or 1. Until one reports 0, the connection stays lost.
      missing: TreatMissingData.IGNORE,
    },
    OldDebts: {
      description: `The pipeline '${name}' has not been able to read some records or time ranges for more than a day, although every run tries. Everything else continues. Next: 'npm run pipeline -- status' shows the objects, and completeness.debts in their manifests has the ranges and reasons. 'npm run pipeline -- resync <object>' reads an object from its beginning.`,
      metric: most('OldDebts'),
      window: memory,
      // Only runs report this, and the window covers the last ones.
      missing: TreatMissingData.NOT_BREACHING,
    },
    ...Object.fromEntries(
      busiest.map(({ object, function: busy }): [string, AlarmSpec] => [
        `Throttled-${object}`,
        {
          description: `Lambda refused invocations of the extractor of ${object} of the pipeline '${name}', because the concurrency of the account (or what is reserved for the pipeline) is used up. The pipeline loses nothing and retries for hours, but other functions of the account may be refused too. Next: lower 'parallelism' in the configuration, or ask AWS for a higher limit of concurrent executions in Service Quotas.`,
          metric: (period) => busy.metricThrottles({ period, statistic: 'Sum' }),
          window: AN_HOUR,
          // Without an invocation, none was refused.
          missing: TreatMissingData.NOT_BREACHING,
        },
      ]),
    ),
    ...silenceAlarm(props),
    DeadLetters: {
      description: `A schedule of the pipeline '${name}' could not start a run. The failed start is in the dead-letter queue. Next: read a message there (its attributes ERROR_CODE and ERROR_MESSAGE say why), remove the cause, start a run with 'npm run pipeline -- run', and purge the queue.`,
      metric: (period: Duration) =>
        deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
      window: ONE_PERIOD,
      // A queue that has been empty for hours reports nothing.
      missing: TreatMissingData.NOT_BREACHING,
    },
  };
}

function silenceAlarm(props: AlarmsProps): Readonly<Record<string, AlarmSpec>> {
  const { pipelineName: name, missedIntervals, intervals } = props;
  if (intervals === null) return {};
  const { shortestMinutes } = intervals;
  const silence = silenceWindow(missedIntervals, shortestMinutes);
  if (silence === null) return {};
  return {
    NoSuccessfulRun: {
      description: `No run of the pipeline '${name}' has succeeded for ${counted(silence.intervals, 'interval')} of ${intervalText(shortestMinutes)}: the data is getting old. A run that left every object to another one, which may be stuck, does not count. The state of this alarm is then INSUFFICIENT_DATA, as it is before the first successful run, when it does not notify. Next: 'npm run pipeline -- status'; if there were no runs at all, look at the schedules in EventBridge Scheduler.`,
      // Not the executions that succeeded: one that leaves every object to a stuck one succeeds too.
      metric: (period) => pipelineMetric(name, 'RunSeconds', 'SampleCount', { period }),
      window: silence.window,
      isForSilence: true,
      missing: TreatMissingData.MISSING,
    },
  };
}

/** The same alarms per object, so that each names its object. */
function alarmsOfObjects(props: AlarmsProps): Readonly<Record<string, AlarmSpec>> {
  const { pipelineName: name, objects, intervals } = props;
  const window = memoryWindow(intervals?.longestMinutes ?? null);
  const missing = TreatMissingData.NOT_BREACHING;
  const always = objects.filter((object) => !isOptional(object));
  const specs = always.flatMap((object): [string, AlarmSpec][] => {
    const most = (metric: MetricName) => (period: Duration) =>
      pipelineMetric(name, metric, 'Maximum', { period, object });
    return [
      [
        `ObjectFailedTwice-${object}`,
        {
          description: `${object} of the pipeline '${name}' failed in two or more runs in a row. Next: 'npm run pipeline -- status' shows why.`,
          metric: most('ObjectsFailedRepeatedly'),
          window,
          missing,
        },
      ],
      [
        `OldDebts-${object}`,
        {
          description: `The pipeline '${name}' has not been able to read part of ${object} for more than a day. Next: completeness.debts in its last manifest shows what is missing.`,
          metric: most('OldDebts'),
          window,
          missing,
        },
      ],
    ];
  });
  return Object.fromEntries(specs);
}
