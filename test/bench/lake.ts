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
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseConfig } from '../../functions/config/config.ts';
import type { Manifest } from '../../functions/core/engine-files.ts';
import { manifestKey, manifestPrefix, runIdOf } from '../../functions/core/lake-keys.ts';
import { OBJECT_NAMES, type ObjectName, type TableName } from '../../functions/core/names.ts';
import type { Lake } from '../../functions/core/ports.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { versionOf } from '../../functions/rows/version.ts';
import { counting } from '../../functions/sync/counting.ts';
import { createPartWriter } from '../../functions/sync/extract/part-writer.ts';
import { maintainObject } from '../../functions/sync/rewrite/maintain.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { DOCUMENTED_QUERIES } from '../support/documented-queries.ts';
import { startBench } from '../support/local/local-bench.ts';
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
      for (const key of keys) rmSync(pathOf(key), { force: true });
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
      declaration: OBJECTS[object],
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

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

interface Figures {
  readonly queries: readonly number[];
  readonly status: number;
  readonly manifests: number;
  readonly counting: number;
  readonly files: number;
  readonly bytes: number;
}

async function measure(directory: string, now: number): Promise<Figures> {
  const lake = createDirectoryLake(directory);
  let manifests = 0;
  let counted = 0;
  for (const object of GROWING) {
    const keys = await Array.fromAsync(lake.list(manifestPrefix(object)));
    manifests += keys.length;
    const known = keys.map((key) => {
      const { run_id: runId, replaces = [] } = JSON.parse(
        readFileSync(join(directory, 'lake', key), 'utf8'),
      ) as Manifest;
      return { runId, replaces };
    });
    counted += counting(known).length;
  }
  let files = 0;
  let bytes = 0;
  const tables = join(directory, 'lake', 'tables');
  for (const entry of readdirSync(tables, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files += 1;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  const queries: number[] = [];
  for (const [, sql] of DOCUMENTED_QUERIES) {
    // Each with a new database, as `query` on the command line.
    queries.push(
      await seconds(async () => {
        const database = await openLakeDatabase(directory);
        await database.query(sql);
        database.close();
      }),
    );
  }
  const status = await seconds(() => readStatus(lake, OBJECT_NAMES, now));
  return { queries, status, manifests, counting: counted, files, bytes };
}

const inSeconds = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(', ');

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export async function benchLake(
  print: (text: string) => void,
  { runs, changes }: { readonly runs: number; readonly changes: number },
): Promise<void> {
  const bench = await startBench();
  try {
    const { directory } = bench;
    await bench.sync();
    const few = bench.newDirectory();
    cpSync(directory, few, { recursive: true });
    const startMs = bench.clock.now();
    const clock = createMemoryClock(startMs + 366 * DAY);
    const show = (name: string, found: Figures): void => {
      print(
        `${name}: ${found.manifests} manifests (${found.counting} count), ${found.files} files, ${found.bytes} bytes`,
      );
      print(`  queries ${inSeconds(found.queries)} s; status ${found.status.toFixed(2)} s`);
    };
    print(
      `${runs} runs in a year, each of ${GROWING.join(', ')}, with ${changes} changes of each object in all`,
    );
    const written = await seconds(() => grow(directory, { startMs, runs, changes }));
    await grow(few, { startMs, runs: 10, changes });
    print(`  written in ${written.toFixed(0)} s`);
    const ten = await measure(few, clock.now());
    show('the same rows in 10 runs', ten);
    const before = await measure(directory, clock.now());
    show('before compaction', before);
    const compaction = await seconds(() => maintain(directory, clock));
    clock.advance(3 * DAY);
    const removal = await seconds(() => maintain(directory, clock));
    const after = await measure(directory, clock.now());
    show('after compaction', after);
    print(`  compaction ${compaction.toFixed(1)} s, removal of what was replaced ${removal.toFixed(1)} s`);
    const ratio = (a: Figures, b: Figures): string => (sum(a.queries) / sum(b.queries)).toFixed(2);
    print(`query seconds: before / 10 runs ${ratio(before, ten)}, after / 10 runs ${ratio(after, ten)}`);
  } finally {
    await bench.close();
  }
}
