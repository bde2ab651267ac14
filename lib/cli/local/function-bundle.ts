/** The functions of the workflow bundled for threads, made once for each version of the code. */
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesDigest } from '../../constructs/code-version.ts';

/** Beside the compile cache; `npm ci` empties it. */
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/functions');

const NAME = 'function-thread';

/**
 * Path of the bundle of `function-thread.ts`. Makes it, in half a second, if this version of the code has none yet.
 * @param cache folder of the bundles
 */
export async function functionBundle(cache = CACHE): Promise<string> {
  const folder = join(cache, sourcesDigest('functions', 'lib'));
  const bundle = join(folder, `${NAME}.mjs`);
  if (existsSync(bundle)) return bundle;
  const { writeModules } = await import('../../constructs/bundle.ts');
  const draft = join(cache, randomUUID());
  writeModules(`lib/cli/local/${NAME}.ts`, NAME, draft);
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another process made the same bundle meanwhile.
    if (!existsSync(bundle)) throw error;
    rmSync(draft, { recursive: true });
  }
  return bundle;
}
