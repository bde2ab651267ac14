/**
 * Field rules: which columns, and which places inside JSON columns, are replicated, hashed or excluded. The
 * user's rules win over `sensitiveFields`. Of two rules the deeper one wins, and a name wins over `*`.
 */

import type { ColumnType, ObjectDeclaration } from '../core/declaration.ts';
import {
  type DeclaredTable,
  type DeclaredTableName,
  type TableColumn,
  tablesOf,
} from '../core/declared-tables.ts';
import type { JsonValue } from '../core/json.ts';
import { parsePath, pathFrom, type Step, takesIn } from '../core/paths.ts';
import type { HashText } from '../core/ports.ts';
import { acts, type FieldNode, fieldTree, type Mark, type Treatment } from './field-tree.ts';
import { treatValue } from './treat-value.ts';

export interface FieldRules {
  /** Treatment by path, by table. A path begins with the name of a column. */
  readonly fields: Readonly<Partial<Record<DeclaredTableName, Readonly<Record<string, Treatment>>>>>;
  /** The treatment of personal and undeclared fields that have no rule. */
  readonly sensitiveFields: 'replicate' | 'hash';
}

/** The name that a path begins with. */
export function columnOf(steps: readonly Step[]): string | null {
  const [first] = steps;
  return first !== undefined && 'key' in first ? first.key : null;
}

/** The user's rules for places in the parent's record at, around or inside a value, the deepest first. */
function rulesAt(
  places: readonly (readonly Step[])[],
  rules: Readonly<Record<string, Treatment>>,
): readonly Mark[] {
  const marks = Object.entries(rules).flatMap(([path, treatment]) => {
    const steps = parsePath(path);
    const place = places.find((one) => takesIn(steps, one) || takesIn(one, steps));
    if (place === undefined) return [];
    const mark: Mark = {
      steps: steps.slice(place.length),
      by: 'rule',
      treatment,
      named: steps.length >= place.length,
    };
    return [{ mark, depth: steps.length }];
  });
  return marks.toSorted((one, other) => other.depth - one.depth).map(({ mark }) => mark);
}

/**
 * The user's rules for a column, as paths that begin at the column's value. A column of a child table without rules of
 * its own takes those of the parent's column with the same list.
 */
export function rulesAbout(
  { fields }: FieldRules,
  { name, repeats }: DeclaredTable,
  column: string,
): readonly Mark[] {
  const own = Object.entries(fields[name] ?? {}).flatMap(([path, treatment]): Mark[] => {
    const steps = parsePath(path);
    if (columnOf(steps) !== column) return [];
    return [{ steps: steps.slice(1), by: 'rule', treatment, named: true }];
  });
  if (own.length > 0 || repeats === undefined) return own;
  return rulesAt(repeats.paths.get(column) ?? [], fields[repeats.table] ?? {});
}

const mark = (steps: readonly Step[], treatment: Treatment | null, named: boolean): Mark => ({
  steps,
  by: 'default',
  treatment,
  named,
});

/** A leaf that is known not to be personal. If it becomes an object or an array, everything inside is new. */
const plainLeaf = (steps: readonly Step[]): readonly Mark[] => [
  mark(steps, 'replicate', false),
  mark([...steps, { every: 'key' }], 'hash', false),
  mark([...steps, { every: 'item' }], 'hash', false),
];

/**
 * What the declaration says about a column: which places are personal and, with 'hash', that everything not
 * declared plain is hashed. Personal places are always named, so that a rule which hashes a place around them
 * also hashes them.
 */
function defaultsOf(
  column: TableColumn | undefined,
  sensitive: FieldRules['sensitiveFields'],
): readonly Mark[] {
  const treatment = sensitive === 'hash' ? 'hash' : null;
  if (column === undefined || column.personal === true) return [mark([], treatment, true)];
  const { name, type, personal = [], plain = [] } = column;
  const inside = (path: string) => parsePath(pathFrom(name, path)).slice(1);
  const named = personal.map((path) => mark(inside(path), treatment, true));
  if (treatment === null) return named;
  if (type !== 'json') return plainLeaf([]);
  return [...plain.flatMap((path) => plainLeaf(inside(path))), ...named, mark([], treatment, false)];
}

/** The tree of a column of a table, declared or not. */
export function columnTree(table: DeclaredTable, name: string, rules: FieldRules): FieldNode {
  const column = table.columns.find((one) => one.name === name);
  return fieldTree([...rulesAbout(rules, table, name), ...defaultsOf(column, rules.sensitiveFields)]);
}

/** The type of a declared column as it is written. A hash is always text. */
export const writtenType = (
  table: DeclaredTable,
  { name, type }: TableColumn,
  rules: FieldRules,
): ColumnType => (type !== 'json' && columnTree(table, name, rules).treatment === 'hash' ? 'string' : type);

const columnsAsWritten = <C extends TableColumn>(
  columns: readonly C[],
  table: DeclaredTable | undefined,
  rules: FieldRules,
): readonly C[] =>
  columns.flatMap((column) => {
    if (table === undefined) return [column];
    if (columnTree(table, column.name, rules).treatment === 'exclude') return [];
    return [{ ...column, type: writtenType(table, column, rules) }];
  });

/** The object as its rows are written: without excluded columns, and with hashed columns as text. */
export function asWritten(object: ObjectDeclaration, rules: FieldRules): ObjectDeclaration {
  const tables = new Map(tablesOf(object).map((table) => [table.name, table]));
  return {
    ...object,
    columns: columnsAsWritten(object.columns, tables.get(object.name), rules),
    children: object.children.map((child) => ({
      ...child,
      columns: columnsAsWritten(child.columns, tables.get(child.table), rules),
    })),
  };
}

/** Whether the rules exclude a column (declared or not) of the object's own table. */
export function excludes(object: ObjectDeclaration, rules: FieldRules): (column: string) => boolean {
  const [own] = tablesOf(object);
  return (column) => own !== undefined && columnTree(own, column, rules).treatment === 'exclude';
}

/** Columns of a table (declared or not) that the rules exclude completely. */
export function excludedColumns(table: DeclaredTable, rules: FieldRules): readonly string[] {
  const ruled = Object.keys(rules.fields[table.name] ?? {}).map((path) => columnOf(parsePath(path)) ?? '');
  const names = new Set([...table.columns.map(({ name }) => name), ...ruled]);
  return [...names].filter((name) => columnTree(table, name, rules).treatment === 'exclude');
}

/** Child tables that cannot be written, because a rule for the parent's list hashes or excludes their key. */
export const tablesWithoutKey = (
  tables: readonly DeclaredTable[],
  rules: FieldRules,
): readonly DeclaredTable[] =>
  tables.filter((table) =>
    table.key.some((name) => {
      const { treatment, named } = columnTree(table, name, rules);
      return treatment === 'exclude' || (treatment === 'hash' && named);
    }),
  );

/** What to do with the values of a column. Null: nothing. 'exclude': the column is left out. */
export type ColumnTreatment = null | 'exclude' | ((value: JsonValue) => JsonValue);

/** Returns the treatment of a column. Asking again for the same column costs only a look-up. */
export type Treatments = (table: DeclaredTableName, column: string) => ColumnTreatment;

export const UNTREATED: Treatments = () => null;

function treatmentOf(name: string, node: FieldNode, hash: HashText): ColumnTreatment {
  if (node.treatment === 'exclude') return 'exclude';
  if (!acts(node)) return null;
  const place = { key: name, node, around: 'replicate', isOwn: false } as const;
  return (value) => treatValue(value, place, hash) ?? null;
}

/** The rules for an object's tables, ready to apply. */
export function createTreatments(object: ObjectDeclaration, rules: FieldRules, hash: HashText): Treatments {
  const tables = new Map(tablesOf(object).map((table) => [table.name, { table, known: new Map() }]));
  return (tableName, column) => {
    const found: { table: DeclaredTable; known: Map<string, ColumnTreatment> } | undefined =
      tables.get(tableName);
    if (found === undefined) return null;
    const { table, known } = found;
    const treatment = known.get(column);
    if (treatment !== undefined) return treatment;
    const made = treatmentOf(column, columnTree(table, column, rules), hash);
    known.set(column, made);
    return made;
  };
}

/** Whether any field of the object may be hashed, which needs the hash key. */
export const needsHash = (object: ObjectDeclaration, { fields, sensitiveFields }: FieldRules): boolean =>
  sensitiveFields === 'hash' ||
  tablesOf(object).some(({ name }) => Object.values(fields[name] ?? {}).includes('hash'));
