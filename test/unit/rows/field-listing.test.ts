import { expect, test } from 'vitest';
import { TABLES } from '../../../functions/objects/index.ts';
import { listFields } from '../../../functions/rows/field-listing.ts';
import type { FieldRules } from '../../../functions/rows/field-rules.ts';

const RULES: FieldRules = {
  sensitiveFields: 'hash',
  fields: {
    contacts: { name: 'replicate', 'location.city': 'exclude', newer: 'replicate', signed_up_at: 'hash' },
    conversations: { source: 'exclude', 'teammates.admins[].id': 'hash' },
  },
};

const fields = listFields(TABLES, RULES, ['contact_tag']);

const at = (table: string, path: string): string | undefined => {
  const found = fields.find((field) => field.table === table && field.path === path);
  return found && [found.type, found.personal, found.rule, found.because].join(' ');
};

test.each([
  ['contacts', 'id', 'string no replicate default'],
  ['contacts', 'email', 'string yes hash sensitiveFields'],
  ['contacts', 'name', 'string yes replicate fields'],
  ['contacts', 'signed_up_at', 'string no hash fields'],
  ['contacts', 'location', 'json partly hash sensitiveFields: new fields'],
  ['contacts', 'location.region', ' yes hash sensitiveFields'],
  ['contacts', 'location.city', ' yes exclude fields'],
  ['contacts', 'newer', ' no replicate fields'],
  ['contact_tag', 'tag_id', 'string no exclude table excluded'],
  ['conversations', 'source', 'json partly exclude fields'],
  ['conversations', 'source.body', ' yes exclude fields'],
  ['conversations', 'teammates.admins[].id', ' yes hash fields'],
  ['conversations', 'conversation_rating', 'json partly hash sensitiveFields: new fields'],
  ['conversations', 'statistics', 'json no hash sensitiveFields: new fields'],
  ['conversations', 'statistics.count_reopens', ' no replicate default'],
  ['conversation_parts', 'tags[].applied_by', ' yes hash sensitiveFields'],
  ['articles', 'translated_content', 'json no replicate default'],
  ['articles', 'translated_content.*.title', ' no replicate default'],
  ['conversations', 'conversation_rating.rating', ' no replicate default'],
  ['conversations', 'conversation_rating.contact.external_id', ' yes hash sensitiveFields'],
  ['email_address_header', 'email_address', 'string yes hash sensitiveFields'],
])('%s.%s: %s', (table, path, expected) => {
  expect(at(table, path)).toBe(expected);
});

test('everything inside an excluded place is listed as excluded, whatever other rules say', () => {
  const contacts = {
    'custom_attributes.*': 'exclude',
    'custom_attributes.a.b': 'hash',
  } as const;
  const listed = listFields(TABLES, { sensitiveFields: 'replicate', fields: { contacts } }, []);
  const rules = listed.filter(({ path }) => path.startsWith('custom_attributes.'));
  expect(rules.map(({ path, rule, because }) => [path, rule, because])).toEqual([
    ['custom_attributes.*', 'exclude', 'fields'],
    ['custom_attributes.a.b', 'exclude', 'fields'],
  ]);
});

test('a place that a rule with * covers is listed with that rule', () => {
  const fields = { conversations: { 'source.*': 'exclude' } } as const;
  const body = listFields(TABLES, { sensitiveFields: 'hash', fields }, []).find(
    ({ path }) => path === 'source.body',
  );
  expect(body).toMatchObject({ rule: 'exclude', because: 'fields' });
});

test('every column of every table is listed, and replicated if there are no rules', () => {
  const plain = listFields(TABLES, { fields: {}, sensitiveFields: 'replicate' }, []);
  for (const { name, columns } of TABLES) {
    const listed = plain.filter(({ table }) => table === name).map(({ path }) => path);
    expect(listed).toEqual(expect.arrayContaining(columns.map((column) => column.name)));
  }
  expect(new Set(plain.map(({ rule, because }) => `${rule} ${because}`))).toEqual(
    new Set(['replicate default']),
  );
});
