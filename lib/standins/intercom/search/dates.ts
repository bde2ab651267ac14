/** Date filters: whole local days on contacts, seconds elsewhere (docs/intercom-api.md 5.1, 5.2). */
import type { Calendar } from '../calendar.ts';
import type { Switches } from '../switches.ts';
import { complement, END, type Intervals, union } from './intervals.ts';

export type DateMode =
  | { readonly kind: 'days'; readonly calendar: Calendar }
  | { readonly kind: 'seconds'; readonly comparison: Switches['comparison'] };

/** Undefined if the operator is not allowed for these dates. */
export function dateIntervals(
  mode: DateMode,
  operator: string,
  values: readonly number[],
): Intervals | undefined {
  const [value] = values;
  if (value === undefined) return operator === 'NIN' ? complement([]) : [];
  if (mode.kind === 'days') return dayIntervals(mode.calendar, operator, value);
  const inclusive = mode.comparison === 'inclusive';
  switch (operator) {
    case '=':
    case 'IN':
      return union(values.map((second) => [[second, second + 1]]));
    case '!=':
    case 'NIN':
      return complement(values.map((second) => [second, second + 1]));
    case '>':
      return [[inclusive ? value : value + 1, END]];
    case '<':
      return [[0, inclusive ? value + 1 : value]];
    case '>=':
      return [[value, END]];
    case '<=':
      return [[0, value + 1]];
    default:
      return undefined;
  }
}

/** `=` is the whole day of the value, `>` starts with the next day, `<` ends before that day. */
function dayIntervals(calendar: Calendar, operator: string, value: number): Intervals | undefined {
  switch (operator) {
    case '=':
      return [[calendar.startOfDay(value), calendar.startOfNextDay(value)]];
    case '>':
      return [[calendar.startOfNextDay(value), END]];
    case '<':
      return [[0, calendar.startOfDay(value)]];
    default:
      return undefined;
  }
}
