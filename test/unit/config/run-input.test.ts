import { describe, expect, test } from 'vitest';
import { parseRunInput } from '../../../functions/config/run-input.ts';
import type { ObjectName } from '../../../functions/core/names.ts';

const NOW = Date.UTC(2026, 10, 22) / 1000;
const CONFIGURED: readonly ObjectName[] = ['contacts', 'tickets', 'tags', 'admins'];

const parse = (input: unknown, objects: readonly ObjectName[] = CONFIGURED) =>
  parseRunInput(input, {
    config: { objects },
    isIncremental: (name) => name === 'contacts' || name === 'tickets',
    now: NOW,
  });

const JANUARY = Date.UTC(2025, 0, 1) / 1000;
const FEBRUARY = Date.UTC(2025, 1, 1) / 1000;

describe('is accepted', () => {
  test('empty: every configured object, incrementally', () => {
    expect(parse({})).toEqual({ mode: 'incremental', range: null, objects: CONFIGURED, notes: [] });
  });

  test('with objects, in the order of the configuration and each once', () => {
    expect(parse({ objects: ['tags', 'contacts', 'tags'] }).objects).toEqual(['contacts', 'tags']);
  });

  test('with what an audit found, for the objects it names', () => {
    const repair = {
      contacts: [{ ids: ['a'] }, { from: '2025-01-01T00:00:00Z', to: '2025-02-01T00:00:00Z' }],
      tags: [{ ids: ['7'] }],
    };
    expect(parse({ repair })).toEqual({
      mode: 'incremental',
      range: null,
      objects: ['contacts', 'tags'],
      repairs: {
        contacts: [{ ids: ['a'] }, { window: { from: JANUARY, to: FEBRUARY } }],
        tags: [{ ids: ['7'] }],
      },
      notes: [],
    });
    expect(parse({ repair: { tags: [{ ids: ['7'] }] }, objects: ['tags', 'admins'] }).objects).toEqual([
      'tags',
      'admins',
    ]);
  });

  test.each(['incremental', 'full_refresh'] as const)('with the mode %s', (mode) => {
    expect(parse({ mode })).toMatchObject({ mode, range: null });
  });

  test('with a range: a backfill of what can be read by time, and it reports what is left out', () => {
    expect(parse({ from: '2025-01-01T00:00:00Z', to: '2025-02-01T01:00:00+01:00' })).toEqual({
      mode: 'backfill',
      range: { from: JANUARY, to: FEBRUARY },
      objects: ['contacts', 'tickets'],
      notes: ['These objects cannot be read by time and are left out: tags, admins.'],
    });
  });

  test('with a range that ends now, for named objects', () => {
    expect(parse({ from: '2025-01-01T00:00:00Z', objects: ['tickets'] })).toEqual({
      mode: 'backfill',
      range: { from: JANUARY, to: NOW },
      objects: ['tickets'],
      notes: [],
    });
  });
});

describe('is refused, with what is allowed', () => {
  test.each<[unknown, string]>([
    [null, 'not a JSON object'],
    ['contacts', 'not a JSON object'],
    [[], 'not a JSON object'],
    [{ object: 'contacts' }, 'unknown key "object"'],
    [{ a: 1, b: 2 }, 'unknown key "a", "b"'],
    [{ objects: 'contacts' }, '"objects" must be a list of names'],
    [{ objects: [] }, '"objects" must be a list of names'],
    [{ objects: ['contacts', 'companies', 7] }, '"companies", 7; configured are contacts'],
    [{ objects: ['contacts', 'tickkets'] }, '"tickkets"; you may mean tickets'],
    [{ objects: ['people', 'tickkets'] }, '"people", "tickkets"; configured are contacts'],
    [{ mode: 'all' }, '"mode" must be "incremental" or "full_refresh"'],
    [{ mode: null }, '"mode" must be "incremental" or "full_refresh"'],
    [{ mode: 'backfill' }, '"mode" must be'],
    [{ mode: 'full_refresh', from: '2025-01-01T00:00:00Z' }, '"mode" and "from" cannot be used together'],
    [{ to: '2025-01-01T00:00:00Z' }, '"to" needs a "from"'],
    [{ from: '2025-01-01' }, '"from": '],
    [{ from: 1_735_689_600 }, '"from" must be a time'],
    [{ from: '2027-01-01T00:00:00Z' }, '"from" lies in the future'],
    [{ from: '2025-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' }, '"to" lies in the future'],
    [{ from: '2025-01-01T00:00:00Z', to: '2025-01-01T00:00:00Z' }, '"from" must be before "to"'],
    [{ from: '2025-02-01T00:00:00Z', to: '2025-01-01T00:00:00Z' }, '"from" must be before "to"'],
    [{ from: '2025-01-01T00:00:00Z', objects: ['contacts', 'tags'] }, 'tags cannot be read by time'],
    [{ repair: [] }, '"repair" must be an object'],
    [{ repair: {} }, '"repair" must be an object'],
    [{ repair: { people: [{ ids: ['a'] }] } }, '"repair" names "people"'],
    [{ repair: { tags: [{ ids: ['a'] }] }, objects: ['contacts'] }, '"repair" names "tags"'],
    [{ repair: { contacts: [] } }, '"repair" of contacts must be a list'],
    [{ repair: { contacts: [{}] } }, 'must list {"ids"} or {"from", "to"}'],
    [{ repair: { contacts: [{ ids: ['a'], from: 'x', to: 'y' }] } }, 'must list {"ids"} or {"from", "to"}'],
    [{ repair: { contacts: [{ ids: [7] }] } }, '"ids" in "repair" of contacts must be a list of ids'],
    [{ repair: { contacts: [{ from: 'x', to: 'y' }] } }, '"from": '],
    [
      { repair: { tags: [{ from: '2025-01-01T00:00:00Z', to: '2025-02-01T00:00:00Z' }] } },
      'tags cannot be read by time',
    ],
    [
      { repair: { tags: [{ ids: ['a'] }] }, mode: 'full_refresh' },
      '"repair" cannot be used together with "mode" or "from"',
    ],
  ])('%j', (input, problem) => {
    expect(() => parse(input)).toThrow(
      expect.objectContaining({
        name: 'InputError',
        code: 'bad_input',
        message: expect.stringContaining(problem),
      }),
    );
    expect(() => parse(input)).toThrow('Allowed: {}');
  });

  test('a range if nothing can be read by time', () => {
    expect(() => parse({ from: '2025-01-01T00:00:00Z' }, ['tags'])).toThrow('none of the configured objects');
  });
});
