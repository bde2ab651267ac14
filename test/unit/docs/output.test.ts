/** docs/output.md names every key of a manifest. */
import { expect, test } from 'vitest';
import type { Completeness, Manifest } from '../../../functions/core/engine-files.ts';
import { proseOf, textOf } from '../../support/documents.ts';

type Keys<Of> = Readonly<Record<keyof Of, true>>;

/** The compiler keeps these complete. */
const MANIFEST: Keys<Omit<Manifest, 'format' | 'completeness' | 'schema'>> = {
  object: true,
  run_id: true,
  mode: true,
  started_at: true,
  committed_at: true,
  window: true,
  cursor: true,
  tables: true,
  rules: true,
  replaces: true,
  spans: true,
  dropped: true,
  evidence: true,
  deleted_list: true,
  reread_on: true,
  requests: true,
  erased: true,
};
const COMPLETENESS: Keys<Completeness> = {
  status: true,
  matched: true,
  read: true,
  written: true,
  parts: true,
  over_cap: true,
  large_rows: true,
  relations: true,
  debts: true,
  observed: true,
  suppressed: true,
};
const SCHEMA: Keys<Manifest['schema']> = {
  added: true,
  changed: true,
  dropped: true,
  columns: true,
  missing: true,
  version: true,
};

/** Keys named in the first cells: `schema.added`, `.changed` are both of `schema`. */
function documented(): ReadonlySet<string> {
  const cells = [...proseOf(textOf('docs/output.md')).matchAll(/^\| (`[^|]+`) +\|/gm)].map(
    ([, cell = '']) => cell,
  );
  return new Set(
    cells.flatMap((cell) => {
      const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      const parent = names[0]?.split('.')[0] ?? '';
      return names.map((name) => (name.startsWith('.') ? `${parent}${name}` : name));
    }),
  );
}

test('each key has a row', () => {
  const keys = [
    ...Object.keys(MANIFEST),
    ...Object.keys(COMPLETENESS).map((key) => `completeness.${key}`),
    ...Object.keys(SCHEMA).map((key) => `schema.${key}`),
  ];
  const known = documented();
  expect(keys.filter((key) => !known.has(key))).toEqual([]);
});
