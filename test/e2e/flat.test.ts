/** Flat views of a lake against what its tables hold, computed without their SQL. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { type Bench, SMALL, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { HOUR } from '../support/local/test-clock.ts';

let bench: Bench;
let database: LakeDatabase;

beforeAll(async () => {
  bench = await startBench({ simulator: { sizes: SMALL } });
  const { contacts, tickets, dataAttributes } = bench.simulator.workspace;
  for (const name of ['Größe (cm)', 'a.b "c"']) {
    dataAttributes.create({
      model: 'contact',
      name,
      full_name: `custom_attributes.${name}`,
      data_type: 'integer',
      custom: true,
      archived: false,
    });
  }
  for (const [index, id] of [...contacts.ids()].entries()) {
    contacts.update(id, { custom_attributes: { 'Größe (cm)': index, 'a.b "c"': 2 * index } });
  }
  const [first = ''] = tickets.ids();
  tickets.delete(first);
  await bench.sync();
  bench.clock.advance(20 * HOUR);
  bench.simulator.workspace.simulateDay(1);
  await bench.sync();
  database = await openLakeDatabase(bench.directory);
});
afterAll(async () => {
  database?.close();
  await bench?.close();
});

const inUtc = (seconds: unknown): string | null =>
  typeof seconds === 'number' ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') : null;

const parsed = (json: unknown) =>
  (typeof json === 'string' ? JSON.parse(json) : {}) as Record<string, Record<string, unknown>>;

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value);

test('contacts have their times in UTC, their attributes and their owner', async () => {
  const names = new Map(
    (await rowsOf(database, 'SELECT id, name FROM admins')).map(({ id, name }) => [id, name]),
  );
  const rows = await rowsOf(database, 'SELECT * FROM contacts_live ORDER BY id');
  const wanted = rows.map((row) => {
    const custom = parsed(row.custom_attributes);
    return {
      id: row.id,
      created_at: inUtc(row.created_at),
      last_seen_at: inUtc(row.last_seen_at),
      owner_name: names.get(row.owner_id ?? null) ?? null,
      location_city: textOf(parsed(row.location).city),
      custom_größe_cm: custom['Größe (cm)'] ?? null,
      custom_a_b_c: custom['a.b "c"'] ?? null,
    };
  });
  expect(wanted.some((row) => row.custom_a_b_c !== null && row.owner_name !== null)).toBe(true);
  const columns = Object.keys(wanted[0] ?? {}).join(', ');
  expect(await rowsOf(database, `SELECT ${columns} FROM contacts_flat ORDER BY id`)).toEqual(wanted);
});

test('tickets have the attributes of their types, and their state in words', async () => {
  const rows = await rowsOf(database, 'SELECT * FROM tickets_live ORDER BY id');
  const wanted = rows.map((row) => ({
    id: row.id,
    attribute_default_title: textOf(parsed(row.ticket_attributes)._default_title_),
    ticket_state_category: textOf(parsed(row.ticket_state).category),
    ticket_type_name: textOf(parsed(row.ticket_type).name),
  }));
  expect(wanted.length).toBeGreaterThan(0);
  const columns = Object.keys(wanted[0] ?? {}).join(', ');
  expect(await rowsOf(database, `SELECT ${columns} FROM tickets_flat ORDER BY id`)).toEqual(wanted);
});

test('every flat view has as many rows as its live view', async () => {
  const views = await rowsOf(
    database,
    "SELECT view_name FROM duckdb_views() WHERE view_name LIKE '%_flat' ORDER BY 1",
  );
  expect(views.length).toBeGreaterThanOrEqual(22);
  for (const { view_name: name } of views) {
    const live = String(name).replace(/_flat$/, '_live');
    const sql = `SELECT (SELECT count(*) FROM ${name}) AS flat, (SELECT count(*) FROM ${live}) AS live`;
    const [counts] = await rowsOf(database, sql);
    expect([name, counts?.flat]).toEqual([name, counts?.live]);
  }
});
