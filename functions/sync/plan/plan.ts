/** Plan: divides what one run reads of one object into slices. Only the plan depends on the run's mode. */

import { counted } from '../../core/counted.ts';
import type { Debt, Manifest, Outcome, Plan, PlannedSlice, RunContext } from '../../core/engine-files.ts';
import { manifestKey, outcomeKey, planKey } from '../../core/lake-keys.ts';
import type { CommittedState, Lease, ObjectState } from '../../core/ports.ts';
import type { Window } from '../../core/reading.ts';
import { DAY_SECONDS, type EpochSeconds, isoTime, toSeconds } from '../../core/time.ts';
import type { PlanResult } from '../../core/workflow.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { knownErasures } from '../erasures.ts';
import { lastSchema } from '../last-schema.ts';
import { acquireLease } from '../lease.ts';
import { publishCommitted, publishEmpty } from '../publish.ts';
import { requireRunContext } from '../run-context.ts';
import { readStored, requireStored, storeOnce } from '../store.ts';
import { type Capped, UNCAPPED } from '../under-cap.ts';
import { planDebts } from './plan-debts.ts';
import { type PlanInput, planSlices } from './plan-slices.ts';
import type { Counting } from './split-window.ts';
import { type Allowance, sliceId } from './take-slices.ts';

/** A run reads for about an hour: this many of Intercom's ten-second rate windows. */
const WINDOWS_PER_RUN = 360;

const NO_SLICES = { slices: [], waitSeconds: 0 } as const;

/** Records that another run is working on the object. This run continues with its other objects. */
async function recordSkipped(
  { lake, declaration, observe }: ObjectDependencies,
  runId: string,
  message: string,
): Promise<PlanResult> {
  await storeOnce<Outcome>(lake, outcomeKey(runId, declaration.name), { status: 'skipped', message });
  observe({ type: 'object_finished', object: declaration.name, status: 'skipped', rows: 0 });
  return { ...NO_SLICES, status: 'skipped' };
}

/** The window the run reads besides debts; null for a full-refresh object, which is read whole. */
function windowOfRun(
  { declaration, config }: ObjectDependencies,
  run: RunContext,
  committed: CommittedState | null,
): Window | null {
  if (declaration.sync.kind === 'full_refresh') return null;
  if (run.range !== null) return run.range;
  const cursor = committed?.cursor ?? null;
  if (cursor === null) return { from: config.startFrom, to: null };
  // A full refresh leaves the cursor alone, so it must not begin after it, even if startFrom was moved later.
  return { from: run.mode === 'incremental' ? cursor : earlier(config.startFrom, cursor), to: null };
}

/** If `startFrom` was moved earlier, the time between the new start and the old is a debt like any other. */
function debtOfEarlierStart(
  startFrom: EpochSeconds | null,
  committed: CommittedState | null,
  since: string,
): readonly Debt[] {
  if (committed === null || committed.cursor === null || committed.startFrom === null) return [];
  if (startFrom !== null && startFrom >= committed.startFrom) return [];
  const window = { from: startFrom, to: committed.startFrom };
  return [{ scope: { window }, reason: 'startFrom was moved earlier', since, tries: 0 }];
}

const earlier = (a: EpochSeconds | null, b: EpochSeconds | null): EpochSeconds | null =>
  a === null || b === null ? null : Math.min(a, b);

/**
 * The cursor becomes min(window.to, run start - overlap) and only ever moves forward. The first cursor
 * never lies before startFrom, even within the overlap: the next run would read what you did not ask for.
 */
function cursorAfter(
  run: RunContext,
  { from, to: windowTo }: Window,
  overlapSeconds: number,
  before: EpochSeconds | null,
): EpochSeconds | null {
  if (run.mode === 'backfill') return before;
  const reached = toSeconds(run.startedAtMs) - overlapSeconds;
  const after = windowTo === null ? reached : Math.min(windowTo, reached);
  return Math.max(before ?? from ?? after, after);
}

async function lastManifest(
  { lake }: ObjectDependencies,
  committed: CommittedState | null,
): Promise<Manifest | null> {
  return committed === null ? null : requireStored<Manifest>(lake, committed.manifestKey);
}

async function allowanceOf({ budget, config, limits, declaration }: ObjectDependencies): Promise<Allowance> {
  const { read, recordsOf } = declaration;
  const requests = (await budget.limit()) * WINDOWS_PER_RUN;
  return {
    records: requests * (read.perPage ?? 1),
    slices: limits.maxSlices,
    recordsPerSlice: recordsOf === undefined ? limits.sliceRecords : limits.sliceParents,
    slicesAtOnce: config.parallelism.slices,
  };
}

/**
 * How far the list of deleted records has been read before and after this run; null if the object has no such list.
 * What was deleted before the object was first read is not in the lake, so a first run need not read the list. A lake
 * that has never read the list reads all of it once.
 */
function deletedListOf(
  { declaration, config }: ObjectDependencies,
  run: RunContext,
  manifest: Manifest | null,
  isFirst: boolean,
): NonNullable<Plan['deletedList']> | null {
  if (declaration.deletedList === undefined) return null;
  const reached = toSeconds(run.startedAtMs) - config.overlapSeconds;
  const before = manifest?.deleted_list?.up_to ?? (isFirst ? reached : null);
  return { before, after: Math.max(before ?? reached, reached) };
}

/** Planned last, so that the records come first. A backfill does not read the list. */
const deletedSlice = (
  list: NonNullable<Plan['deletedList']> | null,
  { mode }: RunContext,
  planned: number,
): readonly PlannedSlice[] =>
  list === null || mode === 'backfill'
    ? []
    : [
        {
          id: sliceId(planned),
          query: { kind: 'deleted', since: list.before },
          exact: { from: null, to: null },
          debt: null,
        },
      ];

/** What an audit found missing. Like any debt, it is planned until it is read. */
function debtsOfRepairs({ declaration }: ObjectDependencies, run: RunContext): readonly Debt[] {
  const since = isoTime(run.startedAtMs);
  const scopes = run.repairs?.[declaration.name] ?? [];
  return scopes.map((scope) => ({ scope, reason: 'an audit found a difference', since, tries: 0 }));
}

const dayOf = (ms: number): string => isoTime(ms).slice(0, 10);

/** The first incremental run of a UTC day reads the last days again, if the configuration asks for it. */
function debtOfReread(
  { config }: ObjectDependencies,
  run: RunContext,
  committed: CommittedState | null,
  manifest: Manifest | null,
): readonly Debt[] {
  const { safetyReread } = config;
  const cursor = committed?.cursor ?? null;
  if (safetyReread === null || cursor === null || run.mode !== 'incremental') return [];
  if (manifest?.reread_on === dayOf(run.startedAtMs)) return [];
  const first = cursor - safetyReread.days * DAY_SECONDS;
  const from = Math.max(first, committed?.startFrom ?? first);
  if (from >= cursor) return [];
  const reason = `safety re-read of the last ${counted(safetyReread.days, 'day')}`;
  return [{ scope: { window: { from, to: cursor } }, reason, since: isoTime(run.startedAtMs), tries: 0 }];
}

/** A run that reads the object for the first time needs no re-read on the same day. */
function rereadOn(
  { config }: ObjectDependencies,
  run: RunContext,
  manifest: Manifest | null,
): Pick<Plan, 'rereadOn'> {
  const isDone = config.safetyReread !== null && run.mode === 'incremental';
  const day = isDone ? dayOf(run.startedAtMs) : manifest?.reread_on;
  return day === undefined ? {} : { rereadOn: day };
}

/** The one slice of a full-refresh object: the whole object. Reading it whole also pays its debts. */
function wholeSlice(previous: readonly Debt[]): PlannedSlice {
  const counts = previous.flatMap(({ count }) => (count === undefined ? [] : [count.matched - count.listed]));
  return {
    id: sliceId(0),
    query: { kind: 'all' },
    exact: { from: null, to: null },
    debt: null,
    knownShort: Math.max(0, ...counts),
  };
}

/** Makes the plan, or says how many seconds to wait for a share of the cap: counting sends requests. */
async function makePlan(
  dependencies: ObjectDependencies,
  run: RunContext,
  state: ObjectState,
): Promise<Capped<Plan>> {
  const { declaration, config } = dependencies;
  const { committed } = state;
  const manifest = await lastManifest(dependencies, committed);
  const erasures = (await knownErasures(dependencies.lake)).map(({ id }) => id);
  const base = {
    format: 1,
    object: declaration.name,
    runId: run.runId,
    mode: declaration.sync.kind === 'full_refresh' ? 'full_refresh' : run.mode,
    startFrom: committed?.cursor == null ? config.startFrom : earlier(committed.startFrom, config.startFrom),
    schema: await lastSchema(dependencies, manifest),
    ...(manifest?.rules !== undefined && { writtenBy: manifest.rules }),
    lastRows: manifest?.tables[declaration.name]?.rows ?? null,
    previousDebts: manifest?.completeness.debts ?? [],
    ...(erasures.length > 0 && { erasures }),
  } as const;
  const before = committed?.cursor ?? null;
  const window = windowOfRun(dependencies, run, committed);
  const repairs = debtsOfRepairs(dependencies, run);
  if (window === null) {
    const owed = await planDebts(repairs, null, await allowanceOf(dependencies), 1);
    const whole = {
      window: null,
      slices: [wholeSlice(base.previousDebts), ...owed.slices],
      carriedDebts: owed.carried,
      workRemains: false,
    };
    const result = { ...base, ...whole, cursorBefore: null, cursorAfter: null, expected: null };
    return { status: 'worked', result };
  }
  const debts = [
    ...(manifest?.completeness.debts ?? []),
    ...debtOfEarlierStart(config.startFrom, committed, isoTime(run.startedAtMs)),
    ...debtOfReread(dependencies, run, committed, manifest),
    ...repairs,
  ];
  const deletedList = deletedListOf(dependencies, run, manifest, base.schema === null);
  const allowance = await allowanceOf(dependencies);
  const counting = countingOf(dependencies);
  // Without a count, planning sends no request.
  const underCap = counting === null ? UNCAPPED : dependencies.underCap;
  const capped = await underCap(run.runId, () =>
    planSlices({
      window,
      debts,
      ...DEBTS_BY_MODE[run.mode](window, before),
      allowance,
      counting,
      since: isoTime(run.startedAtMs),
    }),
  );
  if (capped.status === 'wait') return capped;
  const planned = capped.result;
  const after = cursorAfter(run, { from: window.from, to: planned.windowTo }, config.overlapSeconds, before);
  const result = {
    ...base,
    window: { from: window.from ?? 0, to: planned.windowTo ?? toSeconds(run.startedAtMs) },
    slices: [...planned.slices, ...deletedSlice(deletedList, run, planned.slices.length)],
    ...(deletedList !== null && { deletedList }),
    ...rereadOn(dependencies, run, manifest),
    carriedDebts: planned.carriedDebts,
    workRemains: planned.workRemains,
    cursorBefore: before,
    cursorAfter: after,
    expected: planned.expected,
  };
  return { status: 'worked', result };
}

/** What each mode does with debts, and how far the rest of a window that is cut short becomes a debt. */
const DEBTS_BY_MODE: Readonly<
  Record<
    RunContext['mode'],
    (window: Window, cursor: EpochSeconds | null) => Pick<PlanInput, 'debtPolicy' | 'restUpTo'>
  >
> = {
  incremental: () => ({ debtPolicy: 'pay', restUpTo: null }),
  full_refresh: (_window, cursor) => ({ debtPolicy: 'cover', restUpTo: cursor }),
  backfill: (window) => ({ debtPolicy: 'keep', restUpTo: window.to }),
};

function countingOf({ declaration, reader, clock }: ObjectDependencies): Counting | null {
  const { probe } = reader;
  if (probe === null) return null;
  return { probe, granularity: declaration.read.granularity ?? 'second', now: toSeconds(clock.now()) };
}

/** The plan that this run has, or makes now; or how many seconds to wait. */
async function planOf(
  dependencies: ObjectDependencies,
  run: RunContext,
  state: ObjectState,
): Promise<Capped<Plan>> {
  const { lake, reader } = dependencies;
  const key = planKey(run.runId, state.object);
  const stored = await readStored<Plan>(lake, key);
  if (stored !== null) return { status: 'worked', result: stored };
  const made = await makePlan(dependencies, run, state);
  if (made.status === 'wait') return made;
  const requests = reader.requests?.();
  const result = await storeOnce(lake, key, {
    ...made.result,
    ...(requests !== undefined && requests.sent > 0 && { requests }),
  });
  return { status: 'worked', result };
}

/**
 * Takes the object's lease and writes the plan, once: a repeated Plan finds what the first one wrote. If it has
 * to wait, it keeps the lease that it already has.
 * @throws RetryableError, PermissionError, ConnectionError or ContractError of the count probes
 */
export async function planObject(dependencies: ObjectDependencies, holder: Lease): Promise<PlanResult> {
  const { lake, state: store, declaration, observe } = dependencies;
  const { name } = declaration;
  const run = await requireRunContext(dependencies, holder.runId);
  const outcome = await readStored<Outcome>(lake, outcomeKey(holder.runId, name));
  if (outcome?.status === 'skipped') return recordSkipped(dependencies, holder.runId, outcome.message);
  const lease = await acquireLease(dependencies, holder);
  if ((await lake.get(manifestKey(name, holder.runId))) !== null) {
    await publishCommitted(dependencies, holder.runId);
    if (lease.status === 'held') await store.releaseLease(name, lease.state.fence);
    return { ...NO_SLICES, status: 'committed' };
  }
  if (lease.status === 'skipped') return recordSkipped(dependencies, holder.runId, lease.message);
  const isFirst = lease.state.committed === null;
  const publishing = isFirst ? publishEmpty(dependencies, holder.runId) : Promise.resolve();
  // Intercom counts meanwhile. A failure surfaces once the plan is made.
  publishing.catch(() => undefined);
  const planned = await planOf(dependencies, run, lease.state).finally(() => publishing);
  if (planned.status === 'wait') return { ...planned, slices: [] };
  const plan = planned.result;
  observe({ type: 'object_planned', object: name, slices: plan.slices.length, expected: plan.expected });
  return { status: 'planned', slices: plan.slices.map(({ id }) => ({ slice: id })), waitSeconds: 0 };
}
