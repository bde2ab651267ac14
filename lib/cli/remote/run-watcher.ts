/**
 * Watches a run through the files that it leaves in the lake. This costs the run nothing; each look is one listing
 * and a few small files.
 */

import type { Manifest, Outcome, Plan, Receipt, RunContext } from '../../../functions/core/engine-files.ts';
import { manifestKey, outcomeKey, planKey, runContextKey } from '../../../functions/core/lake-keys.ts';
import { sum } from '../../../functions/core/metrics.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { readStored } from '../../../functions/sync/store.ts';
import { hasEnded, type ObjectProgress, type RunProgress, waiting } from '../terminal/run-progress.ts';

/** Files read in one look. Later looks read the rest. */
const MOST_READS = 24;

/** Keys in a page of the listing, and pages read in one look. */
const PAGE_KEYS = 1_000;
const MOST_PAGES = 10;

export interface RunWatcher {
  /** Null while the run has not begun. */
  look(): Promise<RunProgress | null>;
}

interface SliceSeen {
  /** The latest receipt that was read. */
  readonly key: string;
  readonly read: number;
}

const RECEIPT = /\/(?<slice>\d+)\/(?:(?<done>done)|\d{6}-[^/]+\.receipt)\.json$/;

/** The latest file of each slice: `done.json`, or the last receipt. @param keys sorted */
function receiptsIn(keys: readonly string[]): ReadonlyMap<string, { key: string; isDone: boolean }> {
  const latest = new Map<string, { key: string; isDone: boolean }>();
  for (const key of keys) {
    const found = RECEIPT.exec(key)?.groups;
    if (found?.slice === undefined) continue;
    const isDone = found.done !== undefined;
    if (isDone || latest.get(found.slice)?.isDone !== true) latest.set(found.slice, { key, isDone });
  }
  return latest;
}

export function createRunWatcher(lake: Pick<Lake, 'get' | 'list'>, runId: string): RunWatcher {
  const plans = new Map<ObjectName, Plan>();
  const slices = new Map<string, SliceSeen>();
  const objects = new Map<ObjectName, ObjectProgress>();
  let run: RunContext | null = null;
  let reads = 0;

  /** Null if the file does not exist, or this look has read enough files. */
  async function read<T>(key: string): Promise<T | null> {
    if (reads >= MOST_READS) return null;
    reads += 1;
    return readStored<T>(lake, key);
  }

  async function keysOf(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const key of lake.list(prefix)) {
      keys.push(key);
      if (keys.length >= MOST_PAGES * PAGE_KEYS) break;
    }
    return keys;
  }

  /** Records and slices so far, from the receipts. */
  async function readSoFar(
    object: ObjectName,
    keys: readonly string[],
  ): Promise<{ readonly done: number; readonly planned: number; readonly read: number }> {
    const receipts = receiptsIn(keys);
    for (const [slice, { key }] of receipts) {
      const id = `${object}/${slice}`;
      if (slices.get(id)?.key === key) continue;
      const receipt = await read<Receipt>(key);
      if (receipt !== null) slices.set(id, { key, read: receipt.read });
    }
    const own = [...slices].filter(([id]) => id.startsWith(`${object}/`));
    return {
      done: [...receipts.values()].filter(({ isDone }) => isDone).length,
      planned: plans.get(object)?.slices.length ?? 0,
      read: sum(own.map(([, seen]) => seen.read)),
    };
  }

  async function lookAt(object: ObjectName, keys: ReadonlySet<string>): Promise<ObjectProgress> {
    const before = objects.get(object) ?? waiting(object);
    if (hasEnded(before)) return before;
    if (keys.has(outcomeKey(runId, object))) {
      const outcome = await read<Outcome>(outcomeKey(runId, object));
      if (outcome !== null) return { ...before, state: outcome.status, message: outcome.message };
    }
    if (!plans.has(object) && keys.has(planKey(runId, object))) {
      const plan = await read<Plan>(planKey(runId, object));
      if (plan !== null) plans.set(object, plan);
    }
    const plan = plans.get(object);
    if (plan === undefined) return before;
    const prefix = planKey(runId, object).slice(0, -'plan.json'.length);
    const own = [...keys].filter((key) => key.startsWith(prefix));
    const { read: records, ...progress } = await readSoFar(object, own);
    const now = { ...before, expected: plan.expected, read: records, slices: progress };
    if (progress.done < progress.planned) return { ...now, state: 'reading' };
    const manifest = await read<Manifest>(manifestKey(object, runId));
    return manifest === null
      ? { ...now, state: 'committing' }
      : { ...now, state: 'committed', rows: manifest.tables[object]?.rows ?? 0 };
  }

  return {
    async look() {
      reads = 0;
      run ??= await read<RunContext>(runContextKey(runId));
      if (run === null) return null;
      const open = run.objects.some((object) => !hasEnded(objects.get(object) ?? waiting(object)));
      const keys = open ? new Set(await keysOf(`work/${runId}/`)) : new Set<string>();
      for (const object of run.objects) objects.set(object, await lookAt(object, keys));
      return { runId, objects: [...objects.values()] };
    },
  };
}
