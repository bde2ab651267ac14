/**
 * The search index of a table: every visible row under its times, as of `delaySeconds` ago (docs/intercom-api.md 5.1).
 * Older states are kept only for rows with a change that is not indexed yet.
 */
import { createSortedKeys, packKey, type SortedKeys } from '../sorted-keys.ts';
import type { Table, Timed } from '../table.ts';
import type { Clock } from './clock.ts';

export interface SearchIndex<S extends Timed> {
  readonly byUpdated: SortedKeys;
  readonly byCreated: SortedKeys;
  readonly byId: SortedKeys;
  /** Grows with every change of the index. */
  readonly version: number;
  /** The record as indexed. It may have changed or been deleted since. */
  state(row: number): S;
  bytes(row: number): Buffer;
  updatedAt(row: number): number;
  createdAt(row: number): number;
  /** False for a deleted row that is still counted. */
  isListed(row: number): boolean;
  /** Indexes all changes that are due. */
  settle(): void;
}

export interface SearchIndexOptions<S extends Timed> {
  readonly table: Table<S>;
  readonly clock: Clock;
  readonly delaySeconds: number;
  /** Rows that exist but that search must not find, e.g. archived contacts. */
  readonly hidden: (state: S) => boolean;
  /** True for a row that stays counted after its deletion. */
  readonly staysCounted: (row: number) => boolean;
}

interface Pending<S> {
  readonly dueMs: number;
  readonly row: number;
  readonly after: S | undefined;
}

function initialKeys(rows: number, value: (row: number) => number): SortedKeys {
  const keys = new Float64Array(rows);
  for (let row = 0; row < rows; row++) keys[row] = packKey(value(row), row);
  return createSortedKeys(keys);
}

export function createSearchIndex<S extends Timed>(options: SearchIndexOptions<S>): SearchIndex<S> {
  const { table, clock, delaySeconds, hidden, staysCounted } = options;
  const byUpdated = initialKeys(table.rows, table.updatedAt);
  const byCreated = initialKeys(table.rows, table.createdAt);
  const byId = initialKeys(table.rows, () => 0);
  /** The times under which a changed row is indexed. Null if it is not indexed. */
  const entries = new Map<number, Timed | null>();
  /** Rows whose indexed state differs from the table's. */
  const older = new Map<number, S>();
  const pending: Pending<S>[] = [];
  const countedOnly = new Set<number>();
  let version = 0;

  const apply = ({ row, after }: Pending<S>): void => {
    const entry = entries.get(row);
    if (entry) {
      byUpdated.remove(packKey(entry.updatedAt, row));
      byCreated.remove(packKey(entry.createdAt, row));
      byId.remove(packKey(0, row));
    }
    const visible = after !== undefined && !hidden(after);
    entries.set(row, visible ? { createdAt: after.createdAt, updatedAt: after.updatedAt } : null);
    if (visible) {
      byUpdated.insert(packKey(after.updatedAt, row));
      byCreated.insert(packKey(after.createdAt, row));
      byId.insert(packKey(0, row));
    }
    version += 1;
  };

  table.onChange((row, before, after) => {
    if (!entries.has(row)) entries.set(row, before === undefined || hidden(before) ? null : before);
    if (after === undefined && staysCounted(row)) {
      countedOnly.add(row);
      return;
    }
    if (delaySeconds === 0) {
      apply({ dueMs: 0, row, after });
      return;
    }
    if (before !== undefined && !older.has(row)) older.set(row, before);
    pending.push({ dueMs: clock.nowMs() + delaySeconds * 1000, row, after });
  });

  const settle = (): void => {
    for (const row of countedOnly) {
      if (staysCounted(row)) continue;
      countedOnly.delete(row);
      apply({ dueMs: 0, row, after: undefined });
    }
    const now = clock.nowMs();
    for (let next = pending[0]; next !== undefined && next.dueMs <= now; next = pending[0]) {
      pending.shift();
      apply(next);
      if (pending.some(({ row }) => row === next.row)) {
        if (next.after !== undefined) older.set(next.row, next.after);
      } else older.delete(next.row);
    }
  };

  return {
    byUpdated,
    byCreated,
    byId,
    get version() {
      return version;
    },
    state: (row) => older.get(row) ?? table.state(row),
    bytes(row) {
      const state = older.get(row);
      return state === undefined ? table.bytes(row) : Buffer.from(table.serialise(row, state));
    },
    updatedAt: (row) => entries.get(row)?.updatedAt ?? table.updatedAt(row),
    createdAt: (row) => entries.get(row)?.createdAt ?? table.createdAt(row),
    isListed: (row) => !countedOnly.has(row),
    settle,
  };
}
