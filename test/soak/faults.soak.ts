/** Troubles of every kind, a few at a time, in whole syncs through the emulators. `SOAK_SEED=<seed>` repeats them. */
import { expect, test } from 'vitest';
import { createRandom } from '../model/random.ts';
import { OBJECTS } from '../support/local/tables.ts';
import { liveThroughTroubles } from '../support/local/troubled-rounds.ts';
import { TROUBLE_KINDS } from '../support/local/troubles.ts';

const ROUNDS = Number(process.env.SOAK_ROUNDS ?? 60);
const SEED = Number(process.env.SOAK_SEED ?? 1);

test(`${ROUNDS} syncs with troubles`, async () => {
  const random = createRandom(SEED);
  const rounds = Array.from({ length: ROUNDS }, () =>
    Array.from({ length: random.int(1, 4) }, () => random.pick(TROUBLE_KINDS)),
  );
  const struck = await liveThroughTroubles(OBJECTS, rounds, random);
  const times = [...struck].map(([kind, count]) => `\n  ${count} times ${kind}`);
  process.stdout.write(`SOAK_SEED=${SEED}: ${ROUNDS} syncs with troubles${times.join('')}\n`);
  expect(struck.size).toBeGreaterThan(0);
});
