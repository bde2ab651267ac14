/** Every personal mark of the declarations is needed, and none is missing: see test/support/canaries.ts. */
import { describe, expect, test } from 'vitest';
import type { ChildDeclaration, Column, ObjectDeclaration } from '../../../functions/core/declaration.ts';
import type { JsonValue } from '../../../functions/core/json.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { pathFrom, valueAt } from '../../../functions/core/paths.ts';
import { findList } from '../../../functions/core/relationship.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { canariesIn, PLANTED_RECORDS } from '../../support/canaries.ts';
import { isWithin, leavesOf, textOf, written } from '../../support/hashed-leaves.ts';

/** Canaries in the rows that are written for the object's planted record. */
function canariesUnder(
  sensitiveFields: 'replicate' | 'hash',
  declaration: ObjectDeclaration,
): readonly string[] {
  const record = PLANTED_RECORDS[declaration.name];
  if (record === undefined) throw new Error(`no planted record of ${declaration.name}`);
  const { rows, observed } = written(declaration, record, sensitiveFields);
  return canariesIn(rows.map(({ line }) => line).join('\n') + JSON.stringify(observed));
}

type Marked = Pick<Column, 'name' | 'personal' | 'plain'>;

/**
 * The column as if one of its marks (the whole column or one path) were missing, and everything that the planted
 * record has there were plain.
 */
function unmarked<C extends Marked>(column: C, path: string | null, value: JsonValue | undefined): C {
  const { personal, plain = [] } = column;
  const places = leavesOf(value)
    .map(([place]) => place)
    .filter((place) => isWithin([{ key: column.name }, ...place], pathFrom(column.name, path ?? '')))
    .map(textOf);
  const left = Array.isArray(personal) ? personal.filter((one: string) => one !== path) : [];
  return { ...column, personal: left, plain: [...plain, ...places] };
}

/** The planted record's value for a column of a table; for a child table, an item's value. */
function plantedAt({ object, table, column }: Mark): JsonValue | undefined {
  const record = PLANTED_RECORDS[object];
  const child = OBJECTS[object].children.find((one) => one.table === table);
  if (child === undefined) return record?.[column];
  const first = record === undefined ? undefined : findList(child, record)?.items[0];
  return first === undefined ? undefined : valueAt(first.value, [column]);
}

interface Mark {
  readonly object: ObjectName;
  readonly table: string;
  readonly column: string;
  readonly path: string | null;
}

const marksOf = (object: ObjectName, table: string, columns: readonly Marked[]): readonly Mark[] =>
  columns.flatMap(({ name, personal }) => {
    if (personal === undefined) return [];
    const paths: readonly (string | null)[] = Array.isArray(personal) ? personal : [null];
    return paths.map((path) => ({ object, table, column: name, path }));
  });

const MARKS = Object.values(OBJECTS).flatMap(({ name, columns, children }) => [
  ...marksOf(name, name, columns),
  ...children.flatMap((child) => marksOf(name, child.table, child.columns)),
]);

function withoutMark(mark: Mark): ObjectDeclaration {
  const { object, table, column, path } = mark;
  const declaration = OBJECTS[object];
  const change = <C extends Marked>(columns: readonly C[]): readonly C[] =>
    columns.map((one) => (one.name === column ? unmarked(one, path, plantedAt(mark)) : one));
  if (table === object) return { ...declaration, columns: change(declaration.columns) };
  const children = declaration.children.map(
    (child): ChildDeclaration =>
      child.table === table ? { ...child, columns: change(child.columns) } : child,
  );
  return { ...declaration, children };
}

describe.each(Object.keys(PLANTED_RECORDS) as ObjectName[])('%s', (object) => {
  test('replicates every canary, but none with sensitiveFields: hash', () => {
    const planted = canariesIn(JSON.stringify(PLANTED_RECORDS[object]));
    expect(canariesUnder('replicate', OBJECTS[object])).toEqual(planted);
    expect(canariesUnder('hash', OBJECTS[object])).toEqual([]);
  });
});

test('there are marks, and all of them are in objects with a planted record', () => {
  expect(MARKS.length).toBeGreaterThan(50);
  expect(MARKS.filter(({ object }) => PLANTED_RECORDS[object] === undefined)).toEqual([]);
});

test.each(
  MARKS.map(
    (mark) => [`${mark.table}.${mark.column}${mark.path === null ? '' : `.${mark.path}`}`, mark] as const,
  ),
)('a canary gets through if %s is no longer marked', (_name, mark) => {
  expect(canariesUnder('hash', withoutMark(mark))).not.toEqual([]);
});
