/**
 * What CloudWatch makes of the alarms of a template, from Amazon's description of how alarms evaluate metrics and
 * treat missing data. Each run falls into a period of its own, and all of them are looked back on.
 */
import type { StackTemplate } from '../../../lib/template/intrinsics.ts';
import type { Sample } from '../emf.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

interface Alarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Statistic: 'Sum' | 'Maximum' | 'SampleCount';
  readonly Threshold: number;
  readonly ComparisonOperator: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: 'missing' | 'ignore' | 'breaching' | 'notBreaching';
}

export type Point = Pick<Sample, 'namespace' | 'name' | 'value'>;

/** The value of one period; null without data. */
function datapointOf({ Namespace, MetricName, Statistic }: Alarm, points: readonly Point[]): number | null {
  const values = points
    .filter(({ namespace, name }) => namespace === Namespace && name === MetricName)
    .map(({ value }) => value);
  if (values.length === 0) return null;
  if (Statistic === 'SampleCount') return values.length;
  return Statistic === 'Maximum' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
}

function stateOf(alarm: Alarm, before: AlarmState, periods: readonly (readonly Point[])[]): AlarmState {
  const values = periods.map((points) => datapointOf(alarm, points)).filter((value) => value !== null);
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
    }));
  const states = new Map<string, AlarmState>(alarms.map(({ name }) => [name, 'INSUFFICIENT_DATA']));
  return {
    /** Looks at these periods. @returns the state of each alarm that is neither OK nor without data */
    evaluate(periods: readonly (readonly Point[])[]): readonly string[] {
      for (const { name, alarm } of alarms)
        states.set(name, stateOf(alarm, states.get(name) ?? 'INSUFFICIENT_DATA', periods));
      return [...states].flatMap(([name, state]) => (state === 'ALARM' ? [name] : []));
    },
    stateOf: (name: string) => states.get(name),
  };
}
