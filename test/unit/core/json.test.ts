import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isJsonObject, isRawInteger, parseJson, stringifyJson } from '../../../functions/core/json.ts';

/** 55357 is the first half of an emoji. */
const LONE = String.fromCharCode(55_357);

describe('parsing', () => {
  test('equals JSON.parse for every text without long numbers', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{16}/.test(text));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test('keeps every integer exactly, at any depth', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (integer) => {
        const text = `{"a":[${integer},{"b":${integer}}],"c":"${integer}"}`;
        expect(stringifyJson(parseJson(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('distinguishes many long integers from strings and fractions that look similar', () => {
    const base = 2n ** 53n + 1n;
    const integer = fc.bigInt({ min: base, max: base + 9n }).map(String);
    const negative = integer.map((digits) => `-${digits}`);
    const tricky = fc.constantFrom(
      '"9007199254740993"',
      '": 9007199254740993,"',
      '"[9007199254740994"',
      '0.5',
      '7',
    );
    const token = fc.oneof(
      integer,
      negative,
      tricky,
      integer.map((digits) => `{"a":${digits},"b":[${digits}]}`),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
        const text = `[${tokens.join(',')}]`;
        expect(stringifyJson(parseJson(text))).toBe(text);
        expect(stringifyJson(parseJson(`\n[\n  ${tokens.join(' ,\n\t')} ]`))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['1234567890123456', 1234567890123456],
    ['"12345678901234567890"', '12345678901234567890'],
    ['1234567890123456.5', 1234567890123456.5],
    ['0.12345678901234567890', 0.12345678901234568],
  ])('returns %s unchanged: nothing is lost', (text, value) => {
    expect(parseJson(text)).toBe(value);
  });

  test.each(['9007199254740993', '-9007199254740993', '12345678901234567890'])(
    'keeps the digits of %s',
    (text) => {
      const value = parseJson(text);
      expect(isRawInteger(value)).toBe(true);
      expect(stringifyJson(value)).toBe(text);
    },
  );

  test.each(['', '{', 'nul', '{"a":1234567890123456789', '<html>1234567890123456</html>'])(
    'refuses %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  test('treats "__proto__" like any other name', () => {
    const value = parseJson('{"__proto__":{"a":12345678901234567890}}');
    expect(stringifyJson(value)).toBe('{"__proto__":{"a":12345678901234567890}}');
  });
});

describe('writing', () => {
  test('and parsing again returns the same value, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = stringifyJson(value);
        expect(text).toBe(JSON.stringify(value));
        expect(stringifyJson(parseJson(text))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  test('produces well-formed Unicode for any strings and names', () => {
    const text = fc.string({ unit: 'binary' });
    const broken = fc.tuple(text, text).map(([a, b]) => a + LONE + b);
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(text, broken), fc.oneof(broken, fc.array(broken))), (value) => {
        const written = stringifyJson(value);
        expect(written.isWellFormed()).toBe(true);
        expect(/\\ud[89a-f]/i.test(written.replaceAll('\\\\', ''))).toBe(false);
      }),
      { numRuns: 80 },
    );
  });

  test.each([
    [LONE, '"\ufffd"'],
    [{ [LONE]: [LONE, { a: `x${LONE}y` }] }, '{"\ufffd":["\ufffd",{"a":"x\ufffdy"}]}'],
    ['\u{1f600}', '"\u{1f600}"'],
    ['\\ud83d', '"\\\\ud83d"'],
  ])('replaces half a character, and only that: %j', (value, text) => {
    expect(stringifyJson(value)).toBe(text);
  });

  test('keeps long integers next to broken strings', () => {
    const value = { a: parseJson('12345678901234567890'), b: LONE };
    expect(stringifyJson(value)).toBe('{"a":12345678901234567890,"b":"\ufffd"}');
  });
});

test.each([
  [{}, true],
  [{ a: 1 }, true],
  [null, false],
  [[], false],
  ['{}', false],
  [parseJson('12345678901234567890'), false],
  [undefined, false],
])('%j is a JSON object: %s', (value, isObject) => {
  expect(isJsonObject(value)).toBe(isObject);
});
