/** Field rules that change between runs: what SQL shows then, and what people are told. */
import { afterEach, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { MIXED_RULES } from '../../functions/sync/run/report-run.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { statusText } from '../../lib/cli/terminal/report.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { HOUR } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
afterEach(() => bench?.close());

const SUCCEEDED = { status: 'finished', runs: [{ status: 'succeeded' }] };

test.each<[string, PipelineConfig, PipelineConfig, string]>([
  [
    'a child table is included again',
    { tables: { exclude: ['contact_tag'] } },
    {},
    'SELECT count(*) > 0 AS answer FROM contact_tag',
  ],
  [
    'hashing is turned on',
    {},
    { sensitiveFields: 'hash' },
    "SELECT count(*) FILTER (WHERE email LIKE '%@%') = 0 AS answer FROM contacts",
  ],
])(
  '%s: the old rows stay as they are and that is said, until a full refresh',
  async (_what, before, after, sql) => {
    bench = await startBench();
    const { clock, directory, sync } = bench;
    async function run(config: PipelineConfig, input = {}): Promise<void> {
      clock.advance(HOUR);
      expect(await sync({ config: { ...config, objects: ['contacts'] }, input })).toMatchObject(SUCCEEDED);
    }
    /** What SQL answers, and whether status speaks of the rules. */
    async function seen() {
      const database = await openLakeDatabase(directory);
      const [row] = await rowsOf(database, sql).finally(() => database.close());
      const status = statusText(await readStatus(createDirectoryLake(directory), ['contacts'], clock.now()));
      return { answer: row?.answer, isSaid: status.includes(`contacts ${MIXED_RULES}`) };
    }
    await run(before);
    await run(after);
    expect(await seen()).toEqual({ answer: false, isSaid: true });
    await run(after, { mode: 'full_refresh' });
    expect(await seen()).toEqual({ answer: true, isSaid: false });
  },
);
