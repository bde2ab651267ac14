import { describe, expect, test } from 'vitest';
import type { Column } from '../../../functions/core/declaration.ts';
import type { TableName } from '../../../functions/core/names.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

type TableColumn = Omit<Column, 'from'>;

interface Table {
  readonly name: TableName;
  readonly primaryKey: readonly string[];
  readonly columns: readonly TableColumn[];
}

const tables: readonly Table[] = Object.values(OBJECTS).flatMap((object) => [
  object,
  ...object.children.map(({ table, primaryKey, columns }) => ({ name: table, primaryKey, columns })),
]);

const pathsOf = ({ personal }: TableColumn): readonly string[] => (Array.isArray(personal) ? personal : []);

/** Whether `rule` covers `path`: the same place, or one around it. */
function takesIn(rule: string, path: string): boolean {
  const [outer, inner] = [rule.split('.'), path.split('.')];
  return outer.every((step, index) => inner[index] !== undefined && (step === '*' || step === inner[index]));
}

/** Whether the field, written as `column` or `column.path`, is declared as personal in the table. */
function isPersonal(table: TableName, field: string): boolean {
  const [name = '', ...rest] = field.split('.');
  const column = tables.find((candidate) => candidate.name === table)?.columns.find((c) => c.name === name);
  if (column === undefined) throw new Error(`no column ${table}.${name}`);
  if (column.personal === true) return true;
  return pathsOf(column).some((rule) => takesIn(rule, rest.length === 0 ? '*' : rest.join('.')));
}

const PERSONAL_FIELDS: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  contacts: [
    'name',
    'email',
    'phone',
    'external_id',
    'location.city',
    'location.country',
    'location.region',
    'location.postal_code',
    'last_seen_ip',
    'avatar.image_url',
    'custom_attributes',
    'email_domain',
    'social_profiles',
  ],
  companies: ['name', 'company_id', 'custom_attributes', 'website'],
  conversations: [
    'title',
    'source.body',
    'source.author',
    'source.subject',
    'source.url',
    'conversation_rating.remark',
    'conversation_rating.contact.external_id',
    'contacts.contacts[].external_id',
    'custom_attributes',
    'company.name',
    'company.company_id',
    'company.custom_attributes',
    'first_contact_reply.url',
    'ai_agent.rating_remark',
  ],
  conversation_tag: ['applied_by'],
  conversation_contact: ['external_id'],
  conversation_parts: ['body', 'author', 'email_message_metadata.subject', 'event_details', 'assigned_to'],
  email_address_header: ['email_address', 'name'],
  admins: ['name', 'email', 'avatar', 'job_title'],
  tickets: [
    'ticket_attributes',
    'contacts.contacts[].external_id',
    'ticket_parts.ticket_parts[].body',
    'ticket_parts.ticket_parts[].author',
    'ticket_parts.ticket_parts[].updated_attribute_data.value.id',
    'ticket_parts.ticket_parts[].updated_attribute_data.value.label',
  ],
  ticket_part: ['body', 'updated_attribute_value_id', 'updated_attribute_value', 'external_id'],
  ticket_contact: ['external_id'],
  article_tag: ['applied_by'],
  activity_logs: ['performed_by', 'metadata', 'metadata.external_id', 'activity_description'],
};

const cases = Object.entries(PERSONAL_FIELDS).flatMap(([table, fields]) =>
  fields.map((field) => [table as TableName, field] as const),
);

test.each(cases)('%s.%s is personal', (table, field) => {
  expect(isPersonal(table, field)).toBe(true);
});

describe.each(tables.map((table) => [table.name, table] as const))('%s', (_name, table) => {
  test('has no personal data in keys, types, times and references', () => {
    const kept = table.columns.filter(
      ({ name, type }) => table.primaryKey.includes(name) || name === 'type' || type === 'timestamp',
    );
    expect(kept.filter(({ personal }) => personal !== undefined)).toEqual([]);
  });

  test('names paths only in JSON columns, and no place twice', () => {
    for (const column of table.columns.filter((candidate) => Array.isArray(candidate.personal))) {
      expect(column.type).toBe('json');
      const paths = pathsOf(column);
      const overlaps = paths.filter((path) => paths.some((other) => other !== path && takesIn(other, path)));
      expect([overlaps, new Set(paths).size]).toEqual([[], paths.length]);
    }
  });
});
