/**
 * Intercom's clock, told from the `Date` of its answers. Intercom counts requests in windows of its own time
 * (docs/intercom-api.md 2), so a machine whose clock is wrong must not go by it. Pure but for `createServerClock`.
 */
import type { EpochMs } from './time.ts';

/** When an answer was asked for and received by our clock, and what its `Date` said. */
export interface ServerTime {
  readonly dateMs: EpochMs;
  readonly sentAtMs: EpochMs;
  readonly receivedAtMs: EpochMs;
}

/** Their clock minus ours lies within these, in milliseconds. */
export interface Offset {
  readonly least: number;
  readonly most: number;
}

/** `Date` is cut to whole seconds. */
const DATE_STEP_MS = 1_000;

/**
 * The answer was made between our sending and our receiving, within the second that `Date` names. Answers narrow
 * the bounds; one that contradicts them replaces them, because a clock was set.
 */
export function narrowed(known: Offset | null, { dateMs, sentAtMs, receivedAtMs }: ServerTime): Offset {
  const seen = { least: dateMs - receivedAtMs, most: dateMs + DATE_STEP_MS - sentAtMs };
  if (known === null) return seen;
  const both = { least: Math.max(known.least, seen.least), most: Math.min(known.most, seen.most) };
  return both.least <= both.most ? both : seen;
}

/** What to add to our clock: nothing if ours may be right, else the middle of what is possible. */
const correction = (offset: Offset | null): number =>
  offset === null || (offset.least <= 0 && offset.most >= 0) ? 0 : (offset.least + offset.most) / 2;

export interface ServerClock {
  now(): EpochMs;
  /** What their clock showed when ours showed this. */
  at(ours: EpochMs): EpochMs;
  observe(time: ServerTime): void;
}

export function createServerClock(clock: { now(): EpochMs }): ServerClock {
  let offset: Offset | null = null;
  const at = (ours: EpochMs): EpochMs => Math.floor(ours + correction(offset));
  return {
    now: () => at(clock.now()),
    at,
    observe(time) {
      offset = narrowed(offset, time);
    },
  };
}
