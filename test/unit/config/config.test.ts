import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definePipeline, parseConfig } from '../../../functions/config/config.ts';
import { InputError } from '../../../functions/core/errors.ts';
import { DEFAULT_OBJECTS } from '../../../functions/core/names.ts';
import { TABLES } from '../../../functions/objects/index.ts';

function problemsOf(config: unknown): readonly string[] {
  try {
    parseConfig(config);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.code).toBe('bad_config');
    return error.message.split('\n').slice(1);
  }
  throw new Error('It was not refused.');
}

test('an empty configuration has every default', () => {
  expect(parseConfig(definePipeline({}))).toStrictEqual({
    name: 'intercom',
    region: 'US',
    baseUrl: 'https://api.intercom.io',
    objects: DEFAULT_OBJECTS,
    excludedTables: ['contact_note'],
    fields: {},
    sensitiveFields: 'replicate',
    startFrom: null,
    overlapSeconds: 900,
    concurrency: null,
    parallelism: { objects: 4, slices: 4, inFlight: 128 },
    compression: 'gzip',
    history: { fullRefreshRuns: 30, versionDays: null },
    schemaChanges: 'auto-sync',
    safetyReread: null,
    notes: [],
  });
});

test('every key of a full configuration is used', () => {
  const config = definePipeline({
    name: 'acme-1',
    region: 'EU',
    objects: ['contact_tag', 'tags', 'contacts', 'tags'],
    startFrom: '2025-01-01T00:00:00Z',
    overlapMinutes: 30,
    concurrency: 6,
    parallelism: { objects: 3, slices: 1 },
    compression: 'none',
    history: { fullRefreshRuns: 2, incrementalVersions: '90 days' },
    tables: { exclude: ['contact_company'] },
    fields: { contacts: { name: 'exclude', 'custom_attributes["a.b"]': 'hash' } },
    sensitiveFields: 'hash',
    schemaChanges: 'block',
    safetyReread: { days: 3 },
  });
  expect(parseConfig(config, TABLES)).toStrictEqual({
    name: 'acme-1',
    region: 'EU',
    baseUrl: 'https://api.eu.intercom.io',
    objects: ['contacts', 'tags'],
    excludedTables: ['contact_company', 'contact_note'],
    fields: { contacts: { name: 'exclude', 'custom_attributes["a.b"]': 'hash' } },
    sensitiveFields: 'hash',
    startFrom: Date.UTC(2025, 0, 1) / 1000,
    overlapSeconds: 1_800,
    concurrency: 6,
    parallelism: { objects: 3, slices: 1, inFlight: 6 },
    compression: 'none',
    history: { fullRefreshRuns: 2, versionDays: 90 },
    schemaChanges: 'block',
    safetyReread: { days: 3 },
    notes: [],
  });
});

test('what costs more requests is synced if it is named, alone or beside what is synced by default', () => {
  const named = (objects: NonNullable<Parameters<typeof definePipeline>[0]['objects']>) => {
    const { objects: selected, excludedTables } = parseConfig(definePipeline({ objects }));
    return { selected, excludedTables };
  };
  expect(named(['calls', 'default', 'contact_note'])).toEqual({
    selected: [...DEFAULT_OBJECTS, 'calls'],
    excludedTables: [],
  });
  expect(named(['article_statistics'])).toEqual({
    selected: ['article_statistics'],
    excludedTables: ['contact_note'],
  });
  expect(named(['default'])).toEqual(named([...DEFAULT_OBJECTS]));
  const frequency = {
    objects: ['default', 'calls'],
    objectFrequency: { calls: { every: '1 day' } },
  } as const;
  expect(problemsOf({ objectFrequency: frequency.objectFrequency })).toEqual([
    expect.stringContaining('calls: not a configured object'),
  ]);
  expect(parseConfig(frequency).objects).toContain('calls');
  expect(problemsOf({ objects: ['tags', 'contact_note'] })).toEqual([
    expect.stringContaining("'contact_note' is part of 'contacts'"),
  ]);
});

test('does not change when sent as JSON', () => {
  const resolved = parseConfig({ startFrom: '2025-01-01T00:00:00Z' });
  expect(JSON.parse(JSON.stringify(resolved))).toStrictEqual(resolved);
});

describe('the address of the API', () => {
  test.each([
    ['US', 'https://api.intercom.io'],
    ['EU', 'https://api.eu.intercom.io'],
    ['AU', 'https://api.au.intercom.io'],
  ])('follows from the region %s', (region, baseUrl) => {
    expect(parseConfig({ region }).baseUrl).toBe(baseUrl);
  });

  test.each([
    ['https://proxy.example.com', 'https://proxy.example.com'],
    ['https://proxy.example.com/intercom//', 'https://proxy.example.com/intercom'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['http://localhost', 'http://localhost'],
  ])('may be set: %s', (said, baseUrl) => {
    expect(parseConfig({ baseUrl: said, region: 'EU' }).baseUrl).toBe(baseUrl);
  });

  test.each([
    ['http://proxy.example.com', 'must be https'],
    ['http://127.0.0.1.example.com', 'must be https'],
    ['ftp://localhost', 'must be https'],
    ['not a url', 'must be an absolute URL'],
    ['/path', 'must be an absolute URL'],
    ['', 'must be an absolute URL'],
  ])('is refused as %j', (baseUrl, problem) => {
    expect(problemsOf({ baseUrl })).toEqual([expect.stringContaining(`baseUrl: ${problem}`)]);
  });
});

describe('mistakes', () => {
  test('in one of many names are answered with a guess, and with all names if none is like it', () => {
    expect(problemsOf({ objects: ['default', 'convesations'] })).toEqual([
      '  objects.1: Invalid option. Did you mean "conversations"?',
    ]);
    expect(problemsOf({ objects: ['xyz'] })).toEqual([
      expect.stringContaining('objects.0: Invalid option: expected one of "default"|"contacts"|'),
    ]);
  });

  test('are reported together, each with its path', () => {
    const problems = problemsOf({
      name: 'Acme',
      region: 'FR',
      baseUrl: 'nowhere',
      objects: ['contact_tag', 'conversation_tag'],
      startFrom: '2025-01-01',
      overlapMinutes: 0,
      concurrency: 0,
      parallelism: { objects: 17, slices: 'many' },
      compression: 'zip',
      history: { fullRefreshRuns: 0, incrementalVersions: '3 days' },
      tables: { exclude: ['tags'] },
      fields: { contacts: { name: 'hash' } },
      sensitiveFields: 'encrypt',
      schemaChanges: 'never',
      frequency: 'hourly',
      nonsense: 1,
    }).join('\n');
    for (const path of [
      'name: must be 1-31 characters',
      'region: ',
      'baseUrl: must be an absolute URL',
      "objects: 'contact_tag' is part of 'contacts'",
      "objects: 'conversation_tag' is part of 'conversations'",
      "startFrom: '2025-01-01' has no time zone",
      'overlapMinutes: ',
      'concurrency: ',
      'parallelism.objects: ',
      'parallelism.slices: ',
      'compression: ',
      'history.fullRefreshRuns: ',
      "history.incrementalVersions: must be 'all', or from '7 days' to '3650 days'",
      'tables.exclude.0: must be a child table',
      'fields.contacts: no such table',
      'sensitiveFields: Invalid option: expected one of "replicate"|"hash"',
      'schemaChanges: ',
      "frequency: must be { every: '1 hour' } or",
      '(top level): Unrecognized key: "nonsense"',
    ]) {
      expect(problems).toContain(path);
    }
  });

  test.each([
    [null, '(top level)'],
    ['x', '(top level)'],
    [{ objects: ['nothing'] }, 'objects.0'],
    [{ objects: [] }, 'objects: must name at least one object'],
    [{ objects: ['deletions'] }, 'objects.0'],
    [{ parallelism: { inFlight: 3 } }, 'parallelism: Unrecognized key'],
    [{ parallelism: { objects: 16, slices: 9 } }, 'parallelism: objects x slices must be at most 128'],
    [{ startFrom: 5 }, 'startFrom'],
    [{ startFrom: '2025-02-30T00:00:00Z' }, 'startFrom'],
  ])('%j is refused at %s', (config, path) => {
    expect(problemsOf(config)).toEqual([expect.stringContaining(path)]);
  });

  test.each(['email_address_header', 'company_tag', 'team_admin', 'contact_company'])(
    'the child %s without its parent',
    (child) => {
      expect(problemsOf({ objects: [child, 'tags'] })).toEqual([
        expect.stringMatching(
          new RegExp(`objects: '${child}' is part of '\\w+': name the parent object too`),
        ),
      ]);
    },
  );
});

describe('concurrency', () => {
  test('leaves the whole of it to any object, slice or request', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 40 }),
        (concurrency, objects, slices) => {
          fc.pre(objects * slices <= 128);
          const { parallelism } = parseConfig({ concurrency, parallelism: { objects, slices } });
          expect(parallelism).toEqual({
            objects: Math.min(objects, concurrency),
            slices: Math.min(slices, concurrency),
            inFlight: Math.min(128, concurrency),
          });
        },
      ),
    );
  });
});
