/**
 * JSON paths in the dialect of Athena (Trino), for DuckDB: `$.a`, `$.a[0]`, `$["a b"]`. DuckDB's own dialect differs
 * and cannot name every key, so a path becomes a JSON pointer (RFC 6901): `/a/0`. Pure.
 */
import { literal } from './sql.ts';

/** A step of a path: `.name`, `[0]`, or `["any text"]`, in which a backslash escapes a quote or a backslash. */
const STEP = String.raw`\.[\p{L}\p{N}_:$@|#/-]+|\[[\p{L}\p{N}_-]+\]|\["(?:[^"\\]|\\["\\])*"\]`;

const KEY = String.raw`CASE
    WHEN step[1] = '.' THEN step[2:]
    WHEN step[2] = '"' THEN regexp_replace(step[3:-3], '\\(.)', '\1', 'g')
    ELSE step[2:-2]
  END`;

/** A path that Athena does not accept stays as it is: it may be one of DuckDB's own. */
const POINTER = `CASE WHEN regexp_full_match(path, ${literal(`\\$(?:${STEP})*`)}) THEN coalesce(
  list_aggregate(list_transform(
    regexp_extract_all(path, ${literal(STEP)}),
    lambda step: '/' || replace(replace(${KEY}, '~', '~0'), '/', '~1')
  ), 'string_agg', ''), '') ELSE path END`;

const macro = (signature: string, body: string): string => `CREATE OR REPLACE MACRO ${signature} AS ${body}`;

/** A leaf of a JSON column as text, by its keys, as Athena writes it. */
export const athenaLeaf = (column: string, keys: readonly string[]): string => {
  const path = keys.map((key) => `["${key.replaceAll(/["\\]/g, '\\$&')}"]`).join('');
  return `json_extract_scalar(${column}, ${literal(`$${path}`)})`;
};

/** The same for views in DuckDB. Parsing a path takes it some 20 ms, which is too much for hundreds of columns. */
export const duckdbLeaf = (column: string, keys: readonly string[]): string => {
  const pointer = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return `json_leaf(${column}, ${literal(pointer)})`;
};

const scalarAt = (
  pointer: string,
): string => `CASE WHEN json_type(json, ${pointer}) IN ('OBJECT', 'ARRAY') THEN NULL
  ELSE json_extract_string(json, ${pointer}) END`;

/** Macros for DuckDB. `json_extract_scalar` has no value for an object or an array, as in Athena. */
export const JSON_MACROS: readonly string[] = [
  macro('json_pointer(path)', POINTER),
  macro('json_extract(json, path)', 'json_extract_path(json, json_pointer(path))'),
  macro('json_extract_scalar(json, path)', scalarAt('json_pointer(path)')),
  macro('json_leaf(json, pointer)', scalarAt('pointer')),
];
