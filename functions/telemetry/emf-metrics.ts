/** Metrics as log lines in CloudWatch's embedded metric format: no API call, no permission, no cost per request. */
import { Metrics as EmbeddedMetrics } from '@aws-lambda-powertools/metrics';
import {
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
  OBJECT_DIMENSION,
  PIPELINE_DIMENSION,
} from '../core/metrics.ts';
import { isOptional } from '../core/names.ts';
import type { Metrics } from '../core/ports.ts';
import type { MetricsDetail } from '../environment.ts';

export interface EmfOptions {
  readonly pipeline: string;
  /** `detailed` adds a metric per object. Otherwise the object is only a field of the log line. */
  readonly detail: MetricsDetail;
  /** Prints one line; the argument has no line break. */
  readonly print: (line: string) => void;
}

const ignore = (): void => undefined;

/** Powertools warns if two sets of dimensions overlap, but a metric per pipeline and per object needs that. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

export function createEmfMetrics({ pipeline, detail, print }: EmfOptions): Metrics {
  return {
    record(values, object) {
      const line = new EmbeddedMetrics({ namespace: METRIC_NAMESPACE, logger: SILENT });
      // Powertools would add the service name as a dimension, which would make them different metrics.
      line.clearDefaultDimensions();
      line.addDimensions({ [PIPELINE_DIMENSION]: pipeline });
      if (object !== undefined && detail === 'detailed' && !isOptional(object)) {
        line.addDimensions({ [PIPELINE_DIMENSION]: pipeline, [OBJECT_DIMENSION]: object });
      } else if (object !== undefined) {
        line.addMetadata(OBJECT_DIMENSION, object);
      }
      for (const [name, value] of Object.entries(values))
        line.addMetric(name, METRICS[name as MetricName], value);
      print(JSON.stringify(line.serializeMetrics()));
    },
  };
}
