/** How a pipeline stands, from what it has committed: nothing but the lake is asked. */
import { manifestPrefix, RUNS_PREFIX } from '../core/lake-keys.ts';
import type { ObjectName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import type { Manifest, ObjectSummary, RunSummary } from '../core/records.ts';
import type { EpochMs } from '../core/time.ts';
import { oldDebts } from './old-debts.ts';
import { readLast } from './store.ts';

export interface ObjectStatus {
  readonly object: ObjectName;
  /** What the last run that had the object made of it; null where no run had it yet. */
  readonly last_outcome: Pick<ObjectSummary, 'status' | 'message'> | null;
  readonly committed: Manifest | null;
  /** Debts older than a day: something stays unread though every run tries. */
  readonly old_debts: number;
}

export interface PipelineStatus {
  readonly last_run: RunSummary | null;
  readonly objects: readonly ObjectStatus[];
}

export async function readStatus(
  lake: Pick<Lake, 'get' | 'list'>,
  objects: readonly ObjectName[],
  now: EpochMs,
): Promise<PipelineStatus> {
  const run = await readLast<RunSummary>(lake, RUNS_PREFIX);
  const statuses = await Promise.all(
    objects.map(async (object): Promise<ObjectStatus> => {
      const committed = await readLast<Manifest>(lake, manifestPrefix(object));
      const outcome = run?.objects.find((one) => one.object === object) ?? null;
      return {
        object,
        last_outcome: outcome === null ? null : { status: outcome.status, message: outcome.message },
        committed,
        old_debts: oldDebts(committed?.completeness, now).length,
      };
    }),
  );
  return { last_run: run, objects: statuses };
}
