/** Every view and every documented query on Trino, over the catalog as runs publish it, against DuckDB on the same lake. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../functions/core/engine-files.ts';
import { isObjectName, isOptional } from '../../functions/core/names.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import type { SyncResult } from '../../lib/cli/local/sync.ts';
import { DOCUMENTED_QUERIES } from '../support/documented-queries.ts';
import { type Bench, type Session, SMALL, startBench } from '../support/local/local-bench.ts';
import { isShared, TABLE_NAMES } from '../support/local/tables.ts';
import { DAY, HOUR } from '../support/local/test-clock.ts';
import { type AwsGateway, startAwsGateway } from './aws-gateway.ts';
import { type Engines, queryDifferences, tableDifferences } from './same-rows.ts';
import { startTrino, untilNodeOffersCatalog } from './trino-server.ts';

const isSmallList = (table: string): boolean => isObjectName(table) && isOptional(table);

const NAMES = [
  'manifests',
  'manifest_runs',
  'manifest_files',
  ...TABLE_NAMES,
  ...TABLE_NAMES.filter((name) => !isShared(name)).map((name) => `${name}_flat`),
  // The small lists have these by the same text: one of them stands for all.
  ...TABLE_NAMES.filter((name) => !isSmallList(name) || name === 'brands').flatMap((name) =>
    isShared(name) ? [`${name}_history`] : [`${name}_history`, `${name}_live`],
  ),
  'conversation_timeline',
];

/** Fields that are not declared: names that engines treat in their own way, and values at the edge of a type. */
const UNUSUAL = {
  Camel: 'x',
  select: 1.5,
  ünicode: true,
  tiny: 1e-7,
  large: 1e21,
  text: '"\n\u2028',
};

/** A lake's days are projected up to today, so it begins a few days ago. */
const START = { startMs: Date.now() - 3 * DAY };

let bench: Bench;
let session: Session;
let gateway: AwsGateway;
let engines: Engines;

beforeAll(async () => {
  bench = await startBench({
    simulator: { sizes: SMALL },
    clock: START,
    sync: { config: { parallelism: { objects: 1, slices: 1 } }, limits: { partBytes: 20_000 } },
  });
  gateway = await startAwsGateway();
  const { TRINO_HOME: home = '', TRINO_JAVA: java = '' } = process.env;
  const starting = startTrino({ home, java, awsUrl: gateway.url, database: 'test_00000000' });
  setOnTeams({ ...UNUSUAL, score: 3, later: null });
  session = await bench.open();
  await session.run();
  engines = {
    trino: await starting,
    duckdb: await openLakeDatabase(bench.directory),
    roots: ['s3://lake/', `${join(bench.directory, 'lake')}/`],
  };
  await untilNodeOffersCatalog(engines.trino, 'SELECT count(*) FROM manifests');
});

afterAll(async () => {
  engines?.duckdb.close();
  await engines?.trino.close();
  await gateway?.close();
  await session?.close();
  await bench?.close();
});

function setOnTeams(fields: Readonly<Record<string, unknown>>): void {
  const { teams } = bench.simulator.workspace;
  for (const id of teams.ids()) teams.update(id, fields as Parameters<typeof teams.update>[1]);
}

/** The next day: records change, so that there are several versions. */
function liveADay(day: number): void {
  bench.clock.advance(20 * HOUR);
  bench.simulator.workspace.simulateDay(day);
}

/** A cell of another type than it had: text in place of numbers and truth values, and the other way round. */
const changedType = (cell: unknown): unknown => (typeof cell === 'string' ? cell.length : `was ${cell}`);

/** What attempts that were cut off may leave: newer versions of committed rows, and rows of other types. */
async function writeLeftOvers(): Promise<void> {
  const lake = await bench.lake();
  for (const table of TABLE_NAMES) {
    const file = lake.history(table).at(-1)?.file;
    if (file === undefined) continue;
    const text = gunzipSync(await readFile(join(bench.directory, 'lake', file))).toString();
    const newer = text.replaceAll('"_version":"0', '"_version":"9');
    const rows = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const changed = rows.map((row) =>
      JSON.stringify(
        Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, changedType(cell)])),
      ),
    );
    const ofAnotherRun = file.replace(/run_id=[^/]+/, 'run_id=20991231T000000000Z-ffffff');
    for (const [number, left] of [newer, `${changed.join('\n')}\n`].entries()) {
      for (const beside of [file, ofAnotherRun]) {
        const name = beside.replace(
          /\/([a-z_]+-)?\d{4}-[0-9a-z]+-(?=[^/]*$)/,
          (_text, object = '') => `/${object}0001-0rphan${number}-`,
        );
        const path = join(bench.directory, 'lake', name);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, gzipSync(left));
      }
    }
  }
}

/** Also of a run that was interrupted: it is finished first. */
function expectSuccess(result: SyncResult): void {
  const runs = result.status === 'finished' ? result.runs : [];
  expect([result.status, ...new Set(runs.map(({ status }) => status))]).toEqual(['finished', 'succeeded']);
}

async function countOf(table: string): Promise<number> {
  const { rows } = await engines.trino.query(`SELECT count(*) FROM ${table}`);
  return Number(rows[0]?.[0]);
}

function sameRows(names: readonly string[]): void {
  test.each(names)('%s has the same rows', async (name) => {
    expect(await tableDifferences(engines, name)).toEqual([]);
  });
}

function sameAnswers(): void {
  test.each(DOCUMENTED_QUERIES)('%s has the same answer', async (_title, sql) => {
    expect(await queryDifferences(engines, sql)).toEqual([]);
  });
}

describe('after two runs, with left-overs lying about and a run in progress that has read other types', () => {
  beforeAll(async () => {
    liveADay(1);
    expectSuccess(await session.run());
    await session.close();
    await writeLeftOvers();
    liveADay(2);
    setOnTeams({ score: 'three', later: true });
    const stop = new AbortController();
    session = await bench.open({
      signal: stop.signal,
      observe: (event) => {
        if (event.type === 'rows' && event.object === 'teams') stop.abort();
      },
    });
    expect(await session.run()).toEqual({ status: 'aborted' });
    const { orphans } = await bench.lake();
    const ofTheRun = orphans.filter((file) => !file.includes('0rphan'));
    expect(ofTheRun).toContainEqual(expect.stringMatching(/^tables\/teams\//));
  });

  test('Trino reads the uncommitted files, too', async () => {
    expect(await countOf('teams_files')).toBeGreaterThan(await countOf('teams_history'));
  });

  test('a filter on a column of which uncommitted rows have text has the same answer', async () => {
    const sql = 'SELECT count(*) AS n FROM teams_history WHERE score > 1 AND _extracted_at > 0';
    expect(await queryDifferences(engines, sql)).toEqual([]);
  });

  sameRows(NAMES);
  sameAnswers();
});

describe('after the run has committed and has widened columns', () => {
  beforeAll(async () => {
    await session.close();
    session = await bench.open();
    expectSuccess(await session.run());
  });
  // Every view was compared before. These are over what has changed: the manifests, and the columns of teams.
  sameRows(NAMES.filter((name) => /^(manifest|team)/.test(name)));
});

describe('a commit', () => {
  const manifestsOf = async (object: string): Promise<readonly string[]> => {
    const folder = join(bench.directory, 'lake', 'manifests', object);
    return (await readdir(folder)).toSorted().map((name) => join(folder, name));
  };

  /** The object's first run once more, under another id. */
  async function copied(
    object: string,
    committedMs: number,
    change: (file: Buffer, from: string, to: string) => Buffer,
    rest: (runId: string) => Partial<Manifest> & { readonly run_id: string },
  ) {
    const lake = join(bench.directory, 'lake');
    const [source = ''] = await manifestsOf(object);
    const text = await readFile(source, 'utf8');
    const { run_id: from, tables } = JSON.parse(text) as Manifest;
    const changed = rest(from);
    const to = changed.run_id;
    const keys = Object.values(tables).flatMap(({ files }) => files.map(({ key }) => key));
    const moved = (key: string): string => join(lake, key.replaceAll(from, to));
    const committed_at = new Date(committedMs).toISOString();
    const manifest = { ...JSON.parse(text.replaceAll(from, to)), committed_at, ...changed };
    const path = join(dirname(source), `${to}.json`);
    return {
      source,
      text,
      async write(): Promise<void> {
        for (const key of keys) {
          await mkdir(dirname(moved(key)), { recursive: true });
          await writeFile(moved(key), change(await readFile(join(lake, key)), from, to));
        }
        await writeFile(path, `${JSON.stringify(manifest)}\n`);
      },
      async remove(): Promise<void> {
        for (const file of [path, ...keys.map(moved)]) await rm(file, { force: true });
      },
    };
  }

  /** As a compaction leaves it: the first run's files as they are, and a manifest that replaces that run's. */
  const rewritten = (committedMs: number) =>
    copied(
      'contacts',
      committedMs,
      (file) => file,
      (runId) => ({
        run_id: `${runId.slice(0, 8)}T235959999Z-day-abcdef`,
        mode: 'compaction',
        replaces: [runId],
      }),
    );

  /** A newer run that has read the same records again. */
  async function newRun(object: string, committedMs: number, rest: Partial<Manifest> = {}) {
    const newest = (await manifestsOf(object)).at(-1) ?? '';
    const day = basename(newest).slice(0, 8);
    return copied(
      object,
      committedMs,
      (file, from, to) => gzipSync(gunzipSync(file).toString().replaceAll(from, to)),
      () => ({ ...rest, run_id: `${day}T235959999Z-ffffff` }),
    );
  }

  /** A view over one scan, and one that joins two. */
  const SQL = `SELECT 'contacts' AS name, count(*) AS n, count(DISTINCT "_version") AS versions FROM contacts_history
    UNION ALL SELECT 'companies', count(*), count(DISTINCT "_parent_version") FROM contact_company`;

  /** A table with a child table: how many rows each has, and which runs they are from. */
  const withChild = (table: string, child: string): string =>
    [table, child]
      .map(
        (name) =>
          `SELECT '${name}' AS name, count(*) AS n, array_sort(array_agg(DISTINCT "_run_id")) FROM ${name}`,
      )
      .join(' UNION ALL ');

  const answer = async (sql: string): Promise<string> =>
    JSON.stringify((await engines.trino.query(sql)).rows.toSorted());

  const filesOf = async (): Promise<string> =>
    JSON.stringify(
      (await engines.trino.query(`SELECT DISTINCT run_id FROM manifest_files WHERE object = 'contacts'`))
        .rows,
    );

  test.each([
    ['a rewrite', SQL, rewritten],
    [
      'a run of an object that is read whole',
      withChild('teams', 'team_admin'),
      (committedMs: number) => newRun('teams', committedMs),
    ],
    [
      'a run of an incremental object',
      withChild('contacts', 'contact_company'),
      (committedMs: number) => newRun('contacts', committedMs),
    ],
  ])(
    '%s at any moment of a query changes no answer',
    async (_what, sql, prepare) => {
      const before = await answer(sql);
      let lists = 0;
      gateway.beforeList = async () => {
        lists += 1;
      };
      await answer(sql);
      const all = lists;
      expect(all).toBeGreaterThan(3);
      for (let at = 1; at <= all; at += 1) {
        const one = await prepare(Date.now());
        let seen = 0;
        let writing: Promise<void> | undefined;
        // Lists run at once: this one and all after it wait, so that they see the commit.
        gateway.beforeList = async () => {
          seen += 1;
          if (seen >= at) writing ??= one.write();
          await writing;
        };
        const found = await answer(sql);
        gateway.beforeList = async () => undefined;
        await one.remove();
        expect([at, found]).toEqual([at, before]);
      }
    },
    300_000,
  );

  test('counts a minute later: a rewrite, or at once if what it replaces is gone', async () => {
    const before = await answer(SQL);
    const now = await rewritten(Date.now());
    await now.write();
    expect(await filesOf()).not.toContain('-day-');
    await rm(now.source);
    expect(await filesOf()).toContain('-day-');
    expect(await answer(SQL)).toBe(before);
    await writeFile(now.source, now.text);
    await now.remove();
    const past = await rewritten(Date.now() - 70_000);
    await past.write();
    expect(await filesOf()).toContain('-day-');
    expect(await answer(SQL)).toBe(before);
    await past.remove();
  });

  test.each([
    ['teams', 'team_admin'],
    ['contacts', 'contact_company'],
  ])('counts a minute later: a run of %s', async (table, child) => {
    const sql = withChild(table, child);
    const before = await answer(sql);
    const now = await newRun(table, Date.now());
    await now.write();
    expect(await answer(sql)).toBe(before);
    await now.remove();
    const past = await newRun(table, Date.now() - 70_000);
    await past.write();
    const after = JSON.parse(await answer(sql)) as readonly (readonly [string, number, readonly string[]])[];
    for (const [, n, runs] of after) {
      expect(Number(n)).toBeGreaterThan(0);
      expect(runs).toContainEqual(expect.stringContaining('-ffffff'));
    }
    await past.remove();
  });

  test('counts a minute later: a run that has found nothing', async () => {
    const before = await countOf('teams');
    expect(before).toBeGreaterThan(0);
    const nothing = { tables: { teams: { rows: 0, files: [] }, team_admin: { rows: 0, files: [] } } };
    for (const [ageMs, expected] of [
      [0, before],
      [70_000, 0],
    ] as const) {
      const run = await newRun('teams', Date.now() - ageMs, nothing);
      await run.write();
      expect([ageMs, await countOf('teams')]).toEqual([ageMs, expected]);
      await run.remove();
    }
  });
});
