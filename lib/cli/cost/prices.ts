/** AWS list prices that apply to a pipeline, in US dollars. No free tier is deducted. */

/** Region and month of the prices below; other regions differ by up to about 25 %. */
export const PRICES_OF = { region: 'us-east-1', month: '2026-02' } as const;

/** AWS's month. */
const HOURS_PER_MONTH = 730;
export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;

/** US dollars per unit, from each service's public price page. */
export const PRICES = {
  /** arm64 */
  lambdaGbSecond: 0.0000133334,
  lambdaRequest: 0.2e-6,
  /** Standard workflows; a retry is another transition. */
  stateTransition: 0.025e-3,
  /** Put and list requests. */
  s3Put: 0.005e-3,
  s3Get: 0.0004e-3,
  s3GbMonth: 0.023,
  /** On demand; a write of up to 1 KB. */
  dynamoDbWrite: 0.625e-6,
  /** On demand, a strongly consistent read of up to 4 KB. */
  dynamoDbRead: 0.125e-6,
  /** Athena, per byte that a query reads. It charges for at least athenaLeastBytes. */
  athenaByte: 5e-12,
  athenaLeastBytes: 10e6,
  secretMonth: 0.4,
  secretRead: 0.05e-4,
  metricMonth: 0.3,
  /** Per metric that an alarm watches, standard resolution. */
  alarmMetricMonth: 0.1,
  dashboardMonth: 3,
  logGb: 0.5,
  logGbMonth: 0.03,
  schedulerInvocation: 1e-6,
  customEvent: 1e-6,
  trace: 5e-6,
  kmsKeyMonth: 1,
  kmsRequest: 0.03e-4,
} as const;
