/** The committed files of a lake, or those committed since the last load. */
import { manifestPrefix, originalOf, tierOf } from '../../../functions/core/lake-keys.ts';
import type { ObjectName, TableName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { type SeenTables, unionSeen } from '../../../functions/core/sightings.ts';
import type { EpochMs } from '../../../functions/core/time.ts';
import { readManifests, thatCount } from '../../../functions/sync/manifests.ts';
import type { LoadedFile } from './dialects.ts';
import type { LastRun } from './load-statements.ts';

export interface CommittedFiles {
  readonly files: ReadonlyMap<TableName, readonly LoadedFile[]>;
  /** Columns and types that the manifests know. */
  readonly seen: SeenTables;
  readonly lastRun: LastRun | null;
}

/** Manifests stored within this time before the last load are loaded again, in case that load did not see them. */
const OVERLAP_MS = 3_600_000;

/**
 * @param sinceMs when the last load listed the manifests; null loads everything
 * @throws ContractError if a manifest is missing or cannot be read
 */
export async function committedFiles(
  lake: Pick<Lake, 'get' | 'sizes'>,
  object: ObjectName,
  sinceMs: EpochMs | null,
): Promise<CommittedFiles> {
  const listed = await Array.fromAsync(lake.sizes(manifestPrefix(object)));
  const storedAt = new Map(listed.map(({ key, storedAtMs }) => [key, storedAtMs]));
  const manifests = await readManifests(
    lake,
    listed.map(({ key }) => key),
  );
  const from = sinceMs === null ? Number.NEGATIVE_INFINITY : sinceMs - OVERLAP_MS;
  // A rewrite stands for runs that an earlier load may have taken. Its rows are loaded again, but inserted only once.
  const wanted = thatCount(manifests).filter(({ key }) => (storedAt.get(key) ?? 0) >= from);
  const files = new Map<TableName, LoadedFile[]>();
  for (const { manifest } of wanted) {
    for (const [name, table] of Object.entries(manifest.tables)) {
      const known = files.get(name as TableName) ?? [];
      files.set(name as TableName, [...known, ...table.files.map(({ key, bytes }) => ({ key, bytes }))]);
    }
  }
  const last = manifests.findLast(({ manifest }) => tierOf(manifest.run_id) === null)?.manifest;
  return {
    files,
    seen: manifests.map(({ manifest }) => manifest.schema.columns).reduce(unionSeen, {}),
    lastRun: last === undefined ? null : { object, runId: originalOf(last.run_id) },
  };
}
