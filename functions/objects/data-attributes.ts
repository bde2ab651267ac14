import type { ListRequest } from '../core/declaration.ts';
import { boolean, createdAt, integer, json, object, objectType, string, updatedAt } from './declare.ts';

/** One request per model. Its rows carry the requested model. */
const requestOf = (model: string): ListRequest => ({
  path: '/data_attributes',
  query: { model, include_archived: 'true' },
  set: { model },
});

export const dataAttributes = object({
  name: 'data_attributes',
  description: 'Definitions of the attributes of contacts, companies and conversations, built-in and custom.',
  sync: { kind: 'full_refresh' },
  // Two custom attributes may share a name; built-in ones have no id (docs/intercom-api.md 10).
  primaryKey: ['model', 'full_name', 'id'],
  nullableKeys: ['id'],
  versionField: 'updated_at',
  // The permissions for users and companies and for conversations each add to the content.
  permission: null,
  read: {
    kind: 'list',
    recordsKey: 'data',
    requests: ['contact', 'company', 'conversation'].map(requestOf),
  },
  columns: [
    objectType('data_attribute'),
    integer('id', 'Id of a custom attribute; null for built-in ones.'),
    string('model', 'What it describes: `contact`, `company` or `conversation`.'),
    string('name', "Last part of the attribute's name."),
    string('full_name', 'Name of the attribute with its path, such as `plan.name`.'),
    string('label', 'Name that people see.'),
    string('description', 'What the attribute means.'),
    string('data_type', 'Type of its values: `string`, `integer`, `float`, `boolean`, `date` and others.'),
    json('options', 'Values to choose from, if the list is fixed.', { plain: ['[]'] }),
    boolean('api_writable', 'Whether the API may set it.'),
    boolean('messenger_writable', 'Whether the Messenger may set it.'),
    boolean('ui_writable', 'Whether teammates may set it.'),
    boolean('custom', "Whether it is one of the customer's own attributes."),
    boolean('archived', 'Whether it is archived.'),
    createdAt('custom attribute'),
    updatedAt('custom attribute'),
    string('admin_id', '`admins.id` of the teammate who created it; null for built-in ones.'),
  ],
});
