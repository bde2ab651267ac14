/**
 * Reads five-field Unix cron (Vixie's crontab(5)) into the values that it means. This checks the structure only.
 * lib/constructs/schedule.ts knows what AWS can express, and when a schedule fires.
 */
import { counted } from '../core/counted.ts';

/** One field: its values in ascending order, and whether it was written as `*` alone. */
export interface CronField {
  readonly values: readonly number[];
  readonly isAny: boolean;
}

export interface CronFields {
  readonly minutes: CronField;
  readonly hours: CronField;
  readonly daysOfMonth: CronField;
  readonly months: CronField;
  /** 0 is Sunday, 6 Saturday; 7 is read as 0. */
  readonly daysOfWeek: CronField;
}

interface Kind {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values, starting at `min`. */
  readonly names: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** In the order of their numbers in Unix cron, from 0; AWS counts from 1. */
export const DAYS_OF_WEEK = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

const KINDS = {
  minutes: { name: 'minute', min: 0, max: 59, names: [] },
  hours: { name: 'hour', min: 0, max: 23, names: [] },
  daysOfMonth: { name: 'day-of-month', min: 1, max: 31, names: [] },
  months: { name: 'month', min: 1, max: 12, names: MONTHS },
  daysOfWeek: { name: 'day-of-week', min: 0, max: 7, names: DAYS_OF_WEEK },
} as const satisfies Record<keyof CronFields, Kind>;

const ORDER = ['minutes', 'hours', 'daysOfMonth', 'months', 'daysOfWeek'] as const;

// `*`, `5`, `MON`, `1-5`; `*` and ranges may have a step: `*/15`, `8-18/2`.
const ITEM = /^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:\/([0-9]{1,2}))?$/i;

class CronSyntaxError extends Error {}

function fail(kind: Kind, problem: string): never {
  throw new CronSyntaxError(`${kind.name} ${problem}`);
}

function numberOf(text: string, kind: Kind): number {
  const named = kind.names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + kind.min : Number(text);
  if (value >= kind.min && value <= kind.max) return value;
  const orNames = kind.names.length === 0 ? '' : ` or ${kind.names[0]}-${kind.names.at(-1)}`;
  return fail(kind, `'${text}' must be ${kind.min}-${kind.max}${orNames}`);
}

function valuesOfItem(text: string, kind: Kind): readonly number[] {
  const [whole, any, first, last, stepText] = ITEM.exec(text) ?? [];
  if (whole === undefined) {
    return fail(
      kind,
      `'${text}' is not Unix cron: write values, ranges such as 1-5, steps such as */15, or lists with commas`,
    );
  }
  if (stepText !== undefined && any === undefined && last === undefined) {
    return fail(kind, `'${text}': a step must follow * or a range; write ${first}-${kind.max}/${stepText}`);
  }
  const from = first === undefined ? kind.min : numberOf(first, kind);
  const to = first === undefined ? kind.max : numberOf(last ?? first, kind);
  if (from > to) return fail(kind, `'${text}': a range must go upwards; write two ranges with a comma`);
  const step = Number(stepText ?? 1);
  if (step < 1 || step > kind.max) return fail(kind, `'${text}': a step must be 1-${kind.max}`);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function parseField(text: string, kind: Kind): CronField {
  const values = text.split(',').flatMap((item) => valuesOfItem(item, kind));
  const days = kind === KINDS.daysOfWeek ? values.map((value) => value % 7) : values;
  return { values: [...new Set(days)].toSorted((a, b) => a - b), isAny: text === '*' };
}

/** Reads a cron expression. `problem` lists everything that is wrong with it. */
export function parseCron(text: string): CronFields | { readonly problem: string } {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== ORDER.length) {
    return {
      problem: `'${text}' has ${counted(fields.length, 'field')}; five are needed: minute hour day-of-month month day-of-week`,
    };
  }
  const problems: string[] = [];
  const parsed = ORDER.map((name, index) => {
    try {
      return [name, parseField(fields[index] ?? '', KINDS[name])];
    } catch (error) {
      if (!(error instanceof CronSyntaxError)) throw error;
      problems.push(error.message);
      return [name, null];
    }
  });
  if (problems.length > 0) return { problem: problems.join('; ') };
  return Object.fromEntries(parsed) as CronFields;
}
