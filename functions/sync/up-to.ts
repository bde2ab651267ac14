/** How far an object has been read, and whether that is long ago. Pure. */
import type { Manifest } from '../core/engine-files.ts';
import { runStartOf } from '../core/lake-keys.ts';
import { DAY_SECONDS, type EpochMs, isoTime } from '../core/time.ts';

/**
 * The lake has what Intercom showed of the object up to here, or owes it: the cursor, or the start of the run for an
 * object that is read whole.
 */
export const upTo = ({ cursor, run_id }: Pick<Manifest, 'cursor' | 'run_id'>): string =>
  isoTime(cursor?.after == null ? runStartOf(run_id) : cursor.after * 1000);

/** An object that was not read for longer needs attention, even if no run fails. */
export const STALE_AFTER_DAYS = 2;
export const STALE_AFTER_MS = STALE_AFTER_DAYS * DAY_SECONDS * 1000;

/** @param time an answer of `upTo`; null if nothing was ever committed */
export const isOlder = (time: string | null, maxAgeMs: number, now: EpochMs): boolean =>
  time === null || now - Date.parse(time) > maxAgeMs;
