/**
 * The lists inside a record that become child tables. A list that did not come is unknown: it is neither empty
 * nor equal to what was there before. Pure.
 */
import type { ChildDeclaration, ObjectDeclaration } from './declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { ChildName } from './names.ts';
import { idText, parseCount } from './scalars.ts';

/** An item of a list, and its position there. */
export interface ListItem {
  readonly value: JsonValue;
  readonly index: number;
}

/** A list inside a record, as far as Intercom says. */
export interface List {
  /** As it came. */
  readonly values: readonly JsonValue[];
  /** How many of them lack the keys of the child table, and cannot be rows. */
  readonly odd: number;
  /** How many items Intercom says the list has; null if it does not say. */
  readonly total: number | null;
  /** All items are here. */
  readonly isWhole: boolean;
}

export interface FoundList {
  readonly items: readonly ListItem[];
  /** Items without the keys of the child table, which cannot be rows. */
  readonly odd: readonly ListItem[];
}

const NOTHING: List = { values: [], odd: 0, total: 0, isWhole: true };

const isAbsent = (value: JsonValue | undefined): boolean => value === undefined || value === null;

/** The first list under one of the keys that has items, else the first one; undefined if there is none. */
export function listUnder(holder: JsonObject, keys: readonly string[]): readonly JsonValue[] | undefined {
  let first: readonly JsonValue[] | undefined;
  for (const key of keys) {
    const value = holder[key];
    if (!Array.isArray(value)) continue;
    if (value.length > 0) return value;
    first ??= value;
  }
  return first;
}

/** Where a child's list lies, and which fields of an item make its key. Made once for each declaration. */
interface Whereabouts {
  readonly wrappers: readonly string[];
  /** Fields of the item; `null`: the item itself. */
  readonly keys: readonly (string | null)[];
}

const WHEREABOUTS = new WeakMap<ChildDeclaration, Whereabouts>();

function whereabouts(child: ChildDeclaration): Whereabouts {
  const known = WHEREABOUTS.get(child);
  if (known !== undefined) return known;
  const { list, primaryKey, columns } = child;
  const made = {
    wrappers: [...list.keys, 'data', list.field],
    // The others come from the parent or from the position in the list.
    keys: columns.flatMap(({ name, from }) =>
      !primaryKey.includes(name) ? [] : 'item' in from ? [from.item] : 'self' in from ? [null] : [],
    ),
  };
  WHEREABOUTS.set(child, made);
  return made;
}

/** True for an item without the keys of the child table. */
function isOdd({ keys }: Whereabouts, item: JsonValue): boolean {
  if (keys.length === 0) return !isJsonObject(item);
  for (const key of keys) {
    const value = key === null ? item : isJsonObject(item) ? item[key] : undefined;
    if (idText(value) === null) return true;
  }
  return false;
}

/** Null if the list is unknown: absent, null, or of a shape that nobody knows. */
export function listOf(child: ChildDeclaration, record: JsonObject): List | null {
  const holder = record[child.list.field];
  if (isAbsent(holder)) return child.list.nullMeansNone === true ? NOTHING : null;
  const place = whereabouts(child);
  const wrapper = !Array.isArray(holder) && isJsonObject(holder) ? holder : null;
  const values = Array.isArray(holder)
    ? (holder as readonly JsonValue[])
    : wrapper === null
      ? undefined
      : listUnder(wrapper, place.wrappers);
  if (values === undefined) return null;
  let odd = 0;
  for (const value of values) if (isOdd(place, value)) odd += 1;
  // Not one item that we can read: this is another kind of list than the one we know.
  if (odd > 0 && odd === values.length) return null;
  const total = wrapper === null ? null : parseCount(wrapper.total_count);
  const more = wrapper !== null && (wrapper.has_more === true || wrapper.has_more === 'true');
  return { values, odd, total, isWhole: !more && (total === null || values.length >= total) };
}

/** The items of a list; null if it is unknown. */
export function findList(child: ChildDeclaration, record: JsonObject): FoundList | null {
  const list = listOf(child, record);
  if (list === null) return null;
  const place = whereabouts(child);
  const items: ListItem[] = [];
  const odd: ListItem[] = [];
  for (const [index, value] of list.values.entries()) {
    if (list.odd > 0 && isOdd(place, value)) odd.push({ value, index });
    else items.push({ value, index });
  }
  return { items, odd };
}

/** The relationships that this record does not know, by field. */
export const unknownLists = (
  { children }: Pick<ObjectDeclaration, 'children'>,
  record: JsonObject,
): readonly string[] =>
  children.filter((child) => listOf(child, record) === null).map(({ list }) => list.field);

export type RelationCounts = Readonly<
  Partial<Record<ChildName, { readonly expected: number; readonly listed: number; readonly unknown: number }>>
>;

/** Adds what the records' lists say they hold, what they listed, and how many records do not know. */
export function addRelations(
  { children }: Pick<ObjectDeclaration, 'children'>,
  sum: RelationCounts,
  records: readonly JsonObject[],
): RelationCounts {
  if (children.length === 0 || records.length === 0) return sum;
  const counts = { ...sum };
  for (const child of children) {
    let { expected, listed, unknown } = counts[child.table] ?? { expected: 0, listed: 0, unknown: 0 };
    for (const record of records) {
      const list = listOf(child, record);
      if (list === null) unknown += 1;
      else {
        expected += Math.max(list.total ?? 0, list.values.length);
        listed += list.values.length - list.odd;
      }
    }
    counts[child.table] = { expected, listed, unknown };
  }
  return counts;
}
