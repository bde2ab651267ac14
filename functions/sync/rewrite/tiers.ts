/**
 * Which runs become one: the runs of a day once it is over, the days of a month once that is over. So a year of
 * runs every quarter of an hour has a few hundred manifests and files instead of 35,000 (decision 019). Pure.
 */
import { rewriteIdOf, runDateOf, tierOf } from '../../core/lake-keys.ts';
import { DAY_SECONDS, type EpochMs } from '../../core/time.ts';
import { counting, type KnownManifest } from '../counting.ts';

export interface Rewrite {
  readonly id: string;
  /** The manifests that count and become one, in order. */
  readonly sources: readonly string[];
  /** The sources, and what they replaced and is still there. */
  readonly replaces: readonly string[];
}

/** Replaced files stay this long, for queries that found them. Athena stops a query after 30 minutes. */
export const GRACE_MS: EpochMs = 2 * 3_600_000;

/** A month is rewritten so long after its end: by then its last day is, too. */
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
 * The rewrites that pay now, earliest first, by ids alone. The newest run always stays by itself: the state points
 * to its manifest, and a run of the same day may still follow.
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

/** @param digest SHA-256 in hex of a text */
export function nextRewrite(
  manifests: readonly KnownManifest[],
  now: EpochMs,
  digest: (text: string) => string,
): Rewrite | null {
  const [group] = groupsOf(
    counting(manifests).map(({ runId }) => runId),
    now,
  );
  if (group === undefined) return null;
  const { tier, lastDay, sources } = group;
  const there = new Set(manifests.map(({ runId }) => runId));
  const before = manifests
    .filter(({ runId }) => sources.includes(runId))
    .flatMap(({ replaces }) => replaces.filter((id) => there.has(id)));
  const replaces = [...new Set([...sources, ...before])].toSorted();
  return { id: rewriteIdOf(tier, lastDay, digest(replaces.join())), sources, replaces };
}

/** Manifests that were replaced so long ago that no query can still need their files. */
export function purgeable(manifests: readonly KnownManifest[], now: EpochMs): readonly string[] {
  const old = counting(manifests).filter(({ committedAtMs }) => now - committedAtMs > GRACE_MS);
  const replaced = new Set(old.flatMap(({ replaces }) => replaces));
  return manifests.flatMap(({ runId }) => (replaced.has(runId) ? [runId] : []));
}

/** Days of rewritten runs whose files may be looked through for left-overs: none of their runs can still be working. */
export const SWEEP_AFTER_MS: EpochMs = 2 * DAY_SECONDS * 1_000;

/**
 * Whether it is worth a look, by the ids of all manifests alone: something could be put together, or was and its
 * sources are still there.
 */
export function mayPay(ids: readonly string[], now: EpochMs): boolean {
  const days = new Set(ids.filter((id) => tierOf(id) === 'day').map(runDateOf));
  const months = new Set(ids.filter((id) => tierOf(id) === 'month').map(monthOf));
  const isCovered = (id: string): boolean => {
    const tier = tierOf(id);
    return tier !== 'month' && (months.has(monthOf(id)) || (tier === null && days.has(runDateOf(id))));
  };
  const open = ids.filter((id) => !isCovered(id));
  const isLeft = (id: string): boolean => isCovered(id) && now - timeIn(id) > SWEEP_AFTER_MS;
  return groupsOf(open, now).length > 0 || ids.some(isLeft);
}

const timeIn = (runId: string): EpochMs => Date.parse(`${runDateOf(runId)}T23:59:59.999Z`);
