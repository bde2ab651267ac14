/**
 * JSON as Intercom sends it, without losing digits.
 *
 * `JSON.parse` rounds integers beyond 2^53, which occur in customers' own attributes. In a text with 16 or more
 * digits in a row, every unsafe integer is therefore kept as a `RawInteger`. Every other text takes the fast path.
 */

/** An integer that a double cannot hold, kept as the digits that Intercom sent. */
export interface RawInteger {
  readonly rawJSON: string;
}

export type JsonValue = string | number | boolean | null | RawInteger | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

interface RawJson {
  rawJSON(text: string): RawInteger;
  isRawJSON(value: unknown): value is RawInteger;
}

/** Node 22 and later have `JSON.rawJSON` and the reviver's source text; TypeScript's lib does not have them yet. */
const RawJSON = JSON as typeof JSON & RawJson;

/** Digits of the smallest integer that a double may not hold. */
const LONG_DIGITS = 16;
const INTEGER = /^-?\d+$/;

/** Reviver that keeps unsafe integers. `context.source` is the text of the literal. */
function keepUnsafeIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? RawJSON.rawJSON(source) : value;
}

const isDigitAt = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
};

/** What comes before a number, whitespace aside. `''`: the number is the whole text. */
const BEFORE_NUMBER = ['', '[', ':', ','];
const WHITESPACE = [' ', '\t', '\n', '\r'];

/** The integer whose digits are at `[start, end)`, with its sign; null if the digits are something else. */
function integerAt(text: string, start: number, end: number): string | null {
  const next = text.charAt(end);
  if (next === '.' || next === 'e' || next === 'E') return null;
  const from = text.charAt(start - 1) === '-' ? start - 1 : start;
  let before = from - 1;
  while (WHITESPACE.includes(text.charAt(before))) before -= 1;
  return BEFORE_NUMBER.includes(text.charAt(before)) ? text.slice(from, end) : null;
}

/**
 * The digits behind each value that a double cannot hold; null if two different integers round to the same value.
 * (The reviver can tell them apart, but is five times slower than parsing, so it is left for that case.) Digits inside
 * a string may be found, too, and do no harm. One of any 16 digits in a row is at a sixteenth place, so only these
 * places are checked.
 */
function digitsByValue(text: string): ReadonlyMap<number, string> | null {
  let digits: Map<number, string> | null = null;
  for (let at = LONG_DIGITS - 1; at < text.length; at += LONG_DIGITS) {
    if (!isDigitAt(text, at)) continue;
    let start = at;
    while (start > 0 && isDigitAt(text, start - 1)) start -= 1;
    while (isDigitAt(text, at)) at += 1;
    if (at - start < LONG_DIGITS) continue;
    const found = integerAt(text, start, at);
    const value = Number(found);
    if (found === null || Number.isSafeInteger(value)) continue;
    digits ??= new Map();
    const known = digits.get(value);
    if (known !== undefined && known !== found) return null;
    digits.set(value, found);
  }
  return digits ?? NONE;
}

const NONE: ReadonlyMap<number, string> = new Map();

/** Replaces rounded integers by exact ones, in place, in a value that was just parsed. */
function restore(value: unknown, digits: ReadonlyMap<number, string>): unknown {
  if (typeof value === 'number') {
    const source = Number.isSafeInteger(value) ? undefined : digits.get(value);
    return source === undefined ? value : RawJSON.rawJSON(source);
  }
  if (typeof value !== 'object' || value === null) return value;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    const inner = holder[key];
    if (typeof inner !== 'number' && (typeof inner !== 'object' || inner === null)) continue;
    const exact = restore(inner, digits);
    if (exact !== inner) holder[key] = exact;
  }
  return value;
}

/**
 * Parses a JSON text. Integers that a double cannot hold stay exact.
 * @throws SyntaxError if the text is not JSON
 */
export function parseJson(text: string): JsonValue {
  const digits = digitsByValue(text);
  if (digits === null)
    return JSON.parse(text, keepUnsafeIntegers as (key: string, value: unknown) => unknown) as JsonValue;
  const value: JsonValue = JSON.parse(text);
  return digits.size === 0 ? value : (restore(value, digits) as JsonValue);
}

/** Hardly any object has a field of this name. Only for those that do is V8 asked, which takes longer. */
const isRaw = (value: object): boolean => 'rawJSON' in value && RawJSON.isRawJSON(value);

/** True for an integer kept as raw digits. */
export const isRawInteger = (value: unknown): value is RawInteger =>
  typeof value === 'object' && value !== null && isRaw(value);

/** True for a plain JSON object (not null, not an array, not a raw integer). */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRaw(value);

/**
 * The JSON text of a value in well-formed Unicode: lone surrogates become U+FFFD. `JSON.stringify`
 * escapes a lone surrogate as `\udXXX`, which other JSON readers refuse. Only a text with such an escape
 * needs the slower path.
 */
export function stringifyJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value);
  return LONE_SURROGATE_ESCAPE.test(text) ? JSON.stringify(value, wellFormed) : text;
}

const LONE_SURROGATE_ESCAPE = /\\ud[89a-f][0-9a-f]{2}/;

function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value);
  if (keys.every((key) => key.isWellFormed())) return value;
  return Object.fromEntries(keys.map((key) => [key.toWellFormed(), value[key]]));
}
