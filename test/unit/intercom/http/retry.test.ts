import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  HASTY,
  MAX_DELAY_MS,
  MIN_DELAY_MS,
  PATIENT,
  type RetryKind,
  retryAfterMs,
  retryDecision,
} from '../../../../functions/intercom/http/retry.ts';

const RETRIED: readonly RetryKind[] = ['rate_limited', 'server', 'network', 'timeout', 'malformed'];
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const retriedKind = fc.constantFrom(...RETRIED);
const attempt = fc.integer({ min: 1, max: 50 });
const limits = fc.constantFrom(PATIENT, HASTY);

test('our own delays are between one second and one minute', () => {
  fc.assert(
    fc.property(retriedKind, attempt, random, limits, (kind, attempt, random, limits) => {
      const outcome = { kind, serverDelayMs: null };
      const decision = retryDecision({ attempt, outcome, elapsedMs: 0, random, limits });
      if (!decision.retry) return;
      expect(decision.delayMs).toBeGreaterThanOrEqual(MIN_DELAY_MS);
      expect(decision.delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
    }),
  );
});

test('bugs and refusals are never tried again, whatever the server says', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<RetryKind>('bug', 'refused'),
      attempt,
      random,
      fc.option(fc.nat()),
      (kind, attempt, random, serverDelayMs) => {
        const decision = retryDecision({ attempt, outcome: { kind, serverDelayMs }, elapsedMs: 0, random });
        expect(decision).toEqual({ retry: false });
      },
    ),
  );
});

test("the server's timing is respected to the millisecond, without jitter", () => {
  fc.assert(
    fc.property(retriedKind, random, fc.integer({ min: 1_000, max: 200_000 }), (kind, random, asked) => {
      const outcome = { kind, serverDelayMs: asked };
      expect(retryDecision({ attempt: 1, outcome, elapsedMs: 0, random })).toEqual({
        retry: true,
        delayMs: asked,
      });
    }),
  );
});

test('tries and total time are bounded', () => {
  fc.assert(
    fc.property(retriedKind, random, fc.option(fc.nat({ max: 20_000 })), (kind, random, serverDelayMs) => {
      let elapsedMs = 0;
      let tries = 0;
      for (let round = 0; round < 10_000; round += 1) {
        tries += kind === 'rate_limited' ? 0 : 1;
        const outcome = { kind, serverDelayMs };
        const decision = retryDecision({ attempt: tries, outcome, elapsedMs, random });
        if (!decision.retry) break;
        elapsedMs += decision.delayMs;
      }
      expect(elapsedMs).toBeLessThanOrEqual(PATIENT.maxElapsedMs);
      expect(tries).toBeLessThanOrEqual(PATIENT.maxTries);
    }),
  );
});

test('a 429 is bounded by time, not by tries, and waits out a 10-second window', () => {
  const outcome = { kind: 'rate_limited', serverDelayMs: null } as const;
  const decision = retryDecision({ attempt: 99, outcome, elapsedMs: 0, random: 0 });
  expect(decision).toEqual({ retry: true, delayMs: 10_000 });
});

test('a hasty request is not tried again after a time-out of a minute, but is after a network failure', () => {
  const question = { attempt: 1, elapsedMs: 60_000, random: 0, limits: HASTY };
  expect(retryDecision({ ...question, outcome: { kind: 'timeout', serverDelayMs: null } }).retry).toBe(false);
  expect(retryDecision({ ...question, outcome: { kind: 'network', serverDelayMs: null } }).retry).toBe(true);
});

test('the server cannot make us wait longer than the total time allowed', () => {
  const outcome = { kind: 'rate_limited', serverDelayMs: 3_600_000 } as const;
  expect(retryDecision({ attempt: 1, outcome, elapsedMs: 0, random: 0 }).retry).toBe(false);
});

test('our own delays grow with each try', () => {
  const delays = [1, 2, 3, 4, 5].map((attempt) => {
    const outcome = { kind: 'server', serverDelayMs: null } as const;
    const decision = retryDecision({ attempt, outcome, elapsedMs: 0, random: 0.5 });
    return decision.retry ? decision.delayMs : null;
  });
  expect(delays).toEqual([1_500, 2_500, 4_500, 8_500, 16_500]);
});

test.each([
  ['7', 7_000],
  ['0', 0],
  ['Mon, 23 Nov 2026 12:00:05 GMT', 5_000],
  ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
  ['soon', null],
  ['-3', null],
  ['1.5', null],
  ['', null],
  [null, null],
])('Retry-After %s is %s ms', (header, expected) => {
  expect(retryAfterMs(header, Date.UTC(2026, 10, 23, 12))).toBe(expected);
});
