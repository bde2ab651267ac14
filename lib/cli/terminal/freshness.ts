/** `status --max-age`: whether every object was read lately, for a person and for a scheduler. */
import { minutesOf } from '../../../functions/config/deployment.ts';
import { InputError } from '../../../functions/core/errors.ts';
import type { EpochMs } from '../../../functions/core/time.ts';
import { type ObjectStatus, type PipelineStatus, staleObjects } from '../../../functions/sync/status.ts';
import { STALE_AFTER_DAYS } from '../../../functions/sync/up-to.ts';
import { shortTime } from './table-text.ts';
import type { ExitStatus } from './terminal.ts';

/** How long an object may stay unread before `status` mentions it. */
const DEFAULT_MAX_AGE = `${STALE_AFTER_DAYS} days`;

export interface Freshness {
  /** A line for each object that has not been read for that long. */
  readonly lines: readonly string[];
  readonly exitStatus: ExitStatus;
}

/** `tickets: last read up to 2026-11-22 12:00:05Z, longer ago than 2 days` */
const staleLine = ({ object, up_to }: ObjectStatus, maxAge: string): string =>
  up_to === null
    ? `${object}: never read`
    : `${object}: last read up to ${shortTime(up_to)}, longer ago than ${maxAge}`;

/**
 * @param wanted the value of `--max-age`; without it, nothing fails
 * @throws InputError if it is not a time
 */
export function judgeFreshness(status: PipelineStatus, wanted: string | undefined, now: EpochMs): Freshness {
  const maxAge = wanted ?? DEFAULT_MAX_AGE;
  const minutes = minutesOf(maxAge);
  if (minutes === null) {
    throw new InputError(
      `--max-age '${maxAge}' must be '<n> minutes', '<n> hours' or '<n> days', such as '${DEFAULT_MAX_AGE}'.`,
      { code: 'max_age_invalid' },
    );
  }
  const stale = staleObjects(status, minutes * 60_000, now);
  const isBad = stale.length > 0 || status.last_run === null;
  return {
    lines: stale.map((object) => staleLine(object, maxAge)),
    exitStatus: wanted !== undefined && isBad ? 1 : 0,
  };
}
