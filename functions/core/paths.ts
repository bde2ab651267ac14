/**
 * Dotted paths into records: `source.body`, `data[].name`, `ticket_attributes.*[].url`. `[]` after a
 * segment stands for every item of that array, `*` for every key. A key that contains one of `. [ ] "`, or is
 * `*`, is quoted as in JSON: `custom_attributes["a.b"]`.
 */
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

export type Step = { readonly key: string } | { readonly every: 'key' } | { readonly every: 'item' };

const ITEMS = '[]';

function stepOf(plain: string | undefined, quoted: string | undefined): Step {
  if (quoted !== undefined) return { key: JSON.parse(quoted) as string };
  if (plain === undefined) return { every: 'item' };
  return plain === '*' ? { every: 'key' } : { key: plain };
}

/** @throws SyntaxError if the text is not a valid path */
export function parsePath(path: string): readonly Step[] {
  const segment = /(?:^|(?<=.)\.)([^.[\]"]+)|\[("(?:[^"\\]|\\.)*")\]|\[\]/y;
  const steps: Step[] = [];
  while (segment.lastIndex < path.length || steps.length === 0) {
    const found = segment.exec(path);
    if (found === null || (steps.length === 0 && found[0] === ITEMS)) {
      throw new SyntaxError(
        `'${path}' is not a valid path: write names with dots between them, [] for the items of an array, * for every key, and ["a.b"] for a name with dots or brackets`,
      );
    }
    steps.push(stepOf(found[1], found[2]));
  }
  return steps;
}

/** Joins a place and a path inside it: `''` is the place itself, `[].name` is in its items. */
export const pathFrom = (place: string, path: string): string =>
  path === '' || path.startsWith('[') ? `${place}${path}` : `${place}.${path}`;

const isAt = (step: Step, inner: Step | undefined): boolean =>
  inner !== undefined &&
  (JSON.stringify(inner) === JSON.stringify(step) ||
    ('every' in step && step.every === 'key' && 'key' in inner));

/** Whether `inner` is the same place as `outer` or inside it; `*` names every key. */
export const takesIn = (outer: readonly Step[], inner: readonly Step[]): boolean =>
  outer.every((step, index) => isAt(step, inner[index]));

/** The value at a path of plain keys; undefined if a step is missing. */
export function valueAt(value: JsonValue | undefined, keys: readonly string[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const key of keys) {
    if (!isJsonObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** A copy of the value without what is at the path; the same value if nothing is there. */
export function without(value: JsonValue, steps: readonly Step[]): JsonValue {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if ('key' in step) {
    if (!isJsonObject(value)) return value;
    const inner = value[step.key];
    if (inner === undefined) return value;
    if (rest.length > 0) return { ...value, [step.key]: without(inner, rest) };
    const { [step.key]: _dropped, ...kept } = value;
    return kept as JsonObject;
  }
  if (step.every === 'item') {
    return Array.isArray(value) ? value.map((item: JsonValue) => without(item, rest)) : value;
  }
  if (!isJsonObject(value)) return value;
  if (rest.length === 0) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inner === undefined ? inner : without(inner, rest)]),
  ) as JsonObject;
}
