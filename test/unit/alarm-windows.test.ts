import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveDeployment } from '../../functions/core/config.ts';
import { type AlarmWindow, memoryWindow, silenceWindow } from '../../lib/constructs/alarm-windows.ts';
import { intervalsOf } from '../../lib/intervals.ts';

const DAY = 24 * 60;
const minutesOf = ({ periodSeconds, evaluationPeriods }: AlarmWindow): number =>
  (periodSeconds * evaluationPeriods) / 60;

/** CloudWatch's own rule. */
function expectAllowed(window: AlarmWindow): void {
  expect(window.periodSeconds % 60).toBe(0);
  expect(window.evaluationPeriods).toBeGreaterThanOrEqual(1);
  expect(minutesOf(window)).toBeLessThanOrEqual(window.periodSeconds < 3_600 ? DAY : 7 * DAY);
}

const every = (minutes: number) => ({ shortestMinutes: minutes, longestMinutes: minutes });

const interval = fc.integer({ min: 15, max: 60 * DAY });

describe('how far back an alarm looks', () => {
  test('is what CloudWatch allows, and more than an interval where it can be', () => {
    fc.assert(
      fc.property(interval, (minutes) => {
        const window = memoryWindow(every(minutes));
        expectAllowed(window);
        expect(minutesOf(window)).toBeGreaterThanOrEqual(Math.min(minutes + 60, 7 * DAY));
      }),
    );
  });

  test('is a day where nothing is scheduled', () => {
    expect(minutesOf(memoryWindow(null))).toBe(25 * 60);
  });
});

describe('silence', () => {
  test('is what CloudWatch allows, and leaves the last of the runs its hour', () => {
    fc.assert(
      fc.property(interval, fc.integer({ min: 1, max: 20 }), (minutes, missed) => {
        const silence = silenceWindow(missed, every(minutes));
        if (silence === null) {
          expect(minutes + 60).toBeGreaterThan(7 * DAY);
          return;
        }
        expectAllowed(silence.window);
        expect(silence.missed).toBeLessThanOrEqual(missed);
        expect(minutesOf(silence.window)).toBeGreaterThanOrEqual(silence.missed * minutes + 60);
        if (silence.missed < missed) {
          expect((silence.missed + 1) * minutes + 60).toBeGreaterThan(7 * DAY);
        }
      }),
    );
  });

  test('is of the schedule that fires most often: the least that is to be expected', () => {
    const intervals = { shortestMinutes: 60, longestMinutes: 7 * DAY };
    expect(silenceWindow(3, intervals)).toEqual(silenceWindow(3, every(60)));
    expect(memoryWindow(intervals)).toEqual(memoryWindow(every(7 * DAY)));
  });

  test.each([
    ['an hour', 60, 3, { window: { periodSeconds: 900, evaluationPeriods: 16 }, missed: 3 }],
    ['a quarter', 15, 3, { window: { periodSeconds: 900, evaluationPeriods: 7 }, missed: 3 }],
    ['a day', DAY, 3, { window: { periodSeconds: 3_600, evaluationPeriods: 73 }, missed: 3 }],
    ['weekdays', 3 * DAY, 3, { window: { periodSeconds: 3_600, evaluationPeriods: 145 }, missed: 2 }],
    ['a week', 7 * DAY, 3, null],
  ])('of %s', (_name, minutes, missed, expected) => {
    expect(silenceWindow(missed, every(minutes))).toEqual(expected);
  });
});

describe('the intervals of a pipeline', () => {
  const deployment = resolveDeployment({
    frequency: { cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' },
    objectFrequency: { companies: { every: '6 hours' } },
  });

  test('are those between the runs that are furthest apart, clock changes included', () => {
    expect(intervalsOf(['contacts', 'companies'], deployment)).toEqual({
      shortestMinutes: 360,
      longestMinutes: 73 * 60,
    });
    expect(intervalsOf(['companies'], deployment)).toEqual({ shortestMinutes: 360, longestMinutes: 360 });
  });

  test('are none where the schedules are paused', () => {
    expect(intervalsOf(['contacts'], { ...deployment, paused: true })).toBeNull();
  });
});
