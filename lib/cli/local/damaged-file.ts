/** Finds the file of the lake that is no longer what a run wrote, and advises what to do. */
import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { asPattern } from '../../../functions/catalog/duckdb.ts';
import { MANIFEST_FILES } from '../../../functions/catalog/views.ts';
import { ContractError, InputError } from '../../../functions/core/errors.ts';
import { manifestKey } from '../../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { runSql } from './run-sql.ts';

export interface OpenLake {
  readonly connection: DuckDBConnection;
  readonly lake: Pick<Lake, 'get'>;
  /** Path of the lake for DuckDB, with a slash at its end. */
  readonly root: string;
}

/** What DuckDB reports about unreadable content of a file. */
const ABOUT_CONTENT = /Malformed JSON in file|transform error in file|maximum_object_size|GZIP/i;

const RESET = `'reset' its object, so that the next run reads all of it again`;

const damaged = (key: string, reason: string, advice: string): ContractError =>
  new ContractError(`'${key}' in the lake is damaged. ${advice} DuckDB reports: ${reason}`, {
    code: 'file_damaged',
  });

/** A file, as its manifest lists it. */
interface ListedFile {
  readonly key: string;
  readonly sha256: string;
  readonly manifest: string;
}

async function listedFiles({ connection, root }: OpenLake): Promise<readonly ListedFile[]> {
  const { rows } = await runSql(connection, `SELECT object, run_id, path, sha256 FROM ${MANIFEST_FILES}`);
  return rows.map(([object, runId, path, sha256]) => ({
    key: String(path).slice(root.length),
    sha256: String(sha256),
    manifest: manifestKey(object as ObjectName, String(runId)),
  }));
}

async function isDamaged({ lake }: OpenLake, { key, sha256 }: ListedFile): Promise<boolean> {
  const body = await lake.get(key);
  return body !== null && createHash('sha256').update(body).digest('hex') !== sha256;
}

/**
 * Adds advice to what DuckDB reports about a file; returns any other error unchanged. For a damaged gzip stream
 * DuckDB often names no file, so every file is compared with its manifest. A named file is compared too, because
 * our own mistake must not be blamed on an intact file.
 */
export async function explainDamage(error: unknown, open: OpenLake): Promise<unknown> {
  if (!(error instanceof InputError && ABOUT_CONTENT.test(error.message))) return error;
  const [reason = ''] = error.message.split('\n');
  const isNamed = (key: string) =>
    [open.root, asPattern(open.root)].some((root) => reason.includes(`${root}${key}`));
  const [manifest] = /manifests\/\w+\/[\w-]+\.json/.exec(reason) ?? [];
  if (manifest !== undefined && isNamed(manifest)) {
    return damaged(manifest, reason, `Restore it from a copy; or remove it and ${RESET}.`);
  }
  const listed = await listedFiles(open);
  const named = listed.filter(({ key }) => isNamed(key));
  for (const file of named.length > 0 ? named : listed) {
    if (!(await isDamaged(open, file))) continue;
    const advice = `Restore it from a copy; or remove '${file.manifest}', which lists it, and ${RESET}.`;
    return damaged(file.key, reason, advice);
  }
  return error;
}
