/** Receipts, plans and run summaries that name a person by id. */
import type { PersonHashes } from '../../../functions/core/erasure.ts';
import { RUNS_PREFIX } from '../../../functions/core/lake-keys.ts';
import type { HashText, Lake } from '../../../functions/core/ports.ts';
import { erasersOf } from './person.ts';

/**
 * Removes them. No run needs them: one that began before the erasure commits nothing. Summaries are public, so they
 * stay, without the id.
 * @returns the keys of the files
 */
export async function removeLeftOvers(
  lake: Pick<Lake, 'get' | 'list' | 'putNew' | 'delete'>,
  person: PersonHashes,
  hash: HashText,
): Promise<readonly string[]> {
  const { withoutIds } = erasersOf(person, hash)('contacts');
  const removed: string[] = [];
  for (const prefix of ['work/', RUNS_PREFIX]) {
    for (const key of await Array.fromAsync(lake.list(prefix))) {
      const text = Buffer.from((await lake.get(key)) ?? '').toString('utf8');
      const left = withoutIds(text);
      if (left === text) continue;
      await lake.delete([key]);
      if (prefix === RUNS_PREFIX) await lake.putNew(key, Buffer.from(left));
      removed.push(key);
    }
  }
  return removed;
}
