/** Types of the catalog's columns. There are few, and each can read everything that its files hold. Pure. */
import type { ColumnType } from '../core/declaration.ts';
import type { SeenType } from '../core/sightings.ts';

/** Names of types in Athena and Hive. `string` reads every JSON scalar as text. */
export type CatalogType = 'string' | 'bigint' | 'double' | 'boolean';

/** The seen types that each catalog type reads without loss. */
const READS: Readonly<Record<Exclude<CatalogType, 'string'>, readonly SeenType[]>> = {
  boolean: ['boolean'],
  bigint: ['integer', 'long'],
  double: ['integer', 'number'],
};

/** Types that a column of each declared type may have, narrowest first; `string` is always the last resort. */
const CANDIDATES: Readonly<Record<ColumnType, readonly (keyof typeof READS)[]>> = {
  boolean: ['boolean'],
  timestamp: ['bigint', 'double'],
  integer: ['bigint', 'double'],
  number: ['double'],
  string: [],
  json: [],
};

/** For undeclared fields. Integers do not prove that only integers will follow, so numbers are doubles. */
const CANDIDATES_UNDECLARED: readonly (keyof typeof READS)[] = ['boolean', 'double'];

/** Ids come as integers or as text, depending on the object and the API version. */
const isId = (name: string): boolean => name === 'id' || name.endsWith('_id');

/**
 * The type of a column: the narrowest that reads everything seen so far. Seeing more types never makes it
 * narrower, with one exception: a new field is `string` until it has its first value.
 * @param declared null for an undeclared field
 */
export function catalogType(
  name: string,
  declared: ColumnType | null,
  seen: readonly SeenType[],
): CatalogType {
  if (isId(name)) return 'string';
  if (declared === null && seen.length === 0) return 'string';
  const candidates = declared === null ? CANDIDATES_UNDECLARED : CANDIDATES[declared];
  return candidates.find((type) => seen.every((one) => READS[type].includes(one))) ?? 'string';
}
