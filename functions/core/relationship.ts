/**
 * The lists inside a record that become child tables. A list that did not come is unknown: it is neither empty
 * nor equal to what was there before. Pure.
 */
import type { ChildColumn, ChildDeclaration, ObjectDeclaration } from './declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { ChildName } from './names.ts';
import { idText, parseCount } from './scalars.ts';

/** An item of a list, and its position there. */
export interface ListItem {
  readonly value: JsonValue;
  readonly index: number;
}

export interface FoundList {
  readonly items: readonly ListItem[];
  /** Items without the keys of the child table, which cannot be rows. */
  readonly odd: readonly ListItem[];
  /** How many items Intercom says the list has; null if it does not say. */
  readonly total: number | null;
  /** All items are here, as far as Intercom says. */
  readonly isWhole: boolean;
}

const NOTHING: FoundList = { items: [], odd: [], total: 0, isWhole: true };

const isAbsent = (value: JsonValue | undefined): boolean => value === undefined || value === null;

/** The first list under one of the keys that has items, else the first one; undefined if there is none. */
export function listUnder(holder: JsonObject, keys: readonly string[]): readonly JsonValue[] | undefined {
  const lists = keys.flatMap((key) => {
    const value = holder[key];
    return Array.isArray(value) ? [value as readonly JsonValue[]] : [];
  });
  return lists.find((list) => list.length > 0) ?? lists[0];
}

function itemValue({ from }: ChildColumn, item: JsonValue): JsonValue | undefined {
  if ('item' in from) return isJsonObject(item) ? item[from.item] : undefined;
  return 'self' in from ? item : undefined;
}

/** The columns of the key that come from an item itself, rather than from its parent or its position. */
const itemKeys = ({ primaryKey, columns }: ChildDeclaration): readonly ChildColumn[] =>
  columns.filter(({ name, from }) => primaryKey.includes(name) && ('item' in from || 'self' in from));

/** Null if the list is unknown: absent, null, or of a shape that nobody knows. */
export function findList(child: ChildDeclaration, record: JsonObject): FoundList | null {
  const { field, keys, nullMeansNone } = child.list;
  const holder = record[field];
  if (isAbsent(holder)) return nullMeansNone === true ? NOTHING : null;
  const list = Array.isArray(holder)
    ? (holder as readonly JsonValue[])
    : isJsonObject(holder)
      ? listUnder(holder, [...keys, 'data', field])
      : undefined;
  if (list === undefined) return null;
  const needed = itemKeys(child);
  const isOdd = ({ value }: ListItem): boolean =>
    needed.length === 0
      ? !isJsonObject(value)
      : needed.some((column) => idText(itemValue(column, value)) === null);
  const all = list.map((value, index): ListItem => ({ value, index }));
  const odd = all.filter(isOdd);
  // Not one item that we can read: this is another kind of list than the one we know.
  if (odd.length > 0 && odd.length === all.length) return null;
  const total = isJsonObject(holder) ? parseCount(holder.total_count) : null;
  const more = isJsonObject(holder) && (holder.has_more === true || holder.has_more === 'true');
  return {
    items: odd.length === 0 ? all : all.filter((item) => !isOdd(item)),
    odd,
    total,
    isWhole: !more && (total === null || list.length >= total),
  };
}

/** The relationships that this record does not know, by field. */
export const unknownLists = (
  { children }: Pick<ObjectDeclaration, 'children'>,
  record: JsonObject,
): readonly string[] =>
  children.length === 0
    ? []
    : children.filter((child) => findList(child, record) === null).map(({ list }) => list.field);

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
      const found = findList(child, record);
      if (found === null) unknown += 1;
      else {
        expected += Math.max(found.total ?? 0, found.items.length + found.odd.length);
        listed += found.items.length;
      }
    }
    counts[child.table] = { expected, listed, unknown };
  }
  return counts;
}
