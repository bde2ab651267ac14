/** Calendar days of a time zone, which contact search compares (docs/intercom-api.md 5.1). */

const DAY_SECONDS = 86_400;

export interface Calendar {
  readonly timezone: string;
  /** The first second of the local date of `seconds`. */
  startOfDay(seconds: number): number;
  /** The first second of the next local date: 23, 24 or 25 hours later. */
  startOfNextDay(seconds: number): number;
}

/** The local date as days since 1970-01-01, so that neighbouring dates differ by 1. */
function createDayNumber(timezone: string): (seconds: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  });
  return (seconds) => {
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(seconds * 1000)) part[type] = value;
    return Date.UTC(Number(part.year), Number(part.month) - 1, Number(part.day)) / (DAY_SECONDS * 1000);
  };
}

/** The first second whose local date is `day` or later. No zone is more than 15 hours from UTC. */
function firstSecondOf(day: number, dayNumber: (seconds: number) => number): number {
  let low = day * DAY_SECONDS - 15 * 3600;
  let high = day * DAY_SECONDS + 15 * 3600;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (dayNumber(middle) >= day) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function createCalendar(timezone: string): Calendar {
  const dayNumber = createDayNumber(timezone);
  const starts = new Map<number, number>();
  const startOf = (day: number): number => {
    const known = starts.get(day);
    if (known !== undefined) return known;
    const start = firstSecondOf(day, dayNumber);
    starts.set(day, start);
    return start;
  };
  return {
    timezone,
    startOfDay: (seconds) => startOf(dayNumber(seconds)),
    startOfNextDay: (seconds) => startOf(dayNumber(seconds) + 1),
  };
}
