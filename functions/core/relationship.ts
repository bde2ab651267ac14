/**
 * The lists inside a record that become child tables. A list that did not come is unknown: it is neither empty
 * nor equal to what was there before. Pure.
 */
import type { ChildColumn, ChildDeclaration, ListPlace, ObjectDeclaration } from './declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { ChildName } from './names.ts';
import { valueAt } from './paths.ts';
import { idText, parseCount } from './scalars.ts';

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

/** A dotted path to a list: the keys of the object that holds it, and the list's own. */
interface ListPath {
  readonly outer: readonly string[];
  readonly key: string;
}

function listPath(path: string): ListPath {
  const keys = path.split('.');
  return { outer: keys.slice(0, -1), key: keys.at(-1) ?? '' };
}

/** The first list at one of the paths that has items, else the first one; undefined if there is none. */
function heldUnder(holder: JsonObject, paths: readonly ListPath[]): HeldList | undefined {
  let first: HeldList | undefined;
  for (const { outer, key } of paths) {
    const inner = outer.length === 0 ? holder : valueAt(holder, outer);
    if (!isJsonObject(inner)) continue;
    const list = inner[key];
    if (!Array.isArray(list)) continue;
    const held = { list: list as readonly JsonValue[], holder: inner };
    if (list.length > 0) return held;
    first ??= held;
  }
  return first;
}

/** The first list under one of the keys that has items, else the first one; undefined if there is none. */
export const listUnder = (holder: JsonObject, keys: readonly string[]): readonly JsonValue[] | undefined =>
  heldUnder(holder, keys.map(listPath))?.list;

export function itemReader(path: string): (item: JsonValue) => JsonValue | undefined {
  const keys = path.split('.');
  return (item) => valueAt(item, keys);
}

/** Computes once for each declaration what every record needs. */
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

/** Readers of the key columns that come from the item itself, rather than from its parent or its position. */
const keyReaders = once(({ primaryKey, columns }: ChildDeclaration) =>
  columns.flatMap(({ name, from }) => {
    if (!primaryKey.includes(name)) return [];
    if ('self' in from) return [(item: JsonValue) => item];
    return 'item' in from ? [itemReader(from.item)] : [];
  }),
);

export const listsOf = once(({ list, otherLists = [] }: ChildDeclaration): readonly ListPlace[] => [
  list,
  ...otherLists,
]);

/** The fields that hold its lists. */
export const listFields = (child: ChildDeclaration): readonly string[] => [
  ...new Set(listsOf(child).map(({ field }) => field)),
];

/** Where a list may be inside its field, besides being the field itself. */
const keysOf = ({ field, keys }: ListPlace): readonly string[] => [...new Set([...keys, 'data', field])];

const pathsOf = once((place: ListPlace) => keysOf(place).map(listPath));

/** The paths at which a record may have the lists of a child table. */
export const listPaths = (child: ChildDeclaration): readonly string[] =>
  listsOf(child).flatMap((place) => [place.field, ...keysOf(place).map((key) => `${place.field}.${key}`)]);

/** The paths at which a record may have the value of a child's column; none if the value does not come from an item. */
export function pathsInRecord(child: ChildDeclaration, { from }: ChildColumn): readonly string[] {
  if ('self' in from) return listPaths(child).map((path) => `${path}[]`);
  return 'item' in from ? listPaths(child).map((path) => `${path}[].${from.item}`) : [];
}

type Parent = Pick<ObjectDeclaration, 'children' | 'omit'>;

/** The child tables whose lists are not in any column of the parent. */
export const onlyInChildren = once(({ children, omit }: Parent): readonly ChildDeclaration[] =>
  children.filter((child) => listPaths(child).some((path) => omit.includes(path))),
);

/**
 * How many items a record refers to without having them, for a list that has to be asked for; null if that is unknown,
 * or the list came with the record.
 */
export const referredTo = (child: ChildDeclaration, record: JsonObject): number | null =>
  referredToFrom(child, child.list, record);

function referredToFrom(
  child: ChildDeclaration,
  { field, referredToIn }: ListPlace,
  record: JsonObject,
): number | null {
  if (referredToIn === undefined || record[field] !== undefined) return null;
  const references = foundAt(child, { field: referredToIn, keys: [] }, record);
  if (references === null) return null;
  const { items, odd, total, isWhole } = references;
  return Math.max(total ?? 0, items.length + odd.length, isWhole ? 0 : 1);
}

/** Null if the list is unknown: absent, null, or of an unknown shape. */
function foundAt(child: ChildDeclaration, place: ListPlace, record: JsonObject): FoundList | null {
  const { field, keys, nullMeansNone = false } = place;
  const value = record[field];
  if (value === undefined || value === null)
    return nullMeansNone || referredToFrom(child, place, record) === 0 ? NOTHING : null;
  const held = Array.isArray(value)
    ? { list: value as readonly JsonValue[], holder: null }
    : isJsonObject(value)
      ? heldUnder(value, pathsOf(place))
      : undefined;
  if (held === undefined) {
    const isNull = nullMeansNone && keys.some((key) => valueAt(value, key.split('.')) === null);
    return isNull ? NOTHING : null;
  }
  const { list, holder } = held;
  const needed = keyReaders(child);
  const items: ListItem[] = [];
  const odd: ListItem[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const item: JsonValue = list[index] ?? null;
    const isOdd =
      needed.length === 0 ? !isJsonObject(item) : needed.some((read) => idText(read(item)) === null);
    (isOdd ? odd : items).push({ value: item, index, place });
  }
  // We can read none of the items: this is not the kind of list that we know.
  if (odd.length > 0 && items.length === 0) return null;
  const total = holder === null ? null : parseCount(holder.total_count);
  const more = holder !== null && (holder.has_more === true || holder.has_more === 'true');
  return { items, odd, total, isWhole: !more && (total === null || list.length >= total) };
}

/** Two lists of one table; null if one of them is unknown. */
const bothLists = (one: FoundList | null, other: FoundList | null): FoundList | null =>
  one === null || other === null
    ? null
    : {
        items: [...one.items, ...other.items],
        odd: [...one.odd, ...other.odd],
        total: one.total === null || other.total === null ? null : one.total + other.total,
        isWhole: one.isWhole && other.isWhole,
      };

/** Null if one of the child's lists is unknown. */
export const findList = (child: ChildDeclaration, record: JsonObject): FoundList | null =>
  listsOf(child)
    .map((place) => foundAt(child, place, record))
    .reduce(bothLists);

/** What a list that the parent keeps lacks in the child table: `ticket_parts: 500 of 612`; null if nothing. */
function partOf(field: string, { items, odd, total, isWhole }: FoundList): string | null {
  const all = Math.max(total ?? 0, items.length + odd.length);
  if (all > items.length) return `${field}: ${items.length} of ${all}`;
  return isWhole ? null : `${field}: ${items.length} and more`;
}

/** The lists of a record, looked at once. */
export interface RecordLists {
  /** By child table, in the order of the declaration; null if the list is unknown. */
  readonly found: readonly (FoundList | null)[];
  /**
   * The relationships that the record does not know, by field. If the parent keeps a list and only a part of it came,
   * its entry says how much: those rows count.
   */
  readonly unknown: readonly string[];
}

const NONE: RecordLists = { found: [], unknown: [] };

export function recordLists(declaration: Parent, record: JsonObject): RecordLists {
  const { children } = declaration;
  if (children.length === 0) return NONE;
  const owed = onlyInChildren(declaration);
  const found: (FoundList | null)[] = [];
  let unknown = NONE.unknown;
  for (const child of children) {
    let sum: FoundList | null | undefined;
    for (const place of listsOf(child)) {
      const one = foundAt(child, place, record);
      sum = sum === undefined ? one : bothLists(sum, one);
      const name = one === null ? place.field : owed.includes(child) ? null : partOf(place.field, one);
      if (name !== null && !unknown.includes(name)) unknown = [...unknown, name];
    }
    found.push(sum ?? null);
  }
  return { found, unknown };
}

/** Items of the record's lists that cannot be rows of any table. */
export function oddItemsOf(
  declaration: Parent,
  { found }: RecordLists,
): readonly { readonly child: ChildDeclaration; readonly item: ListItem }[] {
  if (found.every((list) => list === null || list.odd.length === 0)) return [];
  return onlyInChildren(declaration).flatMap((child) =>
    (found[declaration.children.indexOf(child)]?.odd ?? []).map((item) => ({ child, item })),
  );
}

export type RelationCounts = Readonly<
  Partial<Record<ChildName, { readonly expected: number; readonly listed: number; readonly unknown: number }>>
>;

/**
 * Adds up, for the lists that the parent does not keep: how many items they say they hold, how many came, and how many
 * records do not know them.
 */
export function addRelations(
  declaration: Parent,
  sum: RelationCounts,
  records: readonly RecordLists[],
): RelationCounts {
  const children = onlyInChildren(declaration);
  if (children.length === 0 || records.length === 0) return sum;
  const counts = { ...sum };
  for (const child of children) {
    const at = declaration.children.indexOf(child);
    let { expected, listed, unknown } = counts[child.table] ?? { expected: 0, listed: 0, unknown: 0 };
    for (const { found } of records) {
      const list = found[at] ?? null;
      if (list === null) unknown += 1;
      else {
        expected += Math.max(list.total ?? 0, list.items.length + list.odd.length);
        listed += list.items.length;
      }
    }
    counts[child.table] = { expected, listed, unknown };
  }
  return counts;
}
