/** What the end of a walk is worth (DESIGN: never take an error for the end of data; completeness is proven). Pure. */

export interface WalkResult {
  /** Intercom's count; null where it gives none. */
  readonly matched: number | null;
  /** Distinct ids read. */
  readonly read: number;
  /** Listed, but gone by the time they were read. */
  readonly deleted: number;
  /** Not read, and already a debt by its id: the rest of the walk is whole. */
  readonly owed: number;
  /** Walks so far, this one included. */
  readonly walks: number;
  /** Whether the slice is a full-refresh object whole. */
  readonly whole: boolean;
  /** Rows of the object in the last committed run; null before the first. */
  readonly lastRows: number | null;
}

export type Verdict = 'accept' | 'walk_again' | 'short';

/** A walk that seems to miss something is repeated once before it is believed, or becomes a debt. */
const MAX_WALKS = 2;

/** An object read whole is suspicious when it is empty, or has less than half of what it had. */
const suspiciouslySmall = ({ whole, read, lastRows }: WalkResult): boolean =>
  whole && (read === 0 || (lastRows !== null && read * 2 < lastRows));

export function judgeWalk(result: WalkResult): Verdict {
  const { matched, read, deleted, owed } = result;
  const isShort = matched !== null && read + deleted + owed < matched;
  if (result.walks < MAX_WALKS && (isShort || suspiciouslySmall(result))) return 'walk_again';
  return isShort ? 'short' : 'accept';
}

/** New debts a run may take on before it is the contract that is broken: max(100, 5 % of what was read). */
export const tooManyDebts = (newDebts: number, read: number): boolean =>
  newDebts > Math.max(100, read * 0.05);

/** Deletions a run may report before it is our reading that is suspect: max(20, 20 % of what was read). */
export const tooManyDeletions = (deleted: number, read: number): boolean =>
  deleted > Math.max(20, (read + deleted) * 0.2);
