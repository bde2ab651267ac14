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

type Json = Readonly<Record<string, unknown>>;
interface Part extends Json {
  readonly part_type: string;
  readonly created_at: number;
  readonly author: { readonly type: string; readonly id: string };
}
interface Conversation {
  readonly record: Json;
  readonly parts: readonly Part[];
}
type Figures = Readonly<Record<string, number | null>>;

const ratingOf = (record: Json): number | null =>
  (record.conversation_rating as { rating?: number } | null)?.rating ?? null;
const average = (numbers: readonly number[]): number | null =>
  numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

function median(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((number) => number !== null).toSorted((a, b) => a - b);
  return average(known.slice(Math.ceil(known.length / 2) - 1, Math.floor(known.length / 2) + 1));
}

/** The package rounds to two digits. */
const closeTo = (figures: Figures): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, value === null ? null : expect.closeTo(value, 1)]),
  );

/** What the documentation of dbt_intercom says of a conversation, and who may be named: several acted in one second. */
function metricsOf(record: Json, parts: readonly Part[]) {
  const isContact = ({ author }: Part) => author.type === 'user' || author.type === 'lead';
  const edge = (which: 'first' | 'last', wanted: (part: Part) => boolean) => {
    const times = parts.filter(wanted).map((part) => part.created_at);
    if (times.length === 0) return null;
    return which === 'first' ? Math.min(...times) : Math.max(...times);
  };
  const minutes = (from: number | null, to: number | null) =>
    from === null || to === null ? null : (to - from) / 60;
  const authorsOf = (which: 'first' | 'last', wanted: (part: Part) => boolean) => {
    const at = edge(which, wanted);
    const ids = parts.filter((part) => wanted(part) && part.created_at === at).map(({ author }) => author.id);
    return ids.length === 0 ? [null] : ids;
  };
  const isClose = ({ part_type: type }: Part) => type === 'close';
  const isAdminClose = (part: Part) => isClose(part) && part.author.type === 'admin';
  const isAssignment = ({ part_type: type }: Part) => type.includes('assignment');
  const isReply = (part: Part) =>
    ['comment', 'assignment'].includes(part.part_type) && part.author.type === 'admin' && part.body !== null;
  const began = Number(record.created_at);
  const asked = edge('first', (part) => part.part_type === 'comment' && isContact(part));
  return {
    conversation_rating: ratingOf(record),
    count_total_parts: parts.length,
    count_assignments: parts.filter(isAssignment).length,
    count_reopens: parts.filter(({ part_type: type }) => type === 'open').length,
    time_to_first_assignment_minutes: minutes(began, edge('first', isAssignment)),
    time_to_last_assignment_minutes: minutes(began, edge('last', isAssignment)),
    time_to_first_response_minutes: minutes(began, edge('first', isReply)),
    time_to_first_close_minutes: minutes(asked, edge('first', isClose)),
    time_to_admin_first_close_minutes: minutes(asked, edge('first', isAdminClose)),
    time_to_last_close_minutes: minutes(asked, edge('last', isClose)),
    time_to_admin_last_close_minutes: minutes(asked, edge('last', isAdminClose)),
    authors: {
      first_close_by_admin_id: authorsOf('first', isAdminClose),
      last_close_by_admin_id: authorsOf('last', isAdminClose),
      last_close_by_author_id: authorsOf('last', isClose),
      first_contact_author_id: authorsOf('first', isContact),
    },
  };
}

let bench: Bench;
let folder: string;
let file: string;
/** A deleted conversation is in the lake until it is missed. */
const truth = new Map<string, Conversation>();

beforeAll(async () => {
  bench = await startBench({ simulator: { sizes: { ...SMALL, conversations: 200 } } });
  await bench.sync();
  readTruth();
  bench.clock.advance(20 * HOUR);
  bench.simulator.workspace.simulateDay(1);
  await bench.sync();
  readTruth();
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

function readTruth(): void {
  const { conversations } = bench.simulator.workspace;
  for (const record of conversations.records())
    truth.set(String(record.id), {
      record,
      parts: conversations.parts(String(record.id)) as readonly Part[],
    });
}

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
  expect(tables).toHaveLength(16);
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

  test('metrics of each conversation are what its record and its parts say', async () => {
    const rows = await ask('SELECT * FROM intercom.intercom__conversation_metrics');
    const live = bench.simulator.workspace.conversations.ids();
    expect(rows.map(({ conversation_id: id }) => String(id))).toEqual(expect.arrayContaining([...live]));
    expect(new Set(rows.map(({ conversation_id: id }) => id)).size).toBe(rows.length);
    for (const row of rows) {
      const { record, parts } = truth.get(String(row.conversation_id)) as Conversation;
      const { authors, ...wanted } = metricsOf(record, parts);
      const found = Object.keys(wanted).map((name) => [name, row[name] === null ? null : Number(row[name])]);
      expect({ id: record.id, ...Object.fromEntries(found) }).toEqual({ id: record.id, ...closeTo(wanted) });
      expect([record.id, row.conversation_state]).toEqual([record.id, record.state]);
      for (const [name, ids] of Object.entries(authors))
        expect([record.id, name, ids]).toEqual([record.id, name, expect.arrayContaining([row[name]])]);
    }
  });

  test('metrics of each teammate count what he closed last', async () => {
    const { admins, teams } = bench.simulator.workspace;
    const metrics = await ask(
      'SELECT conversation_id AS id, last_close_by_admin_id AS admin FROM intercom.intercom__conversation_metrics WHERE is_assignee_admin',
    );
    const rows = await ask('SELECT * FROM intercom.intercom__admin_metrics');
    const wanted = [...admins.ids()].flatMap((admin) => {
      const his = metrics
        .filter((row) => row.admin === admin)
        .map(({ id }) => truth.get(String(id)) as Conversation);
      const times = his.map(({ record, parts }) => metricsOf(record, parts));
      const ratings = his.flatMap(({ record }) => ratingOf(record) ?? []);
      const figures = {
        total_conversations_closed:
          his.length === 0 ? null : his.filter(({ record }) => record.state === 'closed').length,
        average_conversation_parts: average(his.map(({ parts }) => parts.length)),
        average_conversation_rating: average(ratings),
        median_conversations_reopened: median(times.map((time) => time.count_reopens)),
        median_conversation_assignments: median(times.map((time) => time.count_assignments)),
        median_time_to_first_response_time_minutes: median(
          times.map((time) => time.time_to_first_response_minutes),
        ),
        median_time_to_last_close_minutes: median(times.map((time) => time.time_to_last_close_minutes)),
      };
      const inTeams = [...teams.records()].filter(({ admin_ids: ids }) =>
        (ids as readonly unknown[]).map(String).includes(admin),
      );
      return (inTeams.length > 0 ? inTeams : [null]).map((team) => ({
        admin_id: admin,
        team_name: team?.name ?? null,
        figures,
      }));
    });
    expect(
      wanted.filter(({ figures }) => figures.total_conversations_closed !== null).length,
    ).toBeGreaterThan(2);
    expect(rows).toHaveLength(wanted.length);
    for (const { admin_id: id, team_name: team, figures } of wanted) {
      const row = rows.find((one) => String(one.admin_id) === id && one.team_name === team);
      const found = Object.keys(figures).map((name) => [
        name,
        row?.[name] == null ? null : Number(row[name]),
      ]);
      expect({ id, team, ...Object.fromEntries(found) }).toEqual({ id, team, ...closeTo(figures) });
    }
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
