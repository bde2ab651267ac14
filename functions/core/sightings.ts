/** The types of the values seen in each column. Pure. */
import { isRawInteger, type JsonValue } from './json.ts';
import type { TableName } from './names.ts';

/**
 * The type of a value, whatever is declared. An `integer` fits a double exactly, a `long` fits 64 bits, and a
 * `huge` integer fits neither. `json` is anything nested.
 */
export type SeenType = 'boolean' | 'integer' | 'long' | 'huge' | 'number' | 'string' | 'json';

/** Types seen in each column of a table, sorted; empty if every value was null. */
export type SeenColumns = Readonly<Record<string, readonly SeenType[]>>;

/** The columns that records had, by table. */
export type SeenTables = Readonly<Partial<Record<TableName, SeenColumns>>>;

/** The entry of a column; undefined if it was never seen. Safe for a field named `constructor`. */
export const ofColumn = <T>(columns: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  columns !== undefined && Object.hasOwn(columns, name) ? columns[name] : undefined;

const MAX_LONG = 2n ** 63n - 1n;

function integerSeen(digits: string): SeenType {
  const value = BigInt(digits);
  return value <= MAX_LONG && value >= -MAX_LONG - 1n ? 'long' : 'huge';
}

/** The type of a value; null for null. */
function typeSeen(value: JsonValue): SeenType | null {
  if (value === null) return null;
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number';
  return isRawInteger(value) ? integerSeen(value.rawJSON) : 'json';
}

const sortedUnion = <T extends string>(a: readonly T[], b: readonly T[]): readonly T[] =>
  [...new Set([...a, ...b])].sort();

const unionColumns = (a: SeenColumns = {}, b: SeenColumns = {}): SeenColumns =>
  Object.fromEntries(
    sortedUnion(Object.keys(a), Object.keys(b)).map((name) => [
      name,
      sortedUnion(ofColumn(a, name) ?? [], ofColumn(b, name) ?? []),
    ]),
  );

export const unionSeen = (a: SeenTables, b: SeenTables): SeenTables =>
  Object.fromEntries(
    sortedUnion(Object.keys(a) as TableName[], Object.keys(b) as TableName[]).map((table) => [
      table,
      unionColumns(a[table], b[table]),
    ]),
  );

/** Collects the types of one column's values. A value of the same type as the last one costs almost nothing. */
export type See = (value: JsonValue) => void;

/** Collects the types of one table's columns while we make its rows. */
export interface Sightings {
  /** For one column, which counts as seen from its first value on, even if that is null. */
  of(column: string): See;
  see(column: string, value: JsonValue): void;
  columns(): SeenColumns;
}

export function createSightings(): Sightings {
  const seen = new Map<string, Set<SeenType>>();
  const sees = new Map<string, See>();

  function create(column: string): See {
    const types = new Set<SeenType>();
    let last: SeenType | null | undefined;
    return (value) => {
      const type = typeSeen(value);
      if (type === last) return;
      last = type;
      seen.set(column, types);
      if (type !== null) types.add(type);
    };
  }

  function of(column: string): See {
    const see = sees.get(column) ?? create(column);
    sees.set(column, see);
    return see;
  }

  return {
    of,
    see: (column, value) => of(column)(value),
    columns: () => unionColumns(Object.fromEntries([...seen].map(([name, types]) => [name, [...types]]))),
  };
}
