/** The runs of a pipeline over time, added up by day, week or month, so that charts of any number of runs are readable. */
import type { ObjectSummary, RunSummary } from '../../../functions/core/engine-files.ts';
import { RUNS_PREFIX, runIdIn, runStartOf } from '../../../functions/core/lake-keys.ts';
import { sum } from '../../../functions/core/metrics.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { DAY_SECONDS, type EpochMs } from '../../../functions/core/time.ts';
import { requireStored } from '../../../functions/sync/store.ts';
import { driftLines } from '../terminal/report.ts';

export type Unit = 'day' | 'week' | 'month';

/** How an object fared, worst first. `idle`: skipped, or not available in this workspace. */
export const FARES = ['failed', 'short', 'unproven', 'complete', 'idle'] as const;
export type Fare = (typeof FARES)[number];

/** What an object did in one period. */
export interface ObjectPeriod {
  readonly rows: number;
  /** The longest time from a run's start to its commit, in minutes; null if nothing was committed. */
  readonly minutes: number | null;
  readonly requests: number;
  /** The worst of the period's runs. */
  readonly fare: Fare;
  /** After the period's last run that committed it; null if none did. */
  readonly debts: number | null;
}

export interface Period {
  /** The period's first day in UTC: `2026-11-29`. */
  readonly from: string;
  readonly succeeded: number;
  readonly failed: number;
  /** How long its runs took, in minutes; null without a run. */
  readonly minutes: { readonly median: number; readonly longest: number } | null;
  /** Requests that Intercom allowed during its runs; null if no answer said how many. */
  readonly allowed: number | null;
  readonly objects: Readonly<Partial<Record<ObjectName, ObjectPeriod>>>;
}

export interface History {
  readonly unit: Unit;
  /** Without gaps, oldest first. */
  readonly periods: readonly Period[];
  /** Changes of schemas, newest first. */
  readonly changes: readonly { readonly at: string; readonly text: string }[];
}

const DAY_MS = DAY_SECONDS * 1000;

/** The most columns that are readable, and the fewest days that are shown: fewer would make the columns too wide. */
const COLUMNS = 62;
const MIN_DAYS = 14;

function unitFor(from: EpochMs, to: EpochMs): Unit {
  const days = (to - from) / DAY_MS;
  if (days < COLUMNS) return 'day';
  return days < COLUMNS * 7 ? 'week' : 'month';
}

/** The first day of the period that a time is in. Weeks begin on Monday. */
function periodOf(ms: EpochMs, unit: Unit): string {
  const date = new Date(ms);
  if (unit === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (unit === 'month') date.setUTCDate(1);
  return date.toISOString().slice(0, 10);
}

/** The first days of all periods from one time to another. */
export function periodsBetween(from: EpochMs, to: EpochMs, unit: Unit): readonly string[] {
  const days = Math.floor((to - from) / DAY_MS) + 1;
  const starts = Array.from({ length: days }, (_, day) => periodOf(from + day * DAY_MS, unit));
  return [...new Set([...starts, periodOf(to, unit)])];
}

function fareOf({ status, completeness }: ObjectSummary): Fare {
  if (status === 'failed') return 'failed';
  return status === 'committed' && completeness !== null ? completeness.status : 'idle';
}

const worse = (a: Fare, b: Fare): Fare => (FARES.indexOf(a) <= FARES.indexOf(b) ? a : b);

const minutesBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 60_000;

const withObject = (
  before: ObjectPeriod | undefined,
  summary: ObjectSummary,
  startedAt: string,
): ObjectPeriod => ({
  rows: (before?.rows ?? 0) + sum(Object.values(summary.rows)),
  minutes:
    summary.committed_at === undefined
      ? (before?.minutes ?? null)
      : Math.max(before?.minutes ?? 0, minutesBetween(startedAt, summary.committed_at)),
  requests: (before?.requests ?? 0) + (summary.requests?.sent ?? 0),
  fare: before === undefined ? fareOf(summary) : worse(before.fare, fareOf(summary)),
  debts: summary.completeness?.debts.length ?? before?.debts ?? null,
});

function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/** Intercom's rate limit is per window of ten seconds. */
const WINDOW_MS = 10_000;

/** Requests that were allowed in all windows that a run touched; null if no answer said how many. */
function allowedIn({ objects, started_at, finished_at }: RunSummary): number | null {
  const limits = objects.flatMap(({ requests }) => requests?.limit ?? []);
  if (limits.length === 0) return null;
  const [first, last] = [started_at, finished_at].map((time) => Math.floor(Date.parse(time) / WINDOW_MS));
  return Math.max(...limits) * ((last ?? 0) - (first ?? 0) + 1);
}

/** Adds up the runs of one period, oldest first. */
function periodFrom(from: string, runs: readonly RunSummary[]): Period {
  const minutes = runs.map((run) => minutesBetween(run.started_at, run.finished_at)).sort((a, b) => a - b);
  const failed = runs.filter(({ status }) => status === 'failed').length;
  const objects: Partial<Record<ObjectName, ObjectPeriod>> = {};
  for (const run of runs) {
    for (const summary of run.objects) {
      objects[summary.object] = withObject(objects[summary.object], summary, run.started_at);
    }
  }
  const allowed = runs.flatMap((run) => allowedIn(run) ?? []);
  return {
    from,
    succeeded: runs.length - failed,
    failed,
    minutes: minutes.length === 0 ? null : { median: median(minutes), longest: minutes.at(-1) ?? 0 },
    allowed: allowed.length === 0 ? null : sum(allowed),
    objects,
  };
}

/** Runs that are read at once. */
const AT_ONCE = 50;

const startOf = (key: string): EpochMs => runStartOf(runIdIn(key));

/**
 * @param since runs that began earlier are left out
 * @throws ContractError if the summary of a run cannot be read
 */
export async function readHistory(
  lake: Pick<Lake, 'get' | 'list'>,
  since: EpochMs,
  now: EpochMs,
): Promise<History> {
  const keys = (await Array.fromAsync(lake.list(RUNS_PREFIX))).filter((key) => startOf(key) >= since);
  const [first] = keys;
  if (first === undefined) return { unit: 'day', periods: [], changes: [] };
  const from = Math.min(startOf(first), now - (MIN_DAYS - 1) * DAY_MS);
  const unit = unitFor(from, now);
  const byPeriod = Map.groupBy(keys, (key) => periodOf(startOf(key), unit));
  const periods: Period[] = [];
  const changes: History['changes'][number][] = [];
  for (const start of periodsBetween(from, now, unit)) {
    const own = byPeriod.get(start) ?? [];
    const runs: RunSummary[] = [];
    for (let index = 0; index < own.length; index += AT_ONCE) {
      const reads = own.slice(index, index + AT_ONCE).map((key) => requireStored<RunSummary>(lake, key));
      runs.push(...(await Promise.all(reads)));
    }
    periods.push(periodFrom(start, runs));
    for (const { started_at: at, objects } of runs) {
      const lines = objects.flatMap(({ object, schema }) =>
        schema === null ? [] : driftLines(object, schema),
      );
      changes.push(...lines.map((text) => ({ at, text })));
    }
  }
  return { unit, periods, changes: changes.reverse() };
}
