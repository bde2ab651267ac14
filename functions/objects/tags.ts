import { id, object, objectType, string } from './declare.ts';

export const tags = object({
  name: 'tags',
  description: 'Labels for contacts, companies and conversations.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: null,
  permission: 'Read and list users and companies',
  read: { kind: 'list', recordsKey: 'data', requests: [{ path: '/tags' }] },
  columns: [objectType('tag'), id('tag'), string('name', 'Name of the tag.')],
});
