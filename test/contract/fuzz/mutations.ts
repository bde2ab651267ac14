/** Places in answers and what can come there instead. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../functions/core/json.ts';

export type Place = readonly (string | number)[];

export const placeText = (place: Place): string => place.join('.');

/** Every place inside a value: the keys of objects, the first item of lists. */
export function placesIn(value: JsonValue | undefined, most = 4): readonly Place[] {
  if (most === 0) return [];
  const entries: readonly (readonly [string | number, JsonValue | undefined])[] = Array.isArray(value)
    ? (value as readonly JsonValue[]).slice(0, 1).map((item) => [0, item] as const)
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, inner]) => [
    [key],
    ...placesIn(inner, most - 1).map((rest) => [key, ...rest]),
  ]);
}

type Replace = (before: JsonValue | undefined) => JsonValue | undefined;

const firstList = (holder: JsonObject): JsonValue | undefined =>
  Object.values(holder).find((value) => Array.isArray(value));

export const REPLACEMENTS: Readonly<Record<string, Replace>> = {
  absent: () => undefined,
  null: () => null,
  text: () => 'odd',
  'empty text': () => '',
  'numeric text': () => '12',
  number: () => 7,
  object: () => ({ odd: true }),
  'empty object': () => ({}),
  list: () => ['odd'],
  'empty list': () => [],
  'other wrapper': (before) =>
    isJsonObject(before) ? (firstList(before) ?? { data: before }) : { type: 'list', data: before ?? null },
};

/** The value with another one at the place. Unchanged if there is no such place. */
export function replacedAt(value: JsonValue, place: Place, replace: Replace): JsonValue {
  const [key, ...rest] = place;
  if (key === undefined) return replace(value) ?? null;
  if (Array.isArray(value)) {
    const list = value as readonly JsonValue[];
    const changed = list[Number(key)];
    if (changed === undefined) return value;
    const after = rest.length === 0 ? replace(changed) : replacedAt(changed, rest, replace);
    return list.flatMap((item, index) =>
      index !== Number(key) ? [item] : after === undefined ? [] : [after],
    );
  }
  if (!isJsonObject(value)) return value;
  const before = value[key];
  if (rest.length > 0) {
    return before === undefined ? value : { ...value, [key]: replacedAt(before, rest, replace) };
  }
  return { ...value, [key]: replace(before) };
}
