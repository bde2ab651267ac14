/** Resources that cost money even if nothing runs, counted in the deployed templates. Pure. */
import { METRICS } from '../../../functions/core/metrics.ts';
import { isOptional, type ObjectName } from '../../../functions/core/names.ts';

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** How many resources of each kind are paid by the month. */
export interface Standing {
  readonly secrets: number;
  readonly metrics: number;
  /** AWS charges for an alarm by the metrics that it watches. */
  readonly alarmMetrics: number;
  readonly dashboards: number;
  readonly keys: number;
}

/** How many metrics an alarm watches: one, or those in its calculation. */
function watchedBy(properties: Readonly<Record<string, unknown>>): number {
  const { Metrics } = properties as { readonly Metrics?: readonly { readonly MetricStat?: unknown }[] };
  return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
}

/** How many objects have metrics of their own with `monitoring: 'detailed'`. */
export const inDetailOf = (objects: readonly ObjectName[]): number =>
  objects.filter((object) => !isOptional(object)).length;

/** @param objectsInDetail how many objects have metrics of their own (`monitoring: 'detailed'`) */
export function standingOf(templates: readonly Template[], objectsInDetail: number): Standing {
  const resources = templates.flatMap((template) => Object.values(template.Resources));
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const alarms = ofType('AWS::CloudWatch::Alarm').map(({ Properties = {} }) => watchedBy(Properties));
  return {
    secrets: ofType('AWS::SecretsManager::Secret').length,
    metrics: Object.keys(METRICS).length * (1 + objectsInDetail),
    alarmMetrics: alarms.reduce((sum, one) => sum + one, 0),
    dashboards: ofType('AWS::CloudWatch::Dashboard').length,
    keys: ofType('AWS::KMS::Key').length,
  };
}
