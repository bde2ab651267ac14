/** Programs from PyPI, each kept in an environment of its own in the user's cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const INSTALL_TIMEOUT_MS = 240_000;

interface PythonTool {
  readonly program: string;
  /** The first decides the name of the environment. */
  readonly packages: readonly [string, ...string[]];
}

/** With its adapter for DuckDB. */
export const DBT: PythonTool = {
  program: 'dbt',
  packages: ['dbt-core==1.10.23', 'dbt-duckdb==1.9.6', 'duckdb==2.0.1'],
};

export const CFN_LINT: PythonTool = { program: 'cfn-lint', packages: ['cfn-lint==1.58.0'] };

/** The program cannot be had on this machine; nothing is wrong with the project. */
export class NoPythonToolError extends Error {
  override readonly name = 'NoPythonToolError' as const;
}

/**
 * The path of the program.
 * @throws NoPythonToolError if Python or PyPI is out of reach
 */
export async function findPythonTool({ program, packages }: PythonTool): Promise<string> {
  const folder = join(homedir(), '.cache', 'intercom-s3-pipeline', packages[0].replace('==', '-'));
  const path = join(folder, 'bin', program);
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return path;
  try {
    await rm(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', ...packages], {
      timeout: INSTALL_TIMEOUT_MS,
    });
    await writeFile(ready, '');
    return path;
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new NoPythonToolError(`${program} could not be installed from PyPI: ${why}`, { cause });
  }
}
