/** The shape of what was seen: types of values, per column of a table. Pure. */
import type { TableName } from './names.ts';

/**
 * What a value is by itself. `integer` fits a double exactly; `long` is an integer beyond 2^53 that 64 bits
 * hold, `huge` one that they do not; `json` is anything nested.
 */
export type SeenType = 'boolean' | 'integer' | 'long' | 'huge' | 'number' | 'string' | 'json';

/** Types seen in each column of a table, sorted; none where every value was null. */
export type SeenColumns = Readonly<Record<string, readonly SeenType[]>>;

/** Per table, the columns that records had so far. */
export type SeenTables = Readonly<Partial<Record<TableName, SeenColumns>>>;
