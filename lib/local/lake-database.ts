/** DuckDB over the files of an output directory: every table of the catalog, as far as it is committed. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, DuckDBTypeId } from '@duckdb/node-api';
import { configuredTables, type TableRules } from '../../functions/catalog/configured.ts';
import { duckdbStatements, type LakeFiles } from '../../functions/catalog/duckdb.ts';
import { resolveConfig } from '../../functions/core/config.ts';
import { InputError } from '../../functions/core/errors.ts';
import { manifestPrefix, tablePrefix } from '../../functions/core/lake-keys.ts';
import { OBJECT_NAMES, type ObjectName, type TableName } from '../../functions/core/names.ts';
import type { Lake } from '../../functions/core/ports.ts';
import type { Manifest } from '../../functions/core/records.ts';
import { type SeenTables, unionSeen } from '../../functions/core/sightings.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { requireStored } from '../../functions/sync/store.ts';
import { CONFIG_FILE } from './config-file.ts';
import { createDirectoryLake } from './directory-lake.ts';

/** A value as JSON can hold it; integers and decimals that a double cannot hold are their own text. */
export type Cell = ReturnType<Awaited<ReturnType<DuckDBConnection['runAndReadAll']>>['getRowsJson']>[0][0];

export interface QueryResult {
  readonly columns: readonly {
    readonly name: string;
    /** A number that came as text, to lose none of its digits. */
    readonly isExactNumber: boolean;
  }[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface LakeDatabase {
  /**
   * Runs SQL on what is committed at this moment.
   * @throws InputError with what DuckDB has to say about the SQL
   */
  query(sql: string): Promise<QueryResult>;
  close(): void;
}

type ReadableLake = Pick<Lake, 'get' | 'list'>;

const EXACT_NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.DECIMAL,
]);

/** Nothing is fetched from anywhere, and times read as they do in Athena. */
const SETTINGS = ["SET TimeZone = 'UTC'", 'SET autoinstall_known_extensions = false'];

async function keysBelow(lake: ReadableLake, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of lake.list(prefix)) keys.push(key);
  return keys;
}

/** The columns that the last committed run of each object knows of. */
async function seenTables(
  lake: ReadableLake,
  manifests: readonly (readonly string[])[],
): Promise<SeenTables> {
  const last = manifests.flatMap((keys) => keys.slice(-1));
  const schemas = await Promise.all(last.map((key) => requireStored<Manifest>(lake, key)));
  return schemas.map(({ schema }) => schema.columns).reduce(unionSeen, {});
}

/** What of a configuration decides which tables and columns there are. */
export type QueryRules = TableRules & { readonly objects: readonly ObjectName[] };

/** Manifests first: whatever they list is there when the tables are looked for. */
async function statementsFor(
  lake: ReadableLake,
  root: string,
  rules: QueryRules,
): Promise<readonly string[]> {
  const byObject = await Promise.all(OBJECT_NAMES.map((name) => keysBelow(lake, manifestPrefix(name))));
  // What was read once stays to be looked at, also where it is no longer configured.
  const objects = OBJECT_NAMES.filter(
    (name, index) => rules.objects.includes(name) || byObject[index]?.length !== 0,
  ).map((name) => OBJECTS[name]);
  const tables = configuredTables(objects, rules, await seenTables(lake, byObject));
  const filled = new Set<TableName>();
  for (const { name } of tables) {
    if ((await keysBelow(lake, tablePrefix(name))).length > 0) filled.add(name);
  }
  const files: LakeFiles = { root, manifests: byObject.flat(), filled };
  return duckdbStatements(tables, files);
}

async function runAll(connection: DuckDBConnection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.run(statement);
}

async function read(connection: DuckDBConnection, sql: string): Promise<QueryResult> {
  const reader = await connection.runAndReadAll(sql).catch((error: unknown) => {
    // DuckDB's errors have no class of their own; whatever it says is about the SQL or the files.
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError(message, { code: 'query_failed', cause: error });
  });
  const types = reader.columnTypes();
  const columns = reader.deduplicatedColumnNames().map((name, index) => {
    const type = types[index];
    return { name, isExactNumber: type !== undefined && EXACT_NUMBERS.has(type.typeId) };
  });
  return { columns, rows: reader.getRowsJson() };
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** The configuration that the directory was last synced with, whose tables its files are; null before the first. */
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
    throw new InputError(`${file} cannot be understood. ${advice}`, { code: 'state_damaged', cause });
  }
}

/** History is removed while we read: the error of a file that was there a moment ago. */
const isVanishedFile = (error: unknown): boolean =>
  error instanceof InputError && /^IO Error: (No files found|Cannot open file)/.test(error.message);

/** Each time something was committed or removed in between; more than a few in one answer are no accident. */
const MAX_REFRESHES = 5;

export interface LakeDatabaseOptions {
  /** @default the configuration that the directory was last synced with */
  readonly rules?: QueryRules | undefined;
  /** Ends the query that runs. */
  readonly signal?: AbortSignal;
}

/**
 * @param directory the output directory; only files are read, so a sync may be at it
 * @throws InputError where there is no lake, or none that DuckDB can read
 */
export async function openLakeDatabase(
  directory: string,
  { rules, signal }: LakeDatabaseOptions = {},
): Promise<LakeDatabase> {
  const root = `${resolve(directory, 'lake')}/`;
  if (!(await isDirectory(root))) {
    throw new InputError(
      `There is no lake in ${directory}: ${join(directory, 'lake')} does not exist. Run a sync first, or name another directory with --out.`,
      { code: 'no_lake' },
    );
  }
  // DuckDB takes what follows for the query of a URL, and no longer sees that files are compressed.
  if (root.includes('?')) {
    throw new InputError(
      `DuckDB cannot read below ${root}, because of the question mark. Rename the folder.`,
      {
        code: 'unreadable_path',
      },
    );
  }
  const lake = createDirectoryLake(directory);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  signal?.addEventListener('abort', () => connection.interrupt());
  await runAll(connection, SETTINGS);
  let current = '';
  /** Makes the views anew where something was committed or removed since; whether that was so. */
  async function refresh(): Promise<boolean> {
    const inForce = rules ?? (await rulesOf(directory)) ?? resolveConfig({});
    const statements = await statementsFor(lake, root, inForce);
    const text = statements.join(';');
    if (text === current) return false;
    await runAll(connection, statements);
    current = text;
    return true;
  }
  async function query(sql: string, refreshes = 0): Promise<QueryResult> {
    try {
      return await read(connection, sql);
    } catch (error) {
      const isStale = isVanishedFile(error) && refreshes < MAX_REFRESHES && (await refresh());
      if (!isStale) throw error;
      return query(sql, refreshes + 1);
    }
  }
  return {
    async query(sql) {
      await refresh();
      return query(sql);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
