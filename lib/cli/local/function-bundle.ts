/** The functions of the workflow as one file for threads, made once for each version of the code. */
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { sourcesDigest } from '../../constructs/code-version.ts';

/** Beside the compile cache; `npm ci` empties it. */
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/functions');

/**
 * Path of the bundle of `function-thread.ts`. It takes half a second where this version of the code has none yet.
 * @param cache folder of the bundles
 */
export async function functionBundle(cache = CACHE): Promise<string> {
  const bundle = join(cache, `${sourcesDigest('functions', 'lib')}.mjs`);
  if (existsSync(bundle)) return bundle;
  const { writeModule } = await import('../../constructs/bundle.ts');
  // Another process may do the same at the same time.
  const draft = join(cache, `${randomUUID()}.mjs`);
  writeModule('lib/cli/local/function-thread.ts', draft);
  renameSync(draft, bundle);
  return bundle;
}
