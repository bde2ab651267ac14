/** The table `manifests` (one row per committed run of an object), and the types of its nested columns. Pure. */
import type { CatalogType } from './types.ts';

/** A type that may be nested. Each SQL dialect writes it in its own way. */
export type NestedType =
  | CatalogType
  | { readonly array: NestedType }
  | { readonly map: NestedType }
  | { readonly struct: Readonly<Record<string, NestedType>> };

const counts = (...names: readonly string[]): NestedType => ({
  struct: Object.fromEntries(names.map((name) => [name, 'bigint'])),
});

const STRINGS: NestedType = { array: 'string' };

const FILE: NestedType = { struct: { key: 'string', rows: 'bigint', bytes: 'bigint', sha256: 'string' } };

const COMPLETENESS: NestedType = {
  struct: {
    status: 'string',
    matched: 'bigint',
    read: 'bigint',
    written: 'bigint',
    parts: counts('expected', 'written'),
    over_cap: STRINGS,
    large_rows: { array: { struct: { table: 'string', key: 'string', bytes: 'bigint' } } },
    relations: { map: counts('expected', 'written', 'unknown') },
    // Without `scope`, which has several shapes.
    debts: { array: { struct: { reason: 'string', since: 'string', tries: 'bigint' } } },
    observed: { map: 'string' },
  },
};

/** Columns of `manifests` except `object`, which is a partition in Athena. */
export const MANIFEST_COLUMNS: Readonly<Record<string, NestedType>> = {
  format: 'bigint',
  run_id: 'string',
  mode: 'string',
  started_at: 'string',
  committed_at: 'string',
  window: counts('from', 'to'),
  cursor: counts('before', 'after'),
  tables: { map: { struct: { rows: 'bigint', files: { array: FILE } } } },
  completeness: COMPLETENESS,
  schema: { struct: { version: 'bigint', added: STRINGS, changed: STRINGS, dropped: STRINGS } },
  requests: counts('sent', 'limit'),
  replaces: STRINGS,
};

/** Columns of `manifest_runs`: one row per manifest that counts. */
export const COUNTING_COLUMNS: readonly { readonly name: string; readonly type: CatalogType }[] = [
  { name: 'object', type: 'string' },
  { name: 'run_id', type: 'string' },
];

/** Columns of `manifest_files`: one row per committed file. */
export const MANIFEST_FILE_COLUMNS: readonly { readonly name: string; readonly type: CatalogType }[] = [
  ...COUNTING_COLUMNS,
  { name: 'table_name', type: 'string' },
  { name: 'path', type: 'string' },
  { name: 'rows', type: 'bigint' },
  { name: 'bytes', type: 'bigint' },
  { name: 'sha256', type: 'string' },
];
