/** Commit: every slice of the plan is done, so the object's run starts to count. */

import { ownTables } from '../../core/declared-tables.ts';
import type { Debt, DoneSlice, Draft, Manifest, NewDebt, Plan, RunContext } from '../../core/engine-files.ts';
import { ContractError, RetryableError } from '../../core/errors.ts';
import { draftKey, manifestKey, planKey, runIdIn } from '../../core/lake-keys.ts';
import { sum } from '../../core/metrics.ts';
import { isSharedTable, type TableName } from '../../core/names.ts';
import type { Lease, ObjectState } from '../../core/ports.ts';
import { addRequests, NO_REQUESTS } from '../../core/requests.ts';
import { recordSchema } from '../../core/schema.ts';
import { unionSeen } from '../../core/sightings.ts';
import { isoTime } from '../../core/time.ts';
import type { CommitResult } from '../../core/workflow.ts';
import { asWritten, excludes } from '../../rows/field-rules.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { debtsWithout, knownErasures, requireNoErasureSince, suppressionOf } from '../erasures.ts';
import { finishCommit } from '../finish-commit.ts';
import { readsRecords, tooManyDebts, tooManyDeletions } from '../judge.ts';
import { requireLease } from '../lease.ts';
import { manifestKeys } from '../manifests.ts';
import { publishCommitted } from '../publish.ts';
import { readDone } from '../receipts.ts';
import { isMaintenanceDue } from '../rewrite/due.ts';
import { requireRunContext } from '../run-context.ts';
import { readStored, requireStored, storeOnce } from '../store.ts';
import { completenessOf, listsNoLongerSent } from './completeness.ts';
import { pruneHistory } from './history.ts';
import { writtenBy } from './written-by.ts';

async function doneSlices({ lake }: ObjectDependencies, plan: Plan): Promise<readonly DoneSlice[]> {
  return Promise.all(
    plan.slices.map(async (slice) => {
      const done = await readDone(lake, { runId: plan.runId, object: plan.object, slice: slice.id });
      if (done !== null) return { slice, done };
      throw new ContractError(`Slice ${slice.id} of ${plan.object} was never finished.`, {
        code: 'slice_not_done',
      });
    }),
  );
}

const debtSize = ({ scope }: Pick<Debt, 'scope'>): number => ('ids' in scope ? scope.ids.length : 1);

/** Refuses a run that lost so much that Intercom's contract must be broken. The cursor stays. */
function guard(plan: Plan, slices: readonly DoneSlice[]): void {
  const reading = slices.filter(({ slice }) => readsRecords(slice));
  const read = sum(reading.map(({ done }) => done.read));
  // Many debts of earlier runs may fail again or be gone by now. That says nothing about this run.
  const own = reading.filter(({ slice }) => slice.debt === null);
  const fresh = own.flatMap(({ done }) => done.newDebts);
  const newDebts = sum(fresh.map(debtSize)) + sum(own.map(({ done }) => done.evidence.rejects));
  if (tooManyDebts(newDebts, read)) {
    throw new ContractError(
      `${newDebts} records or ranges of ${plan.object} could not be read (${fresh[0]?.reason ?? 'see the table of rejects'}); ${read} could. That is too many to commit. The cursor stays, and the next run reads them all again.`,
      { code: 'too_many_debts' },
    );
  }
  const lost = own.filter(({ done }) => done.lost !== undefined);
  if (own.length > 0 && lost.length === own.length) {
    throw new ContractError(
      `No part of ${plan.object} could be read: ${lost[0]?.done.lost}. The cursor stays, and the next run tries again.`,
      { code: 'nothing_read' },
    );
  }
  const deleted = sum(own.map(({ done }) => done.deleted.length));
  if (tooManyDeletions(deleted, read)) {
    throw new ContractError(
      `Intercom listed ${read + deleted} ${plan.object} and then did not find ${deleted} of them. That is too many to be deletions, so the cursor stays. If you deleted them on purpose, reset the object and read it again.`,
      { code: 'too_many_deletions' },
    );
  }
}

const windowKey = ({ scope }: Pick<Debt, 'scope'>): string => JSON.stringify(scope);

/** The last run's debts by what they cover: an entry for each id, and one for each window. */
function datesOf(debts: readonly Debt[]): ReadonlyMap<string, Pick<Debt, 'since' | 'tries'>> {
  return new Map(
    debts.flatMap(({ scope, since, tries }) => {
      const keys = 'ids' in scope ? scope.ids.map((id) => `id ${id}`) : [windowKey({ scope })];
      return keys.map((key) => [key, { since, tries }] as const);
    }),
  );
}

/** True if both are the same wrong count, narrowed from different windows: they overlap, and as much is missing. */
function isSameDifference(known: Debt, { scope, count }: NewDebt): boolean {
  if (known.count === undefined || count === undefined || 'ids' in scope || 'ids' in known.scope)
    return false;
  const [a, b] = [scope.window, known.scope.window];
  const overlap =
    (a.from ?? 0) < (b.to ?? Number.POSITIVE_INFINITY) && (b.from ?? 0) < (a.to ?? Number.POSITIVE_INFINITY);
  return overlap && known.count.matched - known.count.listed === count.matched - count.listed;
}

/** Debts after this run: those it left to a later run, and those it found. A known debt keeps its date. */
function debtsAfter(plan: Plan, slices: readonly DoneSlice[], run: RunContext): readonly Debt[] {
  const before = datesOf(plan.previousDebts);
  const fresh = { since: isoTime(run.startedAtMs), tries: 0 };
  const dated = (debt: NewDebt, known: Pick<Debt, 'since' | 'tries'> = fresh): Debt => ({
    ...debt,
    since: known.since,
    tries: known.tries + 1,
  });
  const found = slices.flatMap(({ slice, done }) =>
    done.newDebts.flatMap((debt): readonly Debt[] => {
      if (slice.debt !== null) return [dated(debt, slice.debt)];
      const { scope } = debt;
      if (!('ids' in scope)) {
        const same = plan.previousDebts.find((known) => isSameDifference(known, debt));
        return [dated(debt, before.get(windowKey(debt)) ?? same)];
      }
      return scope.ids.map((id) => dated({ ...debt, scope: { ids: [id] } }, before.get(`id ${id}`)));
    }),
  );
  return distinctDebts([...plan.carriedDebts, ...found]);
}

/** If two slices report the same debt, it counts once, with its earlier date: older debts come first. */
function distinctDebts(debts: readonly Debt[]): readonly Debt[] {
  const known = new Set<string>();
  const isNew = (key: string): boolean => known.size < known.add(key).size;
  return debts.flatMap((debt) => {
    const { scope } = debt;
    if (!('ids' in scope)) return isNew(JSON.stringify(scope)) ? [debt] : [];
    const ids = scope.ids.filter((id) => isNew(`id ${id}`));
    return ids.length === 0 ? [] : [{ ...debt, scope: { ids } }];
  });
}

function tablesOf({ declaration }: ObjectDependencies, slices: readonly DoneSlice[]): Manifest['tables'] {
  const parts = slices.flatMap(({ done }) => done.parts);
  const names = new Set<TableName>([...ownTables(declaration), ...parts.map(({ table }) => table)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const files = parts
        .filter(({ table }) => table === name)
        .map(({ key, rows, bytes, sha256 }) => ({ key, rows, bytes, sha256 }));
      return [name, { rows: sum(files.map(({ rows }) => rows)), files }];
    }),
  );
}

const withDropped = (schema: Manifest['schema'], lists: readonly string[]): Manifest['schema'] =>
  lists.length === 0 ? schema : { ...schema, dropped: [...schema.dropped, ...lists] };

/** How far the list of deleted records has been read, and the day of the last safety re-read. */
function marksOf(plan: Plan, slices: readonly DoneSlice[]): Pick<Manifest, 'deleted_list' | 'reread_on'> {
  const { deletedList, rereadOn } = plan;
  const lists = slices.filter(({ slice }) => !readsRecords(slice));
  const wasRead = lists.length > 0 && lists.every(({ done }) => done.matched !== null);
  return {
    ...(deletedList !== undefined && {
      deleted_list: { up_to: wasRead ? deletedList.after : deletedList.before },
    }),
    ...(rereadOn !== undefined && { reread_on: rereadOn }),
  };
}

/** The requests that planned and read this run of the object. */
function requestsOf(plan: Plan, slices: readonly DoneSlice[]): Pick<Manifest, 'requests'> {
  const requests = [plan, ...slices.map(({ done }) => done)]
    .map((one) => one.requests ?? NO_REQUESTS)
    .reduce(addRequests);
  return requests.sent > 0 ? { requests } : {};
}

async function makeDraft(dependencies: ObjectDependencies, plan: Plan, run: RunContext): Promise<Draft> {
  const slices = await doneSlices(dependencies, plan);
  guard(plan, slices);
  const tables = tablesOf(dependencies, slices);
  const { declaration, config } = dependencies;
  const suppression = await suppressionOf(dependencies, plan.erasures ?? []);
  const debts = debtsAfter(plan, slices, run);
  const isIncremental = declaration.sync.kind === 'incremental';
  const manifest: Manifest = {
    format: 1,
    object: plan.object,
    run_id: plan.runId,
    mode: plan.mode,
    started_at: isoTime(run.startedAtMs),
    committed_at: isoTime(dependencies.clock.now()),
    window: plan.window,
    cursor: isIncremental ? { before: plan.cursorBefore, after: plan.cursorAfter } : null,
    tables,
    completeness: completenessOf(
      declaration,
      slices,
      tables,
      suppression === null ? debts : debtsWithout(suppression, debts),
    ),
    schema: withDropped(
      recordSchema(plan.schema, {
        declaration: asWritten(declaration, config),
        isExcluded: excludes(declaration, config),
        schemaChanges: config.schemaChanges,
        seen: slices.map(({ done }) => done.schema).reduce(unionSeen, {}),
        records: tables[plan.object]?.rows ?? 0,
        isWhole: !isIncremental,
      }),
      listsNoLongerSent(declaration, slices),
    ),
    rules: await writtenBy(dependencies, plan),
    ...marksOf(plan, slices),
    ...requestsOf(plan, slices),
  };
  return { manifest, startFrom: plan.startFrom };
}

const rowsOf = (manifest: Manifest): number =>
  sum(Object.entries(manifest.tables).map(([name, table]) => (isSharedTable(name) ? 0 : table.rows)));

/** The draft of this run's manifest. The first one written counts, whichever attempt wrote it. */
async function draftOf(dependencies: ObjectDependencies, run: RunContext): Promise<Draft> {
  const { lake, declaration } = dependencies;
  const key = draftKey(run.runId, declaration.name);
  const existing = await readStored<Draft>(lake, key);
  if (existing !== null) return existing;
  const plan = await requireStored<Plan>(lake, planKey(run.runId, declaration.name));
  return storeOnce(lake, key, await makeDraft(dependencies, plan, run));
}

/**
 * Marks the object as committing, writes the manifest, moves the cursor under the fence, brings the catalog
 * up to date, and releases the lease. Safe to repeat at any point.
 * @throws ContractError if too much could not be read, or the lease was lost; RetryableError if AWS cannot be
 *   reached, even if the commit stands and only the catalog is behind
 */
export async function commitObject(dependencies: ObjectDependencies, holder: Lease): Promise<CommitResult> {
  const run = await requireRunContext(dependencies, holder.runId);
  // Loaded first: whoever takes the lease after this raises the fence, and then the mark below fails.
  const { lake, state, declaration } = dependencies;
  const { fence } = await state.load(declaration.name);
  const erasures = await knownErasures(lake);
  if (!(await isCommitted(dependencies, holder))) {
    await requireLease(dependencies, holder);
    const plan = await requireStored<Plan>(lake, planKey(run.runId, declaration.name));
    requireNoErasureSince(dependencies, run.runId, plan.erasures ?? [], erasures);
    const draft = await draftOf(dependencies, run);
    await finishCommit(dependencies, await mark(dependencies, holder, fence), draft);
  }
  const keys = await manifestKeys(lake, declaration.name);
  const isEvidenceLeft = await pruneHistory({ ...dependencies, declaration: dependencies.whole }, keys);
  await publishCommitted(dependencies, holder.runId);
  const maintain = isEvidenceLeft || isMaintenanceDue(dependencies, erasures, keys.map(runIdIn));
  return settled(dependencies, holder, maintain);
}

/** True if this run has already committed the object. A later run may have committed since. */
async function isCommitted(
  { lake, state, declaration }: ObjectDependencies,
  holder: Lease,
): Promise<boolean> {
  const { committed } = await state.load(declaration.name);
  if (committed === null || committed.runId < holder.runId) return false;
  // An erasure may have replaced its manifest by now.
  if (committed.runId === holder.runId) return true;
  return (await lake.get(manifestKey(declaration.name, holder.runId))) !== null;
}

/** Marks the decision to commit. It comes first: without it, no later run would finish a commit that was cut off. */
async function mark(dependencies: ObjectDependencies, holder: Lease, fence: number): Promise<ObjectState> {
  const { state: store, declaration } = dependencies;
  const committing = { runId: holder.runId, draftKey: draftKey(holder.runId, declaration.name) };
  const marked = await store.markCommitting(declaration.name, fence, committing);
  if (marked.ok) return marked.value;
  await requireLease(dependencies, holder);
  throw new RetryableError(
    `The fence of ${declaration.name} rose just before run ${holder.runId} could commit.`,
    {
      code: 'fence_raised',
    },
  );
}

/** Releases the lease if this run still holds it, and reports what was committed. */
async function settled(
  dependencies: ObjectDependencies,
  holder: Lease,
  maintain: boolean,
): Promise<CommitResult> {
  const { lake, state: store, declaration, observe } = dependencies;
  const state = await store.load(declaration.name);
  if (state.lease?.runId === holder.runId) await store.releaseLease(declaration.name, state.fence);
  const manifest = await requireStored<Manifest>(lake, manifestKey(declaration.name, holder.runId));
  const rows = manifest.tables[declaration.name]?.rows ?? 0;
  observe({ type: 'object_finished', object: declaration.name, status: 'committed', rows });
  return { status: 'committed', rows: rowsOf(manifest), maintain };
}
