/** Turns a list inside a record into rows of its child table. Pure. */

import type { ChildColumn, ChildDeclaration, ColumnType } from '../core/declaration.ts';
import { isRawInteger, type JsonObject, type JsonValue, stringifyJson } from '../core/json.ts';
import { findList, itemValue, type ListItem } from '../core/relationship.ts';
import { createSightings, type Sightings } from '../core/sightings.ts';
import { cell, label, type Row, type Treat, treated } from './cells.ts';
import type { Treatments } from './field-rules.ts';

const childCellType = (value: JsonValue | undefined, type: ColumnType): JsonValue | undefined =>
  type === 'string' && (typeof value === 'number' || isRawInteger(value)) ? stringifyJson(value) : value;

function childValue(
  column: ChildColumn,
  parent: JsonObject,
  { value, index, place }: ListItem,
): JsonValue | undefined {
  const { from } = column;
  if ('parent' in from) return parent[from.parent];
  if ('item' in from) return itemValue(value, from.item);
  if ('list' in from) return place.says?.[from.list];
  return 'self' in from ? value : index;
}

/** A child table, ready to be filled. */
export interface ShapedChild {
  readonly declaration: ChildDeclaration;
  readonly columns: readonly (ChildColumn & { readonly treat: Treat })[];
  readonly seen: Sightings;
}

export const shapedChild = (declaration: ChildDeclaration, treatments: Treatments): ShapedChild => ({
  declaration,
  columns: treated(declaration.columns, (name) => treatments(declaration.table, name)),
  seen: createSightings(),
});

function childCell(
  column: ShapedChild['columns'][number],
  found: JsonValue | undefined,
  seen: Sightings,
): string {
  const own = childCellType(found, column.type);
  const value = own === undefined || column.treat === null ? own : column.treat(own);
  if (value !== undefined) seen.see(column.name, value);
  return label(column.name) + cell(value, column.type);
}

/** The rows of a record's list in its child table; none if the list is unknown. An item that comes twice gets one row. */
export function childRows(child: ShapedChild, record: JsonObject, tail: string): Row[] {
  const { table, primaryKey } = child.declaration;
  const keys = new Set<string>();
  const rows: Row[] = [];
  for (const item of findList(child.declaration, record)?.items ?? []) {
    const cells = new Map(
      child.columns.map((column) => {
        const value = childValue(column, record, item);
        return [column.name, childCell(column, value, child.seen)] as const;
      }),
    );
    const key = primaryKey.map((name) => cells.get(name)).join();
    if (keys.has(key)) continue;
    keys.add(key);
    rows.push({ table, line: `{${[...cells.values()].join(',')},${tail}}` });
  }
  return rows;
}
