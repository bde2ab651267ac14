/**
 * How far back an alarm looks. CloudWatch evaluates at most 7 days, in periods of an hour or more, and at
 * most one day in shorter ones. Pure.
 */

export interface AlarmWindow {
  readonly periodSeconds: number;
  readonly evaluationPeriods: number;
}

const QUARTER_MINUTES = 15;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const MOST_MINUTES = 7 * DAY_MINUTES;

/** A run is bounded to about an hour of the rate allowance, so a success may be that late. */
const RUN_MINUTES = 60;

/** What an alarm looks back on where no schedule says how often runs are. */
const UNSCHEDULED_MINUTES = DAY_MINUTES;

/** At least so long, but never more than the 7 days. */
function windowOf(minutes: number): AlarmWindow {
  const period = minutes <= DAY_MINUTES ? QUARTER_MINUTES : HOUR_MINUTES;
  const evaluationPeriods = Math.ceil(Math.min(minutes, MOST_MINUTES) / period);
  return { periodSeconds: period * 60, evaluationPeriods };
}

/**
 * Until the next run of the same objects has had its chance: what one run reported is not over because
 * a run of other objects did not report it.
 * @param longestMinutes between runs of an object, whichever runs most rarely; null where nothing is scheduled
 */
export const memoryWindow = (longestMinutes: number | null): AlarmWindow =>
  windowOf((longestMinutes ?? UNSCHEDULED_MINUTES) + RUN_MINUTES);

/**
 * How long no run may have succeeded: `missed` intervals, or as many as CloudWatch can look back on. Null
 * where it cannot look back on one (a weekly schedule).
 * @param intervalMinutes of the schedule that runs most often: in a healthy pipeline some run succeeds in each
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
