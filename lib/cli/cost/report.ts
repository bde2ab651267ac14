/** What a pipeline costs, as text. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { tableText } from '../terminal/table-text.ts';
import { MONTHS_STORED, monthlyBill, totalOf } from './bill.ts';
import { DAYS_PER_MONTH, PRICES, PRICES_OF } from './prices.ts';
import { monthlyQueryDollars, QUERIED, type Queried, queryUsage } from './queries.ts';
import type { Standing } from './standing.ts';
import { initialLoad, monthlyUsage, type RunGroup, type Volumes } from './usage.ts';

const dollars = (amount: number): string => amount.toFixed(2);

const count = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** Requests per minute that Intercom allows an app by default (docs/intercom-api.md 2). */
const REQUESTS_PER_MINUTE = 10_000;

const HEADS: readonly (readonly [string, (volumes: Volumes) => number])[] = [
  ['contacts', ({ contacts }) => contacts],
  ['  changed a day', ({ changedContactsPerDay }) => changedContactsPerDay],
  ['companies', ({ companies }) => companies],
  ['conversations', ({ conversations }) => conversations],
  ['  changed a day', ({ changedConversationsPerDay }) => changedConversationsPerDay],
  ['tickets', ({ tickets }) => tickets],
  ['  changed a day', ({ changedTicketsPerDay }) => changedTicketsPerDay],
];

/** How often the table's object runs each day. */
const runsPerDay = (table: Queried, groups: readonly RunGroup[]): number =>
  (groups.find(({ objects }) => objects.includes(table))?.runsPerMonth ?? 0) / DAYS_PER_MONTH;

/** The cost of queries on each table, with and without compaction. */
function queryRows(
  volumes: readonly Volumes[],
  groups: readonly RunGroup[],
  perDay: number,
): readonly (readonly string[])[] {
  return QUERIED.filter((table) => runsPerDay(table, groups) > 0).flatMap((table) => {
    const cost = (each: Volumes, isCompacted: boolean): number =>
      monthlyQueryDollars(
        queryUsage(table, each, { runsPerDay: runsPerDay(table, groups), isCompacted }),
        perDay,
      );
    return [
      [
        `${counted(perDay, 'query', 'queries')} a day on ${table}`,
        ...volumes.map((each) => dollars(cost(each, true))),
      ],
      ['  without compaction', ...volumes.map((each) => dollars(cost(each, false)))],
    ];
  });
}

/** What else the bill depends on. */
export interface CostOptions {
  /** On each of the QUERIED tables. */
  readonly queriesPerDay: number;
  /** Whether `concurrency` is set. */
  readonly isCapped: boolean;
}

/** One column per workspace. */
export function costReport(
  sizes: Readonly<Record<string, Volumes>>,
  groups: readonly RunGroup[],
  standing: Standing,
  { queriesPerDay, isCapped }: CostOptions,
): string {
  const volumes = Object.values(sizes);
  const bills = volumes.map((each) => monthlyBill(monthlyUsage(each, groups, isCapped), standing));
  const loads = volumes.map((each) => initialLoad(each, groups));
  const [names = []] = bills.map((bill) => bill.map(({ what }) => what));
  const amounts = names.map((name) => [
    name,
    ...bills.map((bill) => dollars(bill.find(({ what }) => what === name)?.dollars ?? 0)),
  ]);
  const rows = [
    ['', ...Object.keys(sizes)],
    ...HEADS.map(([name, of]) => [name, ...volumes.map((each) => count.format(of(each)))]),
    ['', ...volumes.map(() => '')],
    ...amounts,
    ['USD a month', ...bills.map((bill) => dollars(totalOf(bill)))],
    ['', ...volumes.map(() => '')],
    ['plus your Athena queries', ...volumes.map(() => '')],
    ...queryRows(volumes, groups, queriesPerDay),
    ['', ...volumes.map(() => '')],
    ['first load, USD once', ...loads.map(({ gbSeconds }) => dollars(gbSeconds * PRICES.lambdaGbSecond))],
    [
      '  hours at the rate limit',
      ...loads.map(({ requests }) => (requests / REQUESTS_PER_MINUTE / 60).toFixed(1)),
    ],
  ];
  const schedules = groups.map(
    ({ objects, runsPerMonth }) =>
      `${counted(objects.length, 'object')} ${count.format(runsPerMonth)} times a month`,
  );
  return `${tableText(rows)}

List prices of ${PRICES_OF.region}, ${PRICES_OF.month}, without free tiers.\nAfter a year, a query reads every version in its table: 5 USD per TB, and requests for each file and each day's folder.
CloudWatch's free tier covers the metrics, alarms and dashboard of the first pipeline in an account.
Schedules of this configuration: ${schedules.join('; ')}. Storage is the amount after ${MONTHS_STORED} months.`;
}
