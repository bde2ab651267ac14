/**
 * JSON as Intercom sends it, without losing digits.
 *
 * `JSON.parse` rounds integers beyond 2^53, which occur in customers' own attributes. A text with 16 or more
 * digits in a row is therefore parsed with every unsafe integer kept as a `RawInteger`. Every other text
 * takes the fast path.
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

/** Matches if there may be an integer of 16 or more digits. Strings can give false positives, never misses. */
const MAY_HAVE_LONG_INTEGER = /(?:^|[[:,])\s*-?\d{16}/;
const LONG_INTEGERS = /(?<=(?:^|[[:,])\s*)-?\d{16,}(?![\d.eE])/g;
const INTEGER = /^-?\d+$/;

/** Reviver that keeps unsafe integers. `context.source` is the text of the literal. */
function keepUnsafeIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && INTEGER.test(source) ? RawJSON.rawJSON(source) : value;
}

/**
 * The digits behind each rounded value; null if two different integers round to the same value. (The
 * reviver can tell them apart, but is five times slower than parsing, so it is left for that case.)
 */
function digitsByValue(text: string): ReadonlyMap<number, string> | null {
  const digits = new Map<number, string>();
  for (const [found] of text.matchAll(LONG_INTEGERS)) {
    const known = digits.get(Number(found));
    if (known !== undefined && known !== found) return null;
    digits.set(Number(found), found);
  }
  return digits;
}

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
    if (typeof inner !== 'number' && typeof inner !== 'object') continue;
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
  if (!MAY_HAVE_LONG_INTEGER.test(text)) return JSON.parse(text) as JsonValue;
  const digits = digitsByValue(text);
  if (digits !== null) return restore(JSON.parse(text), digits) as JsonValue;
  return JSON.parse(text, keepUnsafeIntegers as (key: string, value: unknown) => unknown) as JsonValue;
}

/** True for an integer kept as raw digits. */
export const isRawInteger = (value: unknown): value is RawInteger => RawJSON.isRawJSON(value);

/** True for a plain JSON object (not null, not an array, not a raw integer). */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawInteger(value);

/**
 * The JSON text of a value in well-formed Unicode: lone surrogates become U+FFFD. `JSON.stringify`
 * escapes a lone surrogate as `\udXXX`, which other JSON readers refuse. Only a text with such an escape
 * needs the slower path.
 */
export function stringifyJson(value: unknown): string {
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
