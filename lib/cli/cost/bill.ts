/** Turns usage into dollars. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { PRICES } from './prices.ts';
import type { Standing } from './standing.ts';
import type { MonthlyUsage } from './usage.ts';

export interface BillLine {
  readonly what: string;
  readonly dollars: number;
  /** The usage behind it, as text. */
  readonly of: string;
}

/** How many months of data the storage line counts. */
export const MONTHS_STORED = 12;

const rounded = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** The bill of one month after a year of operation, most expensive lines first. */
export function monthlyBill(usage: MonthlyUsage, standing: Standing): readonly BillLine[] {
  const stored = usage.storedGbConstant + usage.storedGbPerMonth * MONTHS_STORED;
  const requests = usage.s3Puts + usage.s3Lists;
  const lines: readonly BillLine[] = [
    {
      what: 'Lambda',
      dollars: usage.gbSeconds * PRICES.lambdaGbSecond + usage.invocations * PRICES.lambdaRequest,
      of: `${rounded.format(usage.invocations)} invocations, ${rounded.format(usage.gbSeconds)} GB-seconds`,
    },
    {
      what: 'Step Functions',
      dollars: usage.stateTransitions * PRICES.stateTransition,
      of: `${rounded.format(usage.runs)} runs, ${rounded.format(usage.stateTransitions)} state transitions`,
    },
    {
      what: 'S3 requests',
      dollars: requests * PRICES.s3Put + usage.s3Gets * PRICES.s3Get,
      of: `${rounded.format(requests)} puts and lists, ${rounded.format(usage.s3Gets)} gets`,
    },
    {
      what: 'S3 storage',
      dollars: stored * PRICES.s3GbMonth,
      of: `${rounded.format(stored)} GB after ${MONTHS_STORED} months`,
    },
    {
      what: 'DynamoDB',
      dollars: usage.dynamoDbWrites * PRICES.dynamoDbWrite + usage.dynamoDbReads * PRICES.dynamoDbRead,
      of: `${rounded.format(usage.dynamoDbWrites)} writes, ${rounded.format(usage.dynamoDbReads)} reads`,
    },
    {
      what: 'Secrets Manager',
      dollars: standing.secrets * PRICES.secretMonth + usage.secretReads * PRICES.secretRead,
      of: counted(standing.secrets, 'secret'),
    },
    {
      what: 'CloudWatch metrics, alarms',
      dollars: standing.metrics * PRICES.metricMonth + standing.alarmMetrics * PRICES.alarmMetricMonth,
      of: `${counted(standing.metrics, 'metric')}, ${counted(standing.alarmMetrics, 'alarm metric')}`,
    },
    {
      what: 'CloudWatch dashboard',
      dollars: standing.dashboards * PRICES.dashboardMonth,
      of: 'the first three in an account are free',
    },
    {
      what: 'CloudWatch logs',
      dollars: usage.logGb * (PRICES.logGb + 3 * PRICES.logGbMonth),
      of: `${rounded.format(usage.logGb)} GB, kept three months`,
    },
    {
      what: 'Scheduler, events, traces',
      dollars: usage.runs * (PRICES.schedulerInvocation + PRICES.customEvent + PRICES.trace),
      of: 'one of each per run',
    },
    {
      what: 'KMS',
      dollars: standing.keys * PRICES.kmsKeyMonth,
      of: standing.keys === 0 ? "AWS's own keys" : 'its own key; requests cost less than a cent',
    },
  ];
  return lines.toSorted((one, other) => other.dollars - one.dollars);
}

export const totalOf = (lines: readonly BillLine[]): number =>
  lines.reduce((total, { dollars }) => total + dollars, 0);
