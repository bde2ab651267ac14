/** Small objects: complete records in memory, in order of creation. */
import type { JsonObject } from '../json.ts';
import type { PlainTruth } from '../workspace-types.ts';
import type { Clock } from './clock.ts';

export interface PlainOptions {
  readonly name: string;
  readonly initial: readonly JsonObject[];
  readonly clock: Clock;
  /** The defaults of a new record with this row number. */
  readonly template: (row: number, at: number) => JsonObject;
  /** @default the id */
  readonly keyOf?: (record: JsonObject) => string;
  /** Called after every change. */
  readonly changed: () => void;
}

export interface Plain extends PlainTruth {
  /** Grows with every change. */
  readonly version: number;
}

const idOf = (record: JsonObject): string => String(record.id);

export function createPlain(options: PlainOptions): Plain {
  const { name, clock, keyOf = idOf } = options;
  const records = new Map(options.initial.map((record) => [keyOf(record), record]));
  let born = options.initial.length;
  let version = 0;
  const touch = (): void => {
    version += 1;
    options.changed();
  };
  const get = (id: string): JsonObject => {
    const record = records.get(id);
    if (record === undefined) throw new Error(`${name}: no record "${id}"`);
    return record;
  };
  return {
    get size() {
      return records.size;
    },
    get version() {
      return version;
    },
    ids: () => records.keys(),
    has: (id) => records.has(id),
    record: (id) => records.get(id),
    records: () => records.values(),
    json(id) {
      const record = records.get(id);
      return record === undefined ? undefined : JSON.stringify(record);
    },
    create(fields, { at = clock.nowSeconds() } = {}) {
      const record = { ...options.template(born, at), ...fields };
      const key = keyOf(record);
      if (records.has(key)) throw new Error(`${name}: "${key}" already exists`);
      born += 1;
      records.set(key, record);
      touch();
      return key;
    },
    update(id, fields, { at = clock.nowSeconds() } = {}) {
      const before = get(id);
      const bump = 'updated_at' in before ? { updated_at: at } : {};
      const after = { ...before, ...bump, ...fields };
      if (keyOf(after) !== id) throw new Error(`${name}: the key of "${id}" cannot change`);
      records.set(id, after);
      touch();
    },
    delete(id) {
      get(id);
      records.delete(id);
      touch();
    },
  };
}
