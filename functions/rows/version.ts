/** `_version`: one order over all versions of a record. */
import type { EpochMs, EpochSeconds } from '../core/time.ts';

export interface VersionParts {
  /** The record's `updated_at`, or `created_at` for an activity log; 0 if Intercom sets none. */
  readonly stampedAt: EpochSeconds;
  /** When the response with the record arrived. */
  readonly receivedAtMs: EpochMs;
  readonly runId: string;
  readonly slice: string;
  /** Position of the record within its attempt. */
  readonly ordinal: number;
}

const digits = (value: number, width: number): string =>
  Math.max(0, Math.trunc(value)).toString().padStart(width, '0');

/** Versions of records that came with one answer. */
export type VersionAt = (stampedAt: EpochSeconds, ordinal: number) => string;

/**
 * A string that sorts as plain bytes by the record's own time, then arrival, then run, slice and ordinal. An
 * older state of a record, read later from a search replica that lags, therefore never wins.
 * 11 digits of seconds and 14 of milliseconds last until the year 5138.
 */
export function versionsOf({
  receivedAtMs,
  runId,
  slice,
}: Pick<VersionParts, 'receivedAtMs' | 'runId' | 'slice'>): VersionAt {
  const middle = `-${digits(receivedAtMs, 14)}-${runId}-${slice}-`;
  return (stampedAt, ordinal) => digits(stampedAt, 11) + middle + digits(ordinal, 9);
}

export const versionOf = (parts: VersionParts): string => versionsOf(parts)(parts.stampedAt, parts.ordinal);
