/** Extract: one attempt on one slice, from its latest receipt to its end, its deadline, or a wait. */

import type { Plan, PlannedSlice, Receipt } from '../../core/engine-files.ts';
import { ContractError } from '../../core/errors.ts';
import { planKey } from '../../core/lake-keys.ts';
import type { Lease } from '../../core/ports.ts';
import type { DebtScope, ReadEvent } from '../../core/reading.ts';
import type { ExtractResult } from '../../core/workflow.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { judgeWalk } from '../judge.ts';
import { requireLease } from '../lease.ts';
import { claimReceipt, firstReceipt, latestReceipt, readDone, restarted, storeDone } from '../receipts.ts';
import { requireRunContext } from '../run-context.ts';
import { requireStored } from '../store.ts';
import { createSliceProgress, type SliceProgress } from './slice-progress.ts';

export interface Attempt {
  /** Unique to this invocation. */
  readonly id: string;
  /** Milliseconds the invocation has left. */
  readonly remainingMs: () => number;
  /** Aborted shortly before the invocation ends; ends waits and retries of the reader. */
  readonly deadline: AbortSignal;
}

const DONE: ExtractResult = { status: 'done', waitSeconds: 0 };
const CONTINUE: ExtractResult = { status: 'continue', waitSeconds: 0 };

/** What to do after an event: go on, walk the slice again, or hand a result back to the workflow. */
type Next = 'next' | 'walk_again' | ExtractResult;

/** The end marker was seen: accept the walk, repeat it, or owe what it is short of. */
async function end(
  { declaration, lake }: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  matched: number | null,
): Promise<Next> {
  const counts = progress.counts();
  const whole = slice.query.kind === 'all';
  const verdict = judgeWalk({ ...counts, matched, whole, lastRows: plan.lastRows });
  if (verdict === 'walk_again') {
    progress.restart(counts.walks + 1);
    return 'walk_again';
  }
  if (verdict === 'short') {
    const reason = `Intercom counts ${matched}, ${counts.read} could be read`;
    progress.addDebt({ scope: scopeOf(slice, plan), reason });
  }
  const receipt = await progress.checkpoint();
  const ref = { runId: plan.runId, object: declaration.name, slice: slice.id };
  await storeDone(lake, ref, { ...receipt, matched, short: verdict === 'short' });
  return DONE;
}

/** What a slice that came up short stands for; an open one up to the run's start, past which the next run reads. */
function scopeOf({ query, exact }: PlannedSlice, plan: Plan): DebtScope {
  if (query.kind === 'ids') return { ids: query.ids };
  if (query.kind === 'all') return { window: exact };
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
      await progress.addDeletions(event.ids, event.how);
      return 'next';
    case 'debt':
      progress.addDebt(event);
      return 'next';
    case 'wait':
      await progress.checkpoint();
      return { status: 'wait', waitSeconds: event.seconds };
    case 'end':
      return end(dependencies, plan, slice, progress, event.matched);
    default:
      return event satisfies never;
  }
}

/** Every call of a scroll moves it on: a position may be left only as an attempt's last word, and used once. */
const isSpentByReading = ({ declaration }: ObjectDependencies): boolean => declaration.read.kind === 'scroll';

/** Where this attempt begins: the slice's latest receipt, or its beginning. */
async function beginning(
  dependencies: ObjectDependencies,
  ref: Parameters<typeof latestReceipt>[1],
  attempt: Attempt,
): Promise<Receipt> {
  const { lake } = dependencies;
  const latest = (await latestReceipt(lake, ref)) ?? firstReceipt(ref.slice, attempt.id);
  if (latest.position === null || !isSpentByReading(dependencies)) return latest;
  return (await claimReceipt(lake, ref, latest)) ? latest : restarted(latest, latest.walks);
}

/** Puts away what was read when the deadline cut a request off; a scroll that was cut off begins anew. */
async function stopAtDeadline(
  dependencies: ObjectDependencies,
  progress: SliceProgress,
): Promise<ExtractResult> {
  if (isSpentByReading(dependencies)) progress.restart(progress.counts().walks);
  await progress.checkpoint();
  return CONTINUE;
}

/** Walks the slice once, from the progress's position; stops before the deadline, or at it. */
async function walk(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  attempt: Attempt,
): Promise<Next> {
  try {
    return await walkOn(dependencies, plan, slice, progress, attempt);
  } catch (error) {
    if (!attempt.deadline.aborted || error !== attempt.deadline.reason) throw error;
    return stopAtDeadline(dependencies, progress);
  }
}

/** Goes from event to event; checkpoints on the way. */
async function walkOn(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  progress: SliceProgress,
  attempt: Attempt,
): Promise<Next> {
  const { reader, limits } = dependencies;
  for await (const event of reader.read(slice, progress.position())) {
    const next = await handle(dependencies, plan, slice, progress, event);
    if (next !== 'next') return next;
    if (attempt.remainingMs() < limits.deadlineMarginMs) {
      await progress.checkpoint();
      return CONTINUE;
    }
    if (!isSpentByReading(dependencies)) await progress.checkpointIfDue();
  }
  throw new ContractError(
    `The reader of ${plan.object} stopped without the end marker of its paging style.`,
    {
      code: 'walk_without_end',
    },
  );
}

/**
 * Works on a slice until it is done, has to wait (for a slot to begin with), or the invocation nears its deadline.
 * @throws RetryableError, PermissionError, ConnectionError, UnavailableError or ContractError of the
 *   reader; ContractError where the lease was lost or the configuration changed
 */
export async function extractSlice(
  dependencies: ObjectDependencies,
  holder: Lease,
  sliceId: string,
  attempt: Attempt,
): Promise<ExtractResult> {
  const { lake, declaration } = dependencies;
  const ref = { runId: holder.runId, object: declaration.name, slice: sliceId };
  await requireRunContext(dependencies, holder.runId);
  await requireLease(dependencies, holder);
  if ((await readDone(lake, ref)) !== null) return DONE;
  const plan = await requireStored<Plan>(lake, planKey(holder.runId, declaration.name));
  const slice = plan.slices.find(({ id }) => id === sliceId);
  if (slice === undefined) {
    throw new ContractError(`Slice ${sliceId} is not in the plan of ${declaration.name}.`, {
      code: 'unknown_slice',
    });
  }
  const slotted = await dependencies.useSlot(
    { runId: ref.runId, work: `${ref.object}/${ref.slice}` },
    () => work(dependencies, plan, slice, attempt),
    // A scroll that is left alone expires (docs/intercom-api.md 6.3), and with it all that it has read.
    isSpentByReading(dependencies) ? ({ status }) => status === 'continue' : undefined,
  );
  return slotted.status === 'worked' ? slotted.result : { status: 'wait', waitSeconds: slotted.waitSeconds };
}

/** Reads on from where the slice's last attempt ended. */
async function work(
  dependencies: ObjectDependencies,
  plan: Plan,
  slice: PlannedSlice,
  attempt: Attempt,
): Promise<ExtractResult> {
  const ref = { runId: plan.runId, object: dependencies.declaration.name, slice: slice.id };
  const from = await beginning(dependencies, ref, attempt);
  const { schema } = plan;
  const progress = await createSliceProgress(dependencies, { ref, slice, attempt: attempt.id, from, schema });
  let next: Next = 'walk_again';
  while (next === 'walk_again') next = await walk(dependencies, plan, slice, progress, attempt);
  if (next === 'next')
    throw new ContractError('A walk ended without a result.', { code: 'walk_without_end' });
  return next;
}
