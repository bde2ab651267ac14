import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTime } from '../../../functions/core/scalars.ts';

const LAST = 99_999_999_999;

describe('a time', () => {
  test('is the same as a number and as text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST }), (seconds) => {
        expect(parseTime(seconds)).toBe(seconds);
        expect(parseTime(String(seconds))).toBe(seconds);
      }),
      { examples: [[0], [LAST]] },
    );
  });

  test('is not a number in milliseconds, or one that is no time at all', () => {
    const others = fc.oneof(
      fc.integer({ min: LAST + 1, max: Number.MAX_SAFE_INTEGER }),
      fc.integer({ max: -1 }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(others, (number) => {
        expect(parseTime(number)).toBeNull();
        expect(parseTime(String(number))).toBeNull();
      }),
      { examples: [[1_795_348_861_500], [LAST + 1]] },
    );
  });
});
