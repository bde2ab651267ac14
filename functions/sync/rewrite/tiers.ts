/**
 * Which runs become one: the runs of a day once it is over, the days of a month once that is over. So a year of
 * runs every 15 minutes has a few hundred manifests and files instead of 35,000 (decision 019). Pure.
 */
import {
  evidenceRewriteIdOf,
  originalOf,
  passOf,
  rewriteIdOf,
  runDateOf,
  tierOf,
} from '../../core/lake-keys.ts';
import { isSharedTable } from '../../core/names.ts';
import { DAY_SECONDS, type EpochMs } from '../../core/time.ts';
import { counting, type KnownManifest } from '../counting.ts';

export interface Rewrite {
  readonly id: string;
  /** The manifests that count and become one, in order. */
  readonly sources: readonly string[];
  /** The sources, and whatever they replaced that is still there. */
  readonly replaces: readonly string[];
  /** Set if only these tables are kept. @default all */
  readonly keeps?: (table: string) => boolean;
  /** Set if superseded versions are dropped. */
  readonly retention?: {
    /** States of this time and later stay whole. */
    readonly cutoffMs: EpochMs;
    /** Later manifests, which may supersede versions of the sources. */
    readonly later: readonly string[];
  };
}

/** Replaced files stay this long, for queries that have begun. Athena stops a query after 30 minutes. */
export const GRACE_MS: EpochMs = 2 * 3_600_000;

/** A month is rewritten this long after its end: by then its last day has been. */
const MONTH_REST_MS: EpochMs = 2 * DAY_SECONDS * 1_000;

const monthOf = (runId: string): string => runDateOf(runId).slice(0, 'YYYY-MM'.length);

const lastDayOf = (month: string): string => {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 'YYYY-MM-DD'.length);
};

const isMonthOver = (month: string, now: EpochMs): boolean =>
  now > Date.parse(`${lastDayOf(month)}T23:59:59.999Z`) + MONTH_REST_MS;

const several = (groups: ReadonlyMap<string, readonly string[]>): (readonly [string, readonly string[]])[] =>
  [...groups].filter(([, runs]) => runs.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * The rewrites that are worth it now, earliest first, by ids alone. The newest run always stays by itself: the state
 * points to its manifest, and a run of the same day may still follow.
 */
function groupsOf(
  countingIds: readonly string[],
  now: EpochMs,
): readonly {
  readonly tier: 'day' | 'month';
  readonly lastDay: string;
  readonly sources: readonly string[];
}[] {
  const sorted = countingIds.toSorted();
  const newest = sorted.findLast((id) => tierOf(id) === null);
  if (newest === undefined) return [];
  const today = runDateOf(newest);
  const past = sorted.filter((id) => runDateOf(id) < today);
  const ended = past.filter((id) => isMonthOver(monthOf(id), now) && monthOf(id) < monthOf(newest));
  const months = several(Map.groupBy(ended, monthOf));
  const inMonths = new Set(months.flatMap(([, ids]) => ids));
  const days = several(
    Map.groupBy(
      past.filter((id) => !inMonths.has(id)),
      runDateOf,
    ),
  );
  return [
    ...months.map(([month, sources]) => ({ tier: 'month' as const, lastDay: lastDayOf(month), sources })),
    ...days.map(([day, sources]) => ({ tier: 'day' as const, lastDay: day, sources })),
  ];
}

/** The sources, and whatever they replaced that is still there. */
function replacedBy(manifests: readonly KnownManifest[], sources: readonly string[]): readonly string[] {
  const there = new Set(manifests.map(({ runId }) => runId));
  const before = manifests
    .filter(({ runId }) => sources.includes(runId))
    .flatMap(({ replaces }) => replaces.filter((id) => there.has(id)));
  return [...new Set([...sources, ...before])].toSorted();
}

/** The earliest moment that the manifest may hold rows of. */
const beginOf = (id: string): EpochMs =>
  Date.parse(tierOf(id) === 'month' ? `${monthOf(id)}-01T00:00:00Z` : `${runDateOf(id)}T00:00:00Z`);

/**
 * The month whose superseded versions have to be looked at: first when it is as old as versions are kept, then each
 * time that age has doubled (decision 021). A month that has several manifests is put together first.
 */
function retentionOf(countingIds: readonly string[], now: EpochMs, keepMs: EpochMs) {
  const sorted = countingIds.toSorted();
  const newest = sorted.findLast((id) => tierOf(id) === null);
  if (newest === undefined) return null;
  const ended = sorted.filter((id) => isMonthOver(monthOf(id), now) && monthOf(id) < monthOf(newest));
  for (const [month, [source, ...more]] of Map.groupBy(ended, monthOf)) {
    const endMs = Date.parse(`${lastDayOf(month)}T23:59:59.999Z`);
    const pass = Math.floor(Math.log2((now - endMs) / keepMs)) + 1;
    if (source === undefined || more.length > 0 || pass <= passOf(source)) continue;
    const later = sorted.filter((id) => id > source);
    return { source, month, pass, cutoffMs: endMs + keepMs * 2 ** (pass - 1) - keepMs, later };
  }
  return null;
}

/**
 * @param digest SHA-256 in hex of a text
 * @param keepMs how long superseded versions are kept; null: for ever
 */
export function nextRewrite(
  manifests: readonly KnownManifest[],
  now: EpochMs,
  digest: (text: string) => string,
  keepMs: EpochMs | null = null,
): Rewrite | null {
  const countingIds = counting(manifests).map(({ runId }) => runId);
  const [group] = groupsOf(countingIds, now);
  if (group === undefined) {
    const due = keepMs === null ? null : retentionOf(countingIds, now, keepMs);
    if (due === null) return null;
    const { source, month, pass, cutoffMs } = due;
    // A manifest that begins after the cutoff was committed after it.
    const later = due.later.filter((id) => beginOf(id) <= cutoffMs);
    const replaces = replacedBy(manifests, [source]);
    // The id depends on what was compared, too: parts of two comparisons must never be mixed.
    const id = rewriteIdOf('month', lastDayOf(month), digest([...replaces, ...later, cutoffMs].join()), pass);
    return { id, sources: [source], replaces, retention: { cutoffMs, later } };
  }
  const { tier, lastDay, sources } = group;
  const replaces = replacedBy(manifests, sources);
  return { id: rewriteIdOf(tier, lastDay, digest(replaces.join())), sources, replaces };
}

/**
 * For an object that is read whole: the evidence of its superseded runs, without the rows that later runs have again.
 * @param old runs that are superseded and count, oldest first, with an earlier rewrite of this kind
 */
export function evidenceRewrite(
  manifests: readonly KnownManifest[],
  old: readonly string[],
  digest: (text: string) => string,
): Rewrite | null {
  const last = old.findLast((id) => tierOf(id) === null);
  if (last === undefined) return null;
  return {
    id: evidenceRewriteIdOf(last, digest(old.join())),
    sources: old,
    replaces: replacedBy(manifests, old),
    keeps: isSharedTable,
  };
}

/** Manifests that were replaced, even by one that is itself replaced, so long ago that no query needs their files. */
export function purgeable(manifests: readonly KnownManifest[], now: EpochMs): readonly string[] {
  const old = manifests.filter(({ committedAtMs }) => now - committedAtMs > GRACE_MS);
  const replaced = new Set(old.flatMap(({ replaces }) => replaces));
  return manifests.flatMap(({ runId }) => (replaced.has(runId) ? [runId] : []));
}

/** This long after the day of a run, nothing of it can still be at work. */
const LONG_MS: EpochMs = 2 * DAY_SECONDS * 1_000;

const timeIn = (runId: string): EpochMs => Date.parse(`${runDateOf(runId)}T23:59:59.999Z`);

export const isLongOver = (runId: string, now: EpochMs): boolean => now - timeIn(runId) > LONG_MS;

/** Whether to look for left-overs, by the ids of all manifests: the first run of a day does. */
export function isSweepDue(ids: readonly string[]): boolean {
  const runs = [...new Set(ids.filter((id) => tierOf(id) === null).map(originalOf))].toSorted();
  const newest = runs.at(-1);
  if (newest === undefined || ids.length < 2) return false;
  return runs.filter((id) => runDateOf(id) === runDateOf(newest)).length === 1;
}

/**
 * Whether maintenance may have something to do, by the ids of all manifests alone: something could be put together, or
 * it was and its sources are still there.
 */
export function mayPay(ids: readonly string[], now: EpochMs, keepMs: EpochMs | null = null): boolean {
  const days = new Set(ids.filter((id) => tierOf(id) === 'day').map(runDateOf));
  const passes = new Map<string, number>();
  for (const id of ids.filter((one) => tierOf(one) === 'month')) {
    passes.set(monthOf(id), Math.max(passes.get(monthOf(id)) ?? 0, passOf(id)));
  }
  const months = new Set(passes.keys());
  const isCovered = (id: string): boolean => {
    const tier = tierOf(id);
    if (tier === 'month') return passOf(id) < (passes.get(monthOf(id)) ?? 0);
    return months.has(monthOf(id)) || (tier === null && days.has(runDateOf(id)));
  };
  const open = ids.filter((id) => !isCovered(id));
  const isLeft = (id: string): boolean => isCovered(id) && isLongOver(id, now);
  if (groupsOf(open, now).length > 0 || ids.some(isLeft)) return true;
  return keepMs !== null && retentionOf(open, now, keepMs) !== null;
}
