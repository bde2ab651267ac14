/** Random histories of objects that are searched by time. `MODEL_SEED=<seed>` repeats one. */
import { expect, test } from 'vitest';
import { liveThroughMany } from './many-histories.ts';

const MINUTES = 60_000;

test.each([
  ['contacts', 1_400],
  ['conversations', 1_600],
  ['conversation_parts', 1_600],
] as const)(
  '%s hold what Intercom holds, after %i histories',
  async (object, count) => {
    await expect(liveThroughMany(object, count)).resolves.toBeUndefined();
  },
  20 * MINUTES,
);
