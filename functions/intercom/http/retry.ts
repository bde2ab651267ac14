/**
 * Decides whether and when a failed request is tried again; the client sleeps. The server's timing
 * comes first and gets no jitter: each try needs a new permit from the shared budget, which already spreads
 * the load. Our own delays get full jitter.
 */
import type { EpochMs } from '../../core/time.ts';

/** How a try failed. `refused`: the server understood and said no. `bug`: an exception of our own. */
export type RetryKind = 'rate_limited' | 'server' | 'network' | 'timeout' | 'malformed' | 'refused' | 'bug';

export interface RetryOutcome {
  readonly kind: RetryKind;
  /** Milliseconds the server asks to wait; null if it says nothing usable. */
  readonly serverDelayMs: number | null;
}

/** How long a caller keeps asking for the same thing if asking for less could help. */
export interface RetryLimits {
  /** Tries that may fail, not counting 429s. */
  readonly maxTries: number;
  /** Milliseconds spent on tries and delays, not counting waits for permits. */
  readonly maxElapsedMs: number;
  /** True if the limits also apply to network failures, which asking for less would not fix. */
  readonly evenForNetwork: boolean;
}

/** For requests that have no alternative: about half a minute of delays, five minutes in all. */
export const PATIENT: RetryLimits = { maxTries: 6, maxElapsedMs: 300_000, evenForNetwork: true };

/**
 * For requests that can ask for less instead: one quick second try, none after a time-out. A smaller
 * request would not help with a network failure or a 429, so those are still tried patiently.
 */
export const HASTY: RetryLimits = { maxTries: 2, maxElapsedMs: 30_000, evenForNetwork: false };

/** For a first look while a person waits: one more try, then the failure is reported. */
export const CURIOUS: RetryLimits = { maxTries: 2, maxElapsedMs: 30_000, evenForNetwork: true };

/** Outcomes that a smaller request may avoid. */
const ASK_LESS: readonly RetryKind[] = ['server', 'timeout', 'malformed'];

export interface RetryQuestion {
  /** Failed tries so far, including this one and not counting 429s; from 1. */
  readonly attempt: number;
  readonly outcome: RetryOutcome;
  /** Milliseconds since the first try was sent, not counting waits for permits. */
  readonly elapsedMs: number;
  /** In [0, 1). */
  readonly random: number;
  readonly limits?: RetryLimits;
}

export type RetryDecision = { readonly retry: true; readonly delayMs: number } | { readonly retry: false };

const GIVE_UP: RetryDecision = { retry: false };

export const MIN_DELAY_MS = 1_000;
export const MAX_DELAY_MS = 60_000;

/** Intercom meters 10-second windows (docs/intercom-api.md 2): shorter waits never clear a 429. */
const RATE_WINDOW_MS = 10_000;

/** 1..2 s, 1..4 s, 1..8 s, … 1..60 s. */
const backoffMs = (attempt: number, random: number): number =>
  MIN_DELAY_MS + random * (Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** attempt) - MIN_DELAY_MS);

function delayFor({ attempt, outcome, random }: RetryQuestion): number {
  if (outcome.serverDelayMs !== null) return Math.max(MIN_DELAY_MS, outcome.serverDelayMs);
  if (outcome.kind === 'rate_limited') return RATE_WINDOW_MS * (1 + random);
  return backoffMs(attempt, random);
}

const limitsApply = (kind: RetryKind, { evenForNetwork }: RetryLimits): boolean =>
  ASK_LESS.includes(kind) || (kind === 'network' && evenForNetwork);

/** Decides whether a failed request is tried again, and after which delay. */
export function retryDecision(question: RetryQuestion): RetryDecision {
  const { attempt, outcome, elapsedMs, limits = PATIENT } = question;
  if (outcome.kind === 'refused' || outcome.kind === 'bug') return GIVE_UP;
  const { maxTries, maxElapsedMs } = limitsApply(outcome.kind, limits) ? limits : PATIENT;
  if (outcome.kind !== 'rate_limited' && attempt >= maxTries) return GIVE_UP;
  const delayMs = delayFor(question);
  return elapsedMs + delayMs > maxElapsedMs ? GIVE_UP : { retry: true, delayMs };
}

const WHOLE_NUMBER = /^\d{1,11}$/;

/**
 * Milliseconds that a `Retry-After` header asks to wait. The header holds seconds or an HTTP date.
 * @returns null if it is absent or malformed, which loses the timing but not the retry
 */
export function retryAfterMs(header: string | null, now: EpochMs): number | null {
  const text = header?.trim() ?? '';
  if (WHOLE_NUMBER.test(text)) return Number(text) * 1000;
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
