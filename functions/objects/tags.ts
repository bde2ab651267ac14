import type { ObjectDeclaration } from '../core/declaration.ts';
import { id, objectType, string } from './columns.ts';

export const tags: ObjectDeclaration = {
  name: 'tags',
  description: 'Labels for contacts, companies and conversations.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: null,
  permission: 'Read and list users and companies',
  read: { kind: 'list', recordsKey: 'data', requests: [{ path: '/tags' }] },
  columns: [objectType('tag'), id('tag'), string('name', 'Name of the tag.')],
  omit: [],
  embeddedLists: [],
  children: [],
};
