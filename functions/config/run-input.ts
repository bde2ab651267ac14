/** The input of a run: the same for a schedule, a person and the command line. Pure. */

import type { Repairs, RunMode } from '../core/engine-files.ts';
import { InputError } from '../core/errors.ts';
import { isJsonObject, type JsonValue } from '../core/json.ts';
import type { ObjectName } from '../core/names.ts';
import type { DebtScope } from '../core/reading.ts';
import type { EpochSeconds } from '../core/time.ts';
import type { ResolvedConfig } from './config.ts';
import { parseInstant } from './instant.ts';
import { meantInstead } from './similar.ts';

export interface RunRequest {
  readonly mode: RunMode;
  readonly range: { readonly from: EpochSeconds; readonly to: EpochSeconds } | null;
  readonly objects: readonly ObjectName[];
  /** What to read again, besides what an incremental run reads. Missing: nothing. */
  readonly repairs?: Repairs;
  /** For the user. */
  readonly notes: readonly string[];
}

export interface RunInputRules {
  readonly config: Pick<ResolvedConfig, 'objects'>;
  readonly isIncremental: (object: ObjectName) => boolean;
  readonly now: EpochSeconds;
}

const KEYS = ['objects', 'mode', 'from', 'to', 'repair'] as const;

/** How the input was written, so that an error message can use the same words. */
export interface InputWording {
  readonly names: Readonly<Record<(typeof KEYS)[number], string>>;
  /** The error message, in whole sentences. */
  readonly refusal: (problem: string) => string;
}

const ALLOWED =
  'Allowed: {} for every configured object, {"objects": ["contacts"]}, {"mode": "full_refresh"}, {"from": "2025-01-01T00:00:00Z", "to": "2025-02-01T00:00:00Z"}.';

/** The wording for the state machine's input. */
const AS_JSON: InputWording = {
  names: { objects: '"objects"', mode: '"mode"', from: '"from"', to: '"to"', repair: '"repair"' },
  refusal: (problem) => `The run's input cannot be used: ${problem}. ${ALLOWED}`,
};

/** The wording for the options of a command. */
export const AS_OPTIONS: InputWording = {
  names: {
    objects: '--objects',
    mode: '--full-refresh',
    from: '--from',
    to: '--to',
    repair: '--repair',
  },
  refusal: (problem) => `${problem}.`,
};

const refuse = ({ refusal }: InputWording, problem: string): never => {
  throw new InputError(refusal(problem), { code: 'bad_input' });
};

function objectsOf(
  value: unknown,
  configured: readonly ObjectName[],
  wording: InputWording,
): readonly ObjectName[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length === 0)
    return refuse(wording, `${wording.names.objects} must be a list of names`);
  const unknown = value.filter((name) => !configured.includes(name as ObjectName));
  if (unknown.length > 0) {
    return refuse(
      wording,
      `${wording.names.objects} names ${unknown.map((name) => JSON.stringify(name)).join(', ')}; ${meantInstead(unknown, configured)}`,
    );
  }
  return configured.filter((name) => value.includes(name));
}

function instantOf(
  value: unknown,
  key: 'from' | 'to',
  now: EpochSeconds,
  wording: InputWording,
): EpochSeconds {
  const name = wording.names[key];
  if (typeof value !== 'string') return refuse(wording, `${name} must be a time in ISO 8601 with its zone`);
  const parsed = parseInstant(value);
  if ('problem' in parsed) return refuse(wording, `${name}: ${parsed.problem}`);
  if (parsed.epochSeconds > now) return refuse(wording, `${name} lies in the future`);
  return parsed.epochSeconds;
}

function rangeOf(
  input: { readonly from?: unknown; readonly to?: unknown },
  now: EpochSeconds,
  wording: InputWording,
): RunRequest['range'] {
  const { names } = wording;
  if (input.from === undefined && input.to === undefined) return null;
  if (input.from === undefined) return refuse(wording, `${names.to} needs a ${names.from}`);
  const from = instantOf(input.from, 'from', now, wording);
  const to = input.to === undefined ? now : instantOf(input.to, 'to', now, wording);
  if (from >= to) return refuse(wording, `${names.from} must be before ${names.to}`);
  return { from, to };
}

function modeOf(value: unknown, isBackfill: boolean, wording: InputWording): RunMode {
  const { mode, from } = wording.names;
  if (value !== undefined && value !== 'incremental' && value !== 'full_refresh') {
    return refuse(wording, `${mode} must be "incremental" or "full_refresh"`);
  }
  if (!isBackfill) return value ?? 'incremental';
  return value === undefined ? 'backfill' : refuse(wording, `${mode} and ${from} cannot be used together`);
}

function scopeOf(
  value: JsonValue,
  name: ObjectName,
  { now, isIncremental }: Pick<RunInputRules, 'now' | 'isIncremental'>,
  wording: InputWording,
): DebtScope {
  const { repair } = wording.names;
  if (!isJsonObject(value))
    return refuse(wording, `${repair} of ${name} must list {"ids"} or {"from", "to"}`);
  const { ids, from, to, ...others } = value;
  const isRange = from !== undefined && to !== undefined;
  if (Object.keys(others).length > 0 || isRange === (ids !== undefined)) {
    return refuse(wording, `${repair} of ${name} must list {"ids"} or {"from", "to"}`);
  }
  if (ids === undefined) {
    const window = rangeOf({ from, to }, now, wording);
    if (window === null || !isIncremental(name)) return refuse(wording, `${name} cannot be read by time`);
    return { window };
  }
  const texts = Array.isArray(ids) ? ids.filter((id) => typeof id === 'string' && id !== '') : [];
  if (!Array.isArray(ids) || ids.length === 0 || texts.length < ids.length) {
    return refuse(wording, `"ids" in ${repair} of ${name} must be a list of ids`);
  }
  return { ids: texts as readonly string[] };
}

/** What an audit asks a run to read again. */
function repairsOf(
  value: unknown,
  objects: readonly ObjectName[],
  rules: Pick<RunInputRules, 'now' | 'isIncremental'>,
  wording: InputWording,
): Repairs | null {
  const { repair } = wording.names;
  if (value === undefined) return null;
  if (!isJsonObject(value) || Object.keys(value).length === 0)
    return refuse(wording, `${repair} must be an object such as {"contacts": [{"ids": ["5f"]}]}`);
  const entries = Object.entries(value).map(([key, scopes]) => {
    const name = objects.find((object) => object === key);
    if (name === undefined) {
      return refuse(wording, `${repair} names ${JSON.stringify(key)}; this run reads ${objects.join(', ')}`);
    }
    if (!Array.isArray(scopes) || scopes.length === 0)
      return refuse(wording, `${repair} of ${name} must be a list`);
    return [name, scopes.map((scope: JsonValue) => scopeOf(scope, name, rules, wording))] as const;
  });
  return Object.fromEntries(entries);
}

/** @throws InputError for any input that is not allowed */
export function parseRunInput(
  input: unknown,
  { config, isIncremental, now }: RunInputRules,
  wording: InputWording = AS_JSON,
): RunRequest {
  if (!isJsonObject(input)) return refuse(wording, 'it is not a JSON object');
  const unknown = Object.keys(input).filter((key) => !(KEYS as readonly string[]).includes(key));
  if (unknown.length > 0)
    return refuse(wording, `unknown key ${unknown.map((key) => `"${key}"`).join(', ')}`);
  const named = objectsOf(input.objects, config.objects, wording);
  const range = rangeOf(input, now, wording);
  const mode = modeOf(input.mode, range !== null, wording);
  const repairs = repairsOf(input.repair, named ?? config.objects, { now, isIncremental }, wording);
  if (repairs !== null) {
    if (input.mode !== undefined || range !== null) {
      const { names } = wording;
      return refuse(wording, `${names.repair} cannot be used together with ${names.mode} or ${names.from}`);
    }
    const objects = named ?? config.objects.filter((name) => repairs[name] !== undefined);
    return { mode, range, objects, repairs, notes: [] };
  }
  if (range === null) return { mode, range, objects: named ?? config.objects, notes: [] };
  const whole = (named ?? config.objects).filter((name) => !isIncremental(name));
  if (named !== null && whole.length > 0) {
    return refuse(wording, `${whole.join(', ')} cannot be read by time; Intercom only returns all of it`);
  }
  const objects = (named ?? config.objects).filter(isIncremental);
  if (objects.length === 0) return refuse(wording, 'none of the configured objects can be read by time');
  const notes =
    whole.length === 0 ? [] : [`These objects cannot be read by time and are left out: ${whole.join(', ')}.`];
  return { mode, range, objects, notes };
}
