/** The operators that each field type allows, and their meaning for one value (docs/intercom-api.md 5). */
import type { JsonValue } from '../json.ts';
import type { FieldType } from './fields.ts';

export type Operators = Readonly<Record<FieldType, readonly string[]>>;

const EQUALITY = ['=', '!=', 'IN', 'NIN'];
const TEXT = ['~', '!~', '^', '$'];
const ORDER = ['>', '<', '>=', '<='];

/** Contacts: no `!= >= <= IN NIN` on dates (docs/intercom-api.md 5.1). */
export const CONTACT_OPERATORS: Operators = {
  date: ['=', '>', '<'],
  string: [...EQUALITY, ...TEXT],
  words: [...EQUALITY, ...TEXT],
  integer: [...EQUALITY, ...ORDER],
  boolean: EQUALITY,
  relation: ['=', '!='],
};

/** Contacts from 2.17 on: `>= <= !=` on dates are allowed (docs/intercom-api.md 5.1). */
export const EXACT_OPERATORS: Operators = {
  ...CONTACT_OPERATORS,
  date: ['=', '!=', ...ORDER],
};

/** Conversations and tickets: equality for all types (docs/intercom-api.md 5.2). */
export const THREAD_OPERATORS: Operators = {
  date: [...EQUALITY, ...ORDER],
  string: [...EQUALITY, ...TEXT],
  words: [...EQUALITY, ...TEXT],
  integer: [...EQUALITY, ...ORDER],
  boolean: EQUALITY,
  relation: EQUALITY,
};

const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Compares as text, so that 5 and "5" are the same, and ignores the case of text. */
const same = (left: JsonValue, right: JsonValue): boolean =>
  String(left).toLowerCase() === String(right).toLowerCase();

function compare(operator: string, actual: JsonValue, wanted: JsonValue, type: FieldType): boolean {
  const text = String(actual).toLowerCase();
  const sought = String(wanted).toLowerCase();
  switch (operator) {
    case '=':
    case '!=':
    case 'IN':
    case 'NIN':
      return type === 'words' ? words(text).includes(sought) : same(actual, wanted);
    case '~':
    case '!~':
      return text.includes(sought);
    case '^':
      return text.startsWith(sought);
    case '$':
      return text.endsWith(sought);
    case '>':
      return Number(actual) > Number(wanted);
    case '<':
      return Number(actual) < Number(wanted);
    case '>=':
      return Number(actual) >= Number(wanted);
    default:
      return Number(actual) <= Number(wanted);
  }
}

/** Negated operators match if no value matches. Null matches only `= null` and `!= something`. */
export function valueTest(
  operator: string,
  wanted: readonly JsonValue[],
  type: FieldType,
): (actual: JsonValue | undefined) => boolean {
  const negated = operator === '!=' || operator === 'NIN' || operator === '!~';
  return (actual) => {
    const values = (Array.isArray(actual) ? actual : [actual]).filter(
      (value) => value !== null && value !== undefined,
    );
    const hit =
      values.length === 0
        ? wanted.includes(null)
        : values.some((value) =>
            wanted.some((item) => item !== null && compare(operator, value, item, type)),
          );
    return negated ? !hit : hit;
  };
}
