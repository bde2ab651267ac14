/** Small JSON files in the lake, written once. */
import { ContractError } from '../core/errors.ts';
import { RUNS_PREFIX } from '../core/lake-keys.ts';
import type { Lake } from '../core/ports.ts';
import { READ_AGAIN } from './damaged-file.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One line of JSON, with its newline. */
export const encodeJson = (value: unknown): Uint8Array => encoder.encode(`${JSON.stringify(value)}\n`);

/** The format of every file that names one; a file without one, such as an outcome, has not changed since. */
const FORMAT = 1;

/** The format that a file names, or that of the manifest in it; undefined if there is none. */
function formatOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('format' in value) return value.format;
  return 'manifest' in value ? formatOf(value.manifest) : undefined;
}

/**
 * The file as JSON; null if it does not exist.
 * @throws ContractError that names the file, if it is damaged or has a format that only a newer version reads
 */
export async function readStored<T>(lake: Pick<Lake, 'get'>, key: string): Promise<T | null> {
  const body = await lake.get(key);
  if (body === null) return null;
  const value = parsed(key, body);
  const format = formatOf(value);
  if (format === undefined || format === FORMAT) return value as T;
  throw new ContractError(
    `'${key}' in the bucket has format ${JSON.stringify(format)}; this version of the software reads format ${FORMAT}. A newer version wrote the file: deploy that one or a later one.`,
    { code: 'format_unknown' },
  );
}

function parsed(key: string, body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    // The parser's own message would quote the file.
    throw new ContractError(
      `'${key}' in the bucket is damaged: it is not JSON. Restore it from a copy or an older version; or remove it${withoutIt(key)}.`,
      { code: 'file_damaged' },
    );
  }
}

const withoutIt = (key: string): string =>
  key.startsWith(RUNS_PREFIX) ? ', a summary that no run needs' : ` and ${READ_AGAIN}`;

/** The file with the greatest key below a prefix, as JSON; null if there is none. Run ids sort by time. */
export async function readLast<T>(lake: Pick<Lake, 'get' | 'list'>, prefix: string): Promise<T | null> {
  let last: string | null = null;
  for await (const key of lake.list(prefix)) last = key;
  return last === null ? null : requireStored<T>(lake, last);
}

/**
 * The file as JSON.
 * @throws ContractError if it is missing: someone removed what the run still needs
 */
export async function requireStored<T>(lake: Pick<Lake, 'get'>, key: string): Promise<T> {
  const value = await readStored<T>(lake, key);
  if (value !== null) return value;
  throw new ContractError(
    `'${key}' is missing from the bucket, although a run wrote it. Restore it from a copy or an older version; or ${READ_AGAIN}.`,
    { code: 'work_file_missing' },
  );
}

/**
 * Writes the file unless it exists, and returns what is there afterwards. A retry of our own successful write
 * and a rival that was faster look the same, and both are fine.
 */
export async function storeOnce<T>(lake: Lake, key: string, value: T): Promise<T> {
  if ((await lake.putNew(key, encodeJson(value))) === 'written') return value;
  return requireStored<T>(lake, key);
}
