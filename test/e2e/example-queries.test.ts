/** The examples of docs/queries.md and README: they run in DuckDB, have an answer, and parse as Athena's SQL. */
import { TrinoSQL } from 'dt-sql-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { DOCUMENTED_QUERIES, queriesIn } from '../support/documented-queries.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';

let bench: Bench;
let database: LakeDatabase;
beforeAll(async () => {
  bench = await startBench();
  await bench.sync();
  database = await openLakeDatabase(bench.directory);
});
afterAll(async () => {
  database.close();
  await bench.close();
});

test('README shows one of them', () => {
  const shown = queriesIn('README.md').map(([, sql]) => sql);
  expect(shown).toHaveLength(1);
  expect(DOCUMENTED_QUERIES.map(([, sql]) => sql)).toEqual(expect.arrayContaining(shown));
});

test('docs/queries.md answers the questions that people ask first', () => {
  expect(DOCUMENTED_QUERIES.map(([title]) => title)).toEqual([
    '`<table>_flat` is `<table>_live` as a person would make it. The newest conversations that a team has',
    'First-response time per team',
    'CSAT by week',
    'Open tickets by type',
    'Conversations per company',
    'Tag trends',
  ]);
});

describe.each(DOCUMENTED_QUERIES)('%s', (_title, sql) => {
  test('has an answer in DuckDB', async () => {
    const rows = await rowsOf(database, sql);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Object.values(row)).not.toContain(null);
  });

  test('parses as Trino', () => {
    expect(new TrinoSQL().validate(sql)).toEqual([]);
  });
});

/** Sums of the answers, counted from the truth of the workspace. */
describe('the answers are right', () => {
  const answer = async (title: string) => {
    const sql = DOCUMENTED_QUERIES.find(([name]) => name === title)?.[1] ?? '';
    return rowsOf(database, sql);
  };
  const total = (rows: readonly { readonly [key: string]: unknown }[], column: string): number =>
    rows.reduce((sum, row) => sum + Number(row[column]), 0);
  const listOf = (records: { records(): Iterable<unknown> }) =>
    [...records.records()] as { readonly [key: string]: unknown }[];

  test('open tickets', async () => {
    const open = listOf(bench.simulator.workspace.tickets).filter((ticket) => ticket.open === true);
    expect(total(await answer('Open tickets by type'), 'tickets')).toBe(open.length);
  });

  test('ratings', async () => {
    const rated = listOf(bench.simulator.workspace.conversations).filter(
      (one) => (one.conversation_rating as { rating?: unknown } | null)?.rating != null,
    );
    expect(total(await answer('CSAT by week'), 'ratings')).toBe(rated.length);
  });

  test('tags', async () => {
    const { conversations } = bench.simulator.workspace;
    const tagged = [...conversations.ids()].flatMap((id) => conversations.tagIds(id));
    expect(total(await answer('Tag trends'), 'conversations')).toBe(tagged.length);
  });
});
