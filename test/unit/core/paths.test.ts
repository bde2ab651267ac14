import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../functions/core/json.ts';
import { parseJson } from '../../../functions/core/json.ts';
import { parsePath, valueAt, without } from '../../../functions/core/paths.ts';

test.each([
  ['a', [{ key: 'a' }]],
  ['a.b', [{ key: 'a' }, { key: 'b' }]],
  ['a[].b', [{ key: 'a' }, { every: 'item' }, { key: 'b' }]],
  ['a.*[].b', [{ key: 'a' }, { every: 'key' }, { every: 'item' }, { key: 'b' }]],
  ['*', [{ every: 'key' }]],
  ['a.b c', [{ key: 'a' }, { key: 'b c' }]],
  ['a["b.c [x]"].d', [{ key: 'a' }, { key: 'b.c [x]' }, { key: 'd' }]],
  ['a["*"]', [{ key: 'a' }, { key: '*' }]],
  ['a["\\"\\u00e4"]', [{ key: 'a' }, { key: '"ä' }]],
  ['["a.b"][]', [{ key: 'a.b' }, { every: 'item' }]],
])('%s is read as steps', (path, steps) => {
  expect(parsePath(path)).toEqual(steps);
});

test.each([
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  '[]',
  'a[',
  'a[0]',
  'a]b',
  'a"b',
  'a["b]',
  'a["b\\x"]',
  'a.["b"]',
  'a["b"]c',
])('%j is not a valid path', (path) => {
  expect(() => parsePath(path)).toThrow(SyntaxError);
});

test.each<[JsonValue | undefined, readonly string[], unknown]>([
  [{ a: { b: 1 } }, ['a', 'b'], 1],
  [{ a: { b: 1 } }, [], { a: { b: 1 } }],
  [{ a: null }, ['a', 'b'], undefined],
  [{ a: [1] }, ['a', '0'], undefined],
  [{}, ['a'], undefined],
  [undefined, ['a'], undefined],
  [parseJson('12345678901234567890'), ['rawJSON'], undefined],
])('in %j at %j is %j', (value, keys, found) => {
  expect(valueAt(value, keys)).toEqual(found);
});

describe('removing a path', () => {
  test.each<[string, JsonValue, JsonValue]>([
    ['a', { a: 1, b: 2 }, { b: 2 }],
    ['a.b', { a: { b: 1, c: 2 } }, { a: { c: 2 } }],
    ['a[].b', { a: [{ b: 1, c: 2 }, 5, { c: 3 }] }, { a: [{ c: 2 }, 5, { c: 3 }] }],
    ['*.b', { x: { b: 1 }, y: { c: 1 }, z: 'b' }, { x: {}, y: { c: 1 }, z: 'b' }],
    ['*[].url', { files: [{ url: 'u', name: 'n' }], text: 't' }, { files: [{ name: 'n' }], text: 't' }],
    ['*', { a: 1 }, {}],
    ['a[]', { a: [1, 2] }, { a: [1, 2] }],
    ['a.b', { a: 'text' }, { a: 'text' }],
    ['a.b.c', { a: {} }, { a: {} }],
    ['a', [1], [1]],
    ['*', 'text', 'text'],
  ])('%s from %j leaves %j', (path, value, rest) => {
    const before = JSON.stringify(value);
    expect(without(value, parsePath(path))).toEqual(rest);
    expect(JSON.stringify(value)).toBe(before);
  });

  test('that does not exist returns the same value', () => {
    const value = { b: { c: 1 } };
    expect(without(value, parsePath('a.x'))).toBe(value);
  });

  test('keeps a name that has no value', () => {
    const value = { a: undefined, b: { c: 1, d: 2 } } as unknown as JsonValue;
    expect(without(value, parsePath('*.c'))).toEqual({ a: undefined, b: { d: 2 } });
  });

  test('without steps changes nothing', () => {
    expect(without({ a: 1 }, [])).toEqual({ a: 1 });
  });
});
