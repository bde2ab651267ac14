/**
 * Notes on rules for undeclared places. Such a rule is either for a field that Intercom added later, or a typing
 * mistake. We report it but do not refuse it, because there may be fields that we do not know.
 */
import type { DeclaredTable, DeclaredTableName, TableColumn } from '../core/declared-tables.ts';
import { parsePath, pathFrom, type Step } from '../core/paths.ts';
import type { FieldRules } from '../rows/field-rules.ts';
import { similarTo } from './similar.ts';

type Path = readonly Step[];

/** Known places in a column. A column that is personal as a whole may hold anything. */
function knownIn({ name, personal, plain = [] }: TableColumn): readonly Path[] {
  const inside = [...(personal === true ? [] : (personal ?? [])), ...plain].filter((path) => path !== '');
  return inside.length === 0 ? [parsePath(name)] : inside.map((path) => parsePath(pathFrom(name, path)));
}

const isItem = (step: Step): boolean => 'every' in step && step.every === 'item';

/** Whether both can mean the same place; `*` on either side matches any name. */
const isAlike = (one: Step, other: Step | undefined): boolean =>
  other !== undefined &&
  ('key' in one && 'key' in other ? one.key === other.key : isItem(one) === isItem(other));

/** These fields occur everywhere, so the declarations do not list them. */
const REFERENCE = /^type$|^id$|_id$/;

interface Unknown {
  readonly isColumn: boolean;
  readonly name: string;
  readonly similar: string | null;
}

/** The first name of a path that is not known at its place; null if all are known. */
function unknownIn(path: Path, known: readonly Path[]): Unknown | null {
  let alive = known;
  for (const [index, step] of path.entries()) {
    // Inside a known place.
    if (alive.some(({ length }) => length === index)) return null;
    const next = alive.filter((one) => isAlike(step, one[index]));
    if (next.length === 0) {
      const name = 'key' in step ? step.key : '[]';
      if (index > 0 && REFERENCE.test(name)) return null;
      const choices = alive.flatMap(({ [index]: one }) =>
        one !== undefined && 'key' in one ? [one.key] : [],
      );
      return { isColumn: index === 0, name, similar: similarTo(name, choices) };
    }
    alive = next;
  }
  return null;
}

/** One note for each rule whose place is not known. */
export function ruleNotes(tables: readonly DeclaredTable[], fields: FieldRules['fields']): readonly string[] {
  const knownOf = (name: DeclaredTableName) =>
    (tables.find((table) => table.name === name)?.columns ?? []).flatMap(knownIn);
  return Object.entries(fields).flatMap(([table, rules]) => {
    const known = knownOf(table as DeclaredTableName);
    return Object.keys(rules).flatMap((path) => {
      const unknown = unknownIn(parsePath(path), known);
      if (unknown === null) return [];
      const { isColumn, name, similar } = unknown;
      const missing = isColumn
        ? `${table} has no declared column '${name}'`
        : `'${name}' is not declared there`;
      const guess = similar === null ? '' : ` Did you mean '${similar}'?`;
      return [
        `fields.${table}.${path}: ${missing}; the rule applies once there is such a field.${guess} To list the columns: npm run local -- fields`,
      ];
    });
  });
}
