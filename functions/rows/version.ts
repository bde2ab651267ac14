/** `_version`: one order over all versions of a record (DESIGN: one order of versions). */
import type { EpochMs, EpochSeconds } from '../core/time.ts';

export interface VersionParts {
  /** The record's `updated_at` (or `created_at` of an activity log); 0 where Intercom stamps none. */
  readonly stampedAt: EpochSeconds;
  /** When the response that held the record arrived. */
  readonly receivedAtMs: EpochMs;
  readonly runId: string;
  readonly slice: string;
  /** Position of the record within its attempt. */
  readonly ordinal: number;
}

const digits = (value: number, width: number): string =>
  Math.max(0, Math.trunc(value)).toString().padStart(width, '0');

/**
 * A string that sorts as plain bytes by stamped time, then arrival, then run, slice and ordinal:
 * an older state of a record, read later from a search replica that lags, never wins.
 * Widths: 11 digits of seconds last until the year 5138, 14 of milliseconds likewise.
 */
export const versionOf = (parts: VersionParts): string =>
  `${digits(parts.stampedAt, 11)}-${digits(parts.receivedAtMs, 14)}-${parts.runId}-${parts.slice}-${digits(parts.ordinal, 9)}`;
