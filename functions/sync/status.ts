/** The status of a pipeline, from what it has committed: only the lake is read. */

import type { Manifest, ObjectSummary, RunSummary } from '../core/engine-files.ts';
import { manifestPrefix, RUNS_PREFIX } from '../core/lake-keys.ts';
import type { ObjectName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';
import { isKnownDifference, oldDebts } from './judge.ts';
import { readLast, requireStored } from './store.ts';
import { isOlder, upTo } from './up-to.ts';

export interface ObjectStatus {
  readonly object: ObjectName;
  /** How the object ended in the last run that included it; null if none of the latest runs did. */
  readonly last_outcome: (Pick<ObjectSummary, 'status' | 'message'> & { readonly run_id: string }) | null;
  readonly committed: Manifest | null;
  /** The lake has what Intercom showed of the object up to here, or owes it; null if nothing was ever committed. */
  readonly up_to: string | null;
  /** Debts older than a day: something stays unread although every run tries. */
  readonly old_debts: number;
  /** Debts for counts that stay wrong, because Intercom counts records that it never lists. */
  readonly known_differences: number;
}

export interface PipelineStatus {
  readonly last_run: RunSummary | null;
  readonly objects: readonly ObjectStatus[];
}

/** Runs to look through for objects that run less often than others: more than a day of runs every 15 minutes. */
const RUNS_LOOKED_AT = 120;

/** Summaries to read at once. */
const BATCH = 10;

/** The latest runs, newest first, as far back as needed to see each object. */
export async function latestRuns(
  lake: Pick<Lake, 'get' | 'list'>,
  objects: readonly ObjectName[],
): Promise<readonly RunSummary[]> {
  const keys: string[] = [];
  for await (const key of lake.list(RUNS_PREFIX)) keys.push(key);
  const newest = keys.slice(-RUNS_LOOKED_AT).reverse();
  const runs: RunSummary[] = [];
  const isUnseen = (object: ObjectName) =>
    !runs.some((run) => run.objects.some((one) => one.object === object));
  while (runs.length < newest.length && objects.some(isUnseen)) {
    const batch = newest.slice(runs.length, runs.length + (runs.length === 0 ? 1 : BATCH));
    runs.push(...(await Promise.all(batch.map((key) => requireStored<RunSummary>(lake, key)))));
  }
  return runs;
}

export function lastOutcome(runs: readonly RunSummary[], object: ObjectName): ObjectStatus['last_outcome'] {
  for (const { run_id, objects } of runs) {
    const found = objects.find((one) => one.object === object);
    if (found !== undefined) return { run_id, status: found.status, message: found.message };
  }
  return null;
}

export async function readStatus(
  lake: Pick<Lake, 'get' | 'list'>,
  objects: readonly ObjectName[],
  now: EpochMs,
): Promise<PipelineStatus> {
  const runs = await latestRuns(lake, objects);
  const statuses = await Promise.all(
    objects.map(async (object): Promise<ObjectStatus> => {
      const committed = await readLast<Manifest>(lake, manifestPrefix(object));
      return {
        object,
        last_outcome: lastOutcome(runs, object),
        committed,
        up_to: committed === null ? null : upTo(committed),
        old_debts: oldDebts(committed?.completeness, now).length,
        known_differences: (committed?.completeness.debts ?? []).filter((debt) =>
          isKnownDifference(debt, now),
        ).length,
      };
    }),
  );
  return { last_run: runs[0] ?? null, objects: statuses };
}

/**
 * Objects that were last read longer ago than `maxAgeMs`, except those that the workspace's plan lacks and those that
 * no run has included.
 */
export const staleObjects = (
  { objects }: PipelineStatus,
  maxAgeMs: number,
  now: EpochMs,
): readonly ObjectStatus[] =>
  objects.filter(
    ({ last_outcome, committed, up_to }) =>
      (last_outcome !== null || committed !== null) &&
      last_outcome?.status !== 'unavailable' &&
      isOlder(up_to, maxAgeMs, now),
  );
