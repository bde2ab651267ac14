/** Commands in processes of their own, with their time and peak memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { runStartOf } from '../../functions/core/lake-keys.ts';
import type { SdkObject } from './official-sdk.ts';
import type { Served } from './simulator.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** How often memory is looked at. The kernel keeps the peak, so only the last moments can be missed. */
const LOOK_MS = 50;

export interface Measured {
  readonly seconds: number;
  /** Null if there is no /proc. */
  readonly peakMb: number | null;
}

/** Peak resident memory of a process in MB, where /proc tells it. */
export function peakMb(pid: number | undefined): number | null {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return peak === undefined ? null : Number(peak) / 1024;
  } catch {
    return null;
  }
}

/** Looks at a process until it ends. */
export function watchMemory(child: ChildProcess): () => number | null {
  let peak: number | null = null;
  const look = (): void => {
    peak = peakMb(child.pid) ?? peak;
  };
  const timer = setInterval(look, LOOK_MS);
  child.once('exit', () => clearInterval(timer));
  return () => peak;
}

/** @throws Error if the command fails */
async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Measured & { readonly output: string }> {
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const peak = watchMemory(child);
  const status = new Promise<number | null>((done) => child.once('close', done));
  const [output, told] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await status) !== 0) throw new Error(`${args.join(' ')} failed:\n${told}${output}`);
  return { seconds: (performance.now() - started) / 1000, peakMb: peak(), output };
}

interface Summary {
  readonly run_id: string;
  readonly finished_at: string;
  readonly objects: readonly { readonly rows: Readonly<Record<string, number>>; readonly bytes: number }[];
}

export interface Synced extends Measured {
  readonly runs: number;
  /** Of the executions alone, without the start of the process. */
  readonly runSeconds: number;
  readonly rows: number;
  readonly bytes: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

export interface SyncOptions {
  /** Separated by commas. @default all */
  readonly objects?: string;
  readonly config?: Omit<PipelineConfig, 'baseUrl'>;
  /** @default those of the machine */
  readonly workers?: number;
  /** An output directory that is kept. @default a new one, which is removed */
  readonly out?: string;
}

/** Runs the real command. */
export async function sync({ url, token }: Served, options: SyncOptions = {}): Promise<Synced> {
  const { objects, config = {}, workers, out } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'pipeline.json');
  writeFileSync(file, JSON.stringify({ name: 'bench', ...config }));
  const args = [
    'sync',
    '--json',
    ...(objects === undefined ? [] : ['--objects', objects]),
    '--config',
    file,
    '--out',
    out ?? join(folder, 'out'),
  ];
  try {
    const { output, ...measured } = await run(
      ['bin/local.ts', ...args, ...(workers === undefined ? [] : ['--workers', String(workers)])],
      { INTERCOM_ACCESS_TOKEN: token, INTERCOM_BASE_URL: url },
    );
    const runs = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Summary);
    const all = runs.flatMap((one) => one.objects);
    return {
      ...measured,
      runs: runs.length,
      // `started_at` is cut to the second of Intercom's `Date`.
      runSeconds: sum(runs.map((one) => Date.parse(one.finished_at) - runStartOf(one.run_id))) / 1000,
      rows: sum(all.flatMap((object) => Object.values(object.rows))),
      bytes: sum(all.map((object) => object.bytes)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the same with Intercom's own client. `seconds` is the reading alone, without the start of the process. */
export async function readWithSdk(
  { url, token }: Served,
  object: SdkObject,
): Promise<Measured & { readonly records: number }> {
  const { output, peakMb: peak } = await run(['test/bench/official-sdk.ts', object, url, token], {});
  return { ...(JSON.parse(output) as { records: number; seconds: number }), peakMb: peak };
}
