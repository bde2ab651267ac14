/** Lists every column of every table with the rule that applies, for people. Pure. */

import type { ColumnType } from '../core/declaration.ts';
import type { DeclaredTable, DeclaredTableName } from '../core/declared-tables.ts';
import type { ChildName } from '../core/names.ts';
import { parsePath, pathFrom, type Step, takesIn } from '../core/paths.ts';
import { columnOf, columnTree, type FieldRules, rulesAbout, writtenType } from './field-rules.ts';
import { type Treatment, treatmentAt } from './field-tree.ts';

/** The reason for a field's treatment. */
export type Reason =
  | 'fields'
  | 'sensitiveFields'
  /** For new fields in a JSON column; its known places follow on their own lines. */
  | 'sensitiveFields: new fields'
  | 'table excluded'
  | 'default';

export interface ListedField {
  readonly table: DeclaredTableName;
  /** A column, or a path inside a column that is declared or has its own rule. */
  readonly path: string;
  /** The type as written: a hashed number is a string. Null for a place inside a column, and for an undeclared column. */
  readonly type: ColumnType | null;
  /** `partly`: some places inside are personal; they follow on their own lines. */
  readonly personal: 'yes' | 'partly' | 'no';
  readonly rule: Treatment;
  readonly because: Reason;
}

interface Context {
  readonly table: DeclaredTable;
  readonly rules: FieldRules;
  readonly isExcluded: boolean;
}

function reasonOf({ table, rules, isExcluded }: Context, steps: readonly Step[], rule: Treatment): Reason {
  if (isExcluded) return 'table excluded';
  const [, ...inside] = steps;
  const marks = rulesAbout(rules, table, columnOf(steps) ?? '');
  if (marks.some((mark) => takesIn(mark.steps, inside))) return 'fields';
  if (rule !== 'hash') return 'default';
  const isKnown =
    steps.length === 1 && table.columns.some(({ name, plain }) => name === columnOf(steps) && plain);
  return isKnown ? 'sensitiveFields: new fields' : 'sensitiveFields';
}

function listed(context: Context, path: string, about: Pick<ListedField, 'type' | 'personal'>): ListedField {
  const { table, rules, isExcluded } = context;
  const steps = parsePath(path);
  const [, ...inside] = steps;
  const tree = columnTree(table, columnOf(steps) ?? '', rules);
  const rule = isExcluded ? 'exclude' : treatmentAt(tree, inside);
  return { table: table.name, path, ...about, rule, because: reasonOf(context, steps, rule) };
}

function fieldsOf(context: Context): readonly ListedField[] {
  const { table, rules } = context;
  const ruled = Object.keys(rules.fields[table.name] ?? {});
  const within = (name: string) =>
    ruled.filter((path) => path !== name && columnOf(parsePath(path)) === name);
  const declared = table.columns.flatMap((column) => {
    const { name, personal, plain = [] } = column;
    const inside = (paths: readonly string[]) => paths.map((path) => pathFrom(name, path));
    const personalPaths = Array.isArray(personal) ? inside(personal) : [];
    const plainPaths = inside(plain).filter((path) => path !== name);
    const others = within(name).filter((path) => ![...personalPaths, ...plainPaths].includes(path));
    const own = personal === true ? 'yes' : personalPaths.length > 0 ? 'partly' : 'no';
    const place = (isPersonal: boolean) => (path: string) =>
      listed(context, path, { type: null, personal: isPersonal ? 'yes' : 'no' });
    return [
      listed(context, name, { type: writtenType(table, column, rules), personal: own }),
      ...personalPaths.map(place(true)),
      ...plainPaths.map(place(false)),
      ...others.map(place(personal === true)),
    ];
  });
  const names = table.columns.map(({ name }) => name);
  const undeclared = ruled.filter((path) => !names.includes(columnOf(parsePath(path)) ?? ''));
  return [...declared, ...undeclared.map((path) => listed(context, path, { type: null, personal: 'no' }))];
}

/** @param excluded child tables that are left out completely */
export const listFields = (
  tables: readonly DeclaredTable[],
  rules: FieldRules,
  excluded: readonly ChildName[],
): readonly ListedField[] =>
  tables.flatMap((table) =>
    fieldsOf({ table, rules, isExcluded: excluded.some((name) => name === table.name) }),
  );
