/**
 * Whether a failed request is tried again, and when: policy apart from sleeping. The server's timing
 * comes first and gets no jitter (every try needs a fresh permit of the shared budget, which spreads
 * the herd); our own delays get full jitter.
 */
import type { EpochMs } from '../../core/time.ts';

/** What became of a try. `refused`: the server understood and said no. `bug`: an exception of ours. */
export type RetryKind = 'rate_limited' | 'server' | 'network' | 'timeout' | 'malformed' | 'refused' | 'bug';

export interface RetryOutcome {
  readonly kind: RetryKind;
  /** Milliseconds the server asks to wait; null where it says nothing usable. */
  readonly serverDelayMs: number | null;
}

/** How long a caller is willing to ask for the same thing, where asking for less could help. */
export interface RetryLimits {
  /** Tries that may fail, 429s not counted. */
  readonly maxTries: number;
  /** Milliseconds spent on tries and delays, waits for permits not counted. */
  readonly maxElapsedMs: number;
  /** Whether they hold for a broken network too, which asking for less would not mend. */
  readonly evenForNetwork: boolean;
}

/** For requests that have no other way out: about half a minute of delays, five minutes at most. */
export const PATIENT: RetryLimits = { maxTries: 6, maxElapsedMs: 300_000, evenForNetwork: true };

/**
 * For requests that can ask for less instead: one quick second try, none after a time-out. What a
 * smaller request would not help, a broken network or a 429, is tried as patiently as ever.
 */
export const HASTY: RetryLimits = { maxTries: 2, maxElapsedMs: 30_000, evenForNetwork: false };

/** For a first look while a person waits: one more try, then the truth. */
export const CURIOUS: RetryLimits = { maxTries: 2, maxElapsedMs: 30_000, evenForNetwork: true };

/** Outcomes that a smaller request may avoid. */
const ASK_LESS: readonly RetryKind[] = ['server', 'timeout', 'malformed'];

export interface RetryQuestion {
  /** Tries that failed so far, this one included, 429s left out; from 1. */
  readonly attempt: number;
  readonly outcome: RetryOutcome;
  /** Milliseconds since the first try was sent, waits for permits left out. */
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

const isBound = (kind: RetryKind, { evenForNetwork }: RetryLimits): boolean =>
  ASK_LESS.includes(kind) || (kind === 'network' && evenForNetwork);

/** Decides about the next try of a request. */
export function retryDecision(question: RetryQuestion): RetryDecision {
  const { attempt, outcome, elapsedMs, limits = PATIENT } = question;
  if (outcome.kind === 'refused' || outcome.kind === 'bug') return GIVE_UP;
  const { maxTries, maxElapsedMs } = isBound(outcome.kind, limits) ? limits : PATIENT;
  if (outcome.kind !== 'rate_limited' && attempt >= maxTries) return GIVE_UP;
  const delayMs = delayFor(question);
  return elapsedMs + delayMs > maxElapsedMs ? GIVE_UP : { retry: true, delayMs };
}

const WHOLE_NUMBER = /^\d{1,11}$/;

/**
 * Milliseconds a `Retry-After` header asks to wait: seconds, or an HTTP date.
 * @returns null where it is absent or malformed: that loses the timing, not the retry
 */
export function retryAfterMs(header: string | null, now: EpochMs): number | null {
  const text = header?.trim() ?? '';
  if (WHOLE_NUMBER.test(text)) return Number(text) * 1000;
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
