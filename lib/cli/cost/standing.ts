/** What stands in the account whether anything runs or not: counted in the templates that are deployed. Pure. */
import { METRICS } from '../../../functions/core/metrics.ts';

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** Paid by the month, each. */
export interface Standing {
  readonly secrets: number;
  readonly metrics: number;
  /** An alarm costs by the metrics it watches. */
  readonly alarmMetrics: number;
  readonly dashboards: number;
  readonly keys: number;
}

/** A metric by itself, or the metrics in a calculation. */
function watchedBy(properties: Readonly<Record<string, unknown>>): number {
  const { Metrics } = properties as { readonly Metrics?: readonly { readonly MetricStat?: unknown }[] };
  return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;
}

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
