/** Reads a pipeline's configuration file: `.ts` with a default export, or `.json`. */
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ResolvedConfig, resolveConfig } from '../functions/core/config.ts';
import { InputError } from '../functions/core/errors.ts';
import { TABLES } from '../functions/objects/index.ts';

/** What is read when no other file is named. */
export const DEFAULT_CONFIG_FILE = 'pipeline.config.ts';

/**
 * Loads and checks a configuration.
 * @param path relative to the working directory
 * @throws InputError with the file and what to do about it
 */
export async function loadConfig(path: string): Promise<ResolvedConfig> {
  const file = resolve(path);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = `${path} cannot be read (${errorText(cause)}). Name another file with -c config=FILE or --config FILE.`;
    throw new InputError(reason, { code: 'config_unreadable', cause });
  });
  const config = await contentOf(file, text, path);
  try {
    return resolveConfig(config, TABLES);
  } catch (cause) {
    throw cause instanceof InputError
      ? new InputError(`${path}: ${cause.message}`, { code: cause.code, cause })
      : cause;
  }
}

async function contentOf(file: string, text: string, path: string): Promise<unknown> {
  const extension = extname(file);
  if (extension === '.json') return parse(text, path);
  if (extension === '.ts') return defaultExport(file, path);
  throw new InputError(`${path}: a configuration is a .ts or a .json file.`, { code: 'config_extension' });
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${path} is not JSON: ${errorText(cause)}`, { code: 'config_syntax', cause });
  }
}

async function defaultExport(file: string, path: string): Promise<unknown> {
  const module: { readonly default?: unknown } = await import(pathToFileURL(file).href).catch(
    (cause: unknown) => {
      throw new InputError(`${path} cannot be loaded: ${errorText(cause)}`, { code: 'config_syntax', cause });
    },
  );
  if (module.default !== undefined) return module.default;
  throw new InputError(`${path} has no default export; write: export default definePipeline({ … })`, {
    code: 'config_export',
  });
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
