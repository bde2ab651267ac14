/** Values at the edge of what JSON and SQL can hold, from Intercom's answer to DuckDB's. */
import { afterEach, expect, test } from 'vitest';
import type { Manifest } from '../../functions/core/engine-files.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { statusText } from '../../lib/cli/terminal/report.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { HOUR } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
let database: LakeDatabase | undefined;
afterEach(async () => {
  database?.close();
  await bench?.close();
});

async function synced(
  objects: readonly ('teams' | 'articles' | 'contacts')[],
  prepare: (workspace: Bench['simulator']['workspace']) => void,
): Promise<{ readonly bench: Bench; readonly database: LakeDatabase }> {
  bench = await startBench({ sync: { config: { objects: [...objects] } } });
  prepare(bench.simulator.workspace);
  expect(await bench.sync()).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
  database = await openLakeDatabase(bench.directory);
  return { bench, database };
}

const exact = (digits: string) => JSON.rawJSON(digits);

test('integers beyond 2^53 keep every digit, within 64 bits and beyond', async () => {
  const ids: string[] = [];
  const { bench: current, database: sql } = await synced(['teams'], ({ teams }) => {
    ids.push(
      teams.create({ assignment_limit: exact('9007199254740993'), of_tomorrow: exact('9007199254740993') }),
    );
    ids.push(teams.create({ assignment_limit: 1, of_tomorrow: exact('123456789012345678901234567890') }));
  });
  const rows = (columns: string) =>
    rowsOf(sql, `SELECT ${columns} FROM teams WHERE id IN ('${ids.join("', '")}') ORDER BY id`);
  expect(await rows('assignment_limit AS a, of_tomorrow AS b')).toEqual([
    { a: 9_007_199_254_740_993n, b: '9007199254740993' },
    { a: 1, b: '123456789012345678901234567890' },
  ]);
  current.simulator.workspace.teams.update(ids[1] ?? '', { assignment_limit: 1.5 });
  current.clock.advance(HOUR);
  await current.sync();
  // A double would lose the digits of the one, an integer the fraction of the other.
  expect(await rows('assignment_limit AS a')).toEqual([{ a: '9007199254740993' }, { a: '1.5' }]);
});

test('a column of every type there is', async () => {
  const values = [1, 2.5, 'text', true, { deep: [1, 'two'] }, [], null, exact('9223372036854775808')];
  const { database: sql } = await synced(['teams'], ({ teams }) => {
    for (const [index, mixed] of values.entries()) teams.create({ name: `mixed ${index}`, mixed });
  });
  const rows = await rowsOf(sql, "SELECT mixed FROM teams WHERE name LIKE 'mixed %' ORDER BY name");
  expect(rows.map(({ mixed }) => mixed)).toEqual([
    '1',
    '2.5',
    'text',
    'true',
    '{"deep":[1,"two"]}',
    '[]',
    null,
    '9223372036854775808',
  ]);
});

test('fields that are called what the engines or our views call their own', async () => {
  const reachable = { run_id: 'a', _rank: 'b', __RANK: 'c', path: 'd', filename: 'e', rowid: 'f', '"': 'g' };
  const inFilesAlone = { $path: 'h', run_date: 'j', '': 'k', 'nul\0': 'l' };
  const twin = { $PATH: 'i' };
  const { bench: current, database: sql } = await synced(['contacts', 'teams'], ({ contacts, teams }) => {
    for (const id of contacts.ids()) contacts.update(id, { ...reachable, ...inFilesAlone, ...twin });
    for (const id of teams.ids()) teams.update(id, { ...reachable, ...inFilesAlone, ...twin });
  });
  const columns = Object.keys(reachable).map((name) => `"${name.replaceAll('"', '""')}"`);
  const lake = await current.lake();
  for (const table of ['contacts', 'teams'] as const) {
    expect(await rowsOf(sql, `SELECT DISTINCT ${columns.join(', ')} FROM ${table}`)).toEqual([reachable]);
    expect(await rowsOf(sql, `SELECT DISTINCT ${columns.join(', ')} FROM ${table}_history`)).toEqual([
      reachable,
    ]);
    const own = `SELECT DISTINCT run_date, "$path" LIKE '%.ndjson.gz' AS is_path FROM ${table}_history`;
    expect(await rowsOf(sql, own)).toEqual([{ run_date: '2026-02-10', is_path: true }]);
    expect(lake.history(table)[0]?.row).toMatchObject({
      ...reachable,
      ...inFilesAlone,
      $path__1e: 'i',
    });
  }
});

const CONTROLS = Array.from({ length: 32 }, (_item, code) => String.fromCharCode(code)).join('');

test('texts of every kind of character', async () => {
  const texts = [
    ['separators', 'a\u2028b\u2029c\u0085d', 'a\u2028b\u2029c\u0085d'],
    ['controls', `${CONTROLS}\u007f"\\/`, `${CONTROLS}\u007f"\\/`],
    ['lone surrogates', 'half \ud83d a pair \udc4d', 'half \ufffd a pair \ufffd'],
    ['pairs', '👨‍👩‍👧‍👦 שלום 日本', '👨‍👩‍👧‍👦 שלום 日本'],
    ['looks like JSON', '{"a":1}', '{"a":1}'],
    ['empty', '', ''],
  ] as const;
  const { database: sql } = await synced(['teams'], ({ teams }) => {
    for (const [kind, name] of texts) teams.create({ name, kind, nested: { [name]: name } });
  });
  const rows = await rowsOf(sql, 'SELECT kind, name, nested FROM teams WHERE kind IS NOT NULL');
  const found = new Map(rows.map((row) => [row.kind, row]));
  for (const [kind, , expected] of texts) {
    expect(found.get(kind)?.name, kind).toBe(expected);
    expect(JSON.parse(String(found.get(kind)?.nested)), kind).toEqual({ [expected]: expected });
  }
});

const MEGABYTE = 1_000_000;

test('bodies of megabytes, and a row over 30 MB, which is reported', async () => {
  const sizes = [3 * MEGABYTE, 20 * MEGABYTE, 36 * MEGABYTE];
  const ids: string[] = [];
  const { bench: current, database: sql } = await synced(['articles'], ({ articles }) => {
    for (const size of sizes)
      ids.push(articles.create({ title: `big ${size}`, body: 'é\n'.repeat(size / 4) }));
  });
  const rows = await rowsOf(
    sql,
    "SELECT length(body) AS size, md5(body) = md5(repeat('é' || chr(10), (length(body) / 2)::BIGINT)) AS same FROM articles WHERE title LIKE 'big %' ORDER BY size",
  );
  expect(rows).toEqual(sizes.map((size) => ({ size: size / 2, same: true })));
  const status = await readStatus(createDirectoryLake(current.directory), ['articles'], current.clock.now());
  const committed = status.objects[0]?.committed as Manifest;
  expect(committed.completeness).toMatchObject({
    status: 'complete',
    large_rows: [{ table: 'articles', key: ids[2], bytes: expect.any(Number) }],
  });
  expect(committed.completeness.large_rows?.[0]?.bytes).toBeGreaterThan(36 * MEGABYTE);
  expect(statusText(status)).toContain('1 row over 30 MB');
});
