/** The configuration's keys for tables and fields, checked against the declarations. */
import { z } from 'zod';
import type { DeclaredTable } from '../core/declared-tables.ts';
import { CHILD_NAMES } from '../core/names.ts';
import { parsePath, type Step, takesIn } from '../core/paths.ts';
import { columnOf, type FieldRules } from '../rows/field-rules.ts';
import { childAt, type FieldNode, fieldTree, type Mark, type Treatment } from '../rows/field-tree.ts';

const TREATMENTS: readonly string[] = ['replicate', 'hash', 'exclude'] satisfies Treatment[];

type Rules = Readonly<Record<string, Treatment>>;

/** A mistake in one rule: the path as written, and what is wrong. */
type Problem = readonly [path: string, message: string];

interface ParsedRule {
  readonly path: string;
  readonly steps: readonly Step[];
  readonly treatment: Treatment;
}

const placeOf = (steps: readonly Step[]): string => JSON.stringify(steps);

function parseRules(rules: Rules): { readonly parsed: readonly ParsedRule[]; readonly problems: Problem[] } {
  const parsed: ParsedRule[] = [];
  const problems: Problem[] = [];
  for (const [path, wanted] of Object.entries(rules)) {
    if (!TREATMENTS.includes(wanted)) problems.push([path, `must be one of ${TREATMENTS.join(', ')}`]);
    try {
      parsed.push({ path, steps: parsePath(path), treatment: wanted });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      problems.push([path, error.message]);
    }
  }
  return { parsed, problems };
}

/** Why a rule cannot apply to this place in the table; null if it can. */
function placeProblem(table: DeclaredTable, { path, steps, treatment }: ParsedRule): string | null {
  const name = columnOf(steps);
  const columns = table.columns.map((column) => column.name);
  if (name === null) return `must begin with the name of a column: ${columns.join(', ')}`;
  if (name.startsWith('_')) return 'is a column that the pipeline adds; it is always there';
  const omitted = table.omitted.map(parsePath);
  if (omitted.some((one) => takesIn(one, steps))) {
    return `is not in ${table.name}: relationships have their own tables, attachments are not synced`;
  }
  if (treatment !== 'replicate' && table.kept.has(name)) {
    return `can only be 'replicate': '${name}' is a key, a cursor or a reference that tables are joined on`;
  }
  const type = table.columns.find((column) => column.name === name)?.type;
  if (steps.length > 1 && type !== undefined && type !== 'json') {
    return `'${name}' is of type ${type} and has nothing inside; write '${name}' instead of '${path}'`;
  }
  return null;
}

/**
 * The rule that excludes a place around this one; undefined if there is none, or if a more exact rule keeps the
 * place (`a.*: exclude` with `a.b: replicate`).
 */
function excludedAround(
  { steps }: ParsedRule,
  rules: readonly ParsedRule[],
  tree: FieldNode,
): ParsedRule | undefined {
  let node: FieldNode | null = tree;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    node = node && childAt(node, step);
    if (node?.treatment !== 'exclude') continue;
    const around = steps.slice(0, index + 1);
    return rules.find((rule) => rule.treatment === 'exclude' && takesIn(rule.steps, around));
  }
  return undefined;
}

/** How a rule contradicts another one of the table; null if it does not. */
function conflict(rule: ParsedRule, rules: readonly ParsedRule[], tree: FieldNode): string | null {
  const same = rules.find((other) => other !== rule && placeOf(other.steps) === placeOf(rule.steps));
  if (same !== undefined) return `names the same place as '${same.path}'; keep one of the two`;
  const around = excludedAround(rule, rules, tree);
  return around === undefined ? null : `is inside '${around.path}', which is excluded; keep one of the two`;
}

function problemsOf(table: DeclaredTable, rules: Rules): readonly Problem[] {
  const { parsed, problems } = parseRules(rules);
  const tree = fieldTree(parsed.map((rule): Mark => ({ ...rule, by: 'rule', named: true })));
  const found = parsed.flatMap((rule): Problem[] => {
    const problem = placeProblem(table, rule) ?? conflict(rule, parsed, tree);
    return problem === null ? [] : [[rule.path, problem]];
  });
  return [...problems, ...found];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isShaped = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isRecord);

/** `fields: { contacts: { name: 'hash', 'location.city': 'exclude' } }` */
export const fieldsSchema = (tables: readonly DeclaredTable[]) =>
  z
    .custom<FieldRules['fields']>(isShaped, "must be like { contacts: { name: 'hash' } }")
    .superRefine((fields, context) => {
      for (const [name, rules] of Object.entries(fields)) {
        const table = tables.find((one) => one.name === name);
        const known = tables.map((one) => one.name).join(', ');
        if (table === undefined) {
          const message = `no such table; tables are ${known}`;
          context.addIssue({ code: 'custom', message, path: [name], input: rules });
          continue;
        }
        for (const [path, message] of problemsOf(table, rules)) {
          context.addIssue({ code: 'custom', message, path: [name, path], input: rules[path] });
        }
      }
    })
    .default({});

/** `tables: { exclude: ['contact_tag'] }`. To leave out objects, use `objects`. */
export const tablesSchema = z
  .strictObject({
    exclude: z
      .array(
        z.enum(CHILD_NAMES, {
          error: `must be a child table: ${CHILD_NAMES.join(', ')}; to leave out an object, use 'objects'`,
        }),
      )
      .default([]),
  })
  .prefault({});

/** Refuses a child table that `objects` names and `tables` excludes: one of the two is a mistake. */
export function refuseNamedAndExcluded(
  {
    objects = [],
    tables,
  }: { objects?: readonly string[] | undefined; tables: z.output<typeof tablesSchema> },
  context: z.RefinementCtx,
): void {
  for (const child of tables.exclude.filter((name) => objects.includes(name))) {
    const message = `'${child}' is also named in 'objects'; remove it from one of the two`;
    context.addIssue({ code: 'custom', message, path: ['tables', 'exclude'], input: tables.exclude });
  }
}
