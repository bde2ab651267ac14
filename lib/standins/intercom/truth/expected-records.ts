/** Shared by all truths over a table. */
import type { JsonObject } from '../json.ts';
import type { Table, Timed } from '../table.ts';
import type { MutationOptions, RecordTruth } from '../workspace-types.ts';
import type { Clock } from '../world/clock.ts';

export function recordsOf<S extends Timed>(
  table: Table<S>,
  record: (row: number, state: S) => JsonObject,
): RecordTruth {
  return {
    get size() {
      return table.size;
    },
    *ids() {
      for (const row of table.existing()) yield table.idOf(row);
    },
    has: (id) => table.find(id) !== undefined,
    record(id) {
      const row = table.find(id);
      return row === undefined ? undefined : record(row, table.state(row));
    },
    *records() {
      for (const row of table.existing()) yield record(row, table.state(row));
    },
    json(id) {
      const row = table.find(id);
      return row === undefined ? undefined : table.json(row);
    },
  };
}

/** The row of a record that must exist. */
export function rowOf<S extends Timed>(table: Table<S>, id: string): number {
  const row = table.find(id);
  if (row === undefined) throw new Error(`${table.name}: no record "${id}"`);
  return row;
}

export const moment = (clock: Clock, options: MutationOptions | undefined): number =>
  options?.at ?? clock.nowSeconds();

/** Refuses fields that the state stores separately or that only the simulator sets. */
export function refuseFields(name: string, fields: JsonObject, refused: readonly string[]): void {
  const wrong = refused.filter((field) => field in fields);
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.join(', ')} cannot be set this way`);
}

/** Splits `updated_at` and `created_at`, which callers may force, from the other fields. */
export function splitTimes(fields: JsonObject): { rest: JsonObject; times: Partial<Timed> } {
  const { created_at: createdAt, updated_at: updatedAt, ...rest } = fields;
  return {
    rest,
    times: {
      ...(typeof createdAt === 'number' ? { createdAt } : {}),
      ...(typeof updatedAt === 'number' ? { updatedAt } : {}),
    },
  };
}
