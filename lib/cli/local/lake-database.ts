/** DuckDB over the files of an output directory: every table of the catalog, with its committed rows. */
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { configuredTables, derivedViews, type TableRules } from '../../../functions/catalog/configured.ts';
import { FILLED_TABLES, manifestStatements, tableStatements } from '../../../functions/catalog/duckdb.ts';
import { duckdbLeaf } from '../../../functions/catalog/json-paths.ts';
import { literal, quoted } from '../../../functions/catalog/sql.ts';
import type { CatalogTable } from '../../../functions/catalog/tables.ts';
import { createView, type View } from '../../../functions/catalog/views.ts';
import { parseConfig } from '../../../functions/config/config.ts';
import type { Manifest } from '../../../functions/core/engine-files.ts';
import { ContractError, InputError } from '../../../functions/core/errors.ts';
import { manifestPrefix } from '../../../functions/core/lake-keys.ts';
import { CHILD_NAMES, OBJECT_NAMES, type ObjectName } from '../../../functions/core/names.ts';
import type { Attributes, Lake } from '../../../functions/core/ports.ts';
import { unionSeen } from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { readAttributes } from '../../../functions/sync/read-attributes.ts';
import { requireStored } from '../../../functions/sync/store.ts';
import { type AsOf, type VisibleRun, visibleAsOf } from './as-of.ts';
import { explainDamage, type ListedFile, listedFiles, type OpenLake, wrongSizes } from './damaged-file.ts';
import { CONFIG_FILE, createDirectoryLake } from './output-directory.ts';
import { type QueryResult, runAll, runSql } from './run-sql.ts';

export interface LakeDatabase {
  /**
   * Runs one SQL statement on what is committed now. At a prompt, each answer includes what a sync has committed
   * since the one before.
   * @param asOf shows the state at that time instead
   * @throws InputError with DuckDB's message about the SQL
   * @throws ContractError if a file is damaged, with what to do
   */
  query(sql: string, asOf?: AsOf): Promise<QueryResult>;
  /**
   * Writes the answer to a file, which appears only when it is whole.
   * @param format DuckDB's options of COPY, such as `parquet`
   * @throws InputError with DuckDB's message about the SQL or the file
   */
  write(sql: string, file: string, format: string, asOf?: AsOf): Promise<void>;
  /**
   * Writes the current state as a DuckDB database: each table, its flat table, and what is committed.
   * @returns the names of the tables
   * @throws InputError with DuckDB's message about the file
   */
  export(file: string): Promise<readonly string[]>;
  /** The tables that exist now, with their columns. */
  tables(): Promise<readonly CatalogTable[]>;
  close(): void;
}

type ReadableLake = Pick<Lake, 'get' | 'list'>;

/** Times as in Athena, and no downloads. */
const SETTINGS = ["SET TimeZone = 'UTC'", 'SET autoinstall_known_extensions = false'];

async function keysBelow(lake: ReadableLake, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of lake.list(prefix)) keys.push(key);
  return keys;
}

/** The keys of all manifests, by object. */
const manifestKeys = (lake: ReadableLake): Promise<readonly (readonly string[])[]> =>
  Promise.all(OBJECT_NAMES.map((name) => keysBelow(lake, manifestPrefix(name))));

/** The manifest of each object's last committed run. */
const lastManifests = (
  lake: ReadableLake,
  manifests: readonly (readonly string[])[],
): Promise<readonly Manifest[]> =>
  Promise.all(manifests.flatMap((keys) => keys.slice(-1)).map((key) => requireStored<Manifest>(lake, key)));

/** Leaves out those in a damaged file: the query that reads it reports the damage. */
async function attributesIn(lake: ReadableLake, last: readonly Manifest[]): Promise<Attributes> {
  const all = await Promise.allSettled(last.map((manifest) => readAttributes(lake, manifest)));
  return Object.assign({}, ...all.map((one) => (one.status === 'fulfilled' ? one.value : {})));
}

/** The part of a configuration that decides which tables and columns exist. */
export type QueryRules = TableRules & { readonly objects: readonly ObjectName[] };

/** For a lake without its configuration, such as a copy. */
const everything = (): QueryRules => parseConfig({ objects: [...OBJECT_NAMES, ...CHILD_NAMES] });

/** What the views are made from. */
interface Found {
  readonly manifests: readonly string[];
  readonly tables: readonly CatalogTable[];
  readonly derived: readonly View[];
  /** Set for an earlier state. */
  readonly runs?: readonly VisibleRun[];
  /** By table: why it cannot be shown. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** @param byObject the keys of all manifests */
async function find(
  lake: ReadableLake,
  byObject: readonly (readonly string[])[],
  rules: QueryRules,
  asOf: AsOf | undefined,
): Promise<Found> {
  // Data that was read once can still be queried, even if its object is no longer configured.
  const objects = OBJECT_NAMES.filter(
    (name, index) => rules.objects.includes(name) || byObject[index]?.length !== 0,
  ).map((name) => OBJECTS[name]);
  const last = await lastManifests(lake, byObject);
  const seen = last.map(({ schema }) => schema.columns).reduce(unionSeen, {});
  const tables = configuredTables(objects, rules, seen);
  const derived = derivedViews(null, objects, rules, await attributesIn(lake, last), duckdbLeaf);
  if (asOf === undefined) return { manifests: byObject.flat(), tables, derived };
  const visible = await Promise.all(byObject.map((keys) => visibleAsOf(lake, keys, asOf)));
  const refused = OBJECT_NAMES.flatMap((object, index) => {
    const wholeFrom = visible[index]?.wholeFrom ?? null;
    const text = `Versions of ${object} from before ${wholeFrom} were dropped, as history.incrementalVersions requires. Choose a later time.`;
    return wholeFrom === null
      ? []
      : tables.filter((table) => table.object === object).map(({ name }) => [name, text] as const);
  });
  return {
    refused: Object.fromEntries(refused),
    manifests: visible.flatMap(({ manifests }) => manifests),
    tables,
    derived,
    runs: OBJECT_NAMES.flatMap((object, index) =>
      (visible[index]?.runs ?? []).map((runId) => ({ object, runId })),
    ),
  };
}

/**
 * Makes the views of what is committed. History removes a manifest before its files. So if every manifest can still be
 * read after the files were looked for, none of the files was missing because history removed it.
 * @returns the files that the manifests list
 */
async function showManifests(open: OpenLake, { manifests, runs }: Found): Promise<readonly ListedFile[]> {
  await runAll(open.connection, manifestStatements({ root: open.root, manifests, runs }));
  return listedFiles(open);
}

async function showTables(
  { connection }: OpenLake,
  { tables, derived, runs }: Found,
  damaged: ReadonlyMap<string, string>,
): Promise<void> {
  const { rows } = await runSql(connection, FILLED_TABLES);
  const filled = new Set(rows.map(([name]) => String(name)));
  await runAll(connection, tableStatements(tables, filled, { damaged, isEarlier: runs !== undefined }));
  await runAll(connection, derived.map(createView));
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** The configuration of the directory's last sync, which its tables follow; null before the first. */
async function rulesOf(directory: string): Promise<QueryRules | null> {
  const file = join(directory, CONFIG_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return JSON.parse(text) as QueryRules;
  } catch (cause) {
    const advice = 'Name the configuration with --config, or sync again.';
    throw new InputError(`${file} is not valid JSON. ${advice}`, { code: 'state_damaged', cause });
  }
}

/** True if DuckDB did not find a file that was there. */
const isVanishedFile = (error: unknown): boolean =>
  error instanceof InputError &&
  /^IO Error: (No files found|Cannot open file .*No such file)/.test(error.message);

/** Leaves out histories, and views that repeat others. */
const EXPORTED_VIEWS = `SELECT view_name FROM duckdb_views()
  WHERE NOT internal AND database_name = 'memory' AND NOT regexp_matches(view_name, '_(history|live)$') ORDER BY 1`;

/** Writes a file under another name first, so that an interruption or a full disk leaves no partial file. */
async function whole<T>(file: string, write: (partial: string) => Promise<T>): Promise<T> {
  const partial = `${file}.${process.pid}.partial`;
  try {
    const written = await write(partial);
    await rename(partial, file);
    return written;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A file may disappear between two tries. If that happens more often, it is no coincidence. */
const MAX_TRIES = 6;

export interface LakeDatabaseOptions {
  /** @default the configuration that the directory was last synced with */
  readonly rules?: QueryRules | undefined;
  /** @default the files of the directory */
  readonly lake?: ReadableLake;
  /** Ends the running query. */
  readonly signal?: AbortSignal;
}

/**
 * @param directory the output directory; only its files are read, so a sync may be running
 * @throws InputError if there is no lake, or DuckDB cannot read it
 */
export async function openLakeDatabase(
  directory: string,
  { rules, lake = createDirectoryLake(directory), signal }: LakeDatabaseOptions = {},
): Promise<LakeDatabase> {
  const root = `${resolve(directory, 'lake')}/`;
  if (!(await isDirectory(root))) {
    throw new InputError(
      `There is no lake in ${directory}: ${join(directory, 'lake')} does not exist. Run a sync first, or name another directory with --out.`,
      { code: 'no_lake' },
    );
  }
  // DuckDB takes what follows a question mark for the query of a URL, and does not see that files are compressed.
  if (root.includes('?')) {
    throw new InputError(
      `DuckDB cannot read files below ${root}, because of the question mark. Rename the folder.`,
      {
        code: 'unreadable_path',
      },
    );
  }
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  signal?.addEventListener('abort', () => connection.interrupt());
  await runAll(connection, SETTINGS);
  const open: OpenLake = { connection, lake, root };
  /** The manifests that were there when we last looked. */
  let seen: readonly (readonly string[])[] = [];
  const findNow = async (asOf?: AsOf): Promise<Found> => {
    const rulesNow = rules ?? (await rulesOf(directory)) ?? everything();
    seen = await manifestKeys(lake);
    return find(lake, seen, rulesNow, asOf);
  };
  /** What the views were last made from, as text. */
  let shown = '';
  let shownDamage = '';
  let listed: readonly ListedFile[] = [];

  /** Makes the views again if something was committed or removed since. */
  async function refresh(asOf?: AsOf): Promise<void> {
    const found = await findNow(asOf);
    const text = JSON.stringify(found);
    const isNews = text !== shown;
    if (isNews) {
      // If anything stops us half way, the next query starts from scratch.
      shown = '';
      listed = await showManifests(open, found);
    }
    const damaged = new Map([...Object.entries(found.refused ?? {}), ...(await wrongSizes(root, listed))]);
    const damage = JSON.stringify([...damaged]);
    if (!isNews && damage === shownDamage) return;
    await showTables(open, found, damaged);
    shown = text;
    shownDamage = damage;
  }

  /** True if a sync removed history while we were reading. */
  async function isOutdated(error: unknown): Promise<boolean> {
    if (isVanishedFile(error)) return true;
    if (!(error instanceof ContractError)) return false;
    const left = new Set((await manifestKeys(lake)).flat());
    return seen.flat().some((key) => !left.has(key));
  }

  /** Does the work on what is committed, and repeats it if history was removed meanwhile. */
  async function current<T>(asOf: AsOf | undefined, work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        await refresh(asOf);
        return await work();
      } catch (error) {
        if (tries === MAX_TRIES || !(await isOutdated(error))) throw error;
        shown = '';
      }
    }
  }

  const answer = (sql: string, asOf?: AsOf): Promise<QueryResult> =>
    current(asOf, () => runSql(connection, sql));

  async function explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await explainDamage(error, open);
    }
  }

  return {
    query: (sql, asOf) => explained(() => answer(sql, asOf)),
    write: (sql, file, format, asOf) =>
      explained(() =>
        whole(file, async (partial) => {
          // The bracket is on a line of its own, because the SQL may end in a comment.
          const copy = `COPY (\n${sql.trim().replace(/;+$/, '')}\n) TO ${literal(partial)} (FORMAT ${format})`;
          await answer(copy, asOf);
        }),
      ),
    export: (file) =>
      explained(() =>
        whole(file, async (partial) => {
          await runAll(connection, [`ATTACH ${literal(partial)} AS exported`]);
          try {
            return await current(undefined, async () => {
              const { rows } = await runSql(connection, EXPORTED_VIEWS);
              const names = rows.map(([name]) => String(name));
              const copies = names.map(
                (name) =>
                  `CREATE OR REPLACE TABLE exported.main.${quoted(name)} AS SELECT * FROM ${quoted(name)}`,
              );
              await runAll(connection, copies);
              return names;
            });
          } finally {
            await runAll(connection, ['DETACH exported']);
          }
        }),
      ),
    tables: async () => (await findNow()).tables,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
