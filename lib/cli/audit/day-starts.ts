/** The days of a workspace: Intercom compares contacts by whole days in the workspace's time zone (docs/intercom-api.md 5). */
import { DAY_SECONDS, type EpochSeconds } from '../../../functions/core/time.ts';

/** Longer than any day on which clocks change. */
const LONGEST_DAY = DAY_SECONDS + 2 * 3_600;

/**
 * Finds the start of a time's day in a zone.
 * @returns null if the zone is unknown
 */
export function dayStarts(timeZone: string | null): ((time: EpochSeconds) => EpochSeconds) | null {
  if (timeZone === null) return null;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  const dayOf = (time: EpochSeconds): string => format.format(time * 1000);
  return (time) => {
    const day = dayOf(time);
    let before = time - LONGEST_DAY;
    let within = time;
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (dayOf(middle) === day) within = middle;
      else before = middle;
    }
    return within;
  };
}
