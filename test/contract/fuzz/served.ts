/**
 * What a listing served in the place of a record, and what the lake must hold for it: that very value as a row, with
 * its lists as rows of child tables, or its name in the debts or rejects. Reads the declaration, and none of the code
 * that makes rows.
 */
import type { ChildDeclaration, ListPlace, ObjectDeclaration } from '../../../functions/core/declaration.ts';
import {
  canonical,
  type Exact,
  type ExactObject,
  isExactObject,
  parseExact,
} from '../../support/local/lossless-json.ts';
import type { OutputRow } from '../../support/rows-of.ts';

/** A value in a listing. */
export interface Served {
  /** The record that it stands for. */
  readonly name: string;
  /** What it is counted and owed as: the record, or the conversation of a part. */
  readonly unit: string;
  /** Its places in the lists that served it. */
  readonly places: ReadonlySet<number>;
  /** Undefined: the record was left out. */
  readonly value: Exact | undefined;
  /** Rows of its child tables if nothing is changed: its lists, whole. */
  readonly childRows: (child: ChildDeclaration) => readonly OutputRow[];
}

/** What a run left of an object. */
export interface Found {
  readonly rows: readonly OutputRow[];
  readonly childRows: (child: ChildDeclaration) => readonly OutputRow[];
  readonly rejects: readonly OutputRow[];
  /** Ids that are owed. */
  readonly owed: ReadonlySet<string>;
}

type Declaration = Pick<ObjectDeclaration, 'columns' | 'primaryKey' | 'nullableKeys' | 'omit' | 'children'>;

/** An id as a row shows it; null if the value is none. */
const idOf = (value: Exact | undefined): string | null =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : null;

export function keyOf(
  { primaryKey, nullableKeys = [] }: Declaration,
  value: Exact | undefined,
): string | null {
  if (!isExactObject(value)) return null;
  const ids = primaryKey.map((name) => idOf(value[name]) ?? (nullableKeys.includes(name) ? 'null' : null));
  return ids.includes(null) ? null : ids.join('/');
}

const without = (object: ExactObject, name: string): ExactObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

/** The value without what lies at the path; `[]` are the items of a list, `*` every key. */
function removed(value: Exact, [step = '', ...rest]: readonly string[]): Exact {
  if (!isExactObject(value)) return value;
  const name = step.replace('[]', '');
  const inner = (held: Exact): Exact =>
    step.endsWith('[]')
      ? Array.isArray(held)
        ? held.map((item: Exact) => removed(item, rest))
        : held
      : removed(held, rest);
  if (rest.length === 0) return without(value, name);
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => [key, name === '*' || name === key ? inner(held) : held]),
  );
}

/** The value without what is never synced. */
const synced = ({ omit }: Declaration, value: ExactObject): ExactObject =>
  omit.reduce<Exact>((kept, path) => removed(kept, path.split('.')), value) as ExactObject;

const at = (value: Exact | undefined, keys: readonly string[]): Exact | undefined =>
  keys.reduce<Exact | undefined>((inner, key) => (isExactObject(inner) ? inner[key] : undefined), value);

/** Whether a cell holds a value: as it is, or as JSON text. */
function holds(cell: unknown, value: Exact | undefined, type: string): boolean {
  if (value === undefined || value === null) return cell === null;
  if (type !== 'json' && typeof value !== 'object') return cell === value || String(cell) === String(value);
  return typeof cell === 'string' && isJsonOf(cell, value);
}

function isJsonOf(text: string, value: Exact): boolean {
  try {
    return canonical(parseExact(text)) === canonical(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A row with the key of the value. */
const isRowFor = ({ primaryKey }: Declaration, value: ExactObject, row: OutputRow): boolean =>
  primaryKey.every(
    (name) => String(row[name]) === idOf(value[name]) || holds(row[name], value[name], 'string'),
  );

/** Columns of the row that are not as served. */
function wrongColumns(declaration: Declaration, served: ExactObject, row: OutputRow): readonly string[] {
  const value = synced(declaration, served);
  const declared = new Map(declaration.columns.map((column) => [column.name, column]));
  const others = Object.keys(value).filter((name) => !declared.has(name));
  const names = new Set([...declared.keys(), ...others, ...Object.keys(row)]);
  return [...names].filter((name) => {
    if (name.startsWith('_')) return false;
    const { type = 'string', from = name } = declared.get(name) ?? {};
    return !holds(row[name], at(value, from.split('.')), type);
  });
}

/** Where the record may have the lists of a child table. */
const placesOf = ({ list, otherLists = [] }: ChildDeclaration): readonly ListPlace[] => [list, ...otherLists];

/** Whether the parent's columns have the list, too. */
const isKept = ({ omit }: Declaration, child: ChildDeclaration): boolean =>
  !placesOf(child).some(({ field, keys }) =>
    [field, ...keys.map((key) => `${field}.${key}`)].some((path) => omit.includes(path)),
  );

/** A list under any of its documented wrappers, and how many items Intercom says it has; null if it is none. */
function listIn(
  { field, keys, nullMeansNone }: ListPlace,
  value: ExactObject,
): { readonly items: readonly Exact[]; readonly total: number } | null {
  const holder = value[field];
  if (Array.isArray(holder)) return { items: holder as readonly Exact[], total: 0 };
  const paths = [...keys, 'data', field].map((key) => key.split('.'));
  const lists = paths.flatMap((path) => {
    const items = at(holder, path);
    const total = at(holder, [...path.slice(0, -1), 'total_count']);
    const count = typeof total === 'number' || /^\d+$/.test(String(total)) ? Number(total) : 0;
    return Array.isArray(items) ? [{ items: items as readonly Exact[], total: count }] : [];
  });
  const isNone = holder === undefined || holder === null || paths.some((path) => at(holder, path) === null);
  const none = nullMeansNone === true && isNone ? { items: [], total: 0 } : null;
  return lists.find(({ items }) => items.length > 0) ?? lists[0] ?? none;
}

function isRowOf(
  child: ChildDeclaration,
  place: ListPlace,
  owner: ExactObject,
  item: Exact,
  index: number,
  row: OutputRow,
): boolean {
  return child.columns.every(({ name, from, type }) => {
    const value =
      'parent' in from
        ? owner[from.parent]
        : 'item' in from
          ? at(item, from.item.split('.'))
          : 'list' in from
            ? (place.says?.[from.list] as Exact | undefined)
            : 'self' in from
              ? item
              : index;
    return holds(row[name], value, type);
  });
}

/** Rows of a child table that belong to the record. */
export function ownRows(
  child: ChildDeclaration,
  owner: ExactObject,
  rows: readonly OutputRow[],
): readonly OutputRow[] {
  const parents = child.columns.filter(({ from }) => 'parent' in from);
  return rows.filter((row) =>
    parents.every(({ name, from }) => 'parent' in from && String(row[name]) === String(owner[from.parent])),
  );
}

/** Rows of a child table, apart from whose they are and when they were written. */
const contents = (child: ChildDeclaration, rows: readonly OutputRow[]): string => {
  const columns = child.columns.filter(({ from }) => !('parent' in from)).map(({ name }) => name);
  return rows
    .map((row) => JSON.stringify(columns.map((name) => row[name])))
    .sort()
    .join();
};

const unknownIn = ({ _unknown: text }: OutputRow): readonly string[] =>
  typeof text === 'string' ? (JSON.parse(text) as readonly string[]) : [];

/**
 * What is wrong with the child rows of a record. A list is there as it was served; else as it was before, because it
 * was asked for once more; else the row says that it is not known. If the parent keeps the list, the row also says how
 * much of it is there.
 */
function childProblems(
  declaration: Declaration,
  child: ChildDeclaration,
  served: ExactObject,
  whole: readonly OutputRow[],
  row: OutputRow,
  found: Found,
  isOwed: boolean,
): readonly string[] {
  const rows = ownRows(child, served, found.childRows(child));
  if (contents(child, rows) === contents(child, whole)) return [];
  const unknown = unknownIn(row);
  const places = placesOf(child);
  if (places.some(({ field }) => unknown.includes(field)))
    return rows.length === 0 ? [] : [`its lists are unknown and have rows of ${child.table}`];
  const lists = places.map((place) => ({ place, list: listIn(place, served) }));
  const left = lists.flatMap(({ place, list }) => {
    const { field } = place;
    if (list === null) return [`${field} came in no known shape, and the row does not say so`];
    const isPartNamed = unknown.some((text) => text.startsWith(`${field}: `));
    const missing = list.items.flatMap((item, index) => {
      if (rows.some((one) => isRowOf(child, place, served, item, index, one))) return [];
      const isRejected = found.rejects.some(
        ({ path, record }) => String(path).endsWith(`.${field}[${index}]`) && isJsonOf(String(record), item),
      );
      return isRejected || (isKept(declaration, child) && isPartNamed)
        ? []
        : [`${field}[${index}] is in no row of ${child.table}, and not rejected`];
    });
    const isPart = list.items.length < list.total;
    return isPart && !isOwed && !(isKept(declaration, child) && isPartNamed)
      ? [...missing, `${field} came in part and are not owed`]
      : missing;
  });
  const isServed = (one: OutputRow): boolean =>
    lists.some(({ place, list }) =>
      list?.items.some((item, index) => isRowOf(child, place, served, item, index, one)),
    );
  return rows.every(isServed) ? left : [...left, `${child.table} has rows that were not served`];
}

/** Whether a reject names this value, by its place and its content. */
function isRejected(declaration: Declaration, { places, value = null }: Served, { rejects }: Found): boolean {
  const kept = isExactObject(value) ? synced({ ...declaration, omit: ownOmits(declaration) }, value) : value;
  return rejects.some(({ path, record }) => {
    const [, place] = /\[(\d+)\]$/.exec(String(path)) ?? [];
    return places.has(Number(place)) && isJsonOf(String(record), kept);
  });
}

/** A reject keeps the lists that would be child rows. */
const ownOmits = ({ omit, children }: Declaration): readonly string[] =>
  omit.filter(
    (path) =>
      !children
        .flatMap(placesOf)
        .some(({ field, keys }) => path === field || keys.some((key) => path === `${field}.${key}`)),
  );

export type Fate =
  | { readonly kind: 'landed' }
  /** It is in no row, and named by a reject or a debt. */
  | { readonly kind: 'named' }
  | { readonly kind: 'lost'; readonly problems: readonly string[] };

/** What became of a value. */
export function fateOf(declaration: Declaration, served: Served, found: Found): Fate {
  const { value, unit } = served;
  const key = keyOf(declaration, value);
  if (key === null || !isExactObject(value)) {
    if (isRejected(declaration, served, found)) return { kind: 'named' };
    return { kind: 'lost', problems: ['is not in the rejects'] };
  }
  const isOwed = found.owed.has(key) || found.owed.has(unit);
  const rows = found.rows.filter((row) => isRowFor(declaration, value, row));
  const problems = rows.map((row) => {
    const columns = wrongColumns(declaration, value, row).map((name) => `${name} is not as served`);
    const lists = declaration.children.flatMap((child) =>
      childProblems(declaration, child, value, served.childRows(child), row, found, isOwed),
    );
    return [...columns, ...lists];
  });
  if (problems.some((of) => of.length === 0)) return { kind: 'landed' };
  if (isOwed && rows.length === 0) return { kind: 'named' };
  return { kind: 'lost', problems: problems[0] ?? [`${key} is in no row`] };
}
