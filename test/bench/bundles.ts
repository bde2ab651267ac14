/**
 * Size of every function's bundle, and the time from the start of a process until its handler is there, next
 * to an empty bundle on the same machine. On AWS a start is slower by a factor; the ratio is what lasts.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../functions/config/config.ts';
import { FUNCTION_ENTRIES } from '../../functions/environment.ts';
import { writeBundle } from '../../lib/constructs/function-code.ts';
import type { Line } from './lines.ts';

/** Starts of each bundle; the middle one counts. */
const STARTS = 15;

const EMPTY = 'empty';

/** Names of what is never reached: a start alone makes no requests. */
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  BUCKET_NAME: 'bucket',
  TABLE_NAME: 'table',
  CONNECTION_SECRET_NAME: 'connection',
  HASH_KEY_SECRET_NAME: 'hash-key',
  OAUTH_CLIENT_SECRET_NAME: 'oauth-client',
  GLUE_DATABASE: 'database',
  OBJECT_NAME: 'contacts',
  POWERTOOLS_SERVICE_NAME: 'bench',
};

interface Bundle {
  readonly name: string;
  readonly folder: string;
  readonly milliseconds: number[];
}

function writeBundles(root: string): readonly Bundle[] {
  const folderOf = (name: string): string => {
    const folder = join(root, name);
    mkdirSync(folder);
    return folder;
  };
  const empty = folderOf(EMPTY);
  writeFileSync(join(empty, `${EMPTY}.mjs`), 'export const handler = async () => {};\n');
  const bundles = FUNCTION_ENTRIES.map((name) => {
    const folder = folderOf(name);
    writeBundle(name, JSON.stringify(parseConfig({})), folder);
    return { name, folder, milliseconds: [] };
  });
  return [{ name: EMPTY, folder: empty, milliseconds: [] }, ...bundles];
}

function startMs({ name, folder }: Bundle): number {
  const script = `const { handler } = await import('./${name}.mjs'); if (typeof handler !== 'function') process.exit(1); process.exit(0);`;
  const started = performance.now();
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: folder,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return performance.now() - started;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The extractor's start. */
export function coldStartLine(starts: number): Line {
  const root = mkdtempSync(join(tmpdir(), 'bench-bundles-'));
  try {
    const bundles = writeBundles(root).filter(({ name }) => name === EMPTY || name === 'extractor');
    for (let start = 0; start < starts; start += 1) {
      for (const bundle of bundles) bundle.milliseconds.push(startMs(bundle));
    }
    const [floor = 0, time = 0] = bundles.map(({ milliseconds }) => median(milliseconds));
    return {
      what: 'start of the extractor above an empty bundle',
      product: `${(time - floor).toFixed(0)} ms`,
      ideal: `${floor.toFixed(0)} ms (empty)`,
      ratio: null,
      wanted: '≤ 150 ms',
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Builds and starts every function, in turns, and tells what was measured. */
export function benchBundles(print: (text: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'bench-bundles-'));
  try {
    const bundles = writeBundles(root);
    for (let start = 0; start < STARTS; start += 1) {
      for (const bundle of bundles) bundle.milliseconds.push(startMs(bundle));
    }
    const floor = median(bundles[0]?.milliseconds ?? []);
    print(`Bundles (minified; start of a process until its handler is there, median of ${STARTS}):`);
    for (const { name, folder, milliseconds } of bundles) {
      const modules = readdirSync(folder).filter((file) => file.endsWith('.mjs'));
      const sizes = modules.map((file) => statSync(join(folder, file)).size);
      const kilobytes = sizes.reduce((sum, size) => sum + size, 0) / 1000;
      const time = median(milliseconds);
      print(
        `  ${name.padEnd(16)} ${kilobytes.toFixed(0).padStart(5)} kB  ${time.toFixed(0).padStart(5)} ms  ${(time / floor).toFixed(1)} x empty`,
      );
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
