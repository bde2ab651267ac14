import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AlarmWindow, memoryWindow, silenceWindow } from '../../../lib/constructs/alarm-windows.ts';

const DAY = 24 * 60;
const minutesOf = ({ periodSeconds, evaluationPeriods }: AlarmWindow): number =>
  (periodSeconds * evaluationPeriods) / 60;

/** The rule of CloudWatch. */
function expectAllowed(window: AlarmWindow): void {
  expect(window.periodSeconds % 60).toBe(0);
  expect(window.evaluationPeriods).toBeGreaterThanOrEqual(1);
  expect(minutesOf(window)).toBeLessThanOrEqual(window.periodSeconds < 3_600 ? DAY : 7 * DAY);
}

const interval = fc.integer({ min: 15, max: 60 * DAY });

describe('how far back an alarm looks', () => {
  test('is what CloudWatch allows, and more than an interval if possible', () => {
    fc.assert(
      fc.property(interval, (minutes) => {
        const window = memoryWindow(minutes);
        expectAllowed(window);
        expect(minutesOf(window)).toBeGreaterThanOrEqual(Math.min(minutes + 60, 7 * DAY));
      }),
    );
  });

  test('is a day if nothing is scheduled', () => {
    expect(minutesOf(memoryWindow(null))).toBe(25 * 60);
  });
});

describe('silence', () => {
  test('is what CloudWatch allows, and leaves the last run its hour', () => {
    fc.assert(
      fc.property(interval, fc.integer({ min: 1, max: 20 }), (minutes, missed) => {
        const silence = silenceWindow(missed, minutes);
        if (silence === null) {
          expect(minutes + 60).toBeGreaterThan(7 * DAY);
          return;
        }
        expectAllowed(silence.window);
        expect(silence.intervals).toBeLessThanOrEqual(missed);
        expect(minutesOf(silence.window)).toBeGreaterThanOrEqual(silence.intervals * minutes + 60);
        if (silence.intervals < missed) {
          expect((silence.intervals + 1) * minutes + 60).toBeGreaterThan(7 * DAY);
        }
      }),
    );
  });

  test.each([
    ['an hour', 60, 3, { window: { periodSeconds: 900, evaluationPeriods: 16 }, intervals: 3 }],
    ['a quarter', 15, 3, { window: { periodSeconds: 900, evaluationPeriods: 7 }, intervals: 3 }],
    ['a day', DAY, 3, { window: { periodSeconds: 3_600, evaluationPeriods: 73 }, intervals: 3 }],
    ['weekdays', 3 * DAY, 3, { window: { periodSeconds: 3_600, evaluationPeriods: 145 }, intervals: 2 }],
    ['a week', 7 * DAY, 3, null],
  ])('of %s', (_name, minutes, missed, expected) => {
    expect(silenceWindow(missed, minutes)).toEqual(expected);
  });
});
