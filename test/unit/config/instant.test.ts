import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInstant } from '../../../functions/config/instant.ts';
import { isoTime, toSeconds } from '../../../functions/core/time.ts';

test.each([
  ['2025-01-01T00:00:00Z', Date.UTC(2025, 0, 1)],
  ['2025-01-01T00:00Z', Date.UTC(2025, 0, 1)],
  ['2025-01-01T00:00:00+01:00', Date.UTC(2024, 11, 31, 23)],
  ['2025-01-01T00:00:00-10:30', Date.UTC(2025, 0, 1, 10, 30)],
  ['2024-02-29T12:00:00Z', Date.UTC(2024, 1, 29, 12)],
  ['2025-01-01T00:00:00.999Z', Date.UTC(2025, 0, 1)],
  ['1970-01-01T00:00:00Z', 0],
])('%s is a time', (text, ms) => {
  expect(parseInstant(text)).toEqual({ epochSeconds: ms / 1000 });
});

describe.each([
  ['2025-01-01', 'has no time zone'],
  ['2025-01-01T00:00:00', 'has no time zone'],
  ['2025-01-01 10:00', 'has no time zone'],
  ['2025-02-30T00:00:00Z', 'is not a valid date'],
  ['2025-13-01T00:00:00Z', 'is not a valid date'],
  ['2025-01-01T25:00:00Z', 'is not a valid date'],
  ['2025-02-29T00:00:00Z', 'is not a valid date'],
  ['1969-12-31T23:59:59Z', 'is before 1970'],
  ['yesterday', 'is not an ISO 8601 time'],
  ['1735689600', 'is not an ISO 8601 time'],
  ['', 'is not an ISO 8601 time'],
])('%j', (text, problem) => {
  test(`is refused: it ${problem}`, () => {
    const result = parseInstant(text);
    expect(result).toEqual({ problem: expect.stringContaining(problem) });
    expect(result).toEqual({ problem: expect.stringContaining(`'${text}'`) });
  });
});

test('reads what we write', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
      expect(parseInstant(isoTime(ms))).toEqual({ epochSeconds: toSeconds(ms) });
    }),
  );
});
