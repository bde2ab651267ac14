/**
 * How far back an alarm looks. CloudWatch evaluates at most 7 days, in periods of an hour or more, and at
 * most one day in shorter ones. Pure.
 */

import type { Intervals } from '../intervals.ts';

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
 * Until every object has had its next run: what one run reported is not over because a run of other objects
 * did not report it.
 */
export const memoryWindow = (intervals: Intervals | null): AlarmWindow =>
  windowOf((intervals?.longestMinutes ?? UNSCHEDULED_MINUTES) + RUN_MINUTES);

/**
 * How long no run may have succeeded: so many intervals of the schedule that fires most often, or as many as
 * CloudWatch can look back on. Null where it cannot look back on one (a weekly schedule).
 */
export function silenceWindow(
  missedIntervals: number,
  { shortestMinutes }: Intervals,
): { readonly window: AlarmWindow; readonly missed: number } | null {
  const possible = Math.floor((MOST_MINUTES - RUN_MINUTES) / shortestMinutes);
  const missed = Math.min(missedIntervals, possible);
  return missed === 0 ? null : { window: windowOf(missed * shortestMinutes + RUN_MINUTES), missed };
}
