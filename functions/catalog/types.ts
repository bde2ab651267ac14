/** Types of the catalog's columns (DESIGN: catalog): few, and each reads whatever the files may hold. Pure. */
import type { ColumnType } from '../core/declaration.ts';
import type { SeenType } from '../core/sightings.ts';

/** The names of Athena and Hive. `string` reads every JSON scalar as its own text. */
export type CatalogType = 'string' | 'bigint' | 'double' | 'boolean';

/** Narrowest first: what a column of each declared type may become, and the types that each reads without loss. */
const READS: Readonly<Record<Exclude<CatalogType, 'string'>, readonly SeenType[]>> = {
  boolean: ['boolean'],
  bigint: ['integer', 'long'],
  double: ['integer', 'number'],
};

const CANDIDATES: Readonly<Record<ColumnType, readonly (keyof typeof READS)[]>> = {
  boolean: ['boolean'],
  timestamp: ['bigint', 'double'],
  integer: ['bigint', 'double'],
  number: ['double'],
  string: [],
  json: [],
};

/** Of a field that is not declared: integers prove nothing about what comes next, so numbers are doubles. */
const CANDIDATES_UNDECLARED: readonly (keyof typeof READS)[] = ['boolean', 'double'];

/** Ids come as integers or as text, depending on object and version of the API. */
const isId = (name: string): boolean => name === 'id' || name.endsWith('_id');

/**
 * The type of a column: the narrowest that reads everything seen so far. More seen types never make it
 * narrower, except that a new field without any value is `string` until its first value.
 * @param declared null for a field that is not declared
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
