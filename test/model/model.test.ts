/** Random histories of objects of every other paging style, and of the plainest search. `MODEL_SEED=<seed>` repeats one. */
import { expect, test } from 'vitest';
import { liveThroughMany } from './many-histories.ts';

const MINUTES = 60_000;

test.each([
  ['tickets', 800],
  ['activity_logs', 1_500],
  ['companies', 1_500],
  ['articles', 1_500],
  ['tags', 1_500],
] as const)(
  '%s hold what Intercom holds, after %i histories',
  async (object, count) => {
    await expect(liveThroughMany(object, count)).resolves.toBeUndefined();
  },
  20 * MINUTES,
);
