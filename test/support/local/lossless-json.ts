/** JSON as exact as its text: integers that a double cannot hold are bigints. Written for the tests alone. */

export type Exact =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Exact[]
  | { readonly [key: string]: Exact };
export type ExactObject = { readonly [key: string]: Exact };

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const keepDigits: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)
    ? BigInt(source)
    : value;

export const parseExact = (text: string): Exact =>
  JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as Exact;

/** What a value says once it has been over the wire: digits exact, keys without a value gone. */
export const overTheWire = (value: unknown): Exact => parseExact(JSON.stringify(value));

export const isExactObject = (value: Exact | undefined): value is ExactObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lone surrogates become U+FFFD, as the output contract says. */
export function wellFormed(value: Exact): Exact {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map((item: Exact) => wellFormed(item));
  if (!isExactObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]),
  );
}

/** One text per value: keys sorted, bigints told from numbers. */
export function canonical(value: Exact): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map((item: Exact) => canonical(item)).join(',')}]`;
  if (!isExactObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
