/** Earlier states: `query --as-of` and `diff` answer as a query did then, whatever was rewritten since. */
import { TrinoSQL } from 'dt-sql-parser';
import { expect, test } from 'vitest';
import { parseAsOf } from '../../lib/cli/local/as-of.ts';
import { difference } from '../../lib/cli/local/diff.ts';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { local } from '../support/cli/run-command.ts';
import { textOf } from '../support/documents.ts';
import { createHistory, directoryOf } from '../support/history-lake.ts';
import { rowsOf } from '../support/local/sql-tables.ts';

const HOUR = 3_600_000;

async function opened<T>(directory: string, use: (database: LakeDatabase) => Promise<T>): Promise<T> {
  const database = await openLakeDatabase(directory);
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

const VIEWS = ['contacts', 'contacts_history', 'contact_tag', 'contact_tag_history', 'deletions'];

/** The rows of every view, without the address of their file, which a rewrite changes. */
async function state(database: LakeDatabase, asOf?: Parameters<LakeDatabase['query']>[1]) {
  const found: Record<string, readonly string[]> = {};
  for (const view of VIEWS) {
    const { columns, rows } = await database.query(`SELECT * FROM ${view}`, asOf);
    const kept = columns.map(({ name }) => name !== 'run_date' && name !== '$path');
    found[view] = rows.map((row) => JSON.stringify(row.filter((_cell, at) => kept[at]))).toSorted();
  }
  return found;
}

test('an earlier state is what it was then, before and after days and months are rewritten', async () => {
  const { pipeline, change, maintain } = createHistory();
  const start = pipeline.clock.now();
  const times: number[] = [];
  const states: Record<string, readonly string[]>[] = [];
  for (let index = 0; index < 12; index += 1) {
    const name = `Name ${index}`;
    times.push(await change([{ id: `c${index % 4}`, name, tags: [`t${index % 3}`] }]));
    states.push(await opened(await directoryOf(pipeline.lake), (database) => state(database)));
    pipeline.clock.advance(7 * HOUR);
    if (index === 6) await maintain();
  }
  const check = async (): Promise<void> => {
    const directory = await directoryOf(pipeline.lake);
    await opened(directory, async (database) => {
      for (const [index, atMs] of times.entries()) {
        expect(await state(database, { atMs }), `after run ${index}`).toEqual(states[index]);
      }
      const before = await state(database, { atMs: start - HOUR });
      expect(Object.values(before).flat()).toEqual([]);
      expect(await state(database)).toEqual(states.at(-1));
    });
  };
  await check();
  await maintain();
  await check();
  // The replaced manifests are gone: only the evidence knows when their runs were committed.
  pipeline.clock.advance(72 * HOUR);
  await maintain();
  await check();
  pipeline.clock.advance(70 * 24 * HOUR);
  await change([{ id: 'later', name: 'Later' }]);
  await maintain();
  pipeline.clock.advance(72 * HOUR);
  await maintain();
  states.push(await opened(await directoryOf(pipeline.lake), (database) => state(database)));
  times.push(pipeline.clock.now());
  expect(pipeline.lake.keys('manifests/contacts/').some((key) => key.includes('-month-'))).toBe(true);
  await check();
});

test('a state whose versions were dropped is refused, with the time from which on states are whole', async () => {
  const { pipeline, change, maintain } = createHistory({ history: { incrementalVersions: '7 days' } });
  const times: number[] = [];
  for (let index = 0; index < 20; index += 1) {
    times.push(await change([{ id: 'c1', name: `Name ${index}` }]));
    pipeline.clock.advance(48 * HOUR);
  }
  await maintain();
  const directory = await directoryOf(pipeline.lake);
  const [first = 0] = times;
  await opened(directory, async (database) => {
    const ask = (atMs: number) => database.query('SELECT name FROM contacts', { atMs });
    await expect(ask(first)).rejects.toThrow(
      /Versions of contacts from before 2026-\S+ were dropped.*Choose a later time/,
    );
    const { rows } = await ask(times.at(-2) ?? 0);
    expect(rows).toEqual([['Name 18']]);
    expect((await database.query('SELECT count(*) FROM deletions', { atMs: first })).rows).toEqual([['0']]);
  });
});

test('the text for Athena chooses the same rows', async () => {
  const { pipeline, change, maintain } = createHistory();
  const times: number[] = [];
  for (let index = 0; index < 8; index += 1) {
    times.push(await change([{ id: `c${index % 3}`, name: `Name ${index}` }]));
    pipeline.clock.advance(9 * HOUR);
  }
  await maintain();
  pipeline.clock.advance(72 * HOUR);
  await maintain();
  const directory = await directoryOf(pipeline.lake);
  const [text = ''] = /WITH runs AS[^`]*/.exec(textOf('docs/queries.md')) ?? [];
  expect(new TrinoSQL().validate(text)).toEqual([]);
  await opened(directory, async (database) => {
    await database.query(
      `CREATE VIEW contacts_replaced_runs AS SELECT run_id, committed_at FROM read_json('${directory}/lake/evidence/contacts/*', columns = {run_id: 'VARCHAR', committed_at: 'VARCHAR'})`,
    );
    for (const atMs of times) {
      const then = new Date(atMs).toISOString();
      const sql = text.replaceAll('2026-05-01T00:00:00Z', then);
      const names = `SELECT string_agg(name, ',' ORDER BY id) AS names FROM`;
      const [byText] = await rowsOf(database, `${names} (${sql}) AS found`);
      const { rows } = await database.query(`${names} contacts`, { atMs });
      expect(byText?.names).toBe(rows[0]?.[0]);
    }
  });
});

test('the difference names what came, what changed by column, and what vanished', async () => {
  const { pipeline, change, maintain } = createHistory();
  const first = await change([
    { id: 'c1', name: 'Ada', tags: ['t1'] },
    { id: 'c2', name: 'Bob' },
  ]);
  pipeline.clock.advance(30 * HOUR);
  await change([
    { id: 'c1', name: 'Ada L.', tags: ['t2'] },
    { id: 'c3', name: 'Cyd' },
  ]);
  const [run1 = '', run2 = ''] = pipeline.lake
    .keys('manifests/contacts/')
    .map((key) => key.replace(/.*\/(.*)\.json/, '$1'));
  pipeline.clock.advance(30 * HOUR);
  await change([{ id: 'c2', name: 'Bob B.' }]);
  await maintain();
  const directory = await directoryOf(pipeline.lake);
  await opened(directory, async (database) => {
    const tables = new Map((await database.tables()).map((table) => [table.name, table]));
    const differ = async (table: 'contacts' | 'contact_tag', from: string, to?: string) => {
      const found = tables.get(table);
      if (found === undefined) throw new Error(table);
      const { rows, ...counts } = await difference(database, found, {
        from: parseAsOf(from, '--from'),
        to: to === undefined ? undefined : parseAsOf(to, '--to'),
      });
      return { counts, rows: rows.rows };
    };
    const contacts = await differ('contacts', run1, run2);
    expect(contacts.counts).toEqual({ added: 1, changed: 1, vanished: 0 });
    expect(contacts.rows).toContainEqual(['added', 'c3', null, null, null]);
    expect(contacts.rows).toContainEqual(['changed', 'c1', 'name', 'Ada', 'Ada L.']);
    expect(contacts.rows.filter(([change]) => change === 'changed').map(([, , column]) => column)).toEqual([
      'name',
      'updated_at',
    ]);
    const tags = await differ('contact_tag', new Date(first).toISOString());
    expect(tags.counts).toEqual({ added: 1, changed: 0, vanished: 1 });
    expect(tags.rows).toEqual([
      ['added', 'c1/t2', null, null, null],
      ['vanished', 'c1/t1', null, null, null],
    ]);
    expect((await differ('contacts', run2)).counts).toEqual({ added: 0, changed: 1, vanished: 0 });
    expect(await rowsOf(database, 'SELECT name FROM contacts ORDER BY id')).toEqual([
      { name: 'Ada L.' },
      { name: 'Bob B.' },
      { name: 'Cyd' },
    ]);
  });
  const ask = (...args: readonly string[]) => local([...args, '--out', directory]);
  const then = new Date(first).toISOString();
  expect(
    await ask('query', 'SELECT name FROM contacts ORDER BY 1', '--as-of', then, '--format', 'csv'),
  ).toMatchObject({ status: 0, stdout: 'name\nAda\nBob\n' });
  expect((await ask('diff', 'contacts', '--from', run1, '--to', run2)).stdout).toMatch(
    /^contacts: 1 added, 1 changed, 0 vanished\n/,
  );
  const json = await ask('diff', 'contacts', '--from', run1, '--to', run2, '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ table: 'contacts', added: 1, changed: 1, vanished: 0 });
  const mistaken = await ask('query', 'SELECT 1', '--as-of', '2026-05-01');
  expect(mistaken).toMatchObject({ status: 1, stdout: '' });
  expect(mistaken.stderr).toContain("--as-of: '2026-05-01' has no time zone");
  expect((await ask('diff', 'contact', '--from', run1)).stderr).toMatch(
    /'contact' is not a table of this lake/,
  );
});
