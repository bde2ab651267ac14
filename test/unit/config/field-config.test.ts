import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../functions/config/config.ts';
import { InputError } from '../../../functions/core/errors.ts';
import { TABLES } from '../../../functions/objects/index.ts';

function problemsOf(config: unknown): readonly string[] {
  try {
    parseConfig(config, TABLES);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message.split('\n').slice(1);
  }
  return [];
}

const KEPT = [
  ['contacts', 'id'],
  ['contacts', 'updated_at'],
  ['contacts', 'owner_id'],
  ['companies', 'updated_at'],
  ['conversations', 'admin_assignee_id'],
  ['conversations', 'team_assignee_id'],
  ['conversation_parts', 'conversation_id'],
  ['conversation_parts', 'updated_at'],
  ['activity_logs', 'created_at'],
  ['articles', 'parent_id'],
  ['articles', 'parent_ids'],
  ['admins', 'team_ids'],
  ['data_attributes', 'full_name'],
  ['tickets', 'ticket_id'],
  ['contact_company', 'contact_id'],
  ['contact_company', 'company_id'],
  ['company_tag', 'tag_id'],
  ['team_admin', 'admin_id'],
  ['email_address_header', 'header_index'],
  ['email_address_header', 'conversation_part_id'],
] as const;

describe('columns that tables are joined, ordered or resumed by', () => {
  test.each(KEPT)('%s.%s can be neither hashed nor excluded', (table, column) => {
    for (const treatment of ['hash', 'exclude']) {
      expect(problemsOf({ fields: { [table]: { [column]: treatment } } })).toEqual([
        expect.stringMatching(new RegExp(`fields\\.${table}\\.${column}: can only be 'replicate'`)),
      ]);
    }
    expect(problemsOf({ fields: { [table]: { [column]: 'replicate' } } })).toEqual([]);
  });
});

test.each([
  ['contacts', 'external_id'],
  ['companies', 'company_id'],
  ['conversation_parts', 'external_id'],
  ['conversations', 'teammates.admins[].id'],
  ['contacts', 'location.city'],
  ['contacts', 'custom_attributes["CX Score rating"]'],
  ['contacts', 'custom_attributes.CX Score rating'],
  ['tickets', 'ticket_attributes.*'],
  ['company_tag', 'tag_name'],
  ['email_address_header', 'email_address'],
])('%s.%s may be hashed and excluded', (table, path) => {
  for (const treatment of ['hash', 'exclude']) {
    expect(problemsOf({ fields: { [table]: { [path]: treatment } } })).toEqual([]);
  }
});

test.each([
  [{ contacts: { 'a..b': 'hash' } }, /fields\.contacts\.a\.\.b: 'a\.\.b' is not a valid path/],
  [{ contacts: { '*': 'hash' } }, /must begin with the name of a column: type, id/],
  [{ contacts: { name: 'hide' } }, /fields\.contacts\.name: must be one of replicate, hash, exclude/],
  [{ contacts: { _version: 'exclude' } }, /is a column that the pipeline adds/],
  [{ contacts: { tags: 'exclude' } }, /is not in contacts: relationships have their own tables/],
  [{ contacts: { 'tags.data[].id': 'exclude' } }, /is not in contacts/],
  [{ conversations: { 'source.attachments': 'replicate' } }, /attachments are not synced/],
  [{ tickets: { 'ticket_attributes.Evidence[].url': 'hash' } }, /attachments are not synced/],
  [{ contacts: { 'name.first': 'hash' } }, /'name' is of type string and has nothing inside/],
  [{ deletions: {} }, /fields\.deletions: no such table; tables are contacts, /],
  [{ nothing: {} }, /fields\.nothing: no such table/],
  [[], /fields: must be like/],
  [{ contacts: 'hash' }, /fields: must be like/],
])('%j is refused, with what is allowed', (fields, message) => {
  expect(problemsOf({ fields })).toEqual([expect.stringMatching(message)]);
});

test.each([
  [{ 'location.city': 'hash', 'location["city"]': 'exclude' }, 2, /names the same place as/],
  [{ location: 'exclude', 'location.city': 'hash' }, 1, /is inside 'location', which is excluded/],
  [{ 'custom_attributes.*': 'exclude', 'custom_attributes.*.x': 'hash' }, 1, /is inside/],
  [
    { 'custom_attributes.*': 'exclude', 'custom_attributes.a.b': 'hash' },
    1,
    /a\.b: is inside 'custom_attributes\.\*', which is excluded/,
  ],
  [
    { 'custom_attributes.*': 'exclude', 'custom_attributes.a': 'exclude', 'custom_attributes.a.*': 'hash' },
    1,
    /is inside 'custom_attributes\.(a|\*)'/,
  ],
])('rules against each other are refused: %j', (rules, count, message) => {
  const problems = problemsOf({ fields: { contacts: rules } });
  expect(problems).toHaveLength(count);
  for (const problem of problems) expect(problem).toMatch(message);
});

test.each([
  { 'custom_attributes.*': 'exclude', 'custom_attributes.a': 'replicate', 'custom_attributes.a.b': 'hash' },
  { 'custom_attributes.*': 'exclude', 'custom_attributes.a': 'hash' },
  { 'custom_attributes.a': 'exclude', 'custom_attributes.*.b': 'hash' },
])('a rule that a more exact one keeps is none within an excluded place: %j', (rules) => {
  expect(problemsOf({ fields: { contacts: rules } })).toEqual([]);
});

test('all mistakes are reported together', () => {
  const fields = { contacts: { id: 'hash', email: 'hide', 'x[': 'hash' }, nothing: {} };
  expect(problemsOf({ fields, sensitiveFields: 'x', tables: { exclude: ['contacts'] } })).toHaveLength(6);
});

test('a child table cannot be both named and excluded', () => {
  const config = { objects: ['contacts', 'contact_tag'], tables: { exclude: ['contact_tag', 'team_admin'] } };
  expect(problemsOf(config)).toEqual([
    expect.stringMatching(/tables\.exclude: 'contact_tag' is also named in 'objects'/),
  ]);
});

test('a rule inside another is fine, and a rule for an undeclared column is reported with every run', () => {
  const { notes } = parseConfig(
    { fields: { contacts: { location: 'hash', 'location.country': 'replicate', emial: 'hash' } } },
    TABLES,
  );
  expect(notes).toEqual([expect.stringMatching(/^fields\.contacts\.emial: contacts has no declared column/)]);
});
