/**
 * When EventBridge Scheduler fires a cron expression, written from its user guide ("Schedule types") and not from
 * lib/constructs/schedule.ts, which it judges. Of six fields, one of the two days is `?`. A time that a clock change
 * leaves out is skipped, and a time that comes twice is used once.
 */

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const NAMES: Readonly<Record<string, number>> = Object.fromEntries([
  ...'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ').map((name, index) => [name, index + 1]),
  ...'SUN MON TUE WED THU FRI SAT'.split(' ').map((name, index) => [name, index + 1]),
]);

type Matches = (value: number) => boolean;

function fieldOf(text: string, min: number, max: number): Matches {
  const number = (word: string) => {
    const value = NAMES[word] ?? (/^\d+$/.test(word) ? Number(word) : Number.NaN);
    if (!(value >= min && value <= max)) throw new Error(`AWS refuses '${word}' in '${text}'`);
    return value;
  };
  const items = text.split(',').map((item): Matches => {
    if (item === '*') return () => true;
    const [range = '', step] = item.split('/');
    const [first = '', last] = range.split('-');
    const from = first === '*' ? min : number(first);
    const to = last === undefined ? (step === undefined ? from : max) : number(last);
    return (value) => value >= from && value <= to && (value - from) % Number(step ?? 1) === 0;
  });
  return (value) => items.some((matches) => matches(value));
}

/** Reads a zone's clock. */
function clockOf(timezone: string) {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  /** What the clock on the wall shows, as if it were UTC. */
  return (time: number): number => {
    const parts = Object.fromEntries(
      format.formatToParts(time).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute);
  };
}

/** The first instant with this local time; null if there is none. */
function instantOf(wall: number, shown: (time: number) => number): number | null {
  const guesses = [wall - DAY, wall + DAY].map((near) => wall - (shown(near) - near));
  return guesses.toSorted((a, b) => a - b).find((guess) => shown(guess) === wall) ?? null;
}

/** Firings after `from`, in epoch milliseconds, for ten years at most. */
export function* awsFirings(expression: string, timezone: string, from: number): Generator<number> {
  const fields = /^cron\(([^()]+)\)$/.exec(expression)?.[1]?.split(' ') ?? [];
  const [minutes = '', hours = '', dayOfMonth = '', months = '', dayOfWeek = '', years] = fields;
  if (fields.length !== 6 || years !== '*') throw new Error(`AWS refuses ${expression}`);
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) throw new Error(`One day must be ? in ${expression}`);
  const isMinute = fieldOf(minutes, 0, 59);
  const isHour = fieldOf(hours, 0, 23);
  const isMonth = fieldOf(months, 1, 12);
  const isDate = dayOfMonth === '?' ? () => true : fieldOf(dayOfMonth, 1, 31);
  const isWeekday = dayOfWeek === '?' ? () => true : fieldOf(dayOfWeek, 1, 7);
  const shown = clockOf(timezone);
  const firstDay = Math.floor(shown(from) / DAY) * DAY;
  for (let day = firstDay; day < firstDay + 3_653 * DAY; day += DAY) {
    const date = new Date(day);
    if (!isMonth(date.getUTCMonth() + 1) || !isDate(date.getUTCDate()) || !isWeekday(date.getUTCDay() + 1))
      continue;
    for (let minute = 0; minute < 1440; minute += 1) {
      if (!isMinute(minute % 60) || !isHour(Math.floor(minute / 60))) continue;
      const instant = instantOf(day + minute * MINUTE, shown);
      if (instant !== null && instant > from) yield instant;
    }
  }
}
