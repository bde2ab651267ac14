/** The real command in a process of its own, as a person runs it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../lib/simulator/index.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `bin/local.ts` with these arguments; `environment` is all it knows besides the path.
 * @param killAt kills the process, by this signal, when its standard error shows this
 */
export async function local(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  killAt?: { readonly signal: 'SIGINT' | 'SIGKILL'; readonly seen: RegExp },
): Promise<Ended> {
  const child = spawn(process.execPath, ['bin/local.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (!child.killed && killAt?.seen.test(stderr) === true) child.kill(killAt.signal);
  });
  const status = await new Promise<number | null>((done) => child.on('close', done));
  return { status, stdout, stderr };
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cli-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A small workspace, and the environment with which the command finds it. */
export async function workspace(
  options: SimulatorOptions = {},
): Promise<{ readonly simulator: Simulator; readonly environment: Record<string, string> }> {
  const simulator = await startSimulator({ sizes: SIZES.tiny, ...options });
  onTestFinished(() => simulator.close());
  const environment = { INTERCOM_ACCESS_TOKEN: simulator.token, INTERCOM_BASE_URL: simulator.url };
  return { simulator, environment };
}
