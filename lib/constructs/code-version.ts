/** The version of the code, to which a run is bound: functions of two versions never work on one run. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedConfig } from '../../functions/config/config.ts';

const ROOT = join(import.meta.dirname, '../..');

const LENGTH = 12;

/** Digest of the sources below these folders of the project, and of the exact versions of all packages. */
export function sourcesDigest(...folders: readonly string[]): string {
  const sources = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', ...sources.sort()])
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  return hash.digest('hex').slice(0, LENGTH);
}

let version: string | null = null;

/** Digest of the functions' code, the same for all functions of a deployment. */
export function codeVersion(): string {
  version ??= sourcesDigest('functions');
  return version;
}

/** The configuration as the functions find it, with the version of their code. */
export const withCodeVersion = (config: ResolvedConfig): string =>
  JSON.stringify({ ...config, codeVersion: codeVersion() });
