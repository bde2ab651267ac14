import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, test } from 'vitest';
import {
  type ConfigRules,
  definePipeline,
  parseConfig,
  parseDeployment,
} from '../../../functions/config/config.ts';
import { LOG_RETENTION_DAYS } from '../../../functions/config/deployment.ts';
import { choosePipeline, parsePipelines } from '../../../functions/config/pipelines.ts';
import { InputError } from '../../../functions/core/errors.ts';

const RULES: ConfigRules = { tables: [], cronProblem: () => null };

function problemsOf(content: unknown, rules = RULES): readonly string[] {
  try {
    parsePipelines(content, rules);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.code).toBe('bad_config');
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  throw new Error('It was not refused.');
}

const NOTHING_OF_THE_ACCOUNT = {
  bucket: null,
  prefix: '',
  table: null,
  secrets: { connection: null, oauthClient: null, hashKey: null },
  permissionsBoundary: null,
  tags: {},
  vpc: null,
  callbackDomain: null,
  reader: null,
};

test('an empty configuration has every default', () => {
  expect(parseDeployment(definePipeline({}))).toStrictEqual({
    frequency: { everyMinutes: 60 },
    objectFrequency: {},
    paused: false,
    alerts: { email: null, missedIntervals: 3 },
    monitoring: 'standard',
    dashboard: false,
    encryption: 'aws',
    logRetentionDays: 90,
    reservedConcurrency: null,
    catalog: { database: null, workgroup: null },
    aws: NOTHING_OF_THE_ACCOUNT,
  });
});

const spelledOut = definePipeline({
  objects: ['contacts', 'tags'],
  frequency: { cron: ' 0 6  * * 1-5', timezone: 'Europe/Berlin' },
  objectFrequency: { tags: { every: '6 hours' }, contacts: { cron: '0 * * * *' } },
  paused: true,
  alerts: { email: 'data@example.com', missedIntervals: 5 },
  monitoring: 'detailed',
  dashboard: true,
  encryption: 'own-key',
  logRetentionDays: 365,
  reservedConcurrency: 8,
  catalog: { database: 'shop', workgroup: 'Shop' },
});

test('every key of a full configuration is used', () => {
  expect(parseDeployment(spelledOut)).toStrictEqual({
    frequency: { cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' },
    objectFrequency: { tags: { everyMinutes: 360 }, contacts: { cron: '0 * * * *', timezone: 'UTC' } },
    paused: true,
    alerts: { email: 'data@example.com', missedIntervals: 5 },
    monitoring: 'detailed',
    dashboard: true,
    encryption: 'own-key',
    logRetentionDays: 365,
    reservedConcurrency: 8,
    catalog: { database: 'shop', workgroup: 'Shop' },
    aws: NOTHING_OF_THE_ACCOUNT,
  });
});

test('is not part of the functions: changing only this does not change the configuration of a run', () => {
  const objects: ('contacts' | 'tags')[] = ['contacts', 'tags'];
  expect(parseConfig(spelledOut)).toStrictEqual(parseConfig({ objects }));
});

describe('every', () => {
  test.each([
    ['15 minutes', 15],
    ['90 minutes', 90],
    ['1 hour', 60],
    ['1 hours', 60],
    ['2 days', 2880],
    ['1 day', 1440],
  ])('%s', (every, everyMinutes) => {
    expect(parseDeployment({ frequency: { every } }).frequency).toEqual({ everyMinutes });
  });

  test.each([
    ['14 minutes', 'must be at least 15 minutes'],
    ['1 minute', 'must be at least 15 minutes'],
    ['0 hours', "must be '<n> minutes'"],
    ['1.5 hours', "must be '<n> minutes'"],
    ['2 weeks', "must be '<n> minutes'"],
    ['hour', "must be '<n> minutes'"],
    [' 1 hour', "must be '<n> minutes'"],
  ])('%j is refused', (every, problem) => {
    expect(problemsOf({ frequency: { every } })).toEqual([
      expect.stringMatching(new RegExp(`^frequency\\.every: .*${problem}`)),
    ]);
  });
});

describe('cron', () => {
  test.each([
    ['0 6 * *', "'0 6 * *' has 4 fields; five are needed"],
    ['0 0 6 * * *', 'has 6 fields'],
    ['@daily', 'has 1 field'],
    ['60 * * * *', "minute '60' must be 0-59"],
    ['0 24 * * *', "hour '24' must be 0-23"],
    ['0 0 0 * *', "day-of-month '0' must be 1-31"],
    ['0 0 * 13 *', "month '13' must be 1-12 or JAN-DEC"],
    ['0 0 * MON *', "month 'MON' must be 1-12 or JAN-DEC"],
    ['0 0 * * 8', "day-of-week '8' must be 0-7 or SUN-SAT"],
    ['0 0 * * FRI-SUN', "day-of-week 'FRI-SUN': a range must go upwards"],
    ['0 22-2 * * *', "hour '22-2': a range must go upwards"],
    ['5/15 * * * *', "minute '5/15': a step must follow * or a range; write 5-59/15"],
    ['*/0 * * * *', "minute '*/0': a step must be 1-59"],
    ['*/60 * * * *', "minute '*/60': a step must be 1-59"],
    ['0 0 ? * 1', "day-of-month '?' is not Unix cron"],
    ['0 0 L * *', "day-of-month 'L' is not Unix cron"],
    ['0 0 * * 5#2', "day-of-week '5#2' is not Unix cron"],
    ['0,, 0 * * *', "minute '' is not Unix cron"],
    ['-5 0 * * *', "minute '-5' is not Unix cron"],
    ['61 25 * * *', "minute '61' must be 0-59; hour '25' must be 0-23"],
  ])('%j is refused', (cron, problem) => {
    expect(problemsOf({ frequency: { cron } })).toEqual([expect.stringContaining(problem)]);
    expect(problemsOf({ frequency: { cron } })[0]).toMatch(/^frequency\.cron: /);
  });

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Etc/GMT+5'])(
    'fires in the zone %s',
    (timezone) => {
      const frequency = { cron: '0 6 * * *', timezone };
      expect(parseDeployment({ frequency }).frequency).toEqual(frequency);
    },
  );

  test.each([
    ['+02:00', 'must be an IANA time zone'],
    ['Mars/Olympus', 'must be an IANA time zone'],
    ['', 'must be an IANA time zone'],
    ['europe/berlin', "is spelled 'Europe/Berlin'"],
  ])('does not fire in the zone %j', (timezone, problem) => {
    expect(problemsOf({ frequency: { cron: '0 6 * * *', timezone } })).toEqual([
      expect.stringMatching(new RegExp(`^frequency\\.timezone: .*${problem}`)),
    ]);
  });

  test('is refused if its calendar has a problem, for objects too', () => {
    const rules = { ...RULES, cronProblem: ({ cron }: { cron: string }) => `no ${cron}` };
    const content = { frequency: { cron: '1 * * * *' }, objectFrequency: { tags: { cron: '2 * * * *' } } };
    expect(problemsOf(content, rules)).toEqual([
      'frequency.cron: no 1 * * * *',
      'objectFrequency.tags.cron: no 2 * * * *',
    ]);
  });
});

test('log retention must be a value that CloudWatch allows', () => {
  const allowed = Object.values(RetentionDays).filter((days) => typeof days === 'number' && days < 9999);
  expect([...LOG_RETENTION_DAYS]).toEqual(allowed.toSorted((a, b) => Number(a) - Number(b)));
});

describe('mistakes', () => {
  const SHAPE = "frequency: must be { every: '1 hour' } or { cron:";

  test('are reported together with those about the data', () => {
    const problems = problemsOf({
      region: 'FR',
      objects: ['tags', 'teams'],
      frequency: 'hourly',
      objectFrequency: { contacts: { every: '1 hour' }, tags: { every: '5 minutes' }, x: {} },
      paused: 'no',
      alerts: { email: 'nobody', missedIntervals: 0, phone: 1 },
      monitoring: 'much',
      encryption: 'rot13',
      logRetentionDays: 8,
    });
    expect(problems).toHaveLength(11);
    for (const start of [
      'region: ',
      SHAPE,
      'objectFrequency.tags.every: must be at least 15 minutes',
      'objectFrequency: contacts, x: not a configured object; configured are tags, teams',
      'paused: ',
      'alerts.email: must be an e-mail address',
      'alerts.missedIntervals: ',
      'alerts: Unrecognized key: "phone"',
      'monitoring: Invalid option: expected one of "standard"|"detailed"',
      "encryption: must be 'aws', 'own-key' or { keyArn: ",
      'logRetentionDays: must be a number of days that CloudWatch allows: 1, 3, 5, 7,',
    ]) {
      expect(problems.filter((problem) => problem.startsWith(start))).toHaveLength(1);
    }
  });

  test.each([
    [{ frequency: {} }, SHAPE],
    [{ frequency: { every: 15 } }, SHAPE],
    [{ frequency: { every: '1 hour', cron: '0 6 * * *' } }, SHAPE],
    [{ frequency: { timezone: 'UTC' } }, SHAPE],
    [{ frequency: { every: '1 hour', timezone: 'UTC' } }, 'frequency: '],
    [
      { objectFrequency: { contact_tag: { every: '1 hour' } } },
      'objectFrequency: contact_tag: not a configured object',
    ],
    [{ objectFrequency: [] }, 'objectFrequency: '],
  ])('%j is refused', (config, start) => {
    expect(problemsOf(config)).toEqual([
      expect.stringMatching(new RegExp(`^${start.replaceAll('*', '\\*')}`)),
    ]);
  });
});

describe('a file', () => {
  const names = (content: unknown) => parsePipelines(content, RULES).map(({ config }) => config.name);

  test('has one pipeline or a list of them', () => {
    expect(names({ name: 'shop' })).toEqual(['shop']);
    expect(names([{ name: 'shop' }, {}])).toEqual(['shop', 'intercom']);
    const [, eu] = parsePipelines([{ name: 'us' }, { name: 'eu', region: 'EU', paused: true }], RULES);
    expect(eu).toMatchObject({ config: { region: 'EU' }, deployment: { paused: true } });
  });

  test('gets every mistake of every pipeline reported, including equal names', () => {
    expect(problemsOf([])).toEqual(['(top level): the list is empty; it needs at least one pipeline']);
    expect(problemsOf([{}, 5])).toEqual([expect.stringMatching(/^\[1\]: Invalid input/)]);
    expect(problemsOf([{ name: 'a' }, { name: 'b' }, { name: 'a' }])).toEqual([
      "[2].name: 'a' is also the name of [0]; each pipeline needs its own name",
    ]);
    expect(problemsOf([{ region: 'FR' }, { name: 'intercom', paused: 1 }])).toEqual([
      expect.stringMatching(/^\[0\]\.region: /),
      expect.stringMatching(/^\[1\]\.paused: /),
      "[1].name: 'intercom' is also the name of [0]; each pipeline needs its own name",
    ]);
  });

  test('gives each pipeline a place of its own in a bucket', () => {
    const at = (name: string, prefix?: string) => ({
      name,
      aws: { bucket: 'lake', ...(prefix && { prefix }) },
    });
    expect(names([at('a', 'raw/a'), at('b', 'raw/b'), at('c'), { name: 'd' }, { name: 'e' }])).toHaveLength(
      5,
    );
    expect(problemsOf([at('a'), at('b', 'raw'), at('c', 'raw/'), at('d')])).toEqual([
      '[2].aws.prefix: s3://lake/raw/ is also the lake of [1]; give each pipeline its own prefix',
      '[3].aws.prefix: s3://lake/ is also the lake of [0]; give each pipeline its own prefix',
    ]);
  });

  test('needs the name of a pipeline if it has several', () => {
    const several = parsePipelines([{ name: 'us' }, { name: 'eu' }], RULES);
    expect(choosePipeline(several, 'eu').config.name).toBe('eu');
    expect(() => choosePipeline(several, undefined)).toThrow(
      'There are several pipelines: us, eu. Choose one with --pipeline NAME.',
    );
    expect(() => choosePipeline(several, 'asia')).toThrow("There is no pipeline 'asia'; there are: us, eu.");
    const one = parsePipelines({ name: 'us' }, RULES);
    expect(choosePipeline(one, undefined).config.name).toBe('us');
    expect(() => choosePipeline(one, 'eu')).toThrow("There is no pipeline 'eu'; there are: us.");
  });
});
