/**
 * Prepares a state machine's definition for aws-local-stepfunctions. Pure.
 *
 * The library runs everything inside a branch (paths, Choice, Wait, Retry, Catch) as AWS does. It differs from
 * AWS in two ways, which branches.ts makes up for:
 * - Its Map starts waiting items even after one has failed, and does not give them the context object. So the
 *   library sees a Map as a Task, and the items run as branches of their own.
 * - It overwrites `$$.Execution.StartTime` and `.Input` in every branch. So `$$` is stored under another name.
 */
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { z } from 'zod';

/** A state machine in the Amazon States Language. */
export type Definition = Readonly<Record<string, unknown>>;

/** The key of our context object inside the library's own. */
export const CONTEXT_KEY = 'Actual';

/** Fields that the library silently ignores. We refuse them instead. */
const REFUSED_FIELDS = [
  'QueryLanguage',
  'Assign',
  'Arguments',
  'Output',
  'Items',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
  'HeartbeatSeconds',
];

const state = z.looseObject({ Type: z.enum(['Task', 'Map', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail']) });
const branch = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), z.unknown()) });
const map = z.looseObject({
  ItemsPath: z.string().default('$'),
  ItemSelector: z.record(z.string(), z.unknown()).optional(),
  MaxConcurrency: z.number().int().positive(),
  ItemProcessor: branch,
});

/** A Map has no timeout, but the library gives a Task 60 seconds. This is the longest timer that Node allows. */
const NO_TIMEOUT_SECONDS = 2_147_483;

/** The parameters of the Task that stands for a Map. */
export const mapParameters = z.object({ items: z.array(z.unknown()), input: z.unknown() });

/** A state machine, or the part of it that runs for one item of a Map. */
export interface Branch {
  /** The definition for the library, with Tasks in place of Maps. */
  readonly machine: StateMachineDefinition;
  /** The names of the states that call functions. */
  readonly tasks: readonly string[];
  readonly waits: readonly string[];
  readonly maps: Readonly<Record<string, MapState>>;
}

export interface MapState {
  readonly maxConcurrency: number;
  /** The shape of an item's input. Undefined if the input is the item itself. */
  readonly itemSelector: Readonly<Record<string, unknown>> | undefined;
  readonly itemProcessor: Branch;
}

/**
 * Splits a definition into branches.
 * @throws Error naming the state that cannot be run on one machine, and why
 */
export function parseDefinition(definition: Definition): Branch {
  return parseBranch(withContext(definition));
}

function parseBranch(value: unknown): Branch {
  const { States, ...rest } = branch.parse(value);
  const maps: Record<string, MapState> = {};
  const names: Record<'Task' | 'Wait', string[]> = { Task: [], Wait: [] };
  const states = Object.entries(States).map(([name, fields]) => {
    const each = parseState(name, state, fields);
    if (each.Type === 'Task' || each.Type === 'Wait') names[each.Type].push(name);
    if (each.Type !== 'Map') return [name, each];
    const { ItemsPath, ItemSelector, MaxConcurrency, ItemProcessor, ...common } = parseState(name, map, each);
    maps[name] = {
      maxConcurrency: MaxConcurrency,
      itemSelector: ItemSelector,
      itemProcessor: parseBranch(ItemProcessor),
    };
    const Parameters = { 'items.$': ItemsPath, 'input.$': '$' };
    return [
      name,
      { ...common, Type: 'Task', Resource: 'map', TimeoutSeconds: NO_TIMEOUT_SECONDS, Parameters },
    ];
  });
  const machine = { ...rest, States: Object.fromEntries(states) } as StateMachineDefinition;
  return { machine, tasks: names.Task, waits: names.Wait, maps };
}

function parseState<T>(name: string, schema: z.ZodType<T>, fields: unknown): T {
  const parsed = schema.safeParse(fields);
  if (!parsed.success) {
    throw new Error(`State ${name} cannot be run on one machine: ${z.prettifyError(parsed.error)}`);
  }
  const refused = REFUSED_FIELDS.find((field) => Object.hasOwn(Object(fields), field));
  if (refused === undefined) return parsed.data;
  throw new Error(`State ${name} cannot be run on one machine: it has ${refused}.`);
}

/** Redirects every reference to the context object (`$$`) to its new place. */
function withContext(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    const isPath = key.endsWith('.$') || key.endsWith('Path') || key === 'Variable';
    return isPath ? value.split('$$.').join(`$$.${CONTEXT_KEY}.`) : value;
  }
  if (Array.isArray(value)) return value.map((each) => withContext(each, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withContext(inner, name)]));
}
