import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPace } from '../../../../../functions/intercom/readers/walk/pace.ts';

const answer = (tookMs: number, bytes: number, limit: number | null) => ({
  tookMs,
  bytes,
  observation: { limit, remaining: null, limited: false, time: null },
});

test.each([
  [200, 1_666, 42],
  [1_000, 1_666, 209],
  [200, 167, 5],
  [10, 167, 4],
])('with answers after %i ms and %i requests a window, %i are under way', (tookMs, limit, wanted) => {
  const pace = createPace(1_000);
  for (let i = 0; i < 100; i += 1) pace.observe(answer(tookMs, 5_000, limit));
  expect(pace.limit()).toBe(wanted);
});

test('large answers leave room for few at once', () => {
  const pace = createPace(64);
  pace.observe(answer(1_000, 2 * 1024 * 1024, 1_666));
  expect(pace.limit()).toBe(8);
  pace.observe(answer(1_000, 64 * 1024 * 1024, 1_666));
  expect(pace.limit()).toBe(1);
  for (let i = 0; i < 100; i += 1) pace.observe(answer(1_000, 5_000, 1_666));
  expect(pace.limit()).toBe(64);
});

test('is within its bounds whatever is observed', () => {
  const observed = fc.array(
    fc.tuple(fc.nat(100_000), fc.nat(64 * 1024 * 1024), fc.option(fc.nat(10_000_000))),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), observed, (most, answers) => {
      const pace = createPace(most);
      for (const one of answers) {
        pace.observe(answer(...one));
        expect(pace.limit()).toBeGreaterThanOrEqual(1);
        expect(pace.limit()).toBeLessThanOrEqual(most);
      }
    }),
  );
});
