/** The machine's clock. */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from './core/ports.ts';

export const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // Node wraps the reason, but the port promises the reason itself.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
