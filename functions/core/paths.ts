/**
 * Dotted paths into records: `source.body`, `data[].name`, `ticket_attributes.*[].url`. `[]` after a
 * segment stands for every item of the array there, `*` for every key.
 */
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

type Step = { readonly key: string } | { readonly every: 'key' } | { readonly every: 'item' };

/** A path as the steps to take. */
export function parsePath(path: string): readonly Step[] {
  return path.split('.').flatMap((segment): Step[] => {
    const items = segment.endsWith('[]');
    const key = items ? segment.slice(0, -2) : segment;
    const step: Step = key === '*' ? { every: 'key' } : { key };
    return items ? [step, { every: 'item' }] : [step];
  });
}

/** The value at a path of plain keys; undefined where a step is missing. */
export function valueAt(value: JsonValue | undefined, keys: readonly string[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const key of keys) {
    if (!isJsonObject(current)) return undefined;
    current = current[key];
  }
  return current;
}

/** A copy of the value without what lies at the path; the same value where nothing lies there. */
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
