import { expect, test } from 'vitest';
import { ruleNotes } from '../../../functions/config/rule-notes.ts';
import { TABLES } from '../../../functions/objects/index.ts';

const notesOf = (table: string, path: string): readonly string[] =>
  ruleNotes(TABLES, { [table]: { [path]: 'hash' } });

test.each([
  ['contacts', 'emial', "contacts has no declared column 'emial'", 'email'],
  ['contacts', 'location.citty', "'citty' is not declared there", 'city'],
  ['contacts', 'notes.dta[].url', "'dta' is not declared there", 'data'],
  ['contacts', 'location.citty.name', "'citty' is not declared there", 'city'],
  [
    'conversations',
    'statistics.count_reopenings',
    "'count_reopenings' is not declared there",
    'count_reopens',
  ],
  ['conversations', 'sorce.body', "conversations has no declared column 'sorce'", 'source'],
  ['conversations', 'source.boddy', "'boddy' is not declared there", 'body'],
  ['conversation_parts', 'tags[].nmae', "'nmae' is not declared there", 'name'],
  ['articles', 'translated_content.*.titel', "'titel' is not declared there", 'title'],
  ['articles', 'translated_content.de.titel', "'titel' is not declared there", 'title'],
  ['contacts', 'nickname', "contacts has no declared column 'nickname'", null],
  ['contacts', 'location[].city', "'[]' is not declared there", null],
  ['conversation_parts', 'tags.name', "'name' is not declared there", null],
])('%s.%s: %s', (table, path, missing, similar) => {
  const guess = similar === null ? '' : ` Did you mean '${similar}'?`;
  expect(notesOf(table, path)).toEqual([
    `fields.${table}.${path}: ${missing}; the rule applies once there is such a field.${guess} To list the columns: npm run local -- fields`,
  ]);
});

test.each([
  ['contacts', 'email'],
  ['contacts', 'location'],
  ['contacts', 'location.city'],
  ['contacts', 'location.*'],
  ['contacts', 'custom_attributes.whatever.you["like"]'],
  ['tickets', 'ticket_attributes.*[].name'],
  ['tickets', 'ticket_parts.ticket_parts[].author.emial'],
  ['tickets', 'contacts.contacts[].id'],
  ['conversations', 'statistics.last_closed_by_id'],
  ['conversations', 'teammates.admins[].id'],
  ['conversations', 'source.type'],
  ['conversation_parts', 'tags[]'],
  ['articles', 'translated_content.pt-BR.title'],
  ['company_tag', 'tag_name'],
])('%s.%s may be there', (table, path) => {
  expect(notesOf(table, path)).toEqual([]);
});

test('every declared place is known', () => {
  const rules = TABLES.map(({ name, columns }) => [
    name,
    Object.fromEntries(columns.map((column) => [column.name, 'hash' as const])),
  ]);
  expect(ruleNotes(TABLES, Object.fromEntries(rules))).toEqual([]);
});
