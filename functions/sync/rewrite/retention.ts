/**
 * Which versions a rewrite may drop: those that no state of the kept age shows (decision 021). Memory is bounded: if
 * there are many records, a share is compared at a time. Receipts keep what was found, so the next invocation continues
 * from it.
 */
import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Manifest, ManifestFile } from '../../core/engine-files.ts';
import type { JsonObject } from '../../core/json.ts';
import { comparisonKey } from '../../core/lake-keys.ts';
import { sum } from '../../core/metrics.ts';
import type { TableName } from '../../core/names.ts';
import type { Lake } from '../../core/ports.ts';
import { listFields } from '../../core/relationship.ts';
import type { EpochMs } from '../../core/time.ts';
import { runsIn } from '../committed-runs.ts';
import { rowsOf } from '../lines.ts';
import { readStored, storeOnce } from '../store.ts';

/** Records that are compared at a time. They bound the memory: some 300 bytes each. */
const MOST_RECORDS = 250_000;

/** True if this row of a source file may go. Rows are numbered from 0. */
export type Dropped = (fileKey: string, row: number) => boolean;

/** How far a comparison has come. */
interface Comparison {
  readonly format: 1;
  /** The share of records that is being compared. */
  readonly share: number;
  /** How many files were looked through for the share: first those with versions, then those with rows that may go. */
  readonly taken: number;
  /** By record: its newest version, and the newest that knows each relationship. Only while a share is compared. */
  readonly newest: readonly (readonly [key: string, Newest])[];
  /** By file: a bit for each row that may go, in base64. */
  readonly dropped: Readonly<Record<string, string>>;
}

const BEGINNING: Comparison = { format: 1, share: 0, taken: 0, newest: [], dropped: {} };

/** The versions of one record that stay. */
interface Newest {
  version: string;
  /** By relationship: the newest version that knows it; null if none does. */
  readonly known: (string | null)[];
}

const keyOf = (row: JsonObject, columns: readonly string[]): string =>
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

/** FNV-1a: spreads keys evenly over the shares. */
function shareOf(key: string, shares: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % shares;
}

async function latestComparison(
  lake: Pick<Lake, 'get'>,
  keyOfSequence: (sequence: number) => string,
): Promise<{ readonly comparison: Comparison; readonly sequence: number }> {
  let comparison = BEGINNING;
  for (let sequence = 1; ; sequence += 1) {
    const found = await readStored<Comparison>(lake, keyOfSequence(sequence));
    if (found === null) return { comparison, sequence };
    comparison = found;
  }
}

/**
 * Compares the versions of the records in the manifests that are rewritten with those of later manifests. Looks
 * through one file at least, however little time is left.
 * @param rewriteId names what is compared: the same id always compares the same
 * @param cutoffMs states of this time and later never change
 * @param read fetches a file and checks it
 * @param isOver true if the invocation has to end
 * @returns null if the invocation has to end before it is done
 */
export async function compareVersions(
  { lake, declaration }: { readonly lake: Lake; readonly declaration: ObjectDeclaration },
  {
    rewriteId,
    sources,
    later,
    cutoffMs,
    read,
    isOver,
    mostRecords = MOST_RECORDS,
  }: {
    readonly rewriteId: string;
    readonly sources: readonly Manifest[];
    readonly later: readonly Manifest[];
    readonly cutoffMs: EpochMs;
    readonly read: (file: ManifestFile) => Promise<Uint8Array>;
    readonly isOver: () => boolean;
    readonly mostRecords?: number;
  },
): Promise<Dropped | null> {
  const { name, children } = declaration;
  const places = placesOf(declaration);
  const relations = children.map(listFields);
  const settled = new Set<string>();
  for (const manifest of [...sources, ...later]) {
    const runs = await runsIn(lake, manifest);
    for (const { runId, committedAtMs } of runs) if (committedAtMs <= cutoffMs) settled.add(runId);
  }

  const filesIn = (manifests: readonly Manifest[], table: TableName): readonly ManifestFile[] =>
    manifests.flatMap(({ tables }) => tables[table]?.files ?? []);
  const own = filesIn(sources, name);
  const shares = Math.max(1, Math.ceil(sum(own.map(({ rows }) => rows)) / mostRecords));
  const steps = [
    ...own.map((file) => ({ does: 'see' as const, file, isSource: true })),
    ...filesIn(later, name).map((file) => ({ does: 'see' as const, file, isSource: false })),
    ...[...places.keys()].flatMap((table) =>
      filesIn(sources, table).map((file) => ({ does: 'mark' as const, file, table })),
    ),
  ];

  const keyOfSequence = (sequence: number): string => comparisonKey(rewriteId, name, sequence);
  const { comparison, sequence } = await latestComparison(lake, keyOfSequence);
  let { share, taken } = comparison;
  const newest = new Map(comparison.newest);
  const dropped = new Map(
    Object.entries(comparison.dropped).map(([key, bits]) => [key, Buffer.from(bits, 'base64')] as const),
  );
  const isDropped: Dropped = (fileKey, row) => {
    const bits = dropped.get(fileKey);
    return bits !== undefined && ((bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
  };
  const store = (): Promise<Comparison> =>
    storeOnce<Comparison>(lake, keyOfSequence(sequence), {
      format: 1,
      share,
      taken,
      newest: [...newest],
      dropped: Object.fromEntries([...dropped].map(([key, bits]) => [key, bits.toString('base64')])),
    });

  function see(row: JsonObject, isSource: boolean): void {
    const { _run_id: runId, _version: version, _unknown: unknown } = row;
    if (typeof runId !== 'string' || typeof version !== 'string' || !settled.has(runId)) return;
    const key = keyOf(row, declaration.primaryKey);
    if (shareOf(key, shares) !== share) return;
    let found = newest.get(key);
    if (found === undefined) {
      if (!isSource) return;
      found = { version, known: [] };
      newest.set(key, found);
    }
    if (version > found.version) found.version = version;
    const missing: readonly unknown[] = typeof unknown === 'string' ? JSON.parse(unknown) : [];
    for (const [index, fields] of relations.entries()) {
      const known = found.known[index] ?? null;
      if (fields.some((field) => missing.includes(field))) found.known[index] = known;
      else if (known === null || version > known) found.known[index] = version;
    }
  }

  /** True if a source row belongs to the share and no state of the cutoff or later shows it. */
  function mayGo(table: TableName, row: JsonObject): boolean {
    const place = places.get(table);
    const { _run_id: runId } = row;
    if (place === undefined || typeof runId !== 'string' || !settled.has(runId)) return false;
    const version = row[place.version];
    const found = newest.get(keyOf(row, place.key));
    if (found === undefined || typeof version !== 'string') return false;
    return version < found.version && !found.known.includes(version);
  }

  async function take(step: (typeof steps)[number]): Promise<void> {
    const { file } = step;
    const lines = rowsOf(file.key, await read(file));
    if (step.does === 'see') {
      for await (const { row } of lines) see(row, step.isSource);
      return;
    }
    const bits = dropped.get(file.key) ?? Buffer.alloc(Math.ceil(file.rows / 8));
    let at = 0;
    for await (const { row } of lines) {
      if (mayGo(step.table, row)) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
      at += 1;
    }
    dropped.set(file.key, bits);
  }

  while (share < shares) {
    const step = steps[taken];
    if (step === undefined) {
      newest.clear();
      share += 1;
      taken = 0;
      continue;
    }
    await take(step);
    taken += 1;
    if (isOver()) {
      await store();
      return null;
    }
  }
  if (comparison.share < shares) await store();
  return isDropped;
}
