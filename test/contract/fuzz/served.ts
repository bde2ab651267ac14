/**
 * What a listing served in the place of a record, and what the lake must hold for it: that very value as a row, with
 * its lists as rows of child tables, or its name in the debts or rejects. Reads the declaration, and none of the code
 * that makes rows.
 */
import type { ChildDeclaration, ObjectDeclaration } from '../../../functions/core/declaration.ts';
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

/** The list of a relationship, under any of its documented wrappers; null if it is none. */
function listIn({ list: { field, keys } }: ChildDeclaration, value: ExactObject): readonly Exact[] | null {
  const holder = value[field];
  if (Array.isArray(holder)) return holder as readonly Exact[];
  if (!isExactObject(holder)) return null;
  const lists = [...keys, 'data', field].flatMap((key) => (Array.isArray(holder[key]) ? [holder[key]] : []));
  return ((lists.find((list) => list.length > 0) ?? lists[0]) as readonly Exact[] | undefined) ?? null;
}

/** How many items Intercom says the list has. */
const totalOf = ({ list: { field } }: ChildDeclaration, value: ExactObject): number => {
  const total = at(value, [field, 'total_count']);
  return typeof total === 'number' || /^\d+$/.test(String(total)) ? Number(total) : 0;
};

function isRowOf(
  child: ChildDeclaration,
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
          ? at(item, [from.item])
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
 * was asked for once more; else the row says that it is not known.
 */
function childProblems(
  child: ChildDeclaration,
  served: ExactObject,
  whole: readonly OutputRow[],
  row: OutputRow,
  found: Found,
  isOwed: boolean,
): readonly string[] {
  const { field, nullMeansNone } = child.list;
  const rows = ownRows(child, served, found.childRows(child));
  if (contents(child, rows) === contents(child, whole)) return [];
  const list = listIn(child, served);
  if (unknownIn(row).includes(field)) {
    return rows.length === 0 ? [] : [`${field} are unknown and have rows of ${child.table}`];
  }
  if (list === null) {
    const isNone = nullMeansNone === true && (served[field] === undefined || served[field] === null);
    return isNone && rows.length === 0
      ? []
      : [`${field} came in no known shape, and the row does not say so`];
  }
  const left = list.flatMap((item, index) => {
    if (rows.some((one) => isRowOf(child, served, item, index, one))) return [];
    const isRejected = found.rejects.some(
      ({ path, record }) => String(path).endsWith(`.${field}[${index}]`) && isJsonOf(String(record), item),
    );
    return isRejected ? [] : [`${field}[${index}] is in no row of ${child.table}, and not rejected`];
  });
  const isServed = (one: OutputRow): boolean =>
    list.some((item, index) => isRowOf(child, served, item, index, one));
  if (!rows.every(isServed)) left.push(`${child.table} has rows that were not served`);
  if (list.length < totalOf(child, served) && !isOwed) left.push(`${field} came in part and are not owed`);
  return left;
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
  omit.filter((path) => !children.some(({ list }) => path.split('.')[0] === list.field));

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
      childProblems(child, value, served.childRows(child), row, found, isOwed),
    );
    return [...columns, ...lists];
  });
  if (problems.some((of) => of.length === 0)) return { kind: 'landed' };
  if (isOwed && rows.length === 0) return { kind: 'named' };
  return { kind: 'lost', problems: problems[0] ?? [`${key} is in no row`] };
}
