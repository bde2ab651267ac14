/** What SQL shows in DuckDB, against the truth of the simulated workspace, after random histories. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { SIZES, type Simulator } from '../../lib/standins/intercom/index.ts';
import { type Expectation, expectationOf } from '../support/local/expectation.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf, viewProblems } from '../support/local/sql-tables.ts';
import { OBJECTS, TABLE_NAMES, type Table } from '../support/local/tables.ts';
import { HOUR, MINUTE } from '../support/local/test-clock.ts';

const SMALL = {
  ...SIZES.tiny,
  contacts: 60,
  sharedSecond: 20,
  companies: 25,
  conversations: 20,
  partsOfLongConversation: 30,
};

let bench: Bench | undefined;
let database: LakeDatabase | undefined;
afterEach(async () => {
  database?.close();
  await bench?.close();
  database = undefined;
  bench = undefined;
});

/** A generator of numbers below a bound, the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ids = (records: { ids(): Iterable<string> }): readonly string[] => [...records.ids()];

/** Things that happen to a workspace; each takes a way to pick one of many. */
type Change = (workspace: Simulator['workspace'], pick: (from: readonly string[]) => string) => void;

const CHANGES: readonly Change[] = [
  ({ contacts }, pick) => {
    const id = pick(ids(contacts));
    for (const tag of contacts.relations(id).tagIds) contacts.untag(id, tag);
  },
  ({ contacts, tags }, pick) => contacts.tag(pick(ids(contacts)), pick(ids(tags))),
  ({ contacts, companies }, pick) => contacts.attachCompany(pick(ids(contacts)), pick(ids(companies))),
  ({ contacts }, pick) => {
    const id = pick(ids(contacts));
    for (const company of contacts.relations(id).companyIds) contacts.detachCompany(id, company);
  },
  ({ contacts }, pick) => contacts.update(pick(ids(contacts)), { name: 'a "b"\u2028\n\t\\ c', owner_id: 7 }),
  ({ contacts }) => void contacts.create({ role: 'lead', name: null }),
  ({ contacts }, pick) => contacts.delete(pick(ids(contacts))),
  ({ conversations, tags }, pick) => conversations.tag(pick(ids(conversations)), pick(ids(tags))),
  ({ conversations }, pick) => {
    const id = pick(ids(conversations));
    for (const tag of conversations.tagIds(id)) conversations.untag(id, tag);
  },
  ({ conversations }, pick) => void conversations.addPart(pick(ids(conversations))),
  ({ conversations }, pick) => conversations.rate(pick(ids(conversations)), 4, 'fine'),
  ({ tickets }, pick) => void tickets.addPart(pick(ids(tickets))),
  ({ companies, tags }, pick) => companies.tag(pick(ids(companies)), pick(ids(tags))),
  ({ companies }, pick) => {
    const id = pick(ids(companies));
    for (const tag of companies.tagIds(id)) companies.untag(id, tag);
  },
  ({ companies }, pick) => companies.delete(pick(ids(companies))),
  ({ tags }, pick) => tags.delete(pick(ids(tags))),
  ({ tags }, pick) => tags.update(pick(ids(tags)), { name: 'renamed' }),
  ({ admins }, pick) => admins.delete(pick(ids(admins))),
  ({ teams, admins }, pick) => teams.update(pick(ids(teams)), { admin_ids: [Number(pick(ids(admins)))] }),
  ({ segments }, pick) => segments.delete(pick(ids(segments))),
  ({ dataAttributes }) => {
    const name = `attribute_${dataAttributes.size}`;
    dataAttributes.create({ model: 'company', name, full_name: `custom_attributes.${name}` });
  },
  ({ ticketTypes }, pick) => ticketTypes.update(pick(ids(ticketTypes)), { archived: true }),
  ({ articles }, pick) => articles.delete(pick(ids(articles))),
  ({ collections }, pick) => collections.delete(pick(ids(collections))),
  ({ helpCenters }) => void helpCenters.create({}),
  ({ subscriptionTypes }, pick) => subscriptionTypes.delete(pick(ids(subscriptionTypes))),
  ({ activityLogs }) => void activityLogs.create({}),
];

function changeAtRandom({ workspace }: Simulator, random: (below: number) => number): void {
  const pick = (from: readonly string[]): string => {
    const id = from[random(from.length)];
    if (id === undefined) throw new Error('nothing is left to pick');
    return id;
  };
  for (let count = 0; count < 25; count += 1) CHANGES[random(CHANGES.length)]?.(workspace, pick);
}

/** Larger than DuckDB takes, unless a manifest tells of such a row. */
const OVERSIZED = gzipSync(`${JSON.stringify({ id: 'x'.repeat(40_000_000) })}\n`);

/** Rows of other types than any column has, too large for DuckDB, cut off, and no JSON at all. */
function unreadable(row: string): readonly Buffer[] {
  const cells = Object.keys(JSON.parse(row)).map((name) => [name, { not: ['a', 'scalar'] }]);
  const wronglyTyped = JSON.stringify(Object.fromEntries(cells));
  return [gzipSync(`${wronglyTyped}\n`), OVERSIZED, gzipSync(row.slice(0, -9)), Buffer.from('no gzip')];
}

/**
 * What could be read by mistake, in the folder of a listed file and in a run of its own: newer versions of listed
 * rows, and rows that nothing can read.
 */
async function writeOrphans(directory: string, keys: ReadonlyMap<Table, string>): Promise<void> {
  for (const key of keys.values()) {
    const text = gunzipSync(await readFile(join(directory, 'lake', key))).toString();
    const newer = text.replaceAll('"_version":"0', '"_version":"9').replaceAll('"name":"', '"name":"orphan ');
    const [row = ''] = text.split('\n');
    const ofLaterRun = key.replace(
      /run_date=.*\/run_id=[^/]+/,
      'run_date=2031-01-01/run_id=20310101T000000000Z-ffffff',
    );
    for (const [number, orphan] of [gzipSync(newer), ...unreadable(row)].entries()) {
      for (const listed of [key, ofLaterRun]) {
        const name = listed.replace(
          /\/([a-z_]+-)?\d{4}-[0-9a-z]+-(?=[^/]*$)/,
          (_text, object = '') => `/${object}0001-0rphan${number}-`,
        );
        const file = join(directory, 'lake', name);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, orphan);
      }
    }
  }
}

/** One listed file of every table that has any. */
async function someFiles(current: Bench): Promise<ReadonlyMap<Table, string>> {
  const lake = await current.lake();
  return new Map(
    TABLE_NAMES.flatMap((table) => {
      const file = lake.history(table).at(-1)?.file;
      return file === undefined ? [] : [[table, file] as const];
    }),
  );
}

async function start(seed: number): Promise<{ bench: Bench; expected: Expectation }> {
  bench = await startBench({ simulator: { sizes: SMALL, seed }, sync: { limits: { partBytes: 8_000 } } });
  return { bench, expected: expectationOf(bench.simulator) };
}

const open = async (directory: string): Promise<LakeDatabase> => {
  database?.close();
  database = await openLakeDatabase(directory);
  return database;
};

describe('the views show the workspace as it was when it was last synced', () => {
  test.each([1, 2])('after random changes, orphans lying about (seed %i)', async (seed) => {
    const { bench: current, expected } = await start(seed);
    const random = randomOf(seed);
    expect(await current.sync()).toMatchObject({ status: 'finished' });
    expected.synced();
    expect(expected.problems(await current.lake())).toEqual([]);
    const sql = await open(current.directory);
    for (let day = 1; day <= 3; day += 1) {
      await writeOrphans(current.directory, await someFiles(current));
      expect(await viewProblems(sql, expected.tables())).toEqual([]);
      current.clock.advance(6 * HOUR);
      current.simulator.workspace.simulateDay(day);
      changeAtRandom(current.simulator, random);
      current.clock.advance(20 * MINUTE);
      const isFullRefresh = random(3) === 0;
      const objects = random(3) === 0 ? OBJECTS.filter(() => random(2) === 0) : OBJECTS;
      const result = await current.sync({
        input: { ...(isFullRefresh && { mode: 'full_refresh' }), ...(objects.length > 0 && { objects }) },
      });
      expect(result).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
      expected.synced({ objects: objects.length > 0 ? objects : OBJECTS, isFullRefresh });
      expect(expected.problems(await current.lake())).toEqual([]);
      expect(await viewProblems(sql, expected.tables())).toEqual([]);
    }
  });

  test('and keep the rows of lists that did not come, until they come again', async () => {
    const { bench: current, expected } = await start(3);
    await current.sync();
    expected.synced();
    expect(expected.problems(await current.lake())).toEqual([]);
    const { teams } = current.simulator.workspace;
    const [team = ''] = ids(teams);
    const [tagged] = expected.tables().company_tag.values();
    const company = String(tagged?.company_id);
    const known = expected.tables().team_admin.size;
    current.simulator.setSwitches({
      embeddedLists: [
        { list: 'teams.admin_ids', ids: [team], as: 'absent' },
        { list: 'companies.tags', ids: [company], as: 'null' },
      ],
    });
    const heal = [`/teams/${team}`, `/companies/${company}`].map((path) =>
      current.simulator.addFault({ match: { path }, respond: { status: 200, json: { type: 'x' } } }),
    );
    teams.update(team, { admin_ids: [] });
    for (let run = 0; run < 2; run += 1) {
      current.clock.advance(6 * HOUR);
      await current.sync({ input: { objects: ['teams', 'companies'] } });
      const lake = await current.lake();
      expect(lake.current('teams').get(team)?._unknown).toBe('["admin_ids"]');
      expect(lake.current('companies').get(company)?._unknown).toBe('["tags"]');
      expect(lake.current('team_admin').size).toBe(known);
      expect(expected.problems(lake)).toEqual([]);
      expect(await viewProblems(await open(current.directory), expected.tables())).toEqual([]);
    }
    current.simulator.setSwitches({ embeddedLists: [] });
    for (const remove of heal) remove();
    current.clock.advance(6 * HOUR);
    await current.sync({ input: { objects: ['teams', 'companies'] } });
    expected.synced({ objects: ['teams', 'companies'] });
    expect(expected.tables().team_admin.size).toBeLessThan(known);
    expect(expected.problems(await current.lake())).toEqual([]);
    expect(await viewProblems(await open(current.directory), expected.tables())).toEqual([]);
  });

  test('while a run is half done: what is committed, and nothing of the rest', async () => {
    const { bench: current, expected } = await start(4);
    await current.sync();
    expected.synced();
    expect(expected.problems(await current.lake())).toEqual([]);
    current.clock.advance(6 * HOUR);
    current.simulator.workspace.simulateDay(1);
    const stop = new AbortController();
    const finished: Table[] = [];
    const result = await current.sync({
      signal: stop.signal,
      config: { parallelism: { objects: 1, slices: 1 } },
      limits: { partBytes: 1 },
      observe: (event) => {
        if (event.type === 'object_finished') finished.push(event.object);
        if (event.type === 'rows' && finished.includes('companies')) stop.abort();
      },
    });
    expect(result).toEqual({ status: 'aborted' });
    expected.synced({ objects: finished });
    const lake = await current.lake();
    expect(lake.orphans).not.toEqual([]);
    expect(expected.problems(lake)).toEqual([]);
    expect(await viewProblems(await open(current.directory), expected.tables())).toEqual([]);
  });

  test('while a sync is at it, each answer is of one moment', async () => {
    const { bench: current } = await start(5);
    await current.sync();
    const sql = await open(current.directory);
    const count = async () =>
      (
        await rowsOf(
          sql,
          `SELECT (SELECT count(*) FROM teams) AS teams, (SELECT count(*) FROM team_admin) AS members,
            (SELECT count(*) FROM manifests WHERE object = 'teams') AS runs`,
        )
      )[0];
    const before = await count();
    current.clock.advance(6 * HOUR);
    current.simulator.workspace.teams.create({ name: 'New', admin_ids: [] });
    let isRunning = true;
    const syncing = current.sync().finally(() => {
      isRunning = false;
    });
    const answers = [];
    while (isRunning) answers.push(await count());
    await syncing;
    const after = await count();
    expect(Number(after?.teams)).toBe(Number(before?.teams) + 1);
    expect(answers.length).toBeGreaterThan(1);
    for (const answer of answers) expect([before, after]).toContainEqual(answer);
  });
});

test('tables without any run exist and are empty', async () => {
  const { bench: current, expected } = await start(6);
  await mkdir(join(current.directory, 'lake'), { recursive: true });
  const sql = await open(current.directory);
  expect(await viewProblems(sql, expected.tables())).toEqual([]);
  await current.sync({ input: { objects: ['tags'] } });
  expected.synced({ objects: ['tags'] });
  expect(await viewProblems(sql, expected.tables())).toEqual([]);
  for (const table of TABLE_NAMES) await sql.query(`SELECT * FROM ${table}_history`);
});

test('a history has every committed version, and no orphan', async () => {
  const { bench: current } = await start(7);
  await current.sync();
  await writeOrphans(current.directory, await someFiles(current));
  current.clock.advance(6 * HOUR);
  await current.sync({ input: { mode: 'full_refresh' } });
  const sql = await open(current.directory);
  const lake = await current.lake();
  for (const table of TABLE_NAMES) {
    const [found] = await rowsOf(sql, `SELECT count(*) AS n FROM ${table}_history`);
    expect([table, found?.n]).toEqual([table, lake.history(table).length]);
  }
  const runs = await rowsOf(sql, 'SELECT DISTINCT run_date, _run_id FROM contacts_history ORDER BY 2');
  expect(runs.map(({ _run_id }) => _run_id)).toEqual(lake.runs);
  expect(runs.every(({ run_date }) => run_date === '2026-02-10')).toBe(true);
});

test('a table whose only files are uncommitted exists and is empty', async () => {
  const { bench: current } = await start(9);
  await current.sync({ config: { objects: ['tags'] } });
  await writeOrphans(current.directory, await someFiles(current));
  await rm(join(current.directory, 'lake', 'manifests'), { recursive: true });
  const sql = await open(current.directory);
  expect(await rowsOf(sql, 'SELECT * FROM tags')).toEqual([]);
  expect(await rowsOf(sql, 'SELECT * FROM tags_history')).toEqual([]);
});

test('a listed file that is gone has no rows, and keeps no other from being read', async () => {
  const { bench: current } = await start(10);
  await current.sync({ config: { objects: ['tags', 'teams'] } });
  const sql = await open(current.directory);
  const counts = async (database: LakeDatabase) =>
    rowsOf(database, 'SELECT (SELECT count(*) FROM tags) AS tags, (SELECT count(*) FROM teams) AS teams');
  const { tags, teams } = current.simulator.workspace;
  expect(await counts(sql)).toEqual([{ tags: tags.size, teams: teams.size }]);
  await rm(join(current.directory, 'lake', 'tables', 'tags'), { recursive: true });
  expect(await counts(sql)).toEqual([{ tags: 0, teams: teams.size }]);
  expect(await counts(await open(current.directory))).toEqual([{ tags: 0, teams: teams.size }]);
});

test('directories above the lake whose names look like partitions are no columns', async () => {
  const { bench: current } = await start(11);
  const directory = join(current.newDirectory(), 'name=x', 'run_date=2001-01-01', 'run_id=y');
  await current.sync({ directory, config: { objects: ['tags'] } });
  const sql = await open(directory);
  const facts = "count(*) AS n, count_if(name = 'x') AS wrong, min(run_date) AS day";
  const [found] = await rowsOf(sql, `SELECT ${facts} FROM tags_history`);
  expect(found).toEqual({ n: current.simulator.workspace.tags.size, wrong: 0, day: '2026-02-10' });
});

test('history that is removed while a query is at it is not in the answer, and breaks none', async () => {
  const { bench: current } = await start(8);
  await current.sync({ config: { objects: ['tags'] } });
  const [first] = (await current.lake()).runs;
  current.clock.advance(6 * HOUR);
  await current.sync({ config: { objects: ['tags'] } });
  const sql = await open(current.directory);
  const [all] = await rowsOf(sql, 'SELECT count(*) AS n FROM tags_history');
  const { tags } = current.simulator.workspace;
  expect(all).toEqual({ n: 2 * tags.size });
  // What is compared with takes seconds; the files are opened after it, and were looked up before.
  const slow = '(SELECT count(*) FROM range(200000000) AS numbers(i) WHERE i % 7 = 8)';
  const asking = rowsOf(sql, `SELECT count(*) AS n FROM tags_history WHERE length(name) >= ${slow}`);
  await setTimeout(300);
  const lake = join(current.directory, 'lake');
  await rm(join(lake, 'manifests', 'tags', `${first}.json`));
  await rm(join(lake, 'tables', 'tags', 'run_date=2026-02-10', `run_id=${first}`), { recursive: true });
  expect(await asking).toEqual([{ n: tags.size }]);
});
