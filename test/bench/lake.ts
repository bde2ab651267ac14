/**
 * `npm run bench -- lake`: a year of hourly runs of a small workspace, before and after compaction, next to the same
 * rows in ten runs. The runs are written with the engine's own part writer, not read from a server.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseConfig } from '../../functions/config/config.ts';
import type { Manifest } from '../../functions/core/engine-files.ts';
import { manifestKey, manifestPrefix, runIdOf, tablePrefix } from '../../functions/core/lake-keys.ts';
import { OBJECT_NAMES, type ObjectName, type TableName } from '../../functions/core/names.ts';
import type { Lake } from '../../functions/core/ports.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { versionOf } from '../../functions/rows/version.ts';
import { createPartWriter } from '../../functions/sync/extract/part-writer.ts';
import { rowsOf } from '../../functions/sync/lines.ts';
import { manifestsOf, thatCount } from '../../functions/sync/manifests.ts';
import { maintainObject } from '../../functions/sync/rewrite/maintain.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { DOCUMENTED_QUERIES } from '../support/documented-queries.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { createMemoryClock, type MemoryClock } from '../support/memory/memory-clock.ts';
import { createMemoryExecutions } from '../support/memory/memory-executions.ts';
import { createMemoryStateStore } from '../support/memory/memory-state-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The incremental objects that the documented queries read. */
const GROWING = ['contacts', 'conversations', 'tickets'] as const;

type Row = Readonly<Record<string, unknown>>;

function createWritableLake(directory: string): Lake {
  const pathOf = (key: string): string => join(directory, 'lake', key);
  return {
    ...createDirectoryLake(directory),
    async putNew(key, body) {
      if (existsSync(pathOf(key))) return 'exists';
      mkdirSync(dirname(pathOf(key)), { recursive: true });
      writeFileSync(pathOf(key), body);
      return 'written';
    },
    async delete(keys) {
      for (const key of keys) {
        rmSync(pathOf(key), { force: true });
        // As the embedded S3 does: a hundred thousand empty folders would make every query wait.
        for (let folder = dirname(pathOf(key)); readdirSync(folder).length === 0; folder = dirname(folder))
          rmdirSync(folder);
      }
    },
  };
}

/** What each run of an object is made from: the manifest and rows of the real first run. */
interface Template {
  readonly manifest: Manifest;
  readonly rows: readonly Row[];
  /** Rows of child tables by `_version` of their parent. */
  readonly children: ReadonlyMap<string, readonly { readonly table: TableName; readonly row: Row }[]>;
}

function templateOf(directory: string, object: ObjectName): Template {
  const folder = join(directory, 'lake', manifestPrefix(object));
  const [name = ''] = readdirSync(folder);
  const manifest = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Manifest;
  const rowsOf = (table: TableName): readonly Row[] =>
    (manifest.tables[table]?.files ?? []).flatMap(({ key }) =>
      gunzipSync(readFileSync(join(directory, 'lake', key)))
        .toString('utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Row),
    );
  const children = OBJECTS[object].children.flatMap(({ table }) =>
    rowsOf(table).map((row) => ({ table, row })),
  );
  return {
    manifest,
    rows: rowsOf(object),
    children: Map.groupBy(children, ({ row }) => String(row._parent_version)),
  };
}

/** One run: some records of the template, changed now. */
async function writeRun(
  lake: Lake,
  object: ObjectName,
  { manifest, rows, children }: Template,
  { atMs, from, count }: { readonly atMs: number; readonly from: number; readonly count: number },
): Promise<void> {
  const runId = runIdOf(atMs, 'abcdef');
  const origin = {
    runId,
    object,
    slice: '0001',
    attempt: 'bench',
    compression: 'gzip',
    partBytes: 8 * 1024 * 1024,
  } as const;
  const writer = createPartWriter(lake, origin);
  for (let index = 0; index < count; index += 1) {
    const row = rows[(from + index) % rows.length] ?? {};
    const seconds = Math.floor(atMs / 1000);
    const version = versionOf({
      stampedAt: seconds,
      receivedAtMs: atMs,
      runId,
      slice: '0001',
      ordinal: index,
    });
    const own = { _run_id: runId, _extracted_at: seconds };
    await writer.write([
      { table: object, line: JSON.stringify({ ...row, updated_at: seconds, ...own, _version: version }) },
      ...(children.get(String(row._version)) ?? []).map(({ table, row: child }) => ({
        table,
        line: JSON.stringify({ ...child, ...own, _parent_version: version }),
      })),
    ]);
  }
  const byTable = Map.groupBy(await writer.flush(), ({ table }) => table);
  const tables = [...byTable].map(([table, parts]) => {
    const files = parts.map(({ table: _table, ...file }) => file);
    return [table, { rows: files.reduce((sum, file) => sum + file.rows, 0), files }] as const;
  });
  const times = {
    started_at: new Date(atMs).toISOString(),
    committed_at: new Date(atMs + 60_000).toISOString(),
  };
  const written: Manifest = { ...manifest, run_id: runId, ...times, tables: Object.fromEntries(tables) };
  await lake.putNew(manifestKey(object, runId), Buffer.from(`${JSON.stringify(written)}\n`));
}

async function grow(
  directory: string,
  { startMs, runs, changes }: { readonly startMs: number; readonly runs: number; readonly changes: number },
): Promise<void> {
  const lake = createWritableLake(directory);
  const count = Math.round(changes / runs);
  for (const object of GROWING) {
    const template = templateOf(directory, object);
    for (let index = 0; index < runs; index += 1) {
      const atMs = startMs + Math.round(((index + 1) * 365 * DAY) / runs);
      await writeRun(lake, object, template, { atMs, from: index * count, count });
    }
  }
}

/** What the workflow does after a commit, for each object. */
async function maintain(directory: string, clock: MemoryClock): Promise<void> {
  const lake = createWritableLake(directory);
  const state = createMemoryStateStore();
  const executions = createMemoryExecutions();
  for (const object of GROWING) {
    const keys = await Array.fromAsync(lake.list(manifestPrefix(object)));
    const holder = { executionArn: `bench-${object}-${clock.now()}`, runId: 'bench' };
    executions.running.add(holder.executionArn);
    const { fence } = await state.load(object);
    const taken = await state.takeLease(object, fence, holder);
    if (!taken.ok) throw new Error(`The lease of ${object} is taken.`);
    const committed = { runId: 'bench', manifestKey: keys.at(-1) ?? '', cursor: null, startFrom: null };
    await state.commit(object, taken.value.fence, committed);
    const dependencies = {
      lake,
      state,
      executions,
      whole: OBJECTS[object],
      clock,
      config: parseConfig({}),
      hashes: {
        hashText: async () => {
          throw new Error('Nobody is erased here.');
        },
      },
    };
    await maintainObject(dependencies, holder, { id: 'bench', isOver: () => false });
  }
}

interface Cost {
  /** Seconds of computing: what else the machine does leaves them nearly as they are. */
  readonly cpu: number;
  readonly wall: number;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1000 };
}

/** A stop by the machine only ever adds. */
const least = (costs: readonly Cost[]): Cost => ({
  cpu: Math.min(...costs.map(({ cpu }) => cpu)),
  wall: Math.min(...costs.map(({ wall }) => wall)),
});

/** The examples of docs/queries.md; those before them are reports. */
const QUERIES = DOCUMENTED_QUERIES.filter(([title]) =>
  [
    'First responses of each team',
    'CSAT by week',
    'Open tickets by type',
    'Conversations per company',
    'Tag trends',
  ].includes(title),
);

interface Sizes {
  readonly manifests: number;
  readonly counting: number;
  readonly files: number;
  readonly bytes: number;
}

async function sizesOf(directory: string): Promise<Sizes> {
  const lake = createDirectoryLake(directory);
  let manifests = 0;
  let counted = 0;
  for (const object of GROWING) {
    const stored = await manifestsOf(lake, object);
    manifests += stored.length;
    counted += thatCount(stored).length;
  }
  const files = GROWING.flatMap((object) => [object, ...OBJECTS[object].children.map(({ table }) => table)])
    .map((table) => join(directory, 'lake', tablePrefix(table)))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile());
  const bytes = sum(files.map(({ parentPath, name }) => statSync(join(parentPath, name)).size));
  return { manifests, counting: counted, files: files.length, bytes };
}

/** With a new database, as `query` on the command line. */
const query = (directory: string, sql: string): Promise<Cost> =>
  costOf(async () => {
    const database = await openLakeDatabase(directory);
    await database.query(sql);
    database.close();
  });

const statusOf = (directory: string, now: number): Promise<Cost> =>
  costOf(() => readStatus(createDirectoryLake(directory), OBJECT_NAMES, now));

/** What one reader does with the files that a compaction moves: each once, its lines parsed. */
async function readAgain(directory: string): Promise<void> {
  const lake = createDirectoryLake(directory);
  for (const object of GROWING) {
    for (const { manifest } of await manifestsOf(lake, object)) {
      for (const { key } of Object.values(manifest.tables).flatMap(({ files }) => files)) {
        await Array.fromAsync(rowsOf(key, (await lake.get(key)) ?? new Uint8Array()), () => undefined);
      }
    }
  }
}

/** A `sync` that finds nothing new, without what compaction it would do. */
const idleSync = (bench: Bench, directory: string): Promise<Cost> =>
  costOf(() =>
    bench.sync({
      directory,
      around: (handler) => async (event, context) =>
        (event as { readonly operation?: unknown }).operation === 'maintain'
          ? { status: 'done' }
          : handler(event, context),
    }),
  );

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const TIMES = [1, 2, 3];

/** The same on two lakes by turns, so that both meet the same machine. */
async function byTurns(
  directories: readonly [string, string],
  measure: (directory: string) => Promise<Cost>,
): Promise<readonly [Cost, Cost]> {
  const costs: [Cost[], Cost[]] = [[], []];
  for (const _time of TIMES) {
    for (const [index, directory] of directories.entries()) costs[index]?.push(await measure(directory));
  }
  return [least(costs[0]), least(costs[1])];
}

const shown = ({ cpu, wall }: Cost): string => `${cpu.toFixed(2)} s (${wall.toFixed(2)} s)`;

export async function benchLake(
  print: (text: string) => void,
  { runs, changes }: { readonly runs: number; readonly changes: number },
): Promise<void> {
  const bench = await startBench();
  try {
    const { directory } = bench;
    await bench.sync();
    const [few, fresh] = [bench.newDirectory(), bench.newDirectory()];
    cpSync(directory, few, { recursive: true });
    const startMs = bench.clock.now();
    const clock = createMemoryClock(startMs + 366 * DAY);
    await grow(directory, { startMs, runs, changes });
    await grow(few, { startMs, runs: 10, changes });
    bench.clock.advance(370 * DAY);
    for (const lake of [directory, few, fresh]) await idleSync(bench, lake);

    const sizesBefore = await sizesOf(directory);
    const queriesBefore: Cost[] = [];
    for (const [, sql] of QUERIES) queriesBefore.push(await query(directory, sql));
    const statusBefore = await statusOf(directory, clock.now());
    const [syncBefore, syncFresh] = await byTurns([directory, fresh], (lake) => idleSync(bench, lake));

    const reading = await costOf(() => readAgain(directory));
    const compaction = await costOf(() => maintain(directory, clock));
    clock.advance(3 * DAY);
    const removal = await costOf(() => maintain(directory, clock));

    print(`${runs} runs in a year, each of ${GROWING.join(', ')}, with ${changes} changes of each in all.`);
    print('Seconds of computing, in brackets on the clock.\n');
    print('| | same rows in 10 runs | before | after | ratio | wanted |\n|---|---|---|---|---|---|');
    for (const [index, [title, sql]] of QUERIES.entries()) {
      const [after, ten] = await byTurns([directory, few], (lake) => query(lake, sql));
      const before = queriesBefore[index] ?? after;
      const ratio = (after.cpu / ten.cpu).toFixed(2);
      print(`| ${title} | ${shown(ten)} | ${shown(before)} | ${shown(after)} | ${ratio} | ≤ 2 |`);
    }
    const [status, statusTen] = await byTurns([directory, few], (lake) => statusOf(lake, clock.now()));
    print(`| status | ${shown(statusTen)} | ${shown(statusBefore)} | ${shown(status)} | | ≤ 1 s |`);
    const [sync, syncFreshAfter] = await byTurns([directory, fresh], (lake) => idleSync(bench, lake));
    const freshShown = `${shown(least([syncFresh, syncFreshAfter]))} (fresh lake)`;
    const ratio = (sync.cpu / syncFreshAfter.cpu).toFixed(2);
    print(`| idle sync | ${freshShown} | ${shown(syncBefore)} | ${shown(sync)} | ${ratio} | ≤ 1 |`);
    const [ten, after] = [await sizesOf(few), await sizesOf(directory)];
    const row = (name: keyof Sizes): string =>
      `| ${name} | ${ten[name]} | ${sizesBefore[name]} | ${after[name]} | ${(after[name] / ten[name]).toFixed(2)} | |`;
    for (const name of ['manifests', 'counting', 'files', 'bytes'] as const) print(row(name));
    const cost = (compaction.cpu / reading.cpu).toFixed(2);
    print(
      `\nCompaction ${shown(compaction)}, one reading of what it moves ${shown(reading)}: ${cost}, wanted ≤ 1.`,
    );
    print(`Removal of what was replaced ${shown(removal)}.`);
  } finally {
    await bench.close();
  }
}
