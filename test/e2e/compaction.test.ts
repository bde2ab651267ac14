/** Compaction through the whole local pipeline: every view answers as it would without. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { tierOf } from '../../functions/core/lake-keys.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { childrenOf } from '../support/local/tables.ts';
import { DAY, HOUR } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
afterEach(() => bench?.close());

const INCREMENTAL = ['contacts', 'conversations', 'conversation_parts', 'tickets', 'activity_logs'] as const;
const VIEWS = [...INCREMENTAL, ...INCREMENTAL.flatMap(childrenOf)];

async function answers(directory: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const database = await openLakeDatabase(directory);
  try {
    const found = new Map<string, readonly string[]>();
    for (const view of VIEWS.flatMap((name) => [name, `${name}_history`])) {
      const rows = await rowsOf(database, `SELECT * FROM ${view}`);
      const texts = rows.map(({ run_date: _date, $path: _path, ...row }) => JSON.stringify(row));
      found.set(view, texts.toSorted());
    }
    return found;
  } finally {
    database.close();
  }
}

const manifestIds = async (directory: string, object: string): Promise<readonly string[]> =>
  (await readdir(join(directory, 'lake', 'manifests', object)))
    .map((name) => name.replace('.json', ''))
    .sort();

test('the days of a week become a file each, and no query sees a difference', async () => {
  bench = await startBench({ sync: { config: { objects: [...INCREMENTAL, 'contact_note'] } } });
  const { clock, directory, simulator } = bench;
  const session = await bench.open();
  try {
    for (let day = 0; day < 4; day += 1) {
      for (let run = 0; run < 3; run += 1) {
        clock.advance(3 * HOUR);
        simulator.workspace.simulateDay(day * 3 + run + 1);
        expect(await session.run()).toMatchObject({ runs: [{ status: 'succeeded' }] });
      }
      clock.advance(DAY - 9 * HOUR);
    }
    const before = await answers(directory);
    expect((await manifestIds(directory, 'contacts')).some((id) => tierOf(id) === 'day')).toBe(true);
    // What was replaced goes two days later, with the next run; that run reads what changed since.
    clock.advance(3 * DAY);
    expect(await session.run()).toMatchObject({ runs: [{ status: 'succeeded' }] });
    const after = await answers(directory);
    for (const [view, rows] of before) {
      if (view.endsWith('_history')) expect(after.get(view)).toEqual(expect.arrayContaining([...rows]));
      else expect(after.get(view)?.length).toBe(rows.length);
    }
    const ids = await manifestIds(directory, 'contacts');
    // Four days, the newest run, and the three runs of the last day, which were replaced just now.
    expect(ids.length).toBe(8);
    expect(tierOf(ids.at(-1) ?? '')).toBe(null);
  } finally {
    await session.close();
  }
}, 240_000);
