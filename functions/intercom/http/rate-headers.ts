/** What an answer's headers say about the rate limit and about time. Malformed headers count as absent. */
import type { RateObservation } from '../../core/ports.ts';
import type { EpochMs } from '../../core/time.ts';
import { retryAfterMs } from './retry.ts';

const WHOLE_NUMBER = /^\d{1,11}$/;

/** A window lasts 10 s (docs/intercom-api.md 2), so a reset further away than this is not the end of one. */
const MAX_RESET_MS = 60_000;

function wholeNumber(headers: Headers, name: string): number | null {
  const text = headers.get(name)?.trim() ?? '';
  return WHOLE_NUMBER.test(text) ? Number(text) : null;
}

/** The three `X-RateLimit-*` headers (docs/intercom-api.md 2); `limit` is the figure of a 10-second window. */
export const rateObservation = (headers: Headers, limited: boolean): RateObservation => ({
  limit: wholeNumber(headers, 'x-ratelimit-limit'),
  remaining: wholeNumber(headers, 'x-ratelimit-remaining'),
  resetAt: wholeNumber(headers, 'x-ratelimit-reset'),
  limited,
});

/** The server's clock as of this answer, epoch milliseconds; null without a readable `Date` header. */
export function dateHeader(headers: Headers): EpochMs | null {
  const at = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(at) ? null : at;
}

/**
 * Milliseconds the server asks to wait: `Retry-After`, else (for a 429) the end of the window,
 * measured on the server's own clock if it sent one. Null if neither is usable.
 */
export function serverDelayMs(headers: Headers, limited: boolean, now: EpochMs): number | null {
  const serverNow = dateHeader(headers) ?? now;
  const asked = retryAfterMs(headers.get('retry-after'), serverNow);
  if (asked !== null || !limited) return asked;
  const resetAt = wholeNumber(headers, 'x-ratelimit-reset');
  if (resetAt === null) return null;
  const delay = resetAt * 1000 - serverNow;
  return delay > 0 && delay <= MAX_RESET_MS ? delay : null;
}
