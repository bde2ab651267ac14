/**
 * The custom metrics of a pipeline. The functions emit them; alarms and dashboard read them. By default a
 * pipeline pays for ten, with only the dimension Pipeline. Per-object figures that only people read are in
 * the log instead.
 */

export const METRIC_NAMESPACE = 'IntercomPipeline';

/** Dimensions. `OBJECT_DIMENSION` is used only if the deployment asks for detail. */
export const PIPELINE_DIMENSION = 'Pipeline';
export const OBJECT_DIMENSION = 'Object';

/** Names and units. A metric with an alarm is emitted as 0 too, or the alarm would never clear. */
export const METRICS = {
  /** Rows of one object over all its tables; by FinishRun. */
  RowsWritten: 'Count',
  /**
   * From the run's start to its end; by FinishRun, for runs that succeeded and did not skip every object.
   * Otherwise a run that skips everything because another run is stuck would count as a success.
   */
  RunSeconds: 'Seconds',
  /** From the cursor of an incremental object to now; by FinishRun. */
  LagSeconds: 'Seconds',
  /** 1 for an object whose completeness is `short`; by FinishRun. */
  IncompleteObjects: 'Count',
  /** 1 for an object that failed in this run and in the one before; by FinishRun. */
  ObjectsFailedRepeatedly: 'Count',
  /** Debts of an object that are older than a day; by FinishRun. */
  OldDebts: 'Count',
  /**
   * 1 if Intercom refuses the token, 0 if it accepts it; by StartRun, and by RecordFailure during a run. Runs
   * before the first connection report nothing.
   */
  ConnectionLost: 'Count',
  /** Requests sent to Intercom; by the function that sends them. */
  Requests: 'Count',
  /** Requests that Intercom answered with 429. */
  RateLimited: 'Count',
  /** Requests that Intercom allows per ten seconds, according to its answers. */
  RateAllowance: 'Count',
} as const satisfies Readonly<Record<string, 'Count' | 'Seconds'>>;

export type MetricName = keyof typeof METRICS;

export type MetricValues = Readonly<Partial<Record<MetricName, number>>>;

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
