import type { ListRequest } from '../core/declaration.ts';
import { boolean, createdAt, integer, json, objectType, string, updatedAt } from './columns.ts';
import { object } from './declare.ts';

/** Each model is asked for by itself, and its rows carry the model that was asked for. */
const requestOf = (model: string): ListRequest => ({
  path: '/data_attributes',
  query: { model, include_archived: 'true' },
  set: { model },
});

export const dataAttributes = object({
  name: 'data_attributes',
  description: 'Definitions of the attributes of contacts, companies and conversations, built-in and custom.',
  sync: { kind: 'full_refresh' },
  // Two custom attributes may have one name; built-in ones have no id (docs/intercom-api.md 10).
  primaryKey: ['model', 'full_name', 'id'],
  nullableKeys: ['id'],
  versionField: 'updated_at',
  // Content grows with the permissions for users and companies and for conversations.
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
    string('name', 'Name of the attribute, last part only.'),
    string('full_name', 'Name of the attribute with its path, such as `plan.name`.'),
    string('label', 'Name as people see it.'),
    string('description', 'What the attribute means.'),
    string('data_type', 'Type of its values: `string`, `integer`, `float`, `boolean`, `date` and others.'),
    json('options', 'Values to choose from, where the list is closed.', { plain: ['[]'] }),
    boolean('api_writable', 'Whether the API may set it.'),
    boolean('messenger_writable', 'Whether the Messenger may set it.'),
    boolean('ui_writable', 'Whether teammates may set it.'),
    boolean('custom', "Whether it is the customer's own."),
    boolean('archived', 'Whether it is archived.'),
    createdAt('custom attribute'),
    updatedAt('custom attribute'),
    string('admin_id', '`admins.id` of the teammate who made it; null for built-in ones.'),
  ],
});
