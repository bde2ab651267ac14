import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createServerClock, narrowed, type Offset } from '../../../functions/core/server-clock.ts';

const NOON = Date.UTC(2026, 10, 23, 12);

const answers = fc.array(fc.record({ gap: fc.nat(5_000), there: fc.nat(400), back: fc.nat(400) }), {
  minLength: 1,
  maxLength: 60,
});

test('the bounds hold the true difference, and never widen', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000, max: 100_000 }), answers, (offset, steps) => {
      let at = NOON;
      let known: Offset | null = null;
      let width = Number.POSITIVE_INFINITY;
      for (const { gap, there, back } of steps) {
        at += gap;
        const made = at + there + offset;
        known = narrowed(known, {
          dateMs: Math.floor(made / 1000) * 1000,
          sentAtMs: at,
          receivedAtMs: at + there + back,
        });
        expect(known.least).toBeLessThanOrEqual(offset);
        expect(known.most).toBeGreaterThanOrEqual(offset);
        expect(known.most - known.least).toBeLessThanOrEqual(width);
        width = known.most - known.least;
      }
    }),
  );
});

test('a clock that may be right is left alone; one that is set is followed', () => {
  let at = NOON;
  const clock = createServerClock({ now: () => at });
  const observe = (offset: number) =>
    clock.observe({ dateMs: Math.floor((at + offset) / 1000) * 1000, sentAtMs: at, receivedAtMs: at });
  observe(0);
  expect(clock.now()).toBe(at);
  at += 250;
  observe(60_000);
  expect(clock.now()).toBeGreaterThan(at + 59_000);
  at += 1_000;
  observe(0);
  expect(clock.now()).toBe(at);
});
