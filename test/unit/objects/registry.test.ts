import { describe, expect, test } from 'vitest';
import { PARENT_OF } from '../../../functions/config/config.ts';
import type { ChildDeclaration, Column, ObjectDeclaration } from '../../../functions/core/declaration.ts';
import {
  CHILD_NAMES,
  type ChildName,
  isOptional,
  OBJECT_NAMES,
  type ObjectName,
} from '../../../functions/core/names.ts';
import { listFields, listPaths, listsOf } from '../../../functions/core/relationship.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

const declarations: readonly ObjectDeclaration[] = Object.values(OBJECTS);
const children = declarations.flatMap((object) => object.children.map((child) => ({ object, child })));
const childCases = children.map(({ object, child }) => [child.table, child, object] as const);
const objectCases = declarations.map((object) => [object.name, object] as const);

const namesOf = (columns: readonly { readonly name: string }[]): string[] => columns.map(({ name }) => name);

function columnOf(table: ObjectDeclaration | ChildDeclaration, name: string): Omit<Column, 'from'> {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`no column ${name}`);
  return column;
}

function childOf(name: ChildName): ChildDeclaration {
  const found = children.find(({ child }) => child.table === name);
  if (found === undefined) throw new Error(`no child table ${name}`);
  return found.child;
}

describe('the registry', () => {
  test('has the objects, each under its own name', () => {
    expect(Object.keys(OBJECTS)).toEqual(OBJECT_NAMES);
    for (const [name, object] of Object.entries(OBJECTS)) expect(object.name).toBe(name);
    expect(OBJECT_NAMES).toHaveLength(28);
  });

  test('has the child tables, each once, with the parent that the configuration knows', () => {
    expect(children.map(({ child }) => child.table)).toEqual(CHILD_NAMES);
    for (const { object, child } of children) expect(object.name).toBe(PARENT_OF[child.table]);
  });
});

describe.each(objectCases)('%s', (_name, object) => {
  test('has distinct columns, none with the name of our own columns', () => {
    const names = namesOf(object.columns);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.startsWith('_'))).toEqual([]);
  });

  test('has its key, its cursor and its version field among its columns', () => {
    const names = namesOf(object.columns);
    expect(names).toEqual(expect.arrayContaining([...object.primaryKey]));
    if (object.sync.kind === 'incremental') {
      expect(columnOf(object, object.sync.cursor).type).toBe('timestamp');
      expect(object.versionField).toBe(object.sync.cursor);
    }
    if (object.versionField !== null) expect(columnOf(object, object.versionField).type).toBe('timestamp');
  });

  test('has a description for itself and every column', () => {
    for (const { description } of [object, ...object.columns]) expect(description.trim()).not.toBe('');
  });

  test('has no omitted field among its columns, and omits whole fields or parts of declared ones', () => {
    const names = namesOf(object.columns);
    for (const path of object.omit) {
      expect(names).not.toContain(path);
      if (path.includes('.')) expect(names).toContain(path.split('.')[0]);
    }
  });

  test('asks for the lists of its children by the record’s id', () => {
    for (const { ask } of object.children) if (ask !== undefined) expect(ask.path).toContain('{id}');
  });

  test('has page sizes that each divide the one before', () => {
    if (!('perPageSizes' in object.read)) return;
    const sizes = object.read.perPageSizes;
    if (!isOptional(object.name)) expect(sizes[0]).toBe(250);
    expect(sizes.at(-1)).toBe(1);
    for (const [index, size] of sizes.slice(1).entries()) {
      expect((sizes[index] ?? 0) % size).toBe(0);
      expect(size).toBeLessThan(sizes[index] ?? 0);
    }
  });
});

describe.each(childCases)('%s', (_name, child, object) => {
  test('has its key among its columns, and a description for itself and every column', () => {
    expect(namesOf(child.columns)).toEqual(expect.arrayContaining([...child.primaryKey]));
    for (const { description } of [child, ...child.columns]) expect(description.trim()).not.toBe('');
  });

  test('takes its lists and parent values from the parent, which keeps what nobody can ask for', () => {
    const isOmitted = listPaths(child).some((path) => object.omit.includes(path));
    const fields = namesOf(object.columns);
    if (child.ask !== undefined) expect(isOmitted).toBe(true);
    if (!isOmitted) expect(fields).toEqual(expect.arrayContaining([...listFields(child)]));
    for (const { from } of child.columns) {
      if ('parent' in from) expect(fields).toContain(from.parent);
      if ('list' in from) for (const { says } of listsOf(child)) expect(says).toHaveProperty(from.list);
    }
  });
});

test.each([
  ['contact_company', ['contact_id', 'company_id'], ['contact_id', 'company_id'], 'companies'],
  ['contact_tag', ['contact_id', 'tag_id'], ['contact_id', 'tag_id'], 'tags'],
  ['company_tag', ['company_id', 'tag_id', 'tag_name'], ['company_id', 'tag_id'], 'tags'],
  [
    'conversation_tag',
    ['conversation_id', 'tag_id', 'tag_name', 'applied_at', 'applied_by'],
    ['conversation_id', 'tag_id'],
    'tags',
  ],
  ['team_admin', ['team_id', 'admin_id'], ['team_id', 'admin_id'], 'admin_ids'],
  [
    'email_address_header',
    ['conversation_id', 'conversation_part_id', 'header_index', 'type', 'email_address', 'name'],
    ['conversation_id', 'conversation_part_id', 'header_index'],
    'email_message_metadata',
  ],
] as const)('%s has the columns of the contract', (name, columns, primaryKey, list) => {
  const child = childOf(name);
  expect(namesOf(child.columns)).toEqual(columns);
  expect(child.primaryKey).toEqual(primaryKey);
  expect(child.list.field).toBe(list);
});

test('references in child tables are strings, so that they join with the ids they name', () => {
  for (const { child } of children) {
    for (const column of child.columns.filter(({ name }) => name.endsWith('_id'))) {
      expect([child.table, column.name, column.type]).toEqual([child.table, column.name, 'string']);
    }
  }
});

test('keys are id, except for conversation parts, data attributes, and what belongs to other records', () => {
  const others = declarations.filter(({ primaryKey }) => primaryKey.join() !== 'id');
  expect(Object.fromEntries(others.map(({ name, primaryKey }) => [name, primaryKey]))).toEqual({
    conversation_parts: ['conversation_id', 'id'],
    data_attributes: ['model', 'full_name', 'id'],
    segment_contact: ['segment_id', 'contact_id'],
    article_statistics: ['article_id'],
  });
  expect(OBJECTS.conversation_parts.columns[0]?.name).toBe('conversation_id');
});

test('relationships with a child table and attachments are left out', () => {
  const omitted = declarations.filter(({ omit }) => omit.length > 0);
  expect(Object.fromEntries(omitted.map(({ name, omit }) => [name, omit]))).toEqual({
    contacts: ['tags', 'companies', 'contact_notes'],
    companies: ['tags'],
    conversations: ['tags', 'conversation_parts', 'source.attachments'],
    conversation_parts: ['attachments', 'email_message_metadata.email_address_headers'],
    teams: ['admin_ids'],
    tickets: ['ticket_parts.ticket_parts[].attachments', 'ticket_attributes.*[].url'],
  });
});

test('five objects are incremental, the others are read whole', () => {
  const incremental = declarations.flatMap(({ name, sync }) =>
    sync.kind === 'incremental' ? [[name, sync.cursor]] : [],
  );
  expect(Object.fromEntries(incremental)).toEqual({
    contacts: 'updated_at',
    conversations: 'updated_at',
    conversation_parts: 'updated_at',
    tickets: 'updated_at',
    activity_logs: 'created_at',
  });
});

test('each object names the permission that it needs', () => {
  const boxes: Readonly<Record<ObjectName, string | null>> = {
    contacts: 'Read and list users and companies',
    companies: 'Read and list users and companies',
    segments: 'Read and list users and companies',
    tags: 'Read and list users and companies',
    subscription_types: 'Read and list users and companies',
    conversations: 'Read conversations',
    conversation_parts: 'Read conversations',
    tickets: 'Read tickets',
    ticket_types: 'Read tickets',
    admins: 'Read admins',
    teams: 'Read admins',
    activity_logs: 'Read admin activity logs',
    articles: 'Read and list articles',
    collections: 'Read and list articles',
    help_centers: 'Read and list articles',
    data_attributes: null,
    ticket_states: 'Read tickets',
    brands: 'Read brands',
    emails: 'Read emails',
    away_status_reasons: 'Read admins',
    news_items: 'Read and list news items and newsfeeds',
    newsfeeds: 'Read and list news items and newsfeeds',
    internal_articles: 'Read and list articles',
    external_pages: 'Read and write AI content',
    content_import_sources: 'Read and write AI content',
    segment_contact: 'Read and list users and companies',
    calls: 'Read conversations',
    article_statistics: 'Read and list articles',
  };
  expect(Object.fromEntries(declarations.map(({ name, permission }) => [name, permission]))).toEqual(boxes);
});

test('what is optional is read in one request, or in pages as large as Intercom serves by itself', () => {
  const optional = declarations.filter(({ name }) => isOptional(name));
  const firstOf = ({ read }: ObjectDeclaration) =>
    read.kind === 'page_number' ? read.perPageSizes[0] : read.kind;
  expect(Object.fromEntries(optional.map((one) => [one.name, firstOf(one)]))).toEqual({
    ticket_states: 'list',
    brands: 'list',
    emails: 'list',
    away_status_reasons: 'list',
    news_items: 10,
    newsfeeds: 10,
    internal_articles: 25,
    external_pages: 50,
    content_import_sources: 50,
    calls: 'details',
  });
});

test('data attributes are read per model, including archived ones; segments for contacts and for companies', () => {
  const { data_attributes, segments } = OBJECTS;
  const models = ['contact', 'company', 'conversation'];
  expect(data_attributes.read).toMatchObject({
    requests: models.map((model) => ({ query: { model, include_archived: 'true' }, set: { model } })),
  });
  expect(segments.read).toMatchObject({
    requests: [{ query: { include_count: 'true' } }, { query: { include_count: 'true', type: 'company' } }],
  });
});

test('subscription types take name and description from their default translation', () => {
  expect(columnOf(OBJECTS.subscription_types, 'name')).toMatchObject({ from: 'default_translation.name' });
  expect(columnOf(OBJECTS.subscription_types, 'description')).toMatchObject({
    from: 'default_translation.description',
  });
});
