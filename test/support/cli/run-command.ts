/** Runs the real command in its own process, as a person does. */
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
} from '../../../lib/standins/intercom/index.ts';
import { type Ended, ended } from '../ended.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/**
 * Runs `bin/local.ts` with these arguments. Besides PATH, it has only this `environment`.
 * @param killAt kills the process with this signal when its standard error matches
 */
export function local(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  killAt?: { readonly signal: 'SIGINT' | 'SIGKILL'; readonly seen: RegExp },
): Promise<Ended> {
  const child = spawn(process.execPath, ['bin/local.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...environment },
  });
  return ended(child, ({ stderr }) => {
    if (!child.killed && killAt?.seen.test(stderr) === true) child.kill(killAt.signal);
  });
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cli-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A small workspace, and the environment that leads the command to it. */
export async function workspace(
  options: SimulatorOptions = {},
): Promise<{ readonly simulator: Simulator; readonly environment: Record<string, string> }> {
  const simulator = await startSimulator({ sizes: SIZES.tiny, ...options });
  onTestFinished(() => simulator.close());
  const environment = { INTERCOM_ACCESS_TOKEN: simulator.token, INTERCOM_BASE_URL: simulator.url };
  return { simulator, environment };
}
