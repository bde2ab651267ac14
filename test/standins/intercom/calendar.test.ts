import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCalendar } from '../../../lib/standins/intercom/calendar.ts';
import { DAY } from '../../support/intercom/simulator-client.ts';

const seconds = (iso: string): number => Date.parse(iso) / 1000;

describe('days of a zone', () => {
  test.each([
    ['America/Los_Angeles', '2026-03-08T20:00:00Z', '2026-03-08T08:00:00Z', 23],
    ['America/Los_Angeles', '2026-11-01T20:00:00Z', '2026-11-01T07:00:00Z', 25],
    ['Europe/Dublin', '2026-03-29T12:00:00Z', '2026-03-29T00:00:00Z', 23],
    ['Australia/Lord_Howe', '2026-04-04T18:00:00Z', '2026-04-04T13:00:00Z', 24.5],
    ['Pacific/Auckland', '2026-06-10T12:30:00Z', '2026-06-10T12:00:00Z', 24],
    ['Pacific/Honolulu', '2026-06-10T09:59:59Z', '2026-06-09T10:00:00Z', 24],
    ['Asia/Kolkata', '2026-06-09T18:30:00Z', '2026-06-09T18:30:00Z', 24],
    // The clock jumps from 00:00 to 01:00, so the day begins at 01:00.
    ['Asia/Beirut', '2026-03-29T12:00:00Z', '2026-03-28T22:00:00Z', 23],
    ['UTC', '2026-12-31T23:59:59Z', '2026-12-31T00:00:00Z', 24],
  ])('%s at %s', (timezone, moment, start, hours) => {
    const calendar = createCalendar(timezone);
    expect(calendar.startOfDay(seconds(moment))).toBe(seconds(start));
    expect(calendar.startOfNextDay(seconds(moment)) - calendar.startOfDay(seconds(moment))).toBe(
      hours * 3600,
    );
  });

  test('tile time: every moment is in the day that begins before it', () => {
    const zones = [
      'America/Los_Angeles',
      'Europe/Dublin',
      'Pacific/Apia',
      'Asia/Kathmandu',
      'America/Havana',
    ];
    const calendars = zones.map(createCalendar);
    fc.assert(
      fc.property(fc.integer({ min: 1.5e9, max: 1.9e9 }), fc.nat(zones.length - 1), (moment, zone) => {
        const calendar = calendars[zone] ?? createCalendar('UTC');
        const start = calendar.startOfDay(moment);
        const next = calendar.startOfNextDay(moment);
        expect(start).toBeLessThanOrEqual(moment);
        expect(next).toBeGreaterThan(moment);
        expect(next - start).toBeLessThanOrEqual(DAY + 3600);
        expect(calendar.startOfDay(start)).toBe(start);
        expect(calendar.startOfDay(next)).toBe(next);
        expect(calendar.startOfNextDay(start - 1)).toBe(start);
      }),
      { numRuns: 200 },
    );
  });
});
