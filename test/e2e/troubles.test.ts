/**
 * Everything outside fails at random, through the emulators: what is called complete is complete, and the next run
 * leaves exactly what Intercom holds. `TROUBLE_SEED` chooses other troubles, `npm run soak` has many more of them.
 */
import { expect, test } from 'vitest';
import { createRandom } from '../model/random.ts';
import { liveThroughTroubles } from '../support/local/troubled-rounds.ts';
import { TROUBLE_KINDS } from '../support/local/troubles.ts';

const SEED = Number(process.env.TROUBLE_SEED ?? 1);

/** One object of each paging style; the others differ in nothing that an outside could see. */
const EACH_STYLE = [
  'contacts',
  'conversation_parts',
  'companies',
  'articles',
  'activity_logs',
  'segments',
] as const;

test('a lake survives every kind of trouble', async () => {
  const random = createRandom(SEED);
  // Each kind once, a few at a time.
  const kinds = [...TROUBLE_KINDS];
  const rounds = [];
  while (kinds.length > 0) rounds.push(kinds.splice(0, 3));
  const struck = await liveThroughTroubles(EACH_STYLE, rounds, random);
  process.stdout.write(
    `troubles, seed ${SEED}: ${[...struck].map(([kind, times]) => `${kind} ${times}`).join(', ')}\n`,
  );
  expect(TROUBLE_KINDS.filter((kind) => (struck.get(kind) ?? 0) === 0)).toEqual([]);
});
