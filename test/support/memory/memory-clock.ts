/** A clock that a test moves; sleepers wake in the order of their times. */
import type { Clock } from '../../../functions/core/ports.ts';
import type { EpochMs } from '../../../functions/core/time.ts';

export interface MemoryClock extends Clock {
  /** Moves forward by `ms` and wakes the sleepers that are due. */
  advance(ms: number): void;
  sleepers(): number;
  /** Moves on to the next time that anyone wakes; false if nobody sleeps. */
  advanceToNext(): boolean;
}

interface Sleeper {
  readonly wakesAt: EpochMs;
  readonly wake: () => void;
}

/** 22 November 2026, 12:00 UTC: a multiple of ten seconds. */
export const NOON: EpochMs = Date.UTC(2026, 10, 22, 12);

export function createMemoryClock(start: EpochMs = NOON): MemoryClock {
  let now = start;
  let sleeping: Sleeper[] = [];
  function advance(ms: number): void {
    now += ms;
    const due = sleeping.filter(({ wakesAt }) => wakesAt <= now);
    sleeping = sleeping.filter(({ wakesAt }) => wakesAt > now);
    for (const { wake } of due.sort((a, b) => a.wakesAt - b.wakesAt)) wake();
  }
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const sleeper: Sleeper = { wakesAt: now + ms, wake: resolve };
        sleeping.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleeping = sleeping.filter((one) => one !== sleeper);
          reject(signal.reason);
        });
      }),
    advance,
    advanceToNext() {
      if (sleeping.length === 0) return false;
      advance(Math.max(0, Math.min(...sleeping.map(({ wakesAt }) => wakesAt)) - now));
      return true;
    },
    sleepers: () => sleeping.length,
  };
}

/** Lets time pass in small steps until the work is done; `pause` lets real input and output proceed between them. */
export async function letTimePass<T>(
  clock: MemoryClock,
  work: Promise<T>,
  { stepMs, pause }: { readonly stepMs: number; readonly pause: () => Promise<void> },
): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  for (let steps = 0; !isDone; steps += 1) {
    if (steps > 100_000) throw new Error('The work never ends.');
    await pause();
    clock.advance(stepMs);
  }
  return work;
}
