/** What a pipeline costs, as text. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { tableText } from '../terminal/table-text.ts';
import { MONTHS_STORED, monthlyBill, totalOf } from './bill.ts';
import { PRICES, PRICES_OF } from './prices.ts';
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

/** One column per workspace. */
export function costReport(
  sizes: Readonly<Record<string, Volumes>>,
  groups: readonly RunGroup[],
  standing: Standing,
): string {
  const volumes = Object.values(sizes);
  const bills = volumes.map((each) => monthlyBill(monthlyUsage(each, groups), standing));
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

List prices of ${PRICES_OF.region}, ${PRICES_OF.month}, without queries (Athena: 5 USD per TB read) and without free tiers.
CloudWatch's free tier covers the metrics, alarms and dashboard of the first pipeline in an account.
Schedules of this configuration: ${schedules.join('; ')}. Storage is the amount after ${MONTHS_STORED} months.`;
}
