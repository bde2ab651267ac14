/**
 * What CloudWatch makes of the alarms of a template, from Amazon's description of how alarms evaluate metrics and
 * treat missing data ("Using Amazon CloudWatch alarms").
 */
import type { StackTemplate } from '../../../lib/template/intrinsics.ts';
import type { Sample } from '../emf.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

interface Alarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Statistic: 'Sum' | 'Maximum' | 'SampleCount';
  readonly Threshold: number;
  readonly ComparisonOperator: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  /** Seconds. */
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: 'missing' | 'ignore' | 'breaching' | 'notBreaching';
  readonly AlarmActions?: readonly unknown[];
  readonly InsufficientDataActions?: readonly unknown[];
}

/** A sample that CloudWatch has stored. */
export interface Point extends Pick<Sample, 'namespace' | 'name' | 'value'> {
  /** Missing for a metric of AWS about the pipeline's own resource. */
  readonly dimensions?: Sample['dimensions'];
  readonly atSeconds: number;
}

function isOf({ Namespace, MetricName, Dimensions }: Alarm, { namespace, name, dimensions }: Point): boolean {
  if (namespace !== Namespace || name !== MetricName) return false;
  if (dimensions === undefined) return true;
  const wanted = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
  return (
    JSON.stringify(Object.entries(wanted).toSorted()) ===
    JSON.stringify(Object.entries(dimensions).toSorted())
  );
}

function statistic({ Statistic }: Alarm, values: readonly number[]): number {
  if (Statistic === 'SampleCount') return values.length;
  return Statistic === 'Maximum' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
}

/** Values of the periods that the alarm looks at, without those that have no data. */
function datapointsOf(alarm: Alarm, points: readonly Point[], nowSeconds: number): readonly number[] {
  const periodOf = (seconds: number): number => Math.floor(seconds / alarm.Period);
  const last = periodOf(nowSeconds);
  const isLookedAt = (period: number): boolean => period <= last && period > last - alarm.EvaluationPeriods;
  const periods = Map.groupBy(
    points.filter((point) => isOf(alarm, point)),
    ({ atSeconds }) => periodOf(atSeconds),
  );
  return [...periods].flatMap(([period, own]) =>
    isLookedAt(period)
      ? [
          statistic(
            alarm,
            own.map(({ value }) => value),
          ),
        ]
      : [],
  );
}

function stateOf(alarm: Alarm, before: AlarmState, values: readonly number[]): AlarmState {
  if (values.length === 0) {
    const states = {
      missing: 'INSUFFICIENT_DATA',
      ignore: before,
      breaching: 'ALARM',
      notBreaching: 'OK',
    } as const;
    return states[alarm.TreatMissingData];
  }
  const isBreaching = (value: number) =>
    alarm.ComparisonOperator === 'LessThanThreshold' ? value < alarm.Threshold : value >= alarm.Threshold;
  return values.filter(isBreaching).length >= alarm.DatapointsToAlarm ? 'ALARM' : 'OK';
}

/** The alarms of a pipeline, from their creation on. */
export function createAlarms(templates: readonly StackTemplate[]) {
  const alarms = templates
    .flatMap(({ Resources }) => Object.entries(Resources))
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([id, { Properties }]) => ({
      name: id.replace(/^MonitoringAlarms|[0-9A-F]{8}$/g, ''),
      alarm: Properties as unknown as Alarm,
      state: 'INSUFFICIENT_DATA' as AlarmState,
      /** Somebody was told, and it is not over. */
      isRed: false,
    }));
  return {
    /** Looks at everything that was stored until now. @returns the alarms that have told somebody and are not over */
    evaluate(points: readonly Point[], nowSeconds: number): readonly string[] {
      for (const one of alarms) {
        const { alarm, state: before } = one;
        one.state = stateOf(alarm, before, datapointsOf(alarm, points, nowSeconds));
        const actions = { ALARM: alarm.AlarmActions, INSUFFICIENT_DATA: alarm.InsufficientDataActions };
        if (one.state === 'OK') one.isRed = false;
        else if (one.state !== before) one.isRed = (actions[one.state]?.length ?? 0) > 0;
      }
      return alarms.flatMap(({ name, isRed }) => (isRed ? [name] : []));
    },
    stateOf: (name: string) => alarms.find((one) => one.name === name)?.state,
    names: alarms.map(({ name }) => name),
  };
}
