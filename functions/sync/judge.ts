/** Decides whether to believe a walk, and which losses are too many. Pure. */
import type { Completeness, Debt } from '../core/engine-files.ts';
import type { Slice } from '../core/reading.ts';
import { DAY_SECONDS, type EpochMs } from '../core/time.ts';

export interface WalkResult {
  /** Intercom's count; null if it gives none. */
  readonly matched: number | null;
  /** Distinct ids read. */
  readonly read: number;
  /** Records that were listed, but were gone when we tried to read them. */
  readonly deleted: number;
  /** Records that were not read and are already debts by id: the walk may be whole without them. */
  readonly owed: number;
  /** Records that earlier runs found to be counted and never listed. */
  readonly knownShort: number;
  /** Walks so far, this one included. */
  readonly walks: number;
  /** True if the slice is a whole full-refresh object. */
  readonly whole: boolean;
  /** Rows of the object in the last committed run; null before the first. */
  readonly lastRows: number | null;
}

export type Verdict = 'accept' | 'walk_again' | 'short';

/** A walk that seems to miss something is repeated once. Then it is believed, or what it misses becomes a debt. */
const MAX_WALKS = 2;

/** An object that is read whole is suspicious if it is empty, or has less than half as many records as before. */
const suspiciouslySmall = ({ whole, read, lastRows }: WalkResult): boolean =>
  whole && (read === 0 || (lastRows !== null && read * 2 < lastRows));

export function judgeWalk(result: WalkResult): Verdict {
  const { matched, read, deleted, owed, knownShort } = result;
  const missing = matched === null ? 0 : matched - read - deleted - owed;
  const isNews = missing > 0 && missing !== knownShort;
  if (result.walks < MAX_WALKS && (isNews || suspiciouslySmall(result))) return 'walk_again';
  return missing > 0 ? 'short' : 'accept';
}

/** False for a slice that reads which records were deleted: it proves nothing about those that were not. */
export const readsRecords = ({ query }: Slice): boolean => query.kind !== 'deleted';

/** More than max(100, 5 % of what was read) new debts in a run mean that Intercom's contract is broken. */
export const tooManyDebts = (newDebts: number, read: number): boolean =>
  newDebts > Math.max(100, read * 0.05);

/** More than max(20, 20 % of what was listed) deletions in a run mean that our reading is suspect. */
export const tooManyDeletions = (deleted: number, read: number): boolean =>
  deleted > Math.max(20, (read + deleted) * 0.2);

/** Runs that must find the same count short before it is taken as lasting. */
const LASTING_TRIES = 3;

const isOld = ({ since }: Debt, now: EpochMs): boolean => now - Date.parse(since) > DAY_SECONDS * 1000;

/**
 * A count that stays wrong: Intercom counts a record that it never lists. It is shown, and checked with a request
 * a run, but it is no reason for an alarm.
 */
export const isKnownDifference = (debt: Debt, now: EpochMs): boolean =>
  debt.count !== undefined && debt.tries >= LASTING_TRIES && isOld(debt, now);

/** Debts older than a day: a day of runs has tried to read them, and none could. */
export const oldDebts = (completeness: Completeness | null | undefined, now: EpochMs): readonly Debt[] =>
  completeness?.debts.filter((debt) => isOld(debt, now) && !isKnownDifference(debt, now)) ?? [];
