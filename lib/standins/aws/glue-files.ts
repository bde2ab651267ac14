/** The tables of the catalog as files: `<database>/<table>.json`. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './disk-trouble.ts';
import { makeFolder, replaceFile } from './durable-files.ts';
import type { JsonObject } from './json-protocol.ts';

export interface StoredTable {
  /** Grows with every change. */
  readonly version: number;
  /** Epoch seconds. */
  readonly createdAt: number;
  readonly changedAt: number;
  /** Glue's `TableInput`. */
  readonly input: JsonObject;
}

export interface GlueFiles {
  createDatabase(name: string): Promise<void>;
  hasDatabase(name: string): Promise<boolean>;
  /** The names of the tables, sorted. */
  names(database: string): Promise<readonly string[]>;
  read(database: string, table: string): Promise<StoredTable | null>;
  /** Applies a change to the stored table. Changes wait for one another. */
  change(database: string, table: string, change: (before: StoredTable | null) => StoredTable): Promise<void>;
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');

const orNull = <T>(act: Promise<T>): Promise<T | null> =>
  act.catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });

export function openGlueFiles(folder: string): GlueFiles {
  let last: Promise<void> = Promise.resolve();
  const fileOf = (database: string, table: string): string => join(folder, database, `${table}.json`);
  async function read(database: string, table: string): Promise<StoredTable | null> {
    const text = await orNull(readFile(fileOf(database, table), 'utf8'));
    if (text === null) return null;
    try {
      return JSON.parse(text) as StoredTable;
    } catch {
      // A damaged file counts as missing: every commit writes the table again from the manifest.
      return null;
    }
  }
  return {
    createDatabase: (name) => makeFolder(join(folder, name)),
    hasDatabase: async (name) => (await orNull(stat(join(folder, name)))) !== null,
    async names(database) {
      const files = (await orNull(readdir(join(folder, database)))) ?? [];
      return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).sort();
    },
    read,
    change(database, table, change) {
      const mine = last.then(async () => {
        const after = change(await read(database, table));
        replaceFile(fileOf(database, table), `${JSON.stringify(after)}\n`);
      });
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
