/** What an answer's headers say about the rate limit and about time. Malformed headers count as absent. */
import type { RateObservation } from '../../core/ports.ts';
import type { ServerTime } from '../../core/server-clock.ts';
import type { EpochMs } from '../../core/time.ts';
import { type AnswerHeaders, headerOf } from './exchange.ts';
import { retryAfterMs } from './retry.ts';

const WHOLE_NUMBER = /^\d{1,11}$/;

/** Windows last 10 s and begin at multiples of ten seconds on Intercom's clock (docs/intercom-api.md 2). */
const WINDOW_MS = 10_000;

/** The longest wait for which a `Retry-After` is believed. */
const MOST_DELAY_MS = 60_000;

function wholeNumber(headers: AnswerHeaders, name: string): number | null {
  const text = headerOf(headers, name)?.trim() ?? '';
  return WHOLE_NUMBER.test(text) ? Number(text) : null;
}

/**
 * What the headers say of the rate limit; `limit` is the figure of a 10-second window. `X-RateLimit-Reset` is not
 * read: it was seen six seconds past the window's end (docs/intercom-api.md 2), so the window follows from `Date`.
 */
export function rateObservation(
  headers: AnswerHeaders,
  limited: boolean,
  at: Omit<ServerTime, 'dateMs'>,
): RateObservation {
  const dateMs = dateHeader(headers);
  return {
    limit: wholeNumber(headers, 'x-ratelimit-limit'),
    remaining: wholeNumber(headers, 'x-ratelimit-remaining'),
    limited,
    time: dateMs === null ? null : { dateMs, ...at },
  };
}

/** The server's clock as of this answer, epoch milliseconds; null without a readable `Date` header. */
export function dateHeader(headers: AnswerHeaders): EpochMs | null {
  const at = Date.parse(headerOf(headers, 'date') ?? '');
  return Number.isNaN(at) ? null : at;
}

/**
 * Milliseconds until it makes sense to ask again: `Retry-After`, else (for a 429) until the window ends,
 * measured on the server's own clock if it sent one. Null if the server says nothing about it.
 */
export function serverDelayMs(headers: AnswerHeaders, limited: boolean, now: EpochMs): number | null {
  const serverNow = dateHeader(headers) ?? now;
  const asked = retryAfterMs(headerOf(headers, 'retry-after'), serverNow);
  if (asked !== null) return Math.min(asked, MOST_DELAY_MS);
  return limited ? WINDOW_MS - (serverNow % WINDOW_MS) : null;
}
