/** The rows of one big object. Rows are generated from their number on demand; only changed rows are stored. */
import { MAX_ROWS } from './sorted-keys.ts';

export interface Timed {
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface TableOptions<S extends Timed> {
  readonly name: string;
  /** Rows of the seeded history. */
  readonly size: number;
  readonly idOf: (row: number) => string;
  /** The row that an id would have, even if it does not exist. */
  readonly rowOf: (id: string) => number | undefined;
  readonly times: (row: number) => Timed;
  readonly generate: (row: number) => S;
  /** The record as the list endpoint serves it. */
  readonly serialise: (row: number, state: S) => string;
}

export interface Table<S extends Timed> {
  readonly name: string;
  /** The number of rows ever added, including removed ones. */
  readonly rows: number;
  /** The number of rows that exist. */
  readonly size: number;
  /** Grows with every change. */
  readonly version: number;
  idOf(row: number): string;
  /** The row of an id, even if it was removed: cursors may point at such rows. */
  rowOf(id: string): number | undefined;
  /** The row of a record that exists. */
  find(id: string): number | undefined;
  exists(row: number): boolean;
  createdAt(row: number): number;
  updatedAt(row: number): number;
  state(row: number): S;
  json(row: number): string;
  /** The same in UTF-8, cached. Pages are built from these. */
  bytes(row: number): Buffer;
  serialise(row: number, state: S): string;
  existing(): Generator<number>;
  add(state: S): number;
  set(row: number, state: S): void;
  remove(row: number): void;
  /** Drops serialised records from the cache, because something they embed has changed. */
  forget(): void;
  onChange(listener: ChangeListener<S>): void;
}

/** Undefined before a creation and after a removal. */
export type ChangeListener<S> = (row: number, before: S | undefined, after: S | undefined) => void;

/**
 * Size of the cache of serialised records per table. The first records stay: walks repeat from the start, so evicting
 * the oldest would drop every record just before it is needed again.
 */
const CACHE_BYTES = 192_000_000;

/** Copies into a larger array if the row does not fit. */
function grow(array: Uint32Array<ArrayBuffer>, row: number): Uint32Array<ArrayBuffer> {
  if (row < array.length) return array;
  const larger = new Uint32Array(Math.max(1024, row + 1, array.length + (array.length >>> 1)));
  larger.set(array);
  return larger;
}

export function createTable<S extends Timed>(options: TableOptions<S>): Table<S> {
  const { name, idOf, size: initial } = options;
  if (initial > MAX_ROWS) throw new Error(`${name}: at most ${MAX_ROWS} rows, not ${initial}`);
  let created = new Uint32Array(initial);
  let updated = new Uint32Array(initial);
  for (let row = 0; row < initial; row++) {
    const times = options.times(row);
    created[row] = times.createdAt;
    updated[row] = times.updatedAt;
  }
  let rows = initial;
  const changed = new Map<number, S>();
  const removed = new Set<number>();
  const texts = new Map<number, Buffer>();
  let cached = 0;
  const drop = (row: number): void => {
    cached -= texts.get(row)?.length ?? 0;
    texts.delete(row);
  };
  const listeners: ChangeListener<S>[] = [];
  let version = 0;
  const tell: ChangeListener<S> = (row, before, after) => {
    version += 1;
    for (const listener of listeners) listener(row, before, after);
  };

  const state = (row: number): S => changed.get(row) ?? options.generate(row);
  const put = (row: number, next: S, before: S | undefined): void => {
    created = grow(created, row);
    updated = grow(updated, row);
    created[row] = next.createdAt;
    updated[row] = next.updatedAt;
    changed.set(row, next);
    drop(row);
    tell(row, before, next);
  };
  const exists = (row: number): boolean => row >= 0 && row < rows && !removed.has(row);

  return {
    name,
    idOf,
    rowOf: (id) => {
      const row = options.rowOf(id);
      return row !== undefined && row < rows ? row : undefined;
    },
    find: (id) => {
      const row = options.rowOf(id);
      return row !== undefined && exists(row) ? row : undefined;
    },
    get rows() {
      return rows;
    },
    get size() {
      return rows - removed.size;
    },
    get version() {
      return version;
    },
    exists,
    createdAt: (row) => created[row] ?? 0,
    updatedAt: (row) => updated[row] ?? 0,
    state,
    serialise: options.serialise,
    json: (row) => options.serialise(row, state(row)),
    bytes(row) {
      const known = texts.get(row);
      if (known !== undefined) return known;
      const bytes = Buffer.from(options.serialise(row, state(row)));
      if (cached + bytes.length <= CACHE_BYTES) {
        texts.set(row, bytes);
        cached += bytes.length;
      }
      return bytes;
    },
    *existing() {
      for (let row = 0; row < rows; row++) if (!removed.has(row)) yield row;
    },
    add(next) {
      const row = rows;
      if (row >= MAX_ROWS) throw new Error(`${name}: at most ${MAX_ROWS} rows`);
      rows += 1;
      put(row, next, undefined);
      return row;
    },
    set(row, next) {
      if (!exists(row)) throw new Error(`${name}: row ${row} does not exist`);
      put(row, next, state(row));
    },
    remove(row) {
      if (!exists(row)) throw new Error(`${name}: row ${row} does not exist`);
      removed.add(row);
      drop(row);
      tell(row, state(row), undefined);
    },
    forget() {
      texts.clear();
      cached = 0;
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}
