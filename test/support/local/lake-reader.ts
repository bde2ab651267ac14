/**
 * Reads a lake as a stranger would who has nothing but the documented output format (docs/output.md): manifests, the
 * files they list, the rows in them. Everything that can be verified is verified on the way.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type ExactObject, isExactObject, parseExact } from './lossless-json.ts';
import { factsOf, isShared, keyText, objectOf, TABLE_NAMES, type Table } from './tables.ts';

interface FileEntry {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** As far as the tests read it. */
export interface ManifestView {
  /** Of a rewrite: the manifests that it stands for. */
  readonly replaces?: readonly string[];
  readonly format: number;
  readonly object: Table;
  readonly run_id: string;
  readonly mode: string;
  readonly started_at: string;
  readonly committed_at: string;
  readonly window: { readonly from: number; readonly to: number } | null;
  readonly cursor: { readonly before: number | null; readonly after: number | null } | null;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly files: readonly FileEntry[] }>>;
  readonly completeness: {
    readonly status: string;
    readonly matched: number | null;
    readonly read: number;
    readonly written: number;
    readonly parts: { readonly expected: number; readonly written: number } | null;
    readonly over_cap: readonly string[];
    readonly relations: Readonly<
      Record<
        string,
        { readonly expected: number; readonly written: number; readonly unknown?: number } | undefined
      >
    >;
    readonly debts: readonly {
      readonly scope: Readonly<Record<string, unknown>>;
      readonly reason: string;
      readonly since: string;
      readonly tries: number;
      readonly count?: { readonly matched: number; readonly listed: number };
    }[];
    readonly observed?: Readonly<Record<string, string>>;
  };
  readonly schema: {
    readonly added: readonly string[];
    readonly changed: readonly string[];
    readonly dropped: readonly string[];
  };
}

const startOf = ({ cursor }: ManifestView): number => cursor?.before ?? 0;

export interface HistoryRow {
  readonly run: string;
  readonly file: string;
  readonly row: ExactObject;
}

export interface LakeView {
  /** Committed runs of an object, oldest first. */
  manifests(object: Table): readonly ManifestView[];
  /** Manifests that count, those of rewrites among them, in the order of their cursors. */
  counting(object: Table): readonly ManifestView[];
  /** Ids of all runs that committed something, oldest first. */
  readonly runs: readonly string[];
  /** Every committed row of a table. */
  history(table: Table): readonly HistoryRow[];
  /** Current state by primary key. */
  current(table: Table): ReadonlyMap<string, ExactObject>;
  /** Files under `tables/` that no manifest lists. */
  readonly orphans: readonly string[];
  /** Last summary under `runs/`. */
  readonly summaries: readonly RunSummaryView[];
}

export interface RunSummaryView {
  readonly run_id: string;
  readonly status: string;
  readonly mode: string;
  readonly work_remains: boolean;
  readonly notes: readonly string[];
  readonly objects: readonly {
    readonly object: string;
    readonly status: string;
    readonly message: string | null;
    readonly error: string | null;
    readonly work_remains: boolean;
    readonly rows: Readonly<Record<string, number>>;
  }[];
}

/** Of a run, or of a rewrite of several. */
const RUN_ID = /^(\d{4})(\d{2})(\d{2})T\d{9}Z(?:-(?:day|month)(?:-p\d+)?)?-[0-9a-f]{6}$/;
const FILE_NAME = /^([a-z_]+-)?\d{4}-[0-9a-z]+-\d{4}\.ndjson(\.gz)?$/;

async function filesBelow(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function insist(condition: boolean, problem: string): void {
  if (!condition) throw new Error(`the lake breaks its contract: ${problem}`);
}

function parseLines(text: string, where: string): readonly ExactObject[] {
  insist(text.isWellFormed(), `${where} is not well-formed`);
  insist(text.endsWith('\n'), `${where} does not end with a newline`);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line, index) => {
      const row = parseExact(line);
      if (!isExactObject(row)) throw new Error(`${where}:${index + 1} is no JSON object`);
      return row;
    });
}

/** Stored text of lone surrogates would be `\ud83d`, which other readers refuse. */
const ESCAPED_SURROGATE = /(^|[^\\])(\\\\)*\\ud[89a-f]/i;

async function readTableFile(
  root: string,
  table: string,
  runId: string,
  entry: FileEntry,
): Promise<readonly ExactObject[]> {
  const { key } = entry;
  const [, year, month, day] = RUN_ID.exec(runId) ?? [];
  const prefix = `tables/${table}/run_date=${year}-${month}-${day}/run_id=${runId}/`;
  insist(key.startsWith(prefix) && FILE_NAME.test(key.slice(prefix.length)), `misplaced file ${key}`);
  const body = await readFile(join(root, key));
  insist(body.length === entry.bytes, `${key} has ${body.length} bytes, its manifest says ${entry.bytes}`);
  const sha256 = createHash('sha256').update(body).digest('hex');
  insist(sha256 === entry.sha256, `${key} is not the file its manifest lists (sha256)`);
  const text = (key.endsWith('.gz') ? gunzipSync(body) : body).toString('utf8');
  insist(!ESCAPED_SURROGATE.test(text), `${key} holds an escaped surrogate`);
  const rows = parseLines(text, key);
  insist(
    rows.length === entry.rows && rows.length > 0,
    `${key} has ${rows.length} rows, its manifest says ${entry.rows}`,
  );
  return rows;
}

async function readManifest(root: string, path: string): Promise<ManifestView> {
  const text = await readFile(join(root, path), 'utf8');
  insist(text.endsWith('\n') && !text.slice(0, -1).includes('\n'), `${path} is not one line`);
  const manifest = JSON.parse(text) as ManifestView;
  insist(manifest.format === 1, `${path} has format ${manifest.format}`);
  insist(path === `manifests/${manifest.object}/${manifest.run_id}.json`, `${path} is misplaced`);
  return manifest;
}

const keyOf = (table: Table, row: ExactObject): string =>
  keyText(factsOf(table).key.map((name) => row[name]));

function versionOf(row: ExactObject, column: string, where: string): string {
  const version = row[column];
  if (typeof version !== 'string' || version === '') throw new Error(`${where}: a row without ${column}`);
  return version;
}

/** Rows of one table that are current, before children are matched with their parents. */
function currentOwn(table: Table, rows: readonly HistoryRow[], lastRun: string | undefined) {
  const current = new Map<string, ExactObject>();
  const isWhole = factsOf(table).sync === 'full_refresh';
  for (const { run, row, file } of rows) {
    if (isWhole && run !== lastRun) continue;
    const key = keyOf(table, row);
    const version = versionOf(row, '_version', file);
    const known = current.get(key);
    insist(!isWhole || known === undefined, `${table} ${key} is twice in run ${run}`);
    if (known === undefined || version > versionOf(known, '_version', file)) current.set(key, row);
  }
  return current;
}

const knows = (row: ExactObject, list: string): boolean =>
  typeof row._unknown !== 'string' || !(JSON.parse(row._unknown) as readonly string[]).includes(list);

/** By parent: its newest version that knows the list. Of objects that are read whole, newest means of the newest run. */
function owners(
  parent: Table,
  lists: readonly string[],
  rows: readonly HistoryRow[],
  current: Map<string, ExactObject>,
) {
  const newest = new Map<string, HistoryRow>();
  const isWhole = factsOf(parent).sync === 'full_refresh';
  const rank = ({ run, row, file }: HistoryRow): string => (isWhole ? run : versionOf(row, '_version', file));
  for (const one of rows) {
    const key = keyOf(parent, one.row);
    const known = newest.get(key);
    if (!current.has(key) || !lists.every((list) => knows(one.row, list))) continue;
    if (known === undefined || rank(one) > rank(known)) newest.set(key, one);
  }
  return newest;
}

function currentChildren(table: Table, rows: readonly HistoryRow[], parents: Map<string, HistoryRow>) {
  const current = new Map<string, ExactObject>();
  const { parent } = factsOf(table);
  for (const { row, file } of rows) {
    const owner = parents.get(keyText((parent?.key ?? []).map((name) => row[name])));
    if (owner?.row._version !== versionOf(row, '_parent_version', file)) continue;
    const key = keyOf(table, row);
    insist(!current.has(key), `${table} ${key} is there twice with one parent version`);
    current.set(key, row);
  }
  return current;
}

const byTable = <T>(): Map<Table, T[]> => new Map(TABLE_NAMES.map((table) => [table, []]));

/**
 * @param directory the output directory; the data lies in its `lake/`
 * @param isWanted runs that are read; by default all of them
 */
export async function readLake(
  directory: string,
  isWanted: (runId: string) => boolean = () => true,
): Promise<LakeView> {
  const root = join(directory, 'lake');
  const manifests = byTable<ManifestView>();
  const counting = byTable<ManifestView>();
  const history = byTable<HistoryRow>();
  const listed = new Set<string>();
  const paths = await filesBelow(root, 'manifests');
  const all = await Promise.all(
    paths.map(async (path) => ({ path, manifest: await readManifest(root, path) })),
  );
  const replaced = new Set(
    all.flatMap(({ manifest: { object, replaces = [] } }) => replaces.map((id) => `${object} ${id}`)),
  );
  for (const { path, manifest } of all) {
    const { replaces } = manifest;
    const counts = !replaced.has(`${manifest.object} ${manifest.run_id}`);
    if (replaces === undefined && !isWanted(manifest.run_id)) continue;
    const known = manifests.get(manifest.object);
    if (known === undefined) throw new Error(`${path} is of an unknown object`);
    if (replaces === undefined) known.push(manifest);
    if (counts) counting.get(manifest.object)?.push(manifest);
    for (const [name, { rows, files }] of Object.entries(manifest.tables)) {
      const table = name as Table;
      const written = history.get(table);
      if (written === undefined) throw new Error(`${path} lists an unknown table ${name}`);
      insist(
        isShared(table) || objectOf(table) === manifest.object,
        `${manifest.object} wrote rows of ${table}`,
      );
      insist(
        files.reduce((sum, file) => sum + file.rows, 0) === rows,
        `${path} miscounts the rows of ${table}`,
      );
      for (const entry of files) {
        insist(!listed.has(entry.key), `${entry.key} is listed twice`);
        listed.add(entry.key);
        for (const row of await readTableFile(root, table, manifest.run_id, entry)) {
          const run = String(row._run_id);
          insist(replaces !== undefined || run === manifest.run_id, `${entry.key} holds rows of run ${run}`);
          if (counts && isWanted(run)) written.push({ run, file: entry.key, row });
        }
      }
    }
  }
  const found = await filesBelow(root, 'tables');
  const summaries = await Promise.all(
    (await filesBelow(root, 'runs')).map(
      async (path) => JSON.parse(await readFile(join(root, path), 'utf8')) as RunSummaryView,
    ),
  );
  const runs = [...new Set([...manifests.values()].flat().map(({ run_id }) => run_id))].sort();
  const known = new Map<Table, Map<string, ExactObject>>();
  const current = (table: Table): Map<string, ExactObject> => {
    const computed = known.get(table);
    if (computed !== undefined) return computed;
    const rows = history.get(table) ?? [];
    const { parent } = factsOf(table);
    const ownersOf = (name: Table, lists: readonly string[]) =>
      owners(name, lists, history.get(name) ?? [], current(name));
    const result =
      parent === undefined
        ? currentOwn(table, rows, manifests.get(table)?.at(-1)?.run_id)
        : currentChildren(table, rows, ownersOf(parent.table as Table, parent.lists));
    known.set(table, result);
    return result;
  };
  return {
    manifests: (object) => manifests.get(object) ?? [],
    counting: (object) => (counting.get(object) ?? []).toSorted((a, b) => startOf(a) - startOf(b)),
    runs,
    history: (table) => history.get(table) ?? [],
    current,
    orphans: found.filter((file) => !listed.has(file)),
    summaries,
  };
}
