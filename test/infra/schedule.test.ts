import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCron } from '../../functions/config/cron.ts';
import { awsCron, cronProblem, scheduleOf } from '../../lib/constructs/schedule.ts';
import { awsFirings } from '../support/infra/aws-cron.ts';

const NOW = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];

function translated(cron: string): string {
  const fields = parseCron(cron);
  if ('problem' in fields) throw new Error(fields.problem);
  const expression = awsCron(fields);
  if (expression === null) throw new Error(`${cron} cannot be translated`);
  return expression;
}

describe('translation to the six fields of AWS', () => {
  test.each([
    ['0 6 * * 1-5', 'cron(0 6 ? * MON-FRI *)'],
    ['*/15 * * * *', 'cron(0,15,30,45 * * * ? *)'],
    ['5-59/20 8-18 * * *', 'cron(5,25,45 8-18 * * ? *)'],
    ['0 0 1,15 * *', 'cron(0 0 1,15 * ? *)'],
    ['0 0 * * 0', 'cron(0 0 ? * SUN *)'],
    ['0 0 * * 7', 'cron(0 0 ? * SUN *)'],
    ['0 0 * * 5-7', 'cron(0 0 ? * SUN,FRI,SAT *)'],
    ['0 0 * * 0-7', 'cron(0 0 ? * * *)'],
    ['0 0 * * */2', 'cron(0 0 ? * SUN,TUE,THU,SAT *)'],
    ['0 0 * * mon,WED', 'cron(0 0 ? * MON,WED *)'],
    ['0 12 31 JAN-MAR *', 'cron(0 12 31 1-3 ? *)'],
    ['0 0-23/6 * 1-12 *', 'cron(0 0,6,12,18 * * ? *)'],
  ])('%s is %s', (cron, expression) => {
    expect(translated(cron)).toBe(expression);
  });

  test('is refused if both days are restricted, whatever they say', () => {
    for (const cron of ['0 0 1 * 1', '0 0 1-31 * 1', '0 0 */2 * 0-6']) {
      expect(cronProblem({ cron, timezone: 'UTC' }, NOW)).toContain('restricts day-of-month and day-of-week');
    }
  });
});

interface Kind {
  readonly min: number;
  readonly max: number;
}
const KINDS = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  date: { min: 1, max: 31 },
  month: { min: 1, max: 12 },
  weekday: { min: 0, max: 7 },
} as const;

function itemOf({ min, max }: Kind): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  const step = fc.integer({ min: 1, max: Math.max(max - 1, 1) });
  const range = fc.tuple(value, value).map((pair) => `${Math.min(...pair)}-${Math.max(...pair)}`);
  return fc.oneof(
    value.map(String),
    range,
    fc.tuple(range, step).map(([text, each]) => `${text}/${each}`),
    step.map((each) => `*/${each}`),
  );
}

const listOf = (kind: Kind) =>
  fc.array(itemOf(kind), { minLength: 1, maxLength: 3 }).map((items) => items.join());
const fieldOf = (kind: Kind) => fc.oneof(fc.constant('*'), listOf(kind));

const days = fc.oneof(
  listOf(KINDS.date).map((date) => ({ date, weekday: '*' })),
  fieldOf(KINDS.weekday).map((weekday) => ({ date: '*', weekday })),
);

/** Any Unix cron that restricts at most one of the two days. */
const cron = fc
  .tuple(fieldOf(KINDS.minute), fieldOf(KINDS.hour), days, fieldOf(KINDS.month))
  .map(([minute, hour, { date, weekday }, month]) => `${minute} ${hour} ${date} ${month} ${weekday}`);

const start = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) });

const take = <T>(values: Iterable<T>, count: number): T[] => {
  const taken: T[] = [];
  for (const value of values) {
    if (taken.push(value) === count) break;
  }
  return taken;
};

/** The offset of a zone at a time. */
function offsetOf(timezone: string): (time: number) => string | undefined {
  const format = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' });
  return (time) => format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value;
}

describe('the translated expression', () => {
  test('fires when the Unix one does', () => {
    fc.assert(
      fc.property(cron, start, (unix, from) => {
        const expected = new Cron(unix, { timezone: 'UTC', mode: '5-part' }).nextRuns(50, new Date(from));
        const horizon = from + 3_600 * 24 * HOUR;
        const within = expected.map(Number).filter((time) => time < horizon);
        const found = take(awsFirings(translated(unix), 'UTC', from), 50).filter((time) => time < horizon);
        expect(found).toEqual(within);
      }),
      { numRuns: 300 },
    );
  });

  // In the hours of a clock change, Unix cron catches up or repeats and AWS skips: see the next test.
  test('fires when the Unix one does in every zone, except in the hours of a clock change', () => {
    fc.assert(
      fc.property(cron, fc.constantFrom(...ZONES), start, (unix, timezone, from) => {
        const offset = offsetOf(timezone);
        const isSettled = (time: number) => offset(time - 3 * HOUR) === offset(time + 3 * HOUR);
        const all = new Cron(unix, { timezone, mode: '5-part' }).nextRuns(80, new Date(from)).map(Number);
        const until = Math.min(all.at(-1) ?? Number.POSITIVE_INFINITY, from + 3_600 * 24 * HOUR);
        const found: number[] = [];
        for (const time of awsFirings(translated(unix), timezone, from)) {
          if (time > until) break;
          found.push(time);
        }
        expect(found.filter(isSettled)).toEqual(all.filter((time) => time <= until && isSettled(time)));
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    // 02:30 does not exist on 29 March 2026, and comes twice on 25 October.
    ['30 2 * * *', Date.UTC(2026, 2, 28, 12), ['2026-03-30T00:30', '2026-03-31T00:30']],
    ['30 2 * * *', Date.UTC(2026, 9, 24, 12), ['2026-10-25T00:30', '2026-10-26T01:30']],
    ['0 6 * * *', Date.UTC(2026, 2, 28, 12), ['2026-03-29T04:00', '2026-03-30T04:00']],
    ['0 6 * * *', Date.UTC(2026, 9, 24, 12), ['2026-10-25T05:00', '2026-10-26T05:00']],
  ])('%s in Berlin follows local time', (unix, from, expected) => {
    const found = take(awsFirings(translated(unix), 'Europe/Berlin', from), 2);
    expect(found.map((time) => new Date(time).toISOString().slice(0, 16))).toEqual(expected);
  });
});

describe('the gaps between firings', () => {
  test.each([
    ['*/15 * * * *', 'UTC'],
    ['0,15,30,45 * * * *', 'Europe/Berlin'],
    ['7 * * * *', 'America/New_York'],
    ['0 6 29 2 *', 'UTC'],
    ['0 2,3 * * *', 'Europe/Berlin'],
  ])('%s in %s is allowed', (unix, timezone) => {
    expect(cronProblem({ cron: unix, timezone }, NOW)).toBeNull();
  });

  test.each([
    ['*/14 * * * *', 'UTC', 'fires at 2026-11-23T00:56Z and again 4 minutes later'],
    ['0,10 6 1 1 *', 'UTC', 'fires at 2027-01-01T06:00Z and again 10 minutes later'],
    ['55,5 * * * *', 'UTC', 'again 10 minutes later'],
    ['* 6 * * *', 'UTC', 'again 1 minute later'],
    ['0 6 30 2 *', 'UTC', 'never fires'],
  ])('%s in %s is refused: %s', (unix, timezone, problem) => {
    expect(cronProblem({ cron: unix, timezone }, NOW)).toContain(problem);
  });

  test('include those of clock-change days, whatever the season', () => {
    // 01:50 and 03:00: ten minutes apart on the night that has no 02:00.
    for (const month of [0, 3, 6, 9]) {
      const now = Date.UTC(2026, month, 1);
      expect(cronProblem({ cron: '0,50 1,3 * * *', timezone: 'Europe/Berlin' }, now)).toContain(
        '10 minutes later',
      );
      expect(cronProblem({ cron: '0,50 1,3 * * *', timezone: 'Asia/Kolkata' }, now)).toBeNull();
    }
  });

  test('that are allowed are not shorter on AWS', () => {
    const some = (values: readonly number[]) =>
      fc.subarray([...values], { minLength: 1, maxLength: 3 }).map((chosen) => chosen.join());
    const fields = fc.tuple(some([0, 10, 15, 30, 50]), some([0, 1, 2, 3, 4, 22]));
    fc.assert(
      fc.property(fields, fc.constantFrom(...ZONES), ([minutes, hours], timezone) => {
        const unix = `${minutes} ${hours} * * *`;
        fc.pre(cronProblem({ cron: unix, timezone }, NOW) === null);
        const times = take(awsFirings(translated(unix), timezone, NOW), 250);
        for (const [index, time] of times.slice(1).entries()) {
          expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(15 * 60_000);
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('the schedule of a frequency', () => {
  test.each([
    [15, 'rate(15 minutes)'],
    [60, 'rate(1 hour)'],
    [90, 'rate(90 minutes)'],
    [360, 'rate(6 hours)'],
    [1440, 'rate(1 day)'],
    [2880, 'rate(2 days)'],
  ])('every %i minutes is %s', (everyMinutes, expression) => {
    const seconds = everyMinutes * 60;
    const gaps = { shortest: seconds, longest: seconds };
    expect(scheduleOf({ everyMinutes })).toEqual({ expression, timezone: null, gaps });
  });

  test('of a cron has its zone, and its gaps include weekends and clock changes', () => {
    expect(scheduleOf({ cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' }, NOW)).toEqual({
      expression: 'cron(0 6 ? * MON-FRI *)',
      timezone: 'Europe/Berlin',
      gaps: { shortest: 24 * 3600, longest: 73 * 3600 },
    });
  });

  test('needs a checked frequency', () => {
    expect(() => scheduleOf({ cron: '0 0 1 * 1', timezone: 'UTC' }, NOW)).toThrow('was not checked');
  });
});
