import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../functions/config/config.ts';
import type { ObjectDeclaration } from '../../../functions/core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../../functions/core/json.ts';
import type { TableName } from '../../../functions/core/names.ts';
import { OBJECTS, TABLES } from '../../../functions/objects/index.ts';
import {
  createTreatments,
  type FieldRules,
  needsHash,
  tablesWithoutKey,
} from '../../../functions/rows/field-rules.ts';
import type { Treatment } from '../../../functions/rows/field-tree.ts';
import { createShaper } from '../../../functions/rows/rows.ts';
import { testHash } from '../../support/dependencies.ts';

const ORIGIN = { runId: 'r', slice: '0001' };

type Fields = FieldRules['fields'];

/** The rows of one record, by table, as a user of the lake reads them. */
function rowsOf(
  declaration: ObjectDeclaration,
  record: JsonObject,
  rules: Partial<FieldRules>,
): Readonly<Record<string, readonly Record<string, unknown>[]>> {
  const treatments = createTreatments(
    declaration,
    { fields: {}, sensitiveFields: 'replicate', ...rules },
    testHash,
  );
  const shaper = createShaper(declaration, ORIGIN, treatments);
  const rows = shaper.shape({ record, stampedAt: 1, receivedAtMs: 1 }, 1);
  return Object.groupBy(
    rows.map(({ table, line }) => ({ __table: table, ...(JSON.parse(line) as object) })),
    ({ __table }) => __table,
  ) as never;
}

const contact = (record: JsonObject, rules: Partial<FieldRules>): Record<string, unknown> =>
  rowsOf(OBJECTS.contacts, { id: '1', updated_at: 1, ...record }, rules).contacts?.[0] ?? {};

const contactFields = (rules: Record<string, Treatment>): { fields: Fields } => ({
  fields: { contacts: rules },
});

/** A value inside a JSON column, after the rules. */
const custom = (value: JsonValue, rules: Record<string, Treatment>): unknown =>
  JSON.parse(String(contact({ custom_attributes: value }, contactFields(rules)).custom_attributes));

describe('hashing', () => {
  test('hashes the text itself, and numbers and booleans as JSON', () => {
    const hashed = (value: JsonValue) => contact({ name: value }, contactFields({ name: 'hash' })).name;
    expect(hashed('Ada')).toBe(testHash('Ada'));
    expect(hashed('Ada')).toMatch(/^[0-9a-f]{64}$/);
    expect(hashed('')).toBe(testHash(''));
    expect(hashed(12.5)).toBe(testHash('12.5'));
    expect(hashed(true)).toBe(testHash('true'));
    expect(hashed('\ud83d')).toBe(testHash('\ufffd'));
    expect(hashed(parseJson('9007199254740993'))).toBe(testHash('9007199254740993'));
    expect(hashed(null)).toBeNull();
    expect(contact({}, contactFields({ name: 'hash' })).name).toBeNull();
  });

  test('works leaf by leaf, and keeps keys, structure and references', () => {
    const value = { type: 'x', id: '7', company_id: 8, list: [1, null, { id: 2, a: 'b' }] };
    const hashed = contact({ avatar: value }, contactFields({ avatar: 'hash' })).avatar;
    expect(JSON.parse(String(hashed))).toEqual({
      type: 'x',
      id: '7',
      company_id: 8,
      list: [testHash('1'), null, { id: 2, a: testHash('b') }],
    });
  });

  test("hashes the customer's own ids of people under each of their names, with the same hash as external_id", () => {
    const own = { external_id: '70', user_id: '70', user_external_id: '70', external_user_id: 70 };
    const metadata = { ...own, intercom_user_id: '63a0', admin_id: '5' };
    const rules = { sensitiveFields: 'hash' } as const;
    const [row] =
      rowsOf(OBJECTS.activity_logs, { id: '1', created_at: 1, metadata }, rules).activity_logs ?? [];
    const hash = contact({ external_id: '70' }, rules).external_id;
    expect(JSON.parse(String(row?.metadata))).toEqual({
      external_id: hash,
      user_id: hash,
      user_external_id: hash,
      external_user_id: hash,
      intercom_user_id: '63a0',
      admin_id: '5',
    });
  });

  test("hashes every leaf of a customer's own attributes, even inside other objects", () => {
    const own = { type: 'x', id: '7', tax_id: 8 };
    const hashed = { type: testHash('x'), id: testHash('7'), tax_id: testHash('8') };
    expect(custom(own, { custom_attributes: 'hash' })).toEqual(hashed);
    const conversation = { id: '1', updated_at: 1, company: { id: 'c', custom_attributes: own } };
    const [row] =
      rowsOf(OBJECTS.conversations, conversation, { sensitiveFields: 'hash' }).conversations ?? [];
    expect(JSON.parse(String(row?.company))).toEqual({ id: 'c', custom_attributes: hashed });
  });

  test('hashes a reference that a path names', () => {
    const teammates = { type: 'admin.list', admins: [{ type: 'admin', id: '5' }] };
    const record = { id: '1', updated_at: 1, teammates };
    const fields: Fields = { conversations: { 'teammates.admins[].id': 'hash' } };
    const [row] = rowsOf(OBJECTS.conversations, record, { fields }).conversations ?? [];
    expect(JSON.parse(String(row?.teammates))).toEqual({
      type: 'admin.list',
      admins: [{ type: 'admin', id: testHash('5') }],
    });
  });

  test('of a column includes a personal place inside, whatever its name', () => {
    const part = { updated_attribute_data: { value: { type: 'value', id: 'Ada', label: 'Ada' } } };
    const ticket = { id: '1', updated_at: 1, ticket_parts: { ticket_parts: [part] } };
    const [row] =
      rowsOf(OBJECTS.tickets, ticket, { fields: { tickets: { ticket_parts: 'hash' } } }).tickets ?? [];
    expect(String(row?.ticket_parts)).not.toContain('Ada');
  });
});

describe('of two rules', () => {
  test.each<[Record<string, Treatment>, unknown]>([
    [{ 'custom_attributes.a': 'hash' }, { a: { b: testHash('1') }, 'c.d': 2 }],
    [
      { custom_attributes: 'hash', 'custom_attributes.a.b': 'replicate' },
      { a: { b: 1 }, 'c.d': testHash('2') },
    ],
    [{ 'custom_attributes.*': 'exclude', 'custom_attributes.a': 'replicate' }, { a: { b: 1 } }],
    [
      { 'custom_attributes.*': 'hash', 'custom_attributes.a.b': 'exclude' },
      { a: {}, 'c.d': testHash('2') },
    ],
    [
      { 'custom_attributes.*.b': 'exclude', 'custom_attributes.a.x': 'hash' },
      { a: {}, 'c.d': 2 },
    ],
    [{ 'custom_attributes["c.d"]': 'exclude' }, { a: { b: 1 } }],
  ])('%j: the deeper and the more exact one wins', (rules, expected) => {
    expect(custom({ a: { b: 1 }, 'c.d': 2 }, rules)).toEqual(expected);
  });

  test("the user's wins over sensitiveFields, even for places inside", () => {
    const rules: Partial<FieldRules> = {
      sensitiveFields: 'hash',
      fields: { contacts: { location: 'replicate', 'avatar.image_url': 'exclude', brand_new: 'replicate' } },
    };
    const row = contact(
      {
        name: 'Ada',
        location: { city: 'Cork' },
        avatar: { image_url: 'u', x: 'y' },
        brand_new: 'n',
        newer: 'm',
      },
      rules,
    );
    expect(row).toMatchObject({
      name: testHash('Ada'),
      location: '{"city":"Cork"}',
      avatar: JSON.stringify({ x: testHash('y') }),
      brand_new: 'n',
      newer: testHash('m'),
    });
  });
});

describe('sensitiveFields', () => {
  test('hashes undeclared top-level fields, and new keys next to personal ones', () => {
    const source = { type: 'email', id: '1', delivered_as: 'x', subject: 's', sender_name: 'Ada' };
    const record = { id: '1', updated_at: 1, source, visitor: { id: '3', name: 'Ada' }, visitor_id: 'v' };
    const [row] = rowsOf(OBJECTS.conversations, record, { sensitiveFields: 'hash' }).conversations ?? [];
    expect(JSON.parse(String(row?.source))).toEqual({
      ...source,
      subject: testHash('s'),
      sender_name: testHash('Ada'),
    });
    expect(JSON.parse(String(row?.visitor))).toEqual({ id: '3', name: testHash('Ada') });
    expect(row?.visitor_id).toBe(testHash('v'));
  });

  test('hashes new keys inside JSON columns without known personal places, and keeps the known keys', () => {
    const record = {
      id: '1',
      updated_at: 1,
      statistics: { type: 'x', count_reopens: 2, last_closed_by_id: '5', fastest_agent: 'Ada' },
      linked_objects: { data: [{ type: 'ticket', id: '7', category: 'Customer', title: "Ada's ring" }] },
      sla_applied: { sla_name: { words: 'Ada' }, sla_status: 'hit' },
      state: { words: 'Ada' },
    };
    const [row] = rowsOf(OBJECTS.conversations, record, { sensitiveFields: 'hash' }).conversations ?? [];
    const cell = (name: string): unknown => JSON.parse(String(row?.[name]));
    expect(cell('statistics')).toEqual({ ...record.statistics, fastest_agent: testHash('Ada') });
    expect(cell('linked_objects')).toEqual({
      data: [{ type: 'ticket', id: '7', category: 'Customer', title: testHash("Ada's ring") }],
    });
    expect(cell('sla_applied')).toEqual({ sla_name: { words: testHash('Ada') }, sla_status: 'hit' });
    expect(cell('state')).toEqual({ words: testHash('Ada') });
  });

  test('gives a person the same hashes in every table', () => {
    const email = 'ada@example.com';
    const rules = { sensitiveFields: 'hash' } as const;
    const author = { type: 'user', id: '1', name: 'Ada', email };
    const headers = { email_address_headers: [{ type: 'from', email_address: email, name: 'Ada' }] };
    const part = { conversation_id: '9', id: '1', updated_at: 1, author, email_message_metadata: headers };
    const parts = rowsOf(OBJECTS.conversation_parts, part, rules);
    expect(contact({ email }, rules).email).toBe(testHash(email));
    expect(JSON.parse(String(parts.conversation_parts?.[0]?.author))).toMatchObject({
      email: testHash(email),
    });
    expect(parts.email_address_header?.[0]?.email_address).toBe(testHash(email));
  });
});

describe('an excluded field', () => {
  test('has no column (declared or not) and is not reported', () => {
    const rules = { contacts: { name: 'exclude', newer: 'exclude' }, contact_tag: {} } as const;
    const treatments = createTreatments(
      OBJECTS.contacts,
      { fields: rules, sensitiveFields: 'hash' },
      testHash,
    );
    const shaper = createShaper(OBJECTS.contacts, ORIGIN, treatments);
    const [row] = shaper.shape(
      { record: { id: '1', name: 'Ada', newer: 1 }, stampedAt: 1, receivedAtMs: 1 },
      1,
    );
    const columns = Object.keys(JSON.parse(row?.line ?? '{}'));
    expect(columns).toEqual(
      expect.arrayContaining(
        OBJECTS.contacts.columns.map(({ name }) => name).filter((name) => name !== 'name'),
      ),
    );
    expect(columns).not.toContain('name');
    expect(columns).not.toContain('newer');
    expect(shaper.observed().contacts).toEqual({ id: ['string'] });
  });

  test("in a child table follows the child's own rules", () => {
    const company = { id: '1', updated_at: 1, tags: { tags: [{ id: '2', name: 'VIP' }] } };
    const fields: Fields = { company_tag: { tag_name: 'exclude' }, companies: { name: 'exclude' } };
    const { company_tag } = rowsOf(OBJECTS.companies, company, { fields });
    expect(company_tag?.[0]).toMatchObject({ company_id: '1', tag_id: '2' });
    expect(company_tag?.[0]).not.toHaveProperty('tag_name');
  });
});

describe('rules for a list of the parent', () => {
  const part = {
    id: '7',
    part_type: 'comment',
    body: 'Hello',
    author: { type: 'user', id: '5', email: 'a@b.c' },
    external_id: 'x',
  };
  const ticket = { id: '1', updated_at: 1, ticket_parts: { ticket_parts: [part] } };
  const partUnder = (fields: Fields) => rowsOf(OBJECTS.tickets, ticket, { fields }).ticket_part?.[0] ?? {};
  const BODY = 'ticket_parts.ticket_parts[].body';

  test('count for the child table of the same list', () => {
    expect(partUnder({ tickets: { [BODY]: 'hash' } })).toMatchObject({
      body: testHash('Hello'),
      external_id: 'x',
    });
    expect(partUnder({ tickets: { [BODY]: 'exclude' } })).not.toHaveProperty('body');
    expect(partUnder({ tickets: { 'ticket_parts.ticket_parts[].author.id': 'hash' } })).toMatchObject({
      author_id: testHash('5'),
      author_type: 'user',
    });
  });

  test('around it hash what they hash in the parent: references and times of no person stay joinable', () => {
    expect(partUnder({ tickets: { ticket_parts: 'hash' } })).toMatchObject({
      id: '7',
      ticket_id: '1',
      body: testHash('Hello'),
      author_id: '5',
      part_type: testHash('comment'),
    });
  });

  test('of two, the deeper one wins', () => {
    const fields: Fields = {
      tickets: { 'ticket_parts.ticket_parts[].author': 'exclude', [BODY]: 'replicate', ticket_parts: 'hash' },
    };
    const row = partUnder(fields);
    expect(row).toMatchObject({ body: 'Hello', external_id: testHash('x') });
    expect(row).not.toHaveProperty('author_type');
  });

  test('give way to a rule of the child table, and to no rule for another list', () => {
    expect(partUnder({ tickets: { [BODY]: 'hash' }, ticket_part: { body: 'replicate' } })).toMatchObject({
      body: 'Hello',
    });
    expect(partUnder({ tickets: { 'ticket_parts.other[].body': 'hash' } })).toMatchObject({ body: 'Hello' });
  });

  test('reach both names of a list, and lists of plain ids', () => {
    const conversation = { id: '1', updated_at: 1, teammates: { teammates: [{ id: '9' }] } };
    const fields: Fields = {
      conversations: { 'teammates.teammates[].id': 'hash' },
      articles: { 'parent_ids[]': 'hash' },
    };
    const { conversation_teammate } = rowsOf(OBJECTS.conversations, conversation, { fields });
    expect(conversation_teammate).toMatchObject([{ admin_id: testHash('9') }]);
    const { article_collection } = rowsOf(OBJECTS.articles, { id: '1', parent_ids: [3] }, { fields });
    expect(article_collection).toMatchObject([{ collection_id: testHash('3') }]);
  });

  test.each<[Fields, readonly string[]]>([
    [{ tickets: { ticket_parts: 'exclude' } }, ['ticket_part']],
    [{ tickets: { 'contacts.contacts[].id': 'hash' } }, ['ticket_contact']],
    [{ tickets: { contacts: 'hash', [BODY]: 'exclude' } }, []],
    [{ contacts: { opted_in_subscription_types: 'exclude' } }, ['contact_subscription']],
  ])('that take its key away leave the child table out: %j', (fields, expected) => {
    const left = tablesWithoutKey(TABLES, { fields, sensitiveFields: 'hash' });
    expect(left.map(({ name }) => name)).toEqual(expected);
    const byDefault = parseConfig({}, TABLES).excludedTables;
    const { excludedTables } = parseConfig({ fields }, TABLES);
    expect(excludedTables.filter((name) => !byDefault.includes(name))).toEqual(expected);
  });
});

test('the key is needed only if something is hashed', () => {
  const rules = (fields: Fields, sensitiveFields: 'hash' | 'replicate' = 'replicate') => ({
    fields,
    sensitiveFields,
  });
  expect(needsHash(OBJECTS.tags, rules({}, 'hash'))).toBe(true);
  expect(needsHash(OBJECTS.tags, rules({ contacts: { name: 'hash' } }))).toBe(false);
  expect(needsHash(OBJECTS.contacts, rules({ contacts: { name: 'exclude' } }))).toBe(false);
  expect(needsHash(OBJECTS.companies, rules({ company_tag: { tag_name: 'hash' } }))).toBe(true);
});

/** Structure without leaves: keys and lengths stay the same. */
function shapeOf(value: JsonValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (!isJsonObject(value)) return value === null ? null : 'leaf';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
const object = fc.dictionary(fc.string({ minLength: 1 }), json) as fc.Arbitrary<JsonObject>;

describe('of any value', () => {
  test('hashing keeps the structure, and is the same every time', () => {
    fc.assert(
      fc.property(object, (value) => {
        const hashed = custom(value, { custom_attributes: 'hash' });
        expect(shapeOf(hashed as JsonValue)).toEqual(shapeOf(JSON.parse(JSON.stringify(value)) as JsonValue));
        expect(custom(value, { custom_attributes: 'hash' })).toEqual(hashed);
      }),
    );
  });

  test('hashing leaves no text of a leaf behind', () => {
    const secret = fc.uuid();
    fc.assert(
      fc.property(object, secret, fc.string({ minLength: 1 }), (value, text, key) => {
        const hashed = custom(
          { ...value, [key]: { id: text, deep: [text, { type: text }] } },
          { custom_attributes: 'hash' },
        );
        expect(JSON.stringify(hashed)).not.toContain(text);
      }),
    );
  });

  test('an excluded place is never there, and the rest does not change', () => {
    fc.assert(
      fc.property(object, fc.string({ minLength: 1 }), json, (value, key, secret) => {
        const path = `custom_attributes[${JSON.stringify(key)}]`;
        const { [key]: _replaced, ...rest } = value;
        expect(custom({ ...value, [key]: secret }, { [path]: 'exclude' })).toEqual(
          JSON.parse(JSON.stringify(rest)),
        );
      }),
    );
  });
});

describe('of a reject', () => {
  const NOTE: JsonObject = { body: 'secret', author: { id: '5' } };

  function recordOf(table: TableName | null, value: JsonValue, rules: Partial<FieldRules>): unknown {
    const all = { fields: {}, sensitiveFields: 'replicate', ...rules } as const;
    const shaper = createShaper(OBJECTS.contacts, ORIGIN, createTreatments(OBJECTS.contacts, all, testHash));
    const path = '1.contact_notes[0]';
    const { line } = shaper.reject({ table, path, reason: 'no id', value, receivedAtMs: 1 }, 1);
    const { record } = JSON.parse(line);
    return record === null ? null : JSON.parse(record);
  }

  test("treat the object's own by its rules", () => {
    expect(recordOf('contacts', { email: 'a', phone: 'b' }, contactFields({ email: 'exclude' }))).toEqual({
      phone: 'b',
    });
  });

  test('leave one of a child table out as soon as they say something about that table', () => {
    expect(recordOf('contact_note', NOTE, {})).toEqual(NOTE);
    expect(recordOf('contact_note', NOTE, { fields: { contact_tag: { tag_id: 'hash' } } })).toEqual(NOTE);
    for (const treatment of ['exclude', 'hash'] as const) {
      expect(recordOf('contact_note', NOTE, { fields: { contact_note: { body: treatment } } })).toBeNull();
      expect(
        recordOf('contact_note', 'secret', { fields: { contact_note: { body: treatment } } }),
      ).toBeNull();
      expect(recordOf('contact_note', NOTE, contactFields({ contact_notes: treatment }))).toBeNull();
      expect(recordOf('contact_tag', NOTE, contactFields({ tags: treatment }))).toBeNull();
    }
    expect(recordOf('contact_note', NOTE, { sensitiveFields: 'hash' })).toBeNull();
  });

  test("leave another object's record out, because its rules are not known here", () => {
    expect(recordOf(null, NOTE, {})).toBeNull();
  });
});
