/** Translates frequencies for EventBridge Scheduler, and works out when they fire. */
import { Cron } from 'croner';
import { type CronField, type CronFields, DAYS_OF_WEEK, parseCron } from '../../functions/config/cron.ts';
import {
  type CronFrequency,
  type Frequency,
  MIN_INTERVAL_MINUTES,
} from '../../functions/config/deployment.ts';

export interface Schedule {
  /** `rate(1 hour)`, `cron(0 6 ? * MON-FRI *)` */
  readonly expression: string;
  /** Null for a rate, which has no time of day. */
  readonly timezone: string | null;
  /** Seconds between consecutive firings, clock changes included. */
  readonly gaps: Gaps;
}

export interface Gaps {
  readonly shortest: number;
  readonly longest: number;
}

/** How many firings are checked: enough for ten days of quarter hours and for years of daily ones. */
const FIRINGS = 1_000;

const DAY_MS = 86_400_000;

/** Two years contain every clock change of a zone, even if the next thousand firings do not reach one. */
const CHANGES_DAYS = 731;

const UNITS = [
  ['day', 1440],
  ['hour', 60],
  ['minute', 1],
] as const;

function rate(minutes: number): string {
  const [unit, size] = UNITS.find(([, each]) => minutes % each === 0) ?? ['minute', 1];
  const count = minutes / size;
  return `rate(${count} ${unit}${count === 1 ? '' : 's'})`;
}

/** `*` for all values, a range if they form one, otherwise a list. No more of AWS's syntax is needed. */
function field({ values }: CronField, count: number, text: (value: number) => string = String): string {
  const [first = 0] = values;
  const last = values.at(-1) ?? first;
  if (values.length === count) return '*';
  const isRange = values.length > 2 && last - first === values.length - 1;
  return isRange ? `${text(first)}-${text(last)}` : values.map(text).join(',');
}

/** Names instead of numbers, because AWS counts the days of the week from 1. */
const dayName = (day: number): string => DAYS_OF_WEEK[day] ?? String(day);

/**
 * AWS's six fields: minutes, hours, day-of-month, month, day-of-week, year. One of the two days must be `?`.
 * Null if both days are restricted: Unix cron fires on either of them, and AWS accepts only one.
 */
export function awsCron(cron: CronFields): string | null {
  const { daysOfMonth, daysOfWeek } = cron;
  if (!daysOfMonth.isAny && !daysOfWeek.isAny) return null;
  const days = daysOfWeek.isAny ? [field(daysOfMonth, 31), '?'] : ['?', field(daysOfWeek, 7, dayName)];
  const [dayOfMonth, dayOfWeek] = days;
  return `cron(${field(cron.minutes, 60)} ${field(cron.hours, 24)} ${dayOfMonth} ${field(cron.months, 12)} ${dayOfWeek} *)`;
}

/** The middle of each day on which the offset of a zone changes, from `from` on. */
function clockChanges(timezone: string, from: number): readonly number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' });
  const offsets = Array.from({ length: CHANGES_DAYS }, (_, day) => {
    const parts = format.formatToParts(from + day * DAY_MS);
    return parts.find(({ type }) => type === 'timeZoneName')?.value;
  });
  return offsets.flatMap((offset, day) => {
    const next = offsets[day + 1] ?? offset;
    return offset === next ? [] : [from + (day + 0.5) * DAY_MS];
  });
}

function firingsBetween(job: Cron, from: number, to: number): readonly Date[] {
  const found: Date[] = [];
  let next = job.nextRun(new Date(from));
  while (next !== null && next.getTime() < to) {
    found.push(next);
    next = job.nextRun(next);
  }
  return found;
}

/** Series of consecutive firings: the next ones, and those from a day before to a day after each clock change. */
function firings({ cron, timezone }: CronFrequency, from: number): readonly (readonly Date[])[] {
  const job = new Cron(cron, { timezone, mode: '5-part' });
  const around = clockChanges(timezone, from).map((change) =>
    firingsBetween(job, change - 1.5 * DAY_MS, change + 1.5 * DAY_MS),
  );
  return [job.nextRuns(FIRINGS, new Date(from)), ...around];
}

interface Pair {
  readonly from: Date;
  readonly seconds: number;
}

const pairs = (row: readonly Date[]): readonly Pair[] =>
  row.slice(1).flatMap((to, index) => {
    const from = row[index];
    return from === undefined ? [] : [{ from, seconds: (to.getTime() - from.getTime()) / 1000 }];
  });

const shortestOf = (found: readonly Pair[]): Pair | undefined =>
  found.reduce<Pair | undefined>(
    (best, pair) => (best && best.seconds <= pair.seconds ? best : pair),
    undefined,
  );

const isoMinute = (time: Date): string => `${time.toISOString().slice(0, 16)}Z`;

/**
 * Why a cron expression cannot be a schedule; null if it can.
 * @param now epoch milliseconds
 */
export function cronProblem(frequency: CronFrequency, now = Date.now()): string | null {
  const fields = parseCron(frequency.cron);
  if ('problem' in fields) return fields.problem;
  if (awsCron(fields) === null) {
    return 'restricts day-of-month and day-of-week; AWS accepts only one of them, so write * for the other';
  }
  const shortest = shortestOf(firings(frequency, now).flatMap(pairs));
  if (shortest === undefined) return 'never fires: no month has that day';
  const minutes = shortest.seconds / 60;
  if (minutes >= MIN_INTERVAL_MINUTES) return null;
  return `fires at ${isoMinute(shortest.from)} and again ${minutes === 1 ? '1 minute' : `${minutes} minutes`} later; the least is ${MIN_INTERVAL_MINUTES} minutes, even when the clock changes`;
}

/**
 * The schedule of a frequency that has been checked.
 * @param now epoch milliseconds
 * @throws Error if the cron expression was not checked
 */
export function scheduleOf(frequency: Frequency, now = Date.now()): Schedule {
  if ('everyMinutes' in frequency) {
    const seconds = frequency.everyMinutes * 60;
    const expression = rate(frequency.everyMinutes);
    return { expression, timezone: null, gaps: { shortest: seconds, longest: seconds } };
  }
  const fields = parseCron(frequency.cron);
  const expression = 'problem' in fields ? null : awsCron(fields);
  if (expression === null) throw new Error(`'${frequency.cron}' was not checked.`);
  const seconds = firings(frequency, now)
    .flatMap(pairs)
    .map((pair) => pair.seconds);
  const gaps = { shortest: Math.min(...seconds), longest: Math.max(...seconds) };
  return { expression, timezone: frequency.timezone, gaps };
}

const YEAR_DAYS = 365;

/**
 * How often a checked frequency fires, on average over a year.
 * @param now epoch milliseconds
 */
export function firingsPerDay(frequency: Frequency, now = Date.now()): number {
  if ('everyMinutes' in frequency) return 1440 / frequency.everyMinutes;
  const job = new Cron(frequency.cron, { timezone: frequency.timezone, mode: '5-part' });
  return firingsBetween(job, now, now + YEAR_DAYS * DAY_MS).length / YEAR_DAYS;
}
