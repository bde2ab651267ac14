import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChildDeclaration, ObjectDeclaration } from '../../../functions/core/declaration.ts';
import type { JsonObject, JsonValue } from '../../../functions/core/json.ts';
import { addRelations, findList, oddItemsOf, recordLists } from '../../../functions/core/relationship.ts';
import { childColumn, string } from '../../../functions/objects/declare.ts';

const child = (fields: Partial<ChildDeclaration>): ChildDeclaration => ({
  table: 'contact_tag',
  description: '',
  primaryKey: ['contact_id', 'tag_id'],
  list: { field: 'tags', keys: ['tags'] },
  columns: [
    childColumn({ parent: 'id' }, string('contact_id', '')),
    childColumn({ item: 'tag.id' }, string('tag_id', '')),
  ],
  ...fields,
});

/** The parent, which keeps the list unless it is omitted. */
const parent = (
  one: ChildDeclaration,
  omit: readonly string[] = [],
): Pick<ObjectDeclaration, 'children' | 'omit'> => ({
  children: [one],
  omit,
});

const item = (id: JsonValue): JsonObject => ({ tag: { id } });
const valuesOf = (one: ChildDeclaration, record: JsonObject) =>
  findList(one, record)?.items.map(({ value }) => value);

describe('a list', () => {
  test.each<[string, JsonObject]>([
    ['in its field', { tags: [item(1)] }],
    ['under its key', { tags: { tags: [item(1)] } }],
    ['under data', { tags: { data: [item(1)] } }],
  ])('is found %s', (_name, record) => {
    expect(valuesOf(child({}), record)).toEqual([item(1)]);
  });

  test('is found at a dotted path, with the counts of the object that holds it', () => {
    const deep = child({ list: { field: 'agent', keys: ['used.sources'] } });
    const record = { agent: { total_count: 9, used: { sources: [item(1)], total_count: 1 } } };
    expect(findList(deep, record)).toMatchObject({
      items: [{ value: item(1), index: 0 }],
      total: 1,
      isWhole: true,
    });
  });

  test.each<[string, JsonObject, boolean]>([
    ['without the field', {}, true],
    ['with null for the field', { tags: null }, true],
    ['with null for the list', { tags: { tags: null } }, true],
    ['without the key', { tags: {} }, false],
    ['with something else', { tags: { tags: 'x' } }, false],
  ])('%s is empty only if that is what null means', (_name, record, isEmpty) => {
    expect(findList(child({}), record)).toBeNull();
    const nullable = child({ list: { field: 'tags', keys: ['tags'], nullMeansNone: true } });
    expect(valuesOf(nullable, record)).toEqual(isEmpty ? [] : undefined);
  });
});

describe('two lists of one table', () => {
  const both = child({
    list: { field: 'in', keys: [], says: { choice: 'in' } },
    otherLists: [{ field: 'out', keys: [], says: { choice: 'out' } }],
  });

  test('are one, and each item knows what its list says', () => {
    const found = findList(both, { in: [item(1)], out: [item(2), item(3)] });
    expect(found?.items.map(({ value, index, place }) => [value, index, place.says])).toEqual([
      [item(1), 0, { choice: 'in' }],
      [item(2), 0, { choice: 'out' }],
      [item(3), 1, { choice: 'out' }],
    ]);
  });

  test('are unknown if one is, which alone is named', () => {
    const record = { in: [item(1)], out: null };
    expect(findList(both, record)).toBeNull();
    expect(recordLists(parent(both), record).unknown).toEqual(['out']);
  });
});

describe('a list that the parent keeps', () => {
  const list = fc.record({
    ids: fc.array(fc.oneof(fc.integer({ min: 1 }).map(item), fc.constant<JsonValue>('odd')), {
      maxLength: 5,
    }),
    more: fc.nat(3),
    isCut: fc.boolean(),
  });

  test('is never counted or rejected; what does not become a row is named', () => {
    fc.assert(
      fc.property(list, ({ ids, more, isCut }) => {
        const record = { id: 'c', tags: { tags: ids, total_count: ids.length + more, has_more: isCut } };
        const kept = parent(child({}));
        expect(addRelations(kept, {}, [recordLists(kept, record)])).toEqual({});
        expect(oddItemsOf(kept, recordLists(kept, record))).toEqual([]);
        const rows = valuesOf(child({}), record);
        const all = ids.length + more;
        const expected =
          rows === undefined
            ? 'tags'
            : rows.length < all
              ? `tags: ${rows.length} of ${all}`
              : isCut
                ? `tags: ${rows.length} and more`
                : null;
        expect(recordLists(kept, record).unknown).toEqual(expected === null ? [] : [expected]);
      }),
    );
  });

  test.each(['tags', 'tags.tags'])('is one that the parent does not omit as %s', (path) => {
    const record = { id: 'c', tags: { tags: [item(1), 'odd'], total_count: 4 } };
    const omitted = parent(child({}), [path]);
    const lists = recordLists(omitted, record);
    expect(addRelations(omitted, {}, [lists])).toEqual({
      contact_tag: { expected: 4, listed: 1, unknown: 0 },
    });
    expect(oddItemsOf(omitted, lists).map(({ item: { value } }) => value)).toEqual(['odd']);
    expect(lists.unknown).toEqual([]);
    const inside = parent(child({}), [`${path}[].attachments`]);
    expect(addRelations(inside, {}, [recordLists(inside, record)])).toEqual({});
  });
});
