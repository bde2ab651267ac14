/**
 * Who gets a slot, where `concurrency` caps the pipeline: the rules, without the table they are kept in.
 * Runs share alike; within a run whoever comes goes on, so that a slot is not idle while others sleep.
 */
import type { SlotClaim, SlotRequest } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';

/** A slot in use, or kept for the next invocation of a claim. */
export interface Holder extends SlotClaim {
  /** Null where it is kept. */
  readonly attempt: string | null;
  readonly until: EpochMs;
}

/** A place in line. */
export interface Place extends SlotClaim {
  readonly since: EpochMs;
  /** When whoever has it should long have come back. */
  readonly until: EpochMs;
}

export interface Line {
  readonly holders: readonly Holder[];
  readonly places: readonly Place[];
}

export type SlotDecision =
  | { readonly type: 'take' /** The kept slot it is, if one was kept. */; readonly kept: Holder | null }
  | { readonly type: 'wait'; readonly place: Place; readonly waitSeconds: number };

export interface SlotTerms {
  /** How many there are. */
  readonly count: number;
  readonly now: EpochMs;
  /** In [0, 1). */
  readonly random: number;
}

/** After so long in line nobody goes first any more, whatever his run holds: everyone gets a slot in the end. */
const PATIENCE_MS = 30 * 60_000;

/** A kept slot: what a call takes that follows at once, with a cold start. An idle scroll lives 60 s (docs/intercom-api.md 6.3). */
const KEPT_MS = 60_000;

/** How late a call may come that was to wait, before its place is lost: cold start, throttling. */
const GRACE_MS = 60_000;

/** Waits grow with the time in line, so that a slot that waits for its taker is idle for an eighth of it at most. */
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

/** What of a line still counts; what has expired is to be ignored by every reader. */
export const liveLine = ({ holders, places }: Line, now: EpochMs): Line => ({
  holders: holders.filter(({ until }) => until > now),
  places: places.filter(({ until }) => until > now),
});

/** The more slots, the more may be waiting: each wait is 9 events of 25,000 (lib/constructs/workflow.ts). */
function waitSecondsAfter(waitedMs: number, { count, random }: SlotTerms): number {
  const least = Math.max(LEAST_WAIT_SECONDS, count);
  const wait = Math.min(Math.max((waitedMs / 1000) * WAIT_SHARE, least), MOST_WAIT_SECONDS);
  return Math.round(wait * (0.75 + random * 0.5));
}

type Candidate = Place & { readonly isAsking: boolean };

/** The first of those in line while the runs hold what `held` says. */
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

/** Deals the free slots one by one, each to the first in line; true where one is for who asks. */
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
 * Whether who asks gets a slot of those that are free, or waits, and how long.
 * @param line what the table holds, expired entries included
 */
export function decideSlot(line: Line, { claim }: SlotRequest, terms: SlotTerms): SlotDecision {
  const { now } = terms;
  const { holders, places } = liveLine(line, now);
  const kept = holders.find((one) => one.attempt === null && isSameClaim(one, claim));
  if (kept !== undefined) return { type: 'take', kept };
  // A place that has expired counts for nobody else, but who comes late has waited all the same.
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
