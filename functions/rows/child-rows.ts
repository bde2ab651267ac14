/** Turns a list inside a record into rows of its child table. Pure. */

import type { ChildColumn, ChildDeclaration, ColumnType } from '../core/declaration.ts';
import { isRawInteger, type JsonObject, type JsonValue, stringifyJson } from '../core/json.ts';
import { findList, itemValue, type ListItem } from '../core/relationship.ts';
import { createSightings, type See, type Sightings } from '../core/sightings.ts';
import { cell, label, type Row, type Treat, treated } from './cells.ts';
import type { Treatments } from './field-rules.ts';

const childCellType = (value: JsonValue | undefined, type: ColumnType): JsonValue | undefined =>
  type === 'string' && (typeof value === 'number' || isRawInteger(value)) ? stringifyJson(value) : value;

function childValue(
  { from }: ChildColumn,
  parent: JsonObject,
  { value, index, place }: ListItem,
): JsonValue | undefined {
  if ('parent' in from) return parent[from.parent];
  if ('item' in from) return itemValue(value, from.item);
  if ('list' in from) return place.says?.[from.list];
  return 'self' in from ? value : index;
}

type ShapedColumn = ChildColumn & {
  /** `"name":`, ready to write. */
  readonly label: string;
  readonly isKey: boolean;
  readonly see: See;
  readonly treat: Treat;
};

/** A child table, ready to be filled. */
export interface ShapedChild {
  readonly declaration: ChildDeclaration;
  readonly columns: readonly ShapedColumn[];
  readonly seen: Sightings;
}

export function shapedChild(declaration: ChildDeclaration, treatments: Treatments): ShapedChild {
  const { table, primaryKey } = declaration;
  const seen = createSightings();
  const columns = treated(declaration.columns, (name) => treatments(table, name)).map((column) => ({
    ...column,
    label: label(column.name),
    isKey: primaryKey.includes(column.name),
    see: seen.of(column.name),
  }));
  return { declaration, columns, seen };
}

function childCell({ type, treat, see }: ShapedColumn, found: JsonValue | undefined): string {
  const own = childCellType(found, type);
  const value = own === undefined || treat === null ? own : treat(own);
  if (value !== undefined) see(value);
  return cell(value, type);
}

/** Adds the rows of a record's list to `rows`; none if the list is unknown. An item that comes twice gets one row. */
export function addChildRows(child: ShapedChild, record: JsonObject, tail: string, rows: Row[]): void {
  const { declaration, columns } = child;
  const keys = new Set<string>();
  for (const item of findList(declaration, record)?.items ?? []) {
    let cells = '';
    let key = '';
    for (const column of columns) {
      const text = childCell(column, childValue(column, record, item));
      cells += `${column.label}${text},`;
      if (column.isKey) key += `${text},`;
    }
    if (keys.has(key)) continue;
    keys.add(key);
    rows.push({ table: declaration.table, line: `{${cells}${tail}}` });
  }
}
