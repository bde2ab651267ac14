/** Random histories of objects that are searched by time. `MODEL_SEED=<seed>` repeats one. */
import { expect, test } from 'vitest';
import { liveThroughMany } from './many-histories.ts';

const MINUTES = 60_000;

test.each([
  ['contacts', 1_100, 12],
  ['conversations', 1_200, 8],
  ['conversation_parts', 1_100, 8],
] as const)(
  '%s hold what Intercom holds, after %i histories and %i with thousands of records on one second',
  async (object, count, crowded) => {
    await expect(liveThroughMany(object, count, crowded)).resolves.toBeUndefined();
  },
  20 * MINUTES,
);
