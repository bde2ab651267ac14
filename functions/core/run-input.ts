/** The input of a run, the same for a schedule, a person and the command line. Pure. */
import type { ResolvedConfig } from './config.ts';
import { InputError } from './errors.ts';
import { parseInstant } from './instant.ts';
import { isJsonObject } from './json.ts';
import type { ObjectName } from './names.ts';
import type { RunMode } from './records.ts';
import type { EpochSeconds } from './time.ts';

export interface RunRequest {
  readonly mode: RunMode;
  readonly range: { readonly from: EpochSeconds; readonly to: EpochSeconds } | null;
  readonly objects: readonly ObjectName[];
  /** Said to the user. */
  readonly notes: readonly string[];
}

export interface RunInputRules {
  readonly config: Pick<ResolvedConfig, 'objects'>;
  readonly isIncremental: (object: ObjectName) => boolean;
  readonly now: EpochSeconds;
}

const ALLOWED =
  'Allowed: {} for every configured object, {"objects": ["contacts"]}, {"mode": "full_refresh"}, {"from": "2025-01-01T00:00:00Z", "to": "2025-02-01T00:00:00Z"}.';

const refuse = (problem: string): never => {
  throw new InputError(`The run's input cannot be used: ${problem}. ${ALLOWED}`, { code: 'bad_input' });
};

const KEYS = ['objects', 'mode', 'from', 'to'];

function objectsOf(value: unknown, configured: readonly ObjectName[]): readonly ObjectName[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length === 0) return refuse('"objects" must be a list of names');
  const unknown = value.filter((name) => !configured.includes(name as ObjectName));
  if (unknown.length > 0) {
    return refuse(
      `"objects" names ${unknown.map((name) => JSON.stringify(name)).join(', ')}; configured are ${configured.join(', ')}`,
    );
  }
  return configured.filter((name) => value.includes(name));
}

function instantOf(value: unknown, key: string, now: EpochSeconds): EpochSeconds {
  if (typeof value !== 'string') return refuse(`"${key}" must be a time in ISO 8601 with its zone`);
  const parsed = parseInstant(value);
  if ('problem' in parsed) return refuse(`"${key}": ${parsed.problem}`);
  if (parsed.epochSeconds > now) return refuse(`"${key}" lies in the future`);
  return parsed.epochSeconds;
}

function rangeOf(
  input: { readonly from?: unknown; readonly to?: unknown },
  now: EpochSeconds,
): RunRequest['range'] {
  if (input.from === undefined && input.to === undefined) return null;
  if (input.from === undefined) return refuse('"to" needs a "from"');
  const from = instantOf(input.from, 'from', now);
  const to = input.to === undefined ? now : instantOf(input.to, 'to', now);
  if (from >= to) return refuse('"from" must be before "to"');
  return { from, to };
}

function modeOf(value: unknown, isBackfill: boolean): RunMode {
  if (value !== undefined && value !== 'incremental' && value !== 'full_refresh') {
    return refuse('"mode" is "incremental" or "full_refresh"');
  }
  if (!isBackfill) return value ?? 'incremental';
  return value === undefined ? 'backfill' : refuse('"mode" and "from" exclude each other');
}

/**
 * Reads the input of a run.
 * @throws InputError for anything but what is allowed
 */
export function parseRunInput(input: unknown, { config, isIncremental, now }: RunInputRules): RunRequest {
  if (!isJsonObject(input)) return refuse('it is not a JSON object');
  const unknown = Object.keys(input).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0) return refuse(`unknown key ${unknown.map((key) => `"${key}"`).join(', ')}`);
  const named = objectsOf(input.objects, config.objects);
  const range = rangeOf(input, now);
  const mode = modeOf(input.mode, range !== null);
  if (range === null) return { mode, range, objects: named ?? config.objects, notes: [] };
  const whole = (named ?? config.objects).filter((name) => !isIncremental(name));
  if (named !== null && whole.length > 0) {
    return refuse(`${whole.join(', ')} cannot be read by time; Intercom only gives the whole`);
  }
  const objects = (named ?? config.objects).filter(isIncremental);
  if (objects.length === 0) return refuse('none of the configured objects can be read by time');
  const notes =
    whole.length === 0 ? [] : [`A range leaves out what cannot be read by time: ${whole.join(', ')}.`];
  return { mode, range, objects, notes };
}
