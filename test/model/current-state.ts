/** The current state of an object's tables, by the output contract's rule, from what the manifests list. */
import type { Manifest } from '../../functions/core/engine-files.ts';
import { originalOf } from '../../functions/core/lake-keys.ts';
import type { TableName } from '../../functions/core/names.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import type { MemoryLake } from '../support/memory/memory-lake.ts';
import { countingManifestsOf, type OutputRow, rowsOfParts } from '../support/rows-of.ts';

export interface ObjectState {
  /** Those that count, oldest first. */
  readonly manifests: readonly Manifest[];
  /** Rows of a table that are current, by their key. */
  rows(table: TableName): ReadonlyMap<string, OutputRow>;
}

const keyOf = (names: readonly string[], row: OutputRow): string =>
  names.map((name) => String(row[name])).join(' / ');

const isUnknown = (row: OutputRow, field: string): boolean =>
  typeof row._unknown === 'string' && (JSON.parse(row._unknown) as readonly string[]).includes(field);

const isNewer = (row: OutputRow, than: OutputRow | undefined): boolean =>
  than === undefined || String(row._version) > String(than._version);

/**
 * @param files rows of files that were read before; a file never changes
 * @param runs only these runs are visible. @default all
 */
export function currentState(
  lake: MemoryLake,
  object: keyof typeof OBJECTS,
  files: Map<string, readonly OutputRow[]> = new Map(),
  runs?: readonly string[],
): ObjectState {
  const { sync, primaryKey, children } = OBJECTS[object];
  const all = countingManifestsOf(lake, object);
  const manifests =
    runs === undefined || sync.kind === 'incremental'
      ? all
      : all.filter(({ run_id }) => runs.includes(originalOf(run_id)));
  const counted = sync.kind === 'full_refresh' ? manifests.slice(-1) : manifests;

  function allRows(table: TableName): readonly OutputRow[] {
    return counted.flatMap(({ tables }) =>
      (tables[table]?.files ?? []).flatMap((file) => {
        const rows = files.get(file.key) ?? rowsOfParts(lake, [{ table, ...file }], table);
        files.set(file.key, rows);
        return runs === undefined ? rows : rows.filter((row) => runs.includes(String(row._run_id)));
      }),
    );
  }

  /** The newest row of each key. @param field only rows that know this relationship */
  function newest(field: string | null): ReadonlyMap<string, OutputRow> {
    const found = new Map<string, OutputRow>();
    for (const row of allRows(object)) {
      if (field !== null && isUnknown(row, field)) continue;
      const key = keyOf(primaryKey, row);
      if (isNewer(row, found.get(key))) found.set(key, row);
    }
    return found;
  }

  return {
    manifests,
    rows(table) {
      const child = children.find((one) => one.table === table);
      if (child === undefined) return newest(null);
      const parents = newest(child.list.field);
      const parentKey = child.columns.filter(({ from }) => 'parent' in from).map(({ name }) => name);
      const versions = new Map([...parents].map(([key, row]) => [key, row._version] as const));
      const current = allRows(table).filter(
        (row) => versions.get(keyOf(parentKey, row)) === row._parent_version,
      );
      return new Map(current.map((row) => [keyOf(child.primaryKey, row), row]));
    },
  };
}
