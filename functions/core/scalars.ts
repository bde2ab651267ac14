/** Ids, counts and times as Intercom sends them: as numbers, or as text. */
import { isRawInteger, type JsonValue } from './json.ts';
import type { EpochSeconds } from './time.ts';

/** An id as text, in the same form everywhere; null if the value is not an id. */
export function idText(value: JsonValue | undefined): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  if (typeof value === 'number') return String(value);
  return isRawInteger(value) ? value.rawJSON : null;
}

/** A count or a page number, which may come as a numeric string (docs/intercom-api.md 4.1); else null. */
export function parseCount(value: JsonValue | undefined): number | null {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null;
}

/** The last time that counts, in the year 5138. A larger number is not in seconds. */
const LAST_TIME = 99_999_999_999;

/** A time, which may come as a numeric string (docs/intercom-api.md 10); null if it cannot be read as one. */
export function parseTime(value: JsonValue | undefined): EpochSeconds | null {
  const seconds = typeof value === 'string' && /^\d{1,11}$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds >= 0 && seconds <= LAST_TIME ? seconds : null;
}
