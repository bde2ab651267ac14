/**
 * The rules for who gets a slot if `concurrency` limits the pipeline, without the table that stores the slots.
 * Runs share the slots equally. Within a run the first caller gets one, so that no slot is idle while others
 * wait (docs/decisions/013-slots.md).
 */
import type { SlotClaim, SlotRequest } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';

/** A slot in use, or kept for the next invocation of a claim. */
export interface Holder extends SlotClaim {
  /** Null if the slot is kept for the next invocation. */
  readonly attempt: string | null;
  readonly until: EpochMs;
}

/** A place in line. */
export interface Place extends SlotClaim {
  readonly since: EpochMs;
  /** When the place expires: its owner should have come back long before. */
  readonly until: EpochMs;
}

export interface Line {
  readonly holders: readonly Holder[];
  readonly places: readonly Place[];
}

export type SlotDecision =
  | {
      readonly type: 'take' /** The slot that was kept for the claim, if any. */;
      readonly kept: Holder | null;
    }
  | { readonly type: 'wait'; readonly place: Place; readonly waitSeconds: number };

export interface SlotTerms {
  /** Number of slots. */
  readonly count: number;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly random: number;
}

/** After this time in line a claim goes first, whatever its run holds, so that everyone gets a slot in the end. */
const PATIENCE_MS = 30 * 60_000;

/** How long a slot is kept: enough for an immediate next call with a cold start. An idle scroll lives 60 s (docs/intercom-api.md 6.3). */
const KEPT_MS = 60_000;

/** How late a waiting call may come back before it loses its place: a cold start, throttling. */
const GRACE_MS = 60_000;

/** Waits grow with the time in line, so that a free slot waits for its taker for at most an eighth of that time. */
const WAIT_SHARE = 0.25;
const LEAST_WAIT_SECONDS = 10;
const MOST_WAIT_SECONDS = 300;

export const isSameClaim = (a: SlotClaim, b: SlotClaim): boolean => a.runId === b.runId && a.work === b.work;

export const holderOf = ({ claim, attempt, until }: SlotRequest): Holder => ({ ...claim, attempt, until });

export const keptFor = ({ runId, work }: SlotClaim, now: EpochMs): Holder => ({
  runId,
  work,
  attempt: null,
  until: now + KEPT_MS,
});

/** The entries of a line that still count. Every reader must ignore expired ones. */
export const liveLine = ({ holders, places }: Line, now: EpochMs): Line => ({
  holders: holders.filter(({ until }) => until > now),
  places: places.filter(({ until }) => until > now),
});

/** The more slots, the more callers may wait, and each wait is 9 of 25,000 events (lib/constructs/workflow.ts). */
function waitSecondsAfter(waitedMs: number, { count, random }: SlotTerms): number {
  const least = Math.max(LEAST_WAIT_SECONDS, count);
  const wait = Math.min(Math.max((waitedMs / 1000) * WAIT_SHARE, least), MOST_WAIT_SECONDS);
  return Math.round(wait * (0.75 + random * 0.5));
}

type Candidate = Place & { readonly isAsking: boolean };

/** The first candidate in line, if each run holds as many slots as `held` says. */
function firstOf(
  candidates: readonly Candidate[],
  held: ReadonlyMap<string, number>,
  now: EpochMs,
): Candidate {
  const oldest = new Map<string, EpochMs>();
  for (const { runId, since } of candidates) {
    oldest.set(runId, Math.min(oldest.get(runId) ?? since, since));
  }
  const rank = ({ runId, since, isAsking }: Candidate): readonly number[] => {
    const isPatienceOver = now - since >= PATIENCE_MS;
    return isPatienceOver
      ? [0, since]
      : [1, held.get(runId) ?? 0, oldest.get(runId) ?? since, isAsking ? 0 : 1, since];
  };
  return candidates.reduce((best, one) => (isBefore(rank(one), rank(best)) ? one : best));
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

/** Gives the free slots one by one to the first in line. True if one goes to the caller. */
function isDealt({ holders, places }: Line, asking: Candidate, { count, now }: SlotTerms): boolean {
  const held = new Map<string, number>();
  const hold = (runId: string): unknown => held.set(runId, (held.get(runId) ?? 0) + 1);
  for (const { runId } of holders) hold(runId);
  let candidates = [...places.map((place) => ({ ...place, isAsking: false })), asking];
  for (let free = count - holders.length; free > 0; free -= 1) {
    const first = firstOf(candidates, held, now);
    if (first === asking) return true;
    hold(first.runId);
    candidates = candidates.filter((one) => one !== first);
  }
  return false;
}

/**
 * Decides whether the caller gets a free slot or has to wait, and how long.
 * @param line everything in the table, including expired entries
 */
export function decideSlot(line: Line, { claim }: SlotRequest, terms: SlotTerms): SlotDecision {
  const { now } = terms;
  const { holders, places } = liveLine(line, now);
  const kept = holders.find((one) => one.attempt === null && isSameClaim(one, claim));
  if (kept !== undefined) return { type: 'take', kept };
  // An expired place does not count against others, but its owner has still waited since then.
  const own = line.places.filter((place) => isSameClaim(place, claim)).map(({ since }) => since);
  const since = Math.min(now, ...own);
  const others = places.filter((place) => !isSameClaim(place, claim));
  const asking = { ...claim, since, until: now, isAsking: true };
  if (isDealt({ holders, places: others }, asking, terms)) return { type: 'take', kept: null };
  const waitSeconds = waitSecondsAfter(now - since, terms);
  return {
    type: 'wait',
    place: { ...claim, since, until: now + waitSeconds * 1000 + GRACE_MS },
    waitSeconds,
  };
}
