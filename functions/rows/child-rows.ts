/** Turns a list inside a record into rows of its child table. Pure. */

import type { ChildColumn, ChildDeclaration, ColumnType } from '../core/declaration.ts';
import { isRawInteger, type JsonObject, type JsonValue, stringifyJson } from '../core/json.ts';
import { itemReader, type ListItem } from '../core/relationship.ts';
import { createSightings, type See, type Sightings } from '../core/sightings.ts';
import { cell, label, type Row, type Treat, treated } from './cells.ts';
import type { Treatments } from './field-rules.ts';

/** Finds a column's value: in the parent's record, or in an item of its list. */
type Find = (parent: JsonObject, item: ListItem) => JsonValue | undefined;

function findOf({ from }: ChildColumn): Find {
  if ('parent' in from) return (parent) => parent[from.parent];
  if ('list' in from) return (_parent, { place }) => place.says?.[from.list];
  if ('self' in from) return (_parent, { value }) => value;
  if ('index' in from) return (_parent, { index }) => index;
  const read = itemReader(from.item);
  return (_parent, { value }) => read(value);
}

interface ShapedColumn {
  /** `"name":`, ready to write. */
  readonly label: string;
  readonly type: ColumnType;
  readonly find: Find;
  /** Part of the key, and different from row to row of a parent. */
  readonly tellsApart: boolean;
  readonly see: See;
  readonly treat: Treat;
}

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
    label: label(column.name),
    type: column.type,
    treat: column.treat,
    find: findOf(column),
    tellsApart: primaryKey.includes(column.name) && !('parent' in column.from),
    see: seen.of(column.name),
  }));
  return { declaration, columns, seen };
}

const childCellType = (value: JsonValue | undefined, type: ColumnType): JsonValue | undefined =>
  type === 'string' && (typeof value === 'number' || isRawInteger(value)) ? stringifyJson(value) : value;

function childCell({ type, treat, see }: ShapedColumn, found: JsonValue | undefined): string {
  const own = childCellType(found, type);
  const value = own === undefined || treat === null ? own : treat(own);
  if (value !== undefined) see(value);
  return cell(value, type);
}

/** Adds the rows of a record's list to `rows`. An item that comes twice gets one row. */
export function addChildRows(
  { declaration: { table }, columns }: ShapedChild,
  items: readonly ListItem[],
  record: JsonObject,
  tail: string,
  rows: Row[],
): void {
  const keys = items.length > 1 ? new Set<string>() : null;
  for (const item of items) {
    let line = '{';
    let key = '';
    for (const column of columns) {
      const text = childCell(column, column.find(record, item));
      line += column.label;
      line += text;
      line += ',';
      if (keys !== null && column.tellsApart) key += `${text},`;
    }
    if (keys !== null && keys.size === keys.add(key).size) continue;
    rows.push({ table, line: line + tail });
  }
}
