/**
 * The lists inside a record that become child tables. A list that did not come is unknown: it is neither empty
 * nor equal to what was there before. Pure.
 */
import type { ChildColumn, ChildDeclaration, ListPlace, ObjectDeclaration } from './declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { ChildName } from './names.ts';
import { valueAt } from './paths.ts';
import { idText, parseCount } from './scalars.ts';

/** An item of a list, and its position there. */
export interface ListItem {
  readonly value: JsonValue;
  readonly index: number;
  /** The list that it is in. */
  readonly place: ListPlace;
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

/** A list, and the object that it is in. */
interface HeldList {
  readonly list: readonly JsonValue[];
  readonly holder: JsonObject;
}

/** The first list at one of the dotted paths that has items, else the first one; undefined if there is none. */
function heldUnder(holder: JsonObject, paths: readonly string[]): HeldList | undefined {
  let first: HeldList | undefined;
  for (const path of paths) {
    const dot = path.lastIndexOf('.');
    const inner = dot < 0 ? holder : valueAt(holder, path.slice(0, dot).split('.'));
    const list = isJsonObject(inner) ? inner[dot < 0 ? path : path.slice(dot + 1)] : undefined;
    if (!isJsonObject(inner) || !Array.isArray(list)) continue;
    const held = { list: list as readonly JsonValue[], holder: inner };
    if (list.length > 0) return held;
    first ??= held;
  }
  return first;
}

/** The first list under one of the keys that has items, else the first one; undefined if there is none. */
export const listUnder = (holder: JsonObject, keys: readonly string[]): readonly JsonValue[] | undefined =>
  heldUnder(holder, keys)?.list;

/** The value at a dotted path of an item. */
export const itemValue = (item: JsonValue, path: string): JsonValue | undefined =>
  path.includes('.') ? valueAt(item, path.split('.')) : isJsonObject(item) ? item[path] : undefined;

/** Works out once for each declaration what every record needs. */
function once<Declared extends object, Found>(
  find: (declared: Declared) => Found,
): (declared: Declared) => Found {
  const known = new WeakMap<Declared, Found>();
  return (declared) => {
    const found = known.get(declared) ?? find(declared);
    known.set(declared, found);
    return found;
  };
}

/** Reads the columns of the key that come from an item itself, rather than from its parent or its position. */
const keyReaders = once(({ primaryKey, columns }: ChildDeclaration) =>
  columns.flatMap(({ name, from }) => {
    if (!primaryKey.includes(name)) return [];
    if ('self' in from) return [(item: JsonValue) => item];
    return 'item' in from ? [(item: JsonValue) => itemValue(item, from.item)] : [];
  }),
);

/** The lists of a child table. */
export const listsOf = once(({ list, otherLists = [] }: ChildDeclaration): readonly ListPlace[] => [
  list,
  ...otherLists,
]);

/** The fields that its lists are in. */
export const listFields = (child: ChildDeclaration): readonly string[] => [
  ...new Set(listsOf(child).map(({ field }) => field)),
];

/** Where a list may be inside its field, besides being the field itself. */
const keysOf = once(({ field, keys }: ListPlace): readonly string[] => [
  ...new Set([...keys, 'data', field]),
]);

/** The paths at which a record may have the lists of a child table. */
export const listPaths = (child: ChildDeclaration): readonly string[] =>
  listsOf(child).flatMap((place) => [place.field, ...keysOf(place).map((key) => `${place.field}.${key}`)]);

/** The paths at which a record may have the value of a child's column; none if the value is not of an item. */
export function pathsInRecord(child: ChildDeclaration, { from }: ChildColumn): readonly string[] {
  if ('self' in from) return listPaths(child).map((path) => `${path}[]`);
  return 'item' in from ? listPaths(child).map((path) => `${path}[].${from.item}`) : [];
}

type Parent = Pick<ObjectDeclaration, 'children' | 'omit'>;

/** The child tables whose lists are in no column of the parent. */
export const onlyInChildren = once(({ children, omit }: Parent): readonly ChildDeclaration[] =>
  children.filter((child) => listPaths(child).some((path) => omit.includes(path))),
);

/** Null if the list is unknown: absent, null, or of a shape that nobody knows. */
function foundAt(child: ChildDeclaration, place: ListPlace, record: JsonObject): FoundList | null {
  const { field, keys, nullMeansNone = false } = place;
  const value = record[field];
  if (value === undefined || value === null) return nullMeansNone ? NOTHING : null;
  const held = Array.isArray(value)
    ? { list: value as readonly JsonValue[], holder: null }
    : isJsonObject(value)
      ? heldUnder(value, keysOf(place))
      : undefined;
  if (held === undefined) {
    const isNull = nullMeansNone && keys.some((key) => valueAt(value, key.split('.')) === null);
    return isNull ? NOTHING : null;
  }
  const { list, holder } = held;
  const needed = keyReaders(child);
  const isOdd = ({ value: item }: ListItem): boolean =>
    needed.length === 0 ? !isJsonObject(item) : needed.some((read) => idText(read(item)) === null);
  const all = list.map((item, index): ListItem => ({ value: item, index, place }));
  const odd = all.filter(isOdd);
  // Not one item that we can read: this is another kind of list than the one we know.
  if (odd.length > 0 && odd.length === all.length) return null;
  const total = holder === null ? null : parseCount(holder.total_count);
  const more = holder !== null && (holder.has_more === true || holder.has_more === 'true');
  return {
    items: odd.length === 0 ? all : all.filter((item) => !isOdd(item)),
    odd,
    total,
    isWhole: !more && (total === null || list.length >= total),
  };
}

/** Null if one of the child's lists is unknown. */
export function findList(child: ChildDeclaration, record: JsonObject): FoundList | null {
  const [first = null, ...others] = listsOf(child).map((place) => foundAt(child, place, record));
  if (others.length === 0 || first === null) return first;
  let sum = first;
  for (const found of others) {
    if (found === null) return null;
    sum = {
      items: [...sum.items, ...found.items],
      odd: [...sum.odd, ...found.odd],
      total: sum.total === null || found.total === null ? null : sum.total + found.total,
      isWhole: sum.isWhole && found.isWhole,
    };
  }
  return sum;
}

/** What a list that the parent keeps lacks in the child table: `ticket_parts: 500 of 612`; null if nothing. */
function partOf(field: string, { items, odd, total, isWhole }: FoundList): string | null {
  const all = Math.max(total ?? 0, items.length + odd.length);
  if (all > items.length) return `${field}: ${items.length} of ${all}`;
  return isWhole ? null : `${field}: ${items.length} and more`;
}

/**
 * The relationships that this record does not know, by field. One that the parent keeps, and of which only a part came,
 * is there with how much of it: its rows count.
 */
export function unknownLists(declaration: Parent, record: JsonObject): readonly string[] {
  const { children } = declaration;
  if (children.length === 0) return [];
  const owed = onlyInChildren(declaration);
  const unknown = children.flatMap((child) =>
    listsOf(child).flatMap((place) => {
      const found = foundAt(child, place, record);
      if (found === null) return [place.field];
      return owed.includes(child) ? [] : (partOf(place.field, found) ?? []);
    }),
  );
  return [...new Set(unknown)];
}

/** Items of the record's lists that can be rows of no table. */
export const oddItemsOf = (
  declaration: Parent,
  record: JsonObject,
): readonly { readonly child: ChildDeclaration; readonly item: ListItem }[] =>
  onlyInChildren(declaration).flatMap((child) =>
    (findList(child, record)?.odd ?? []).map((item) => ({ child, item })),
  );

export type RelationCounts = Readonly<
  Partial<Record<ChildName, { readonly expected: number; readonly listed: number; readonly unknown: number }>>
>;

/**
 * Adds what the records' lists say they hold, what they listed, and how many records do not know: of the lists that
 * the parent does not keep.
 */
export function addRelations(
  declaration: Parent,
  sum: RelationCounts,
  records: readonly JsonObject[],
): RelationCounts {
  const children = onlyInChildren(declaration);
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
