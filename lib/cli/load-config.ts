/** Reads a configuration file with one or several pipelines: `.ts` with a default export, or `.json`. */
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfigRules, ResolvedConfig, ResolvedPipeline } from '../../functions/config/config.ts';
import { choosePipeline, parsePipelines } from '../../functions/config/pipelines.ts';
import { InputError } from '../../functions/core/errors.ts';
import { TABLES } from '../../functions/objects/index.ts';
import { cronProblem } from '../constructs/schedule.ts';

/** The file that is read unless another one is named. */
export const DEFAULT_CONFIG_FILE = 'pipeline.config.ts';

/** What configurations are checked against: tables, and cron expressions that AWS can run. */
export const CONFIG_RULES: ConfigRules = { tables: TABLES, cronProblem };

/**
 * Loads and checks every pipeline of a file.
 * @param path relative to the working directory
 * @throws InputError with the file and what to do about it
 */
export async function loadPipelines(path: string): Promise<readonly ResolvedPipeline[]> {
  const file = resolve(path);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = `${path} cannot be read (${errorText(cause)}). Name another file with --config FILE (with cdk: -c config=FILE).`;
    throw new InputError(reason, { code: 'config_unreadable', cause });
  });
  const content = await contentOf(file, text, path);
  return inFile(path, () => parsePipelines(content, CONFIG_RULES));
}

/**
 * Loads one pipeline's configuration.
 * @param path relative to the working directory
 * @param name of the pipeline; optional if the file has only one
 * @throws InputError with the file and what to do about it
 */
export const loadConfig = async (path: string, name?: string): Promise<ResolvedConfig> =>
  (await loadPipeline(path, name)).config;

/** Loads one pipeline, with how it is deployed. @throws InputError with the file and what to do about it */
export async function loadPipeline(path: string, name?: string): Promise<ResolvedPipeline> {
  const pipelines = await loadPipelines(path);
  return inFile(path, () => choosePipeline(pipelines, name));
}

function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
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
  throw new InputError(`${path} is not a configuration file: it must end in .ts or .json.`, {
    code: 'config_extension',
  });
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(`${path} is not valid JSON: ${errorText(cause)}`, { code: 'config_syntax', cause });
  }
}

async function defaultExport(file: string, path: string): Promise<unknown> {
  const module: { readonly default?: unknown } = await import(pathToFileURL(file).href).catch(
    (cause: unknown) => {
      throw new InputError(`${path} cannot be loaded: ${errorText(cause)}`, { code: 'config_syntax', cause });
    },
  );
  if (module.default !== undefined) return module.default;
  throw new InputError(`${path} has no default export. Write: export default definePipeline({ … })`, {
    code: 'config_export',
  });
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
