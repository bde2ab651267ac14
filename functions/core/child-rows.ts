/** From a list inside a record to the rows of its child table. Pure. */
import { cell, label, type Row, type Treat, treated } from './cells.ts';
import type { ChildColumn, ChildDeclaration, ColumnType } from './declaration.ts';
import type { Treatments } from './field-rules.ts';
import { isJsonObject, isRawInteger, type JsonObject, type JsonValue, stringifyJson } from './json.ts';
import { valueAt } from './paths.ts';

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

/** A child table, ready to be filled. */
export interface ShapedChild extends Pick<ChildDeclaration, 'table' | 'primaryKey'> {
  readonly keys: readonly string[];
  readonly columns: readonly (ChildColumn & { readonly treat: Treat })[];
}

export const shapedChild = (
  { table, primaryKey, list, columns }: ChildDeclaration,
  treatments: Treatments,
): ShapedChild => ({
  table,
  primaryKey,
  keys: list.split('.'),
  columns: treated(columns, (name) => treatments(table, name)),
});

function childCell(
  column: ShapedChild['columns'][number],
  parent: JsonObject,
  item: JsonValue,
  index: number,
): string {
  const value = childCellType(childValue(column, parent, item, index), column.type) ?? null;
  return label(column.name) + cell(column.treat === null ? value : column.treat(value), column.type);
}

/** The rows of a record's list in its child table; an item that comes twice has one. */
export function childRows(child: ShapedChild, record: JsonObject, tail: string): Row[] {
  const list = valueAt(record, child.keys);
  if (!Array.isArray(list)) return [];
  const seen = new Set<string>();
  const rows: Row[] = [];
  list.forEach((item: JsonValue, index) => {
    const cells = new Map(
      child.columns.map((column) => [column.name, childCell(column, record, item, index)] as const),
    );
    const key = child.primaryKey.map((name) => cells.get(name)).join();
    if (seen.has(key)) return;
    seen.add(key);
    rows.push({ table: child.table, line: `{${[...cells.values()].join(',')},${tail}}` });
  });
  return rows;
}
