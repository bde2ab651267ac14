import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError } from '../../../../functions/core/errors.ts';

/**
 * For commands that only make sense where a sync has been.
 * @param out the output directory
 * @param below a folder of it
 * @throws InputError where it is not there: mistyped, most likely
 */
export async function requireFolder(out: string, below = ''): Promise<void> {
  const path = join(resolve(out), below);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new InputError(
    `${path} ${found === null ? 'does not exist' : 'is a file'}. Name the directory of a sync with --out.`,
    { code: 'no_directory' },
  );
}
