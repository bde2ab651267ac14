/** Gives records the odd forms that the switches ask for. */
import { type EmbeddedListCase, type Ids, isAmong, type Lasts, type TimeCase } from './cases.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { Switches } from './switches.ts';

type OddObject = TimeCase['object'] | 'teams';

const without = (record: JsonObject, field: string): JsonObject =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== field));

/** The wrapper's key for its items, e.g. `data` or `tags`; undefined for a bare list. */
const keyOf = (list: JsonObject): string | undefined =>
  Object.keys(list).find((name) => Array.isArray(list[name]));

const idOf = (item: JsonValue): string => String(isObject(item) ? item.id : item);

function rewrap(field: string, value: JsonValue, as: EmbeddedListCase['as']): JsonValue {
  const wrapper = isObject(value) ? value : undefined;
  const key = wrapper === undefined ? undefined : keyOf(wrapper);
  const bare = key === undefined ? value : wrapper?.[key];
  const items: readonly JsonValue[] = Array.isArray(bare) ? bare : [];
  const wrap = (changed: readonly JsonValue[]): JsonValue =>
    wrapper === undefined || key === undefined ? changed : { ...wrapper, [key]: changed };
  switch (as) {
    case 'other_wrapper': {
      if (wrapper === undefined || key === undefined) return { type: 'list', data: items };
      return { ...without(wrapper, key), [key === 'data' ? field : 'data']: items };
    }
    case 'unknown_shape':
      return { by_id: Object.fromEntries(items.map((item) => [idOf(item), item])) };
    case 'items_without_id':
      return wrap(items.map((item) => (isObject(item) ? without(item, 'id') : null)));
    case 'strings':
      return wrap(items.map(idOf));
    case 'numbers':
      return wrap(items.map((_, index) => index + 1));
    default:
      return null;
  }
}

function withList(record: JsonObject, { list, as }: EmbeddedListCase): JsonObject {
  const field = list.slice(list.indexOf('.') + 1);
  if (as === 'absent') return without(record, field);
  return { ...record, [field]: rewrap(field, record[field] ?? null, as) };
}

function withTime(record: JsonObject, { field, as }: TimeCase): JsonObject {
  if (as === 'absent') return without(record, field);
  return { ...record, [field]: as === 'null' ? null : String(record[field]) };
}

/** True if any record of the object has an odd form, so that most records need no check. */
export const hasOddRecords = (switches: Switches, object: OddObject): boolean =>
  switches.recordTimes.some((time) => time.object === object) ||
  switches.embeddedLists.some(({ list }) => list.startsWith(`${object}.`)) ||
  (object === 'activity_logs' && switches.activityLogsWithoutId.length > 0);

/** A record in the form that the switches ask for: usually its own. */
export function oddRecord(switches: Switches, object: OddObject, record: JsonObject): JsonObject {
  if (!hasOddRecords(switches, object)) return record;
  const id = String(record.id);
  let odd = record;
  for (const one of switches.embeddedLists) {
    if (one.list.startsWith(`${object}.`) && isAmong(one.ids, id)) odd = withList(odd, one);
  }
  for (const one of switches.recordTimes) {
    if (one.object === object && isAmong(one.ids, id)) odd = withTime(odd, one);
  }
  if (object === 'activity_logs' && switches.activityLogsWithoutId.includes(id)) odd = without(odd, 'id');
  return odd;
}

interface Shortage {
  readonly ids: Ids;
  readonly missing: number;
  readonly lasts: Lasts;
}

/** How many items an answer about a record lacks. */
export interface Shortages {
  of(shortages: readonly Shortage[], id: string): number;
}

/** A shortage that lasts once is over for a record after its first answer. A new entry in the switch starts again. */
export function createShortages(): Shortages {
  const served = new WeakMap<Shortage, Set<string>>();
  return {
    of(shortages, id) {
      let missing = 0;
      for (const shortage of shortages) {
        if (!isAmong(shortage.ids, id)) continue;
        const before = served.get(shortage) ?? new Set();
        if (shortage.lasts === 'forever' || !before.has(id)) missing += shortage.missing;
        served.set(shortage, before.add(id));
      }
      return missing;
    },
  };
}
