/**
 * Intercom's clock, inferred from the `Date` of its answers. Intercom counts requests in windows of its own time
 * (docs/intercom-api.md 2), so a machine with a wrong clock must not rely on it. Pure except for `createServerClock`.
 */
import type { EpochMs } from './time.ts';

/** When a request was sent and its answer received by our clock, and what the answer's `Date` said. */
export interface ServerTime {
  readonly dateMs: EpochMs;
  readonly sentAtMs: EpochMs;
  readonly receivedAtMs: EpochMs;
}

/** Bounds of their clock minus ours, in milliseconds. */
export interface Offset {
  readonly least: number;
  readonly most: number;
}

/** `Date` is truncated to whole seconds. */
const DATE_STEP_MS = 1_000;

/**
 * The answer was made after we sent and before we received, within the second that `Date` names. Answers narrow
 * the bounds. One that contradicts them replaces them, because a clock was set.
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
