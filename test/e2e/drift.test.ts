/** Fields that come, go and change their types, for both settings of `schemaChanges`, up to what SQL shows. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../functions/core/engine-files.ts';
import type { ProgressEvent } from '../../functions/core/ports.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { statusText } from '../../lib/cli/terminal/report.ts';
import type { JsonObject } from '../../lib/standins/intercom/index.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { DAY, HOUR } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
let database: LakeDatabase | undefined;
afterEach(async () => {
  database?.close();
  await bench?.close();
});

interface Drift {
  readonly workspace: Bench['simulator']['workspace'];
  /** A further run; what it says of the schema. */
  run(): Promise<Manifest['schema']>;
  sql(text: string): Promise<readonly JsonObject[]>;
  status(): Promise<string>;
}

type SchemaChanges = 'auto-sync' | 'block';

/** A pipeline of teams and tags that has had its first run. */
async function start(schemaChanges: SchemaChanges): Promise<Drift> {
  const config = { objects: ['teams', 'tags'] as const, schemaChanges };
  bench = await startBench({ sync: { config: { ...config, objects: [...config.objects] } } });
  const { simulator, clock, directory, sync } = bench;
  const lake = createDirectoryLake(directory);
  const status = () => readStatus(lake, ['teams', 'tags'], clock.now());
  const run = async (): Promise<Manifest['schema']> => {
    clock.advance(HOUR);
    expect(await sync()).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
    const { objects } = await status();
    const schema = objects.find(({ object }) => object === 'teams')?.committed?.schema;
    if (schema === undefined) throw new Error('teams were not committed');
    return schema;
  };
  await run();
  database = await openLakeDatabase(directory);
  const opened = database;
  return {
    workspace: simulator.workspace,
    run,
    sql: (text) => rowsOf(opened, text) as Promise<readonly JsonObject[]>,
    status: async () => statusText(await status()),
  };
}

const firstOf = ({ teams }: Drift['workspace']): string => [...teams.ids()][0] ?? '';

describe('a new field', () => {
  test('auto-sync: is a column in the run that first sees it, and told', async () => {
    const { workspace, run, sql, status } = await start('auto-sync');
    const id = firstOf(workspace);
    workspace.teams.update(id, { mood: 'good', Größe: 3 });
    const schema = await run();
    expect(schema).toMatchObject({
      version: 2,
      added: ['teams.Größe: integer', 'teams.mood: string'],
      dropped: [],
    });
    expect(await sql(`SELECT mood, "Größe" FROM teams WHERE id = '${id}'`)).toEqual([
      { mood: 'good', Größe: 3 },
    ]);
    expect(await sql('SELECT DISTINCT mood FROM teams_history ORDER BY 1')).toEqual([
      { mood: 'good' },
      { mood: null },
    ]);
    expect(await status()).toContain('teams: new column teams.Größe: integer, teams.mood: string');
    expect(await run()).toMatchObject({ version: 2, added: [] });
  });

  test('block: is on no row, and told by every run', async () => {
    const { workspace, run, sql, status } = await start('block');
    workspace.teams.update(firstOf(workspace), { mood: 'good' });
    for (let runs = 0; runs < 2; runs += 1) {
      expect(await run()).toMatchObject({ version: 1, added: [], dropped: ['teams.mood: blocked'] });
    }
    expect(await status()).toContain('teams: left out teams.mood: blocked');
    await expect(sql('SELECT mood FROM teams')).rejects.toThrow(/"mood" not found/);
    const lake = await bench?.lake();
    expect(lake?.history('teams').filter(({ row }) => 'mood' in row)).toEqual([]);
  });
});

describe.each(['auto-sync', 'block'] as const)('with %s', (schemaChanges) => {
  test('a vanished field is told once, and stays a column', async () => {
    const { workspace, run, sql, status } = await start(schemaChanges);
    for (const id of workspace.teams.ids()) workspace.teams.update(id, { distribution_method: undefined });
    expect(await run()).toMatchObject({ version: 2, dropped: ['teams.distribution_method: no longer sent'] });
    expect(await run()).toMatchObject({ version: 2, dropped: [] });
    expect(await status()).toContain('teams: no longer sent teams.distribution_method');
    expect(await sql('SELECT DISTINCT distribution_method FROM teams')).toEqual([
      { distribution_method: null },
    ]);
  });

  test('a type that changes widens the column; what was read before stays readable', async () => {
    const { workspace, run, sql } = await start(schemaChanges);
    const id = firstOf(workspace);
    const limits = async () =>
      (await sql(`SELECT assignment_limit FROM teams_history WHERE id = '${id}' ORDER BY _version`)).map(
        (row) => row.assignment_limit,
      );
    const kindOf = async () =>
      (await sql('SELECT DISTINCT typeof(assignment_limit) AS kind FROM teams'))[0]?.kind;
    workspace.teams.update(id, { assignment_limit: 5 });
    expect((await run()).changed).toEqual([]);
    expect(await kindOf()).toBe('BIGINT');
    workspace.teams.update(id, { assignment_limit: 2.5 });
    expect((await run()).changed).toEqual(['teams.assignment_limit: integer -> number']);
    expect(await kindOf()).toBe('DOUBLE');
    expect((await limits()).slice(-2)).toEqual([5, 2.5]);
    workspace.teams.update(id, { assignment_limit: { most: 7 } });
    expect((await run()).changed).toEqual(['teams.assignment_limit: integer|number -> json']);
    expect((await limits()).slice(-3)).toEqual(['5', '2.5', '{"most":7}']);
  });

  test('a field that only the 10,000th record has', async () => {
    const { workspace, run, sql } = await start(schemaChanges);
    const { teams } = workspace;
    for (let count = teams.size; count < 9_999; count += 1) teams.create({ name: `team ${count}` });
    const last = teams.create({ name: 'the last', rare: true });
    const schema = await run();
    if (schemaChanges === 'block') {
      expect(schema.dropped).toEqual(['teams.rare: blocked']);
      return;
    }
    expect(schema.added).toEqual(['teams.rare: boolean']);
    expect(await sql('SELECT id, rare FROM teams WHERE rare')).toEqual([{ id: last, rare: true }]);
    expect(await sql('SELECT count(*) AS n FROM teams')).toEqual([{ n: 10_000 }]);
  });
});

test('block keeps what the first run had beyond the documentation', async () => {
  bench = await startBench({ sync: { config: { objects: ['tags'], schemaChanges: 'block' } } });
  const { simulator, clock, directory, sync } = bench;
  for (const id of simulator.workspace.tags.ids()) simulator.workspace.tags.update(id, { shade: 'red' });
  await sync();
  clock.advance(HOUR);
  await sync();
  database = await openLakeDatabase(directory);
  expect(await rowsOf(database, 'SELECT DISTINCT shade FROM tags')).toEqual([{ shade: 'red' }]);
});

/** An incremental object whose second run has 10,000 records in several slices, with a new field early and late. */
describe.each(['auto-sync', 'block'] as const)('contacts with %s', (schemaChanges) => {
  const LIMITS = { sliceRecords: 2_500, checkpointMs: 0 };
  const COUNT = 10_000;

  test('fields of the 200th and the 10,000th record, in a run that is interrupted between them and goes on', async () => {
    // Older than this, an interrupted run is followed by a new one.
    const config = { schemaChanges, overlapMinutes: 600, parallelism: { slices: 1 } };
    bench = await startBench({
      sync: { config: { ...config, objects: ['contacts'] }, limits: LIMITS },
    });
    const { simulator, clock, directory, sync } = bench;
    const { contacts } = simulator.workspace;
    await sync();
    const from = clock.now();
    clock.advance(10 * DAY);
    const step = (9 * DAY) / COUNT / 1000;
    let last = '';
    for (let number = 1; number <= COUNT; number += 1) {
      const fields = number === 200 ? { early: 'seen' } : number === COUNT ? { rare: true } : {};
      last = contacts.create(fields, { at: Math.floor(from / 1000 + HOUR / 1000 + number * step) });
    }

    const stop = new AbortController();
    let read = 0;
    const readUntil = (event: ProgressEvent): void => {
      if (event.type === 'rows') read += event.read;
      if (read >= 1_000) stop.abort();
    };
    const lake = createDirectoryLake(directory);
    const contactsOf = async () => (await readStatus(lake, ['contacts'], clock.now())).objects[0]?.committed;
    const runBefore = (await contactsOf())?.run_id;
    expect(await sync({ signal: stop.signal, observe: readUntil })).toEqual({ status: 'aborted' });
    expect((await contactsOf())?.run_id).toBe(runBefore);
    let resumed = false;
    const result = await sync({
      onResume: () => {
        resumed = true;
      },
    });
    expect(result).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
    expect(resumed).toBe(true);

    const committed = await contactsOf();
    const files = (await bench.lake((runId) => runId === committed?.run_id)).history('contacts');
    const slices = new Set(files.map(({ file }) => file.split('/').at(-1)?.split('-')[0]));
    expect(slices.size).toBeGreaterThan(2);
    if (schemaChanges === 'block') {
      expect(committed?.schema.dropped).toEqual(['contacts.early: blocked', 'contacts.rare: blocked']);
      expect(files.filter(({ row }) => 'early' in row || 'rare' in row)).toEqual([]);
      return;
    }
    expect(committed?.schema.added).toEqual(['contacts.early: string', 'contacts.rare: boolean']);
    database = await openLakeDatabase(directory);
    expect(await rowsOf(database, 'SELECT id, rare FROM contacts WHERE rare')).toEqual([
      { id: last, rare: true },
    ]);
    expect(await rowsOf(database, "SELECT count(*) AS n FROM contacts WHERE early = 'seen'")).toEqual([
      { n: 1 },
    ]);
  });
});
