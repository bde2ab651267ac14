/**
 * The custom metrics of a pipeline, spelled once: the functions emit these, alarms and dashboard ask for these.
 * Ten, with the dimension Pipeline alone, are what a pipeline costs by default; what only people look at per
 * object is a line in a log.
 */

export const METRIC_NAMESPACE = 'IntercomPipeline';

/** Dimensions; `OBJECT_DIMENSION` only where the deployment asks for detail. */
export const PIPELINE_DIMENSION = 'Pipeline';
export const OBJECT_DIMENSION = 'Object';

/** Names and units. What an alarm watches is emitted as 0 too, or the alarm would never end. */
export const METRICS = {
  /** Rows of one object, all its tables, by FinishRun. */
  RowsWritten: 'Count',
  /**
   * From the run's start to its end, by FinishRun; of runs that succeeded and did not leave every object to
   * another run. A run that skips whatever a stuck one holds would otherwise pass for success.
   */
  RunSeconds: 'Seconds',
  /** From the cursor of an incremental object to now, by FinishRun. */
  LagSeconds: 'Seconds',
  /** 1 for an object whose completeness is `short`, by FinishRun. */
  IncompleteObjects: 'Count',
  /** 1 for an object that failed in this run and in the one before, by FinishRun. */
  ObjectsFailedRepeatedly: 'Count',
  /** Debts of an object that are older than a day, by FinishRun. */
  OldDebts: 'Count',
  /** 1 where Intercom refuses the token, 0 where it takes it; by StartRun, and by RecordFailure in mid-run. */
  ConnectionLost: 'Count',
  /** Requests sent to Intercom, by whoever sends them. */
  Requests: 'Count',
  /** Those of them that were answered with 429. */
  RateLimited: 'Count',
  /** Requests per ten seconds that Intercom allows, as its answers say. */
  RateAllowance: 'Count',
} as const satisfies Readonly<Record<string, 'Count' | 'Seconds'>>;

export type MetricName = keyof typeof METRICS;

export type MetricValues = Readonly<Partial<Record<MetricName, number>>>;

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
