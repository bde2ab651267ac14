/**
 * Which versions a rewrite may drop: those that no state of the kept age shows (decision 021). Memory and time are
 * bounded; what does not fit is kept.
 */
import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Manifest, ManifestFile } from '../../core/engine-files.ts';
import type { TableName } from '../../core/names.ts';
import type { Lake } from '../../core/ports.ts';
import { listFields } from '../../core/relationship.ts';
import type { EpochMs } from '../../core/time.ts';
import { runsIn } from '../committed-runs.ts';
import { linesOf, type Row, rowOf } from '../lines.ts';

/** Bounds of one rewrite. */
export interface RetentionLimits {
  /** Records whose versions are compared, and with them the memory that it takes. */
  readonly keys: number;
  /** Stored bytes of the object's own table that are looked through. */
  readonly scanBytes: number;
}

export const RETENTION_LIMITS: RetentionLimits = { keys: 250_000, scanBytes: 512 * 1024 * 1024 };

export interface Retention {
  /** True if a row of the table has to stay. */
  readonly keeps: (table: TableName, row: Row) => boolean;
  /** True if not every version could be looked at: the others stay. */
  readonly isPartial: boolean;
}

/** Of one record, the versions that stay. */
interface Newest {
  version: string;
  /** By relationship: the newest version that knows it. */
  readonly known: (string | undefined)[];
}

const keyOf = (row: Row, columns: readonly string[]): string =>
  JSON.stringify(columns.map((name) => row[name]));

/** By table: the columns that name the record, and the column with its version. */
function placesOf({ name, primaryKey, children }: ObjectDeclaration) {
  const places = new Map<TableName, { readonly key: readonly string[]; readonly version: string }>();
  places.set(name, { key: primaryKey, version: '_version' });
  for (const { table, columns } of children) {
    const key = primaryKey.flatMap(
      (parent) => columns.find(({ from }) => 'parent' in from && from.parent === parent)?.name ?? [],
    );
    if (key.length === primaryKey.length) places.set(table, { key, version: '_parent_version' });
  }
  return places;
}

/**
 * Compares the versions of the records in the manifests that are rewritten with those of later manifests.
 * @param cutoffMs states of this time and later never change
 * @param read fetches a file and checks it
 * @param isOver true if the invocation has to end
 * @returns null if the invocation has to end before it is done
 */
export async function retentionOf(
  { lake, declaration }: { readonly lake: Pick<Lake, 'get'>; readonly declaration: ObjectDeclaration },
  {
    sources,
    later,
    cutoffMs,
    read,
    isOver,
    limits,
  }: {
    readonly sources: readonly Manifest[];
    readonly later: readonly Manifest[];
    readonly cutoffMs: EpochMs;
    readonly read: (file: ManifestFile) => Promise<Uint8Array>;
    readonly isOver: () => boolean;
    readonly limits: RetentionLimits;
  },
): Promise<Retention | null> {
  const { name, children } = declaration;
  const places = placesOf(declaration);
  const relations = children.map(listFields);
  const settled = new Set<string>();
  for (const manifest of [...sources, ...later]) {
    const runs = await runsIn(lake, manifest);
    for (const { runId, committedAtMs } of runs) if (committedAtMs <= cutoffMs) settled.add(runId);
  }
  const newest = new Map<string, Newest>();
  let isPartial = false;
  let bytes = 0;

  function see(row: Row, isSource: boolean): void {
    const { _run_id: runId, _version: version, _unknown: unknown } = row;
    if (typeof runId !== 'string' || typeof version !== 'string' || !settled.has(runId)) return;
    const key = keyOf(row, declaration.primaryKey);
    let found = newest.get(key);
    if (found === undefined) {
      if (!isSource) return;
      if (newest.size >= limits.keys) {
        isPartial = true;
        return;
      }
      found = { version, known: [] };
      newest.set(key, found);
    }
    if (version > found.version) found.version = version;
    const missing: readonly unknown[] = typeof unknown === 'string' ? JSON.parse(unknown) : [];
    for (const [index, fields] of relations.entries()) {
      const known = found.known[index];
      if (!fields.some((field) => missing.includes(field)) && (known === undefined || version > known))
        found.known[index] = version;
    }
  }

  for (const manifest of [...sources, ...later]) {
    for (const file of manifest.tables[name]?.files ?? []) {
      if (isOver()) return null;
      if (bytes + file.bytes > limits.scanBytes) {
        isPartial = true;
        continue;
      }
      bytes += file.bytes;
      const isSource = sources.includes(manifest);
      for await (const line of linesOf(file.key, await read(file))) see(rowOf(line), isSource);
    }
  }

  return {
    isPartial,
    keeps(table, row) {
      const place = places.get(table);
      const { _run_id: runId } = row;
      if (place === undefined || typeof runId !== 'string' || !settled.has(runId)) return true;
      const version = row[place.version];
      const found = newest.get(keyOf(row, place.key));
      if (found === undefined || typeof version !== 'string') return true;
      return version >= found.version || found.known.includes(version);
    },
  };
}
