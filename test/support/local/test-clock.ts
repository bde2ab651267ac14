/** Time for tests: it runs faster than ours, and jumps when told. Requests and sleeps keep their order. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../../functions/core/ports.ts';

export interface TestClock extends Clock {
  /** Lets so much time pass at once. */
  advance(ms: number): void;
  /** What another process needs to have the same time. */
  state(): TestClockState;
}

export interface TestClockState {
  /** Our time, and the test's time at that moment. */
  readonly anchorMs: number;
  readonly startMs: number;
  readonly speed: number;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A Tuesday that is a summer day in Auckland and a winter day in Los Angeles. */
const START = Date.UTC(2026, 1, 10, 9, 30);

export function createTestClock(state: Partial<TestClockState> = {}): TestClock {
  const { anchorMs = Date.now(), startMs = START, speed = 20 } = state;
  let ahead = 0;
  const now = (): number => Math.floor(startMs + ahead + (Date.now() - anchorMs) * speed);
  return {
    now,
    sleep: async (ms, signal) => {
      await wait(ms / speed, undefined, signal === undefined ? {} : { signal });
    },
    advance(ms) {
      ahead += ms;
    },
    state: () => ({ anchorMs, startMs: startMs + ahead, speed }),
  };
}
