/**
 * How far back an alarm looks. CloudWatch evaluates at most 7 days in periods of an hour or more, and at most one day
 * in shorter periods. Pure.
 */

export interface AlarmWindow {
  readonly periodSeconds: number;
  readonly evaluationPeriods: number;
}

const QUARTER_MINUTES = 15;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const MOST_MINUTES = 7 * DAY_MINUTES;

/** A run is planned for about an hour of the rate allowance, so its success may come that late. */
const RUN_MINUTES = 60;

/** How far back an alarm looks if no schedule says how often runs start. */
const UNSCHEDULED_MINUTES = DAY_MINUTES;

/** A window of at least this length, up to the limit of 7 days. */
function windowOf(minutes: number): AlarmWindow {
  const period = minutes <= DAY_MINUTES ? QUARTER_MINUTES : HOUR_MINUTES;
  const evaluationPeriods = Math.ceil(Math.min(minutes, MOST_MINUTES) / period);
  return { periodSeconds: period * 60, evaluationPeriods };
}

/**
 * Covers the time until the same objects run again: a problem is not over just because a run of other objects does not
 * report it.
 * @param longestMinutes between two runs of the object that runs most rarely; null if nothing is scheduled
 */
export const memoryWindow = (longestMinutes: number | null): AlarmWindow =>
  windowOf((longestMinutes ?? UNSCHEDULED_MINUTES) + RUN_MINUTES);

/**
 * How long the pipeline may be without a successful run: `missed` intervals, or as many as CloudWatch can look back
 * on. Null if CloudWatch cannot look back on even one, as with a weekly schedule.
 * @param intervalMinutes of the schedule that runs most often; in a healthy pipeline a run succeeds in each interval
 */
export function silenceWindow(
  missed: number,
  intervalMinutes: number,
): { readonly window: AlarmWindow; readonly intervals: number } | null {
  const possible = Math.floor((MOST_MINUTES - RUN_MINUTES) / intervalMinutes);
  const intervals = Math.min(missed, possible);
  if (intervals === 0) return null;
  return { window: windowOf(intervals * intervalMinutes + RUN_MINUTES), intervals };
}
