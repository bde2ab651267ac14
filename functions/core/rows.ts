/** From a record to the lines of its tables (DESIGN: output contract). Pure. */
import type { ChildColumn, ChildDeclaration, Column, ColumnType, ObjectDeclaration } from './declaration.ts';
import { isJsonObject, isRawInteger, type JsonObject, type JsonValue, stringifyJson } from './json.ts';
import type { TableName } from './names.ts';
import { parsePath, valueAt, without } from './paths.ts';
import type { ReadRecord } from './reading.ts';
import { createSightings, type SeenTables, type Sightings } from './sightings.ts';
import { toSeconds } from './time.ts';
import { versionOf } from './version.ts';

/** One line of NDJSON, without its newline, and the table it belongs to. */
export interface Row {
  readonly table: TableName;
  readonly line: string;
}

export interface Shaper {
  /** Rows of a record: its own first, then its children's. */
  readonly shape: (record: ReadRecord, ordinal: number) => readonly Row[];
  /** Types of the values seen so far, of every column that a record had. */
  readonly observed: () => SeenTables;
}

type Steps = ReturnType<typeof parsePath>;

interface ShapedColumn {
  readonly name: string;
  /** `"name":`, ready to be written. */
  readonly label: string;
  readonly type: ColumnType;
  readonly keys: readonly string[];
  /** Paths to take out of the column's value, relative to it. */
  readonly omit: readonly Steps[];
}

const label = (name: string): string => `${stringifyJson(name)}:`;

/** The JSON text of a value inside a row: nested values, and whatever a `json` column holds, as a string. */
function cell(value: JsonValue | undefined, type: ColumnType): string {
  if (value === undefined || value === null) return 'null';
  if (type === 'json') return JSON.stringify(stringifyJson(value));
  if (typeof value === 'object' && !isRawInteger(value)) return JSON.stringify(stringifyJson(value));
  return stringifyJson(value);
}

const childCellType = (value: JsonValue | undefined, type: ColumnType): JsonValue | undefined =>
  type === 'string' && (typeof value === 'number' || isRawInteger(value)) ? stringifyJson(value) : value;

function childValue(
  column: ChildColumn,
  parent: JsonObject,
  item: JsonValue,
  index: number,
): JsonValue | undefined {
  const { from } = column;
  if ('parent' in from) return parent[from.parent];
  if ('item' in from) return isJsonObject(item) ? item[from.item] : undefined;
  return 'self' in from ? item : index;
}

function childRows(
  child: ChildDeclaration,
  listKeys: readonly string[],
  record: JsonObject,
  tail: string,
  seen: Sightings,
): Row[] {
  const list = valueAt(record, listKeys);
  if (!Array.isArray(list)) return [];
  const keys = new Set<string>();
  const rows: Row[] = [];
  list.forEach((item: JsonValue, index) => {
    const cells = new Map(
      child.columns.map((column) => {
        const value = childCellType(childValue(column, record, item, index), column.type);
        if (value !== undefined) seen.see(column.name, value);
        return [column.name, label(column.name) + cell(value, column.type)] as const;
      }),
    );
    const key = child.primaryKey.map((name) => cells.get(name)).join();
    if (keys.has(key)) return;
    keys.add(key);
    rows.push({ table: child.table, line: `{${[...cells.values()].join(',')},${tail}}` });
  });
  return rows;
}

function shapedColumns(declaration: ObjectDeclaration): readonly ShapedColumn[] {
  const omitted = declaration.omit.map((path) => ({ path, steps: parsePath(path) }));
  return declaration.columns.map((column: Column) => {
    const keys = (column.from ?? column.name).split('.');
    const omit = omitted
      .filter(({ path }) => keys.length === 1 && path.startsWith(`${column.name}.`))
      .map(({ steps }) => steps.slice(1));
    return { name: column.name, label: label(column.name), type: column.type, keys, omit };
  });
}

/** Our own columns; a field of the same name in a record does not overwrite them. */
const OWN_COLUMNS = ['_run_id', '_extracted_at', '_version'];

/**
 * Makes the shaper of one object for one attempt on one slice.
 * Every declared column is on every row, in the declared order; undeclared top-level fields follow in
 * the order of the record where they are admitted; our own columns come last.
 */
export function createShaper(
  declaration: ObjectDeclaration,
  origin: { readonly runId: string; readonly slice: string },
  isAdmitted: (column: string) => boolean = () => true,
): Shaper {
  const columns = shapedColumns(declaration);
  const children = declaration.children.map((child) => ({
    child,
    keys: child.list.split('.'),
    seen: createSightings(),
  }));
  const known = new Set([
    ...columns.map((column) => column.name),
    ...declaration.omit.filter((path) => !path.includes('.')),
    ...OWN_COLUMNS,
  ]);
  const seen = createSightings();

  function columnText(column: ShapedColumn, record: JsonObject): string {
    const [first] = column.keys;
    let value = column.keys.length === 1 ? record[first ?? ''] : valueAt(record, column.keys);
    if (value === undefined) return `${column.label}null`;
    for (const steps of column.omit) value = without(value, steps);
    seen.see(column.name, value);
    return column.label + cell(value, column.type);
  }

  function undeclared(record: JsonObject): string {
    let text = '';
    for (const name of Object.keys(record)) {
      if (known.has(name)) continue;
      const value = record[name] ?? null;
      seen.see(name.toWellFormed(), value);
      if (isAdmitted(name.toWellFormed())) text += `,${label(name)}${cell(value, 'string')}`;
    }
    return text;
  }

  return {
    shape({ record, stampedAt, receivedAtMs }, ordinal) {
      const version = versionOf({ stampedAt, receivedAtMs, ...origin, ordinal });
      const own = `"_run_id":"${origin.runId}","_extracted_at":${toSeconds(receivedAtMs)}`;
      const cells = columns.map((column) => columnText(column, record)).join(',');
      const line = `{${cells}${undeclared(record)},${own},"_version":"${version}"}`;
      const tail = `${own},"_parent_version":"${version}"`;
      return [
        { table: declaration.name, line },
        ...children.flatMap(({ child, keys, ...own }) => childRows(child, keys, record, tail, own.seen)),
      ];
    },
    observed: () => ({
      [declaration.name]: seen.columns(),
      ...Object.fromEntries(children.map(({ child, ...own }) => [child.table, own.seen.columns()])),
    }),
  };
}

/** The row of a record seen to be gone. */
export function deletionRow(
  deleted: { readonly object: TableName; readonly id: string; readonly how: string },
  origin: { readonly runId: string; readonly slice: string; readonly ordinal: number },
  detectedAtMs: number,
): Row {
  const detectedAt = toSeconds(detectedAtMs);
  const version = versionOf({ stampedAt: detectedAt, receivedAtMs: detectedAtMs, ...origin });
  const row = {
    ...deleted,
    detected_at: detectedAt,
    _run_id: origin.runId,
    _extracted_at: detectedAt,
    _version: version,
  };
  return { table: 'deletions', line: JSON.stringify(row) };
}
