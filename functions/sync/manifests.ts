/** The manifests of an object as they are in the lake, and which of them count (docs/output.md). */
import type { Draft, Manifest } from '../core/engine-files.ts';
import { ContractError } from '../core/errors.ts';
import { draftKey, manifestKey, manifestPrefix, purgedKey } from '../core/lake-keys.ts';
import type { ObjectName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import { counting } from './counting.ts';
import { readStored, requireStored } from './store.ts';

export interface StoredManifest {
  readonly key: string;
  readonly manifest: Manifest;
}

/** How many manifests are read at once. */
const AT_ONCE = 50;

/** @throws ContractError if a manifest is missing or cannot be read */
export async function readManifests(
  lake: Pick<Lake, 'get'>,
  keys: readonly string[],
): Promise<readonly StoredManifest[]> {
  const stored: StoredManifest[] = [];
  for (let start = 0; start < keys.length; start += AT_ONCE) {
    const reads = keys
      .slice(start, start + AT_ONCE)
      .map(async (key) => ({ key, manifest: await requireStored<Manifest>(lake, key) }));
    stored.push(...(await Promise.all(reads)));
  }
  return stored;
}

/** The keys of all manifests of the object, oldest first. */
export const manifestKeys = (lake: Pick<Lake, 'list'>, object: ObjectName): Promise<readonly string[]> =>
  Array.fromAsync(lake.list(manifestPrefix(object)));

const isMissing = (error: unknown): boolean =>
  error instanceof ContractError && error.code === 'work_file_missing';

/**
 * All manifests of the object, oldest first, including those that a rewrite replaced. If some are removed while we read,
 * we start again: others stand in for them by then.
 * @throws ContractError if a manifest cannot be read
 */
export async function manifestsOf(
  lake: Pick<Lake, 'get' | 'list'>,
  object: ObjectName,
): Promise<readonly StoredManifest[]> {
  for (;;) {
    const keys = await manifestKeys(lake, object);
    try {
      return await readManifests(lake, keys);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const left = new Set(await manifestKeys(lake, object));
      if (keys.every((key) => left.has(key))) throw error;
    }
  }
}

/**
 * What the run committed of the object; null if it committed nothing. An erasure, a compaction or `history` may have
 * removed the manifest before the run ends. Then its draft says the same.
 */
export async function committedOf(
  lake: Pick<Lake, 'get'>,
  object: ObjectName,
  runId: string,
): Promise<Manifest | null> {
  const manifest = await readStored<Manifest>(lake, manifestKey(object, runId));
  if (manifest !== null || (await lake.get(purgedKey(runId, object))) === null) return manifest;
  return (await readStored<Draft>(lake, draftKey(runId, object)))?.manifest ?? null;
}

/** Those that count: a rewrite stands for the runs that it replaces. */
export const thatCount = (stored: readonly StoredManifest[]): readonly StoredManifest[] =>
  counting(
    stored.map((one) => ({ ...one, runId: one.manifest.run_id, replaces: one.manifest.replaces ?? [] })),
  );

/** The keys of all files that a manifest lists. */
export const filesOf = ({ tables, evidence = [] }: Manifest): readonly string[] => [
  ...Object.values(tables).flatMap(({ files }) => files.map(({ key }) => key)),
  ...evidence.map(({ key }) => key),
];
