/**
 * The dbt project over an exported lake. With the packages of Fivetran on this machine (`INTERCOM_DBT_PACKAGES`, a folder
 * with `dbt_intercom`, `fivetran_utils` and `dbt_utils`), also the models of dbt_intercom, by value.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { type Bench, SMALL, startBench } from '../support/local/local-bench.ts';
import { HOUR } from '../support/local/test-clock.ts';

const { DBT: dbt = '', INTERCOM_DBT_PACKAGES: packages } = process.env;

const run = promisify(execFile);

let bench: Bench;
let folder: string;
let file: string;

beforeAll(async () => {
  bench = await startBench({ simulator: { sizes: SMALL } });
  await bench.sync();
  bench.clock.advance(20 * HOUR);
  bench.simulator.workspace.simulateDay(1);
  await bench.sync();
  folder = await mkdtemp(join(tmpdir(), 'dbt-test-'));
  file = join(folder, 'lake.duckdb');
  const database = await openLakeDatabase(bench.directory);
  await database.export(file);
  database.close();
  await cp(join(import.meta.dirname, '../../dbt'), folder, { recursive: true });
  const local = ['dbt_intercom', 'fivetran_utils', 'dbt_utils'].map(
    (name) => `  - local: ${packages}/${name}\n`,
  );
  await writeFile(
    join(folder, 'packages.yml'),
    packages === undefined ? 'packages: []\n' : `packages:\n${local.join('')}`,
  );
  await build('deps');
});
afterAll(async () => {
  await bench?.close();
  await rm(folder, { recursive: true, force: true });
});

/** @throws with what dbt printed, if a model or a test fails */
async function build(...words: readonly string[]): Promise<void> {
  const options = {
    cwd: folder,
    env: { ...process.env, INTERCOM_DUCKDB: file, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' },
  };
  await run(dbt, [...words, '--profiles-dir', folder], options).catch((error: { stdout: string }) => {
    throw new Error(error.stdout);
  });
}

async function ask(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

test('the tables that fivetran/intercom reads are built, and the tests of the lake pass', async () => {
  await build('build', '-s', 'intercom_lake', 'source:intercom_lake');
  const tables = await ask(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'fivetran'",
  );
  expect(tables).toHaveLength(15);
  const { contacts } = bench.simulator.workspace;
  const rows = await ask('SELECT id, email, created_at FROM fivetran.contact_history');
  const found = new Map(rows.map((row) => [row.id, row]));
  expect(found.size).toBe(rows.length);
  // Contacts that were deleted are there until an audit notices.
  for (const { id, email, created_at: at } of contacts.records()) {
    const created_at = new Date(Number(at) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    expect(found.get(id)).toEqual({ id, email, created_at });
  }
});

describe.skipIf(packages === undefined)('the models of dbt_intercom', () => {
  beforeAll(() => build('build', '-s', 'intercom'));

  test('enhanced contacts are those of the workspace, with their tags', async () => {
    const { contacts, tags } = bench.simulator.workspace;
    const wanted = [...contacts.ids()].map((id) => [
      id,
      contacts
        .relations(id)
        .tagIds.map((tag) => String(tags.record(tag)?.name))
        .toSorted(),
    ]);
    const rows = await ask('SELECT contact_id, all_contact_tags FROM intercom.intercom__contact_enhanced');
    const found = rows.map(({ contact_id: id, all_contact_tags: names }) => [
      id,
      typeof names === 'string' ? names.split(', ').toSorted() : [],
    ]);
    expect(Object.fromEntries(found)).toMatchObject(Object.fromEntries(wanted));
  });

  test('enhanced conversations have their state and rating, and their metrics count their parts', async () => {
    const { conversations } = bench.simulator.workspace;
    const rows = await ask(
      'SELECT conversation_id AS id, conversation_state AS state, conversation_rating AS rating FROM intercom.intercom__conversation_enhanced',
    );
    const wanted = [...conversations.records()].map(({ id, state, conversation_rating: rating }) => [
      String(id),
      { state, rating: (rating as { rating?: number } | null)?.rating ?? null },
    ]);
    const found = rows.map(({ id, state, rating }) => [
      String(id),
      { state, rating: rating === null ? null : Number(rating) },
    ]);
    expect(Object.fromEntries(found)).toMatchObject(Object.fromEntries(wanted));
    const counts = await ask(
      'SELECT conversation_id AS id, count_total_parts AS parts FROM intercom.intercom__conversation_metrics',
    );
    const inLake = await ask(
      'SELECT conversation_id AS id, count(*) AS parts FROM conversation_parts GROUP BY 1',
    );
    const partsOf = new Map(inLake.map(({ id, parts }) => [String(id), Number(parts)]));
    for (const { id, parts } of counts)
      expect([id, Number(parts ?? 0)]).toEqual([id, partsOf.get(String(id)) ?? 0]);
    expect(counts.length).toBeGreaterThanOrEqual([...conversations.ids()].length);
  });

  test('enhanced companies are those that Intercom lists, with their tags', async () => {
    const { companies, tags } = bench.simulator.workspace;
    const rows = await ask('SELECT company_id, all_company_tags FROM intercom.intercom__company_enhanced');
    const listed = [...companies.ids()].filter((id) => companies.contactIds(id).length > 0);
    expect(rows.map(({ company_id: id }) => String(id)).toSorted()).toEqual(listed.toSorted());
    for (const { company_id: id, all_company_tags: names } of rows) {
      const wanted = companies.tagIds(String(id)).map((tag) => String(tags.record(tag)?.name));
      const found = typeof names === 'string' ? names.split(', ') : [];
      expect([id, found.toSorted()]).toEqual([id, wanted.toSorted()]);
    }
  });
});
