/** Finds the file of the lake that is no longer what a run wrote, and advises what to do. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { asPattern } from '../../../functions/catalog/duckdb.ts';
import { MANIFEST_FILES } from '../../../functions/catalog/views.ts';
import { ContractError, InputError } from '../../../functions/core/errors.ts';
import { manifestKey } from '../../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { READ_AGAIN } from '../../../functions/sync/damaged-file.ts';
import { runSql } from './run-sql.ts';

export interface OpenLake {
  readonly connection: DuckDBConnection;
  readonly lake: Pick<Lake, 'get'>;
  /** Path of the lake for DuckDB, with a slash at its end. */
  readonly root: string;
}

/** What DuckDB reports if it cannot read the content of a file. */
const ABOUT_CONTENT = /Malformed JSON in file|transform error in file|maximum_object_size|GZIP/i;

/** @param reason nothing of the file's content, which DuckDB's own message may quote */
const damageText = (key: string, listedIn: string, reason: string): string =>
  `'${key}' in the lake is damaged. Restore it from a copy; or remove ${listedIn} and ${READ_AGAIN}. ${reason}`;

const damagedError = (text: string): ContractError => new ContractError(text, { code: 'file_damaged' });

/** The error of a view of a damaged table, as `damageText` worded it. */
const SAID_BY_VIEW = /'[^']*' in the lake is damaged\..*/;

const textOf = ({ key, manifest }: ListedFile, reason: string): string =>
  damageText(key, `'${manifest}', which lists it,`, reason);

/** A file, as its manifest lists it. */
export interface ListedFile {
  readonly table: string;
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly manifest: string;
}

export async function listedFiles({ connection, root }: OpenLake): Promise<readonly ListedFile[]> {
  const { rows } = await runSql(
    connection,
    `SELECT object, run_id, table_name, path, bytes, sha256 FROM ${MANIFEST_FILES}`,
  );
  return rows.map(([object, runId, table, path, bytes, sha256]) => ({
    table: String(table),
    key: String(path).slice(root.length),
    bytes: Number(bytes),
    sha256: String(sha256),
    manifest: manifestKey(object as ObjectName, String(runId)),
  }));
}

async function isDamaged({ lake }: OpenLake, { key, sha256 }: ListedFile): Promise<boolean> {
  const body = await lake.get(key);
  return body !== null && createHash('sha256').update(body).digest('hex') !== sha256;
}

/**
 * The tables that have a file of the wrong size, each with what to do. DuckDB does not notice if a gzip file was cut at
 * a point up to which it can still be read: it returns fewer rows. A missing file is not checked, because history may be
 * removed while we look.
 */
export async function wrongSizes(
  root: string,
  files: readonly ListedFile[],
): Promise<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>();
  for (const file of files) {
    if (problems.has(file.table)) continue;
    const found = await stat(`${root}${file.key}`).catch(() => null);
    if (found === null || found.size === file.bytes) continue;
    problems.set(file.table, textOf(file, `It has ${found.size} bytes, not ${file.bytes}.`));
  }
  return problems;
}

/**
 * Adds advice to what DuckDB reports about a file; returns any other error unchanged. For a damaged gzip stream
 * DuckDB often names no file, so every file is compared with its manifest. A named file is compared too: an intact
 * file must not be blamed for our own mistake.
 */
export async function explainDamage(error: unknown, open: OpenLake): Promise<unknown> {
  if (!(error instanceof InputError)) return error;
  const [said] = SAID_BY_VIEW.exec(error.message) ?? [];
  if (said !== undefined) return damagedError(said);
  if (!ABOUT_CONTENT.test(error.message)) return error;
  const [reason = ''] = error.message.split('\n');
  const isNamed = (key: string) =>
    [open.root, asPattern(open.root)].some((root) => reason.includes(`${root}${key}`));
  const [manifest] = /manifests\/\w+\/[\w-]+\.json/.exec(reason) ?? [];
  if (manifest !== undefined && isNamed(manifest)) {
    return damagedError(damageText(manifest, 'it', 'It cannot be read.'));
  }
  const listed = await listedFiles(open);
  const named = listed.filter(({ key }) => isNamed(key));
  for (const file of named.length > 0 ? named : listed) {
    if (!(await isDamaged(open, file))) continue;
    return damagedError(textOf(file, 'Its SHA-256 differs.'));
  }
  return error;
}
