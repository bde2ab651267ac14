/** Extract: one attempt at one slice, from its latest receipt to its end, its deadline, or a wait. */

import type { DoneReceipt, NewDebt, Plan, PlannedSlice, Receipt } from '../../core/engine-files.ts';
import { ContractError } from '../../core/errors.ts';
import { stringifyJson } from '../../core/json.ts';
import { planKey } from '../../core/lake-keys.ts';
import type { Lease } from '../../core/ports.ts';
import type { DebtScope, ReadEvent, Window } from '../../core/reading.ts';
import type { ExtractResult } from '../../core/workflow.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { judgeWalk, readsRecords } from '../judge.ts';
import { isLeaseLost, isStillHeld, requireLease, type SoleLease } from '../lease.ts';
import {
  claimReceipt,
  firstReceipt,
  latestReceipt,
  readDone,
  restarted,
  storeDone,
  type WorkFolder,
} from '../receipts.ts';
import { requireRunContext } from '../run-context.ts';
import { requireStored } from '../store.ts';
import { narrow, unchangedDebt } from './narrow.ts';
import { createSliceProgress, type SliceProgress } from './slice-progress.ts';

export interface Attempt {
  /** Unique to this invocation. */
  readonly id: string;
  /** Milliseconds the invocation has left. */
  readonly remainingMs: () => number;
  /** Aborts shortly before the invocation ends, which ends the reader's waits and retries. */
  readonly deadline: AbortSignal;
}

/** An attempt that notices when its run has been stopped, or has lost the object. */
interface WatchedAttempt extends Attempt {
  readonly lease: SoleLease;
  /** Checks at most once per `checkpointMs`. */
  readonly isHeld: () => Promise<boolean>;
}

function watched(dependencies: ObjectDependencies, lease: SoleLease, attempt: Attempt): WatchedAttempt {
  const { clock, limits } = dependencies;
  let lookedAt = clock.now();
  return {
    ...attempt,
    lease,
    async isHeld() {
      if (clock.now() - lookedAt < limits.checkpointMs) return true;
      lookedAt = clock.now();
      return isStillHeld(dependencies, lease);
    },
  };
}

const DONE: ExtractResult = { status: 'done', waitSeconds: 0 };
/** Nobody waits for the result any more. If anybody does, the commit finds that the slice is not done. */
const NOT_AWAITED = DONE;
const CONTINUE: ExtractResult = { status: 'continue', waitSeconds: 0 };

/** What to do after an event: continue, walk the slice again, or hand a result back to the workflow. */
type Next = 'next' | 'walk_again' | ExtractResult;

/** Records of this slice that Intercom counts and never lists, as earlier runs found. */
const knownShort = ({ debt, knownShort: known = 0 }: PlannedSlice): number =>
  debt?.count === undefined ? known : debt.count.matched - debt.count.listed;

/** Finishes the slice: what it wrote counts from here on. */
async function finish(
  { declaration, lake }: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  ending: Pick<DoneReceipt, 'matched' | 'short' | 'lost'> & Partial<Pick<DoneReceipt, 'read'>>,
): Promise<ExtractResult> {
  const receipt = await progress.checkpoint();
  const folder = { runId: plan.runId, object: declaration.name, slice: slice.id };
  await storeDone(lake, folder, { ...receipt, ...ending });
  return DONE;
}

/** The reader saw the end marker: accept the walk, repeat it, or record what is missing as a debt. */
async function end(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  matched: number | null,
): Promise<Next> {
  const counts = progress.counts();
  const whole = slice.query.kind === 'all';
  const verdict = judgeWalk({
    ...counts,
    matched,
    whole,
    lastRows: plan.lastRows,
    knownShort: knownShort(slice),
  });
  if (verdict === 'walk_again') {
    progress.restart(counts.walks + 1);
    return 'walk_again';
  }
  const short = verdict === 'short';
  if (short) {
    const owed: NewDebt = {
      scope: scopeOf(slice, plan),
      reason: `Intercom counts ${matched}, ${counts.read} could be read`,
      ...(whole && matched !== null && { count: { matched, listed: counts.read, digest: null } }),
    };
    const missing = (matched ?? 0) - counts.read - counts.deleted - counts.owed;
    const walked = { missing, isSettled: progress.settled() };
    for (const debt of await narrow(dependencies, owed, walked)) progress.addDebt(debt);
  }
  return finish(dependencies, plan, slice, progress, { matched, short });
}

/** The rest of the slice cannot be read. That is the slice's debt if there are others, else the object's failure. */
async function lose(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  error: Error,
): Promise<Next> {
  if (plan.slices.filter(readsRecords).length === 1) throw error;
  progress.addDebt({ scope: scopeOf(slice, plan), reason: error.message });
  return finish(dependencies, plan, slice, progress, { matched: null, short: true, lost: error.message });
}

/**
 * The debt of a slice that fell short. If the slice is open, the debt reaches to the run's start: the next
 * run reads what comes after.
 */
function scopeOf({ query, exact }: PlannedSlice, plan: Plan): DebtScope {
  if (query.kind === 'ids') return { ids: query.ids };
  if (query.kind !== 'window') return { window: exact };
  const to = query.updated.to ?? plan.window?.to ?? null;
  return {
    window: { from: query.updated.from, to },
    created: query.created,
    exact: { from: exact.from, to: exact.to ?? to },
  };
}

async function handle(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  event: ReadEvent,
): Promise<Next> {
  switch (event.type) {
    case 'page':
      await progress.addPage(event);
      return 'next';
    case 'restart':
      progress.restart(progress.counts().walks);
      return 'next';
    case 'deleted':
      await progress.addDeletions(event);
      return 'next';
    case 'debt':
      progress.addDebt({ scope: event.scope, reason: event.reason });
      return 'next';
    case 'wait':
      await progress.checkpoint();
      return { status: 'wait', waitSeconds: event.seconds };
    case 'lost':
      return lose(dependencies, plan, slice, progress, event.error);
    case 'end':
      return end(dependencies, plan, slice, progress, event.matched);
    default:
      return event satisfies never;
  }
}

const spendsPosition = ({ declaration }: ObjectDependencies): boolean =>
  declaration.read.spendsPosition === true;

/** Where this attempt begins: the slice's latest receipt, or its beginning. */
async function beginning(
  dependencies: ObjectDependencies,
  folder: WorkFolder,
  attempt: Attempt,
): Promise<Receipt> {
  const { lake } = dependencies;
  const latest = (await latestReceipt(lake, folder)) ?? firstReceipt(folder.slice, attempt.id);
  if (latest.position === null || !spendsPosition(dependencies)) return latest;
  return (await claimReceipt(lake, folder, latest)) ? latest : restarted(latest, latest.walks);
}

/**
 * Stores what was read before the deadline cut a request off. If that request may have spent the position,
 * the walk starts again.
 */
async function stopAtDeadline(
  dependencies: ObjectDependencies,
  progress: SliceProgress,
): Promise<ExtractResult> {
  if (spendsPosition(dependencies)) progress.restart(progress.counts().walks);
  await progress.checkpoint();
  return CONTINUE;
}

/** Walks the slice once, from where the progress stands, and stops shortly before the deadline or at it. */
async function walk(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  attempt: WatchedAttempt,
): Promise<Next> {
  try {
    return await walkOn(dependencies, plan, slice, progress, attempt);
  } catch (error) {
    if (!attempt.deadline.aborted || error !== attempt.deadline.reason) throw error;
    return stopAtDeadline(dependencies, progress);
  }
}

const wider = ({ from, to }: Window, seconds: number): Window => ({
  from: from === null ? null : from - seconds,
  to: to === null ? null : to + seconds,
});

/**
 * What the reader is asked for. A debt for a piece of a day was cut at days in the workspace's time zone. If the zone
 * has changed since, records at its edges lie outside those days now, so the query is widened.
 */
function askedFor(slice: PlannedSlice, slackSeconds: number): PlannedSlice {
  const { query, debt } = slice;
  if (debt === null || debt.count !== undefined || query.kind !== 'window' || query.created === null)
    return slice;
  return { ...slice, query: { ...query, created: wider(query.created, slackSeconds) } };
}

/** Handles the events one by one, and checkpoints on the way. */
async function walkOn(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  attempt: WatchedAttempt,
): Promise<Next> {
  const { reader, limits, declaration } = dependencies;
  const asked = askedFor(slice, declaration.read.slackSeconds ?? 0);
  const start = progress.position();
  /** If the position has not moved, the next attempt would only do the same again. */
  const hasMoved = (): boolean => stringifyJson(progress.position()) !== stringifyJson(start);
  for await (const event of reader.read(asked, start)) {
    const next = await handle(dependencies, plan, slice, progress, event);
    if (next !== 'next') return next;
    if (attempt.remainingMs() < limits.deadlineMarginMs && hasMoved()) {
      await progress.checkpoint();
      return CONTINUE;
    }
    if (!spendsPosition(dependencies)) await progress.checkpointIfDue();
    if (!(await attempt.isHeld())) return NOT_AWAITED;
  }
  throw new ContractError(
    `The reader of ${plan.object} stopped without the end marker of its paging style.`,
    { code: 'walk_without_end' },
  );
}

/**
 * Works on a slice until it is done, has to wait (for a share of the cap, or because the reader says so), or the
 * invocation nears its deadline.
 * @throws RetryableError, PermissionError, ConnectionError, UnavailableError or ContractError from the
 *   reader; ContractError if the lease was lost or the configuration changed
 */
export async function extractSlice(
  dependencies: ObjectDependencies,
  holder: Lease,
  sliceId: string,
  attempt: Attempt,
): Promise<ExtractResult> {
  const { lake, declaration } = dependencies;
  const folder = { runId: holder.runId, object: declaration.name, slice: sliceId };
  await requireRunContext(dependencies, holder.runId);
  const { fence } = await requireLease(dependencies, holder);
  if ((await readDone(lake, folder)) !== null) return DONE;
  const plan = await requireStored<Plan>(lake, planKey(holder.runId, declaration.name));
  const slice = plan.slices.find(({ id }) => id === sliceId);
  if (slice === undefined) {
    throw new ContractError(`Slice ${sliceId} is not in the plan of ${declaration.name}.`, {
      code: 'unknown_slice',
    });
  }
  const capped = await dependencies.underCap(
    folder.runId,
    () =>
      work(dependencies, plan, slice, watched(dependencies, { ...holder, fence }, attempt)).catch(
        (error: unknown) => {
          if (isLeaseLost(error)) return NOT_AWAITED;
          throw error;
        },
      ),
    // Keeps the share: a position that waits expires, and what was read is lost (docs/intercom-api.md 6.3).
    spendsPosition(dependencies) ? ({ status }) => status === 'continue' : undefined,
  );
  return capped.status === 'worked' ? capped.result : { status: 'wait', waitSeconds: capped.waitSeconds };
}

/** Continues where the slice's last attempt ended. */
async function work(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  attempt: WatchedAttempt,
): Promise<ExtractResult> {
  const folder = { runId: plan.runId, object: dependencies.declaration.name, slice: slice.id };
  const from = await beginning(dependencies, folder, attempt);
  const { schema, erasures = [] } = plan;
  const progress = await createSliceProgress(dependencies, {
    lease: attempt.lease,
    folder,
    slice,
    attempt: attempt.id,
    from,
    schema,
    erasures,
  });
  const unchanged = from.position === null ? await unchangedDebt(dependencies, slice) : null;
  if (unchanged !== null) {
    // The same records are listed as before, so no row is written again.
    progress.addDebt(unchanged);
    const { matched, listed: read } = unchanged.count;
    return finish(dependencies, plan, slice, progress, { matched, read, short: true });
  }
  let next: Next = 'walk_again';
  while (next === 'walk_again') next = await walk(dependencies, plan, slice, progress, attempt);
  if (next === 'next')
    throw new ContractError('A walk ended without a result.', { code: 'walk_without_end' });
  return next;
}
