/** dbt with its adapter for DuckDB from PyPI, kept in the user's cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGES = ['dbt-core==1.10.23', 'dbt-duckdb==1.9.6', 'duckdb==2.0.1'];
const CACHE = join(homedir(), '.cache', 'intercom-s3-pipeline', 'dbt-1.10.23');
const INSTALL_TIMEOUT_MS = 240_000;

/** dbt cannot be had on this machine; nothing is wrong with the project. */
export class NoDbtError extends Error {
  override readonly name = 'NoDbtError' as const;
}

/**
 * The program `dbt`.
 * @throws NoDbtError if Python or PyPI is out of reach
 */
export async function findDbt(): Promise<string> {
  const program = join(CACHE, 'bin', 'dbt');
  const ready = join(CACHE, 'ready');
  if (existsSync(ready)) return program;
  try {
    await rm(CACHE, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', CACHE]);
    await run(join(CACHE, 'bin', 'pip'), ['install', '--quiet', ...PACKAGES], {
      timeout: INSTALL_TIMEOUT_MS,
    });
    await writeFile(ready, '');
    return program;
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new NoDbtError(`dbt could not be installed from PyPI: ${why}`, { cause });
  }
}
