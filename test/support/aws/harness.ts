import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, onTestFinished } from 'vitest';
import {
  type EmbeddedAws,
  type EmbeddedAwsOptions,
  startEmbeddedAws,
} from '../../../lib/standins/aws/index.ts';
import { BUCKET, TABLE } from './names.ts';

/** Registers what to do at the end, in reverse order. */
type CleanUp = (act: () => Promise<void> | void) => void;

/** A directory that is removed after the test. */
export async function temporaryDirectory(cleanUp: CleanUp = onTestFinished): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'embedded-aws-'));
  cleanUp(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts the endpoints with a bucket and a table, points the environment at them, and closes them after the test. */
export async function start(
  options: Partial<EmbeddedAwsOptions> = {},
  cleanUp: CleanUp = onTestFinished,
): Promise<EmbeddedAws & { directory: string }> {
  const directory = options.directory ?? (await temporaryDirectory(cleanUp));
  const aws = await startEmbeddedAws({ ...options, directory });
  cleanUp(() => aws.close());
  await aws.createBucket(BUCKET);
  await aws.createTable(TABLE);
  useEnvironment(aws.environment, cleanUp);
  return { ...aws, directory };
}

/** Does the same once for all tests of a file, which is faster. The bucket is emptied before each test. */
export function startForAllTests(
  options: Partial<EmbeddedAwsOptions> = {},
): () => { readonly aws: EmbeddedAws; readonly directory: string } {
  let started: (EmbeddedAws & { directory: string }) | undefined;
  beforeAll(async () => {
    const ends: (() => Promise<void> | void)[] = [];
    started = await start(options, (act) => ends.push(act));
    return async () => {
      for (const end of ends.reverse()) await end();
    };
  });
  beforeEach(async () => {
    if (started === undefined) return;
    await rm(join(started.directory, 'lake'), { recursive: true });
    await started.createBucket(BUCKET);
  });
  return () => {
    if (started === undefined) throw new Error('Call this inside a test.');
    return { aws: started, directory: started.directory };
  };
}

/** Sets environment variables until the test has finished. */
function useEnvironment(
  environment: Readonly<Record<string, string>>,
  cleanUp: CleanUp = onTestFinished,
): void {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  cleanUp(() => {
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, before);
  });
}

/** Starts another process that serves the directory. */
export async function startChild(directory: string): Promise<{ child: ChildProcess; kill(): Promise<void> }> {
  const script = fileURLToPath(new URL('./hold-directory.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  const [line] = await once(createInterface(child.stdout), 'line');
  useEnvironment(JSON.parse(String(line)));
  return { child, kill };
}

/** Mounts a small file system. Undefined if that is not possible here: it needs root on Linux. */
export async function mountSmallDisk(options: string): Promise<string | undefined> {
  const directory = await temporaryDirectory();
  return mount(['-t', 'tmpfs', '-o', options, 'tmpfs', directory]) ? directory : undefined;
}

/** Makes a folder read-only, even for root. */
export function makeReadOnly(folder: string): boolean {
  return mount(['--bind', folder, folder]) && mount(['-o', 'remount,bind,ro', folder], false);
}

function mount(args: readonly string[], unmountAfterTest = true): boolean {
  try {
    run('mount', ...args);
  } catch {
    return false;
  }
  const folder = args.at(-1) ?? '';
  if (unmountAfterTest) onTestFinished(() => run('umount', '-l', folder));
  return true;
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}
