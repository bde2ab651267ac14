/** Every view and every documented query on Trino, over the catalog as runs publish it, against DuckDB on the same lake. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

function sameOnBoth(): void {
  test.each(NAMES)('%s has the same rows', async (name) => {
    expect(await tableDifferences(engines, name)).toEqual([]);
  });

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

  sameOnBoth();
});

describe('after the run has committed and has widened columns', () => {
  beforeAll(async () => {
    await session.close();
    session = await bench.open();
    expectSuccess(await session.run());
  });
  sameOnBoth();
});

describe('a rewrite', () => {
  /** As a compaction leaves it: the first run's files under another name, and a manifest that replaces that run's. */
  async function rewritten(committedMs: number) {
    const lake = join(bench.directory, 'lake');
    const folder = join(lake, 'manifests', 'contacts');
    const [name = ''] = (await readdir(folder)).toSorted();
    const text = await readFile(join(folder, name), 'utf8');
    const { run_id: runId, tables } = JSON.parse(text) as Manifest;
    const id = `${runId.slice(0, 8)}T235959999Z-day-abcdef`;
    const keys = Object.values(tables).flatMap(({ files }) => files.map(({ key }) => key));
    const moved = (key: string): string => key.replaceAll(runId, id);
    const manifest = {
      ...JSON.parse(text.replaceAll(runId, id)),
      mode: 'compaction',
      committed_at: new Date(committedMs).toISOString(),
      replaces: [runId],
    };
    const path = join(folder, `${id}.json`);
    return {
      replaced: join(folder, name),
      text,
      async write(): Promise<void> {
        for (const key of keys) {
          await mkdir(dirname(join(lake, moved(key))), { recursive: true });
          await copyFile(join(lake, key), join(lake, moved(key)));
        }
        await writeFile(path, `${JSON.stringify(manifest)}\n`);
      },
      async remove(): Promise<void> {
        for (const file of [path, ...keys.map((key) => join(lake, moved(key)))])
          await rm(file, { force: true });
      },
    };
  }

  /** A view over one scan, and one that joins two. */
  const SQL = `SELECT 'contacts' AS name, count(*) AS n, count(DISTINCT "_version") AS versions FROM contacts_history
    UNION ALL SELECT 'companies', count(*), count(DISTINCT "_parent_version") FROM contact_company`;

  const answer = async (): Promise<string> =>
    JSON.stringify((await engines.trino.query(SQL)).rows.toSorted());

  const filesOf = async (): Promise<string> =>
    JSON.stringify(
      (await engines.trino.query(`SELECT DISTINCT run_id FROM manifest_files WHERE object = 'contacts'`))
        .rows,
    );

  test('that begins to count at any moment of a query changes no answer', async () => {
    const before = await answer();
    let lists = 0;
    gateway.beforeList = async () => {
      lists += 1;
    };
    await answer();
    const all = lists;
    expect(all).toBeGreaterThan(3);
    for (let at = 1; at <= all; at += 1) {
      const one = await rewritten(Date.now());
      let seen = 0;
      gateway.beforeList = async () => {
        seen += 1;
        if (seen === at) await one.write();
      };
      const found = await answer();
      gateway.beforeList = async () => undefined;
      await one.remove();
      expect([at, found]).toEqual([at, before]);
    }
  }, 300_000);

  test('counts a minute later, or at once if what it replaces is gone', async () => {
    const before = await answer();
    const now = await rewritten(Date.now());
    await now.write();
    expect(await filesOf()).not.toContain('-day-');
    await rm(now.replaced);
    expect(await filesOf()).toContain('-day-');
    expect(await answer()).toBe(before);
    await writeFile(now.replaced, now.text);
    await now.remove();
    const past = await rewritten(Date.now() - 70_000);
    await past.write();
    expect(await filesOf()).toContain('-day-');
    expect(await answer()).toBe(before);
    await past.remove();
  });
});
