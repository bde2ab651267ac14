import { createdAt, id, integer, object, objectType, string, updatedAt } from './declare.ts';

export const segments = object({
  name: 'segments',
  description: 'Groups of contacts or companies that match a rule.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read and list users and companies',
  read: {
    kind: 'list',
    recordsKey: 'segments',
    requests: [
      { path: '/segments', query: { include_count: 'true' } },
      // Undocumented (docs/intercom-api.md 6.7): a workspace may refuse it.
      { path: '/segments', query: { include_count: 'true', type: 'company' }, optional: 'company_segments' },
    ],
  },
  columns: [
    objectType('segment'),
    id('segment'),
    string('name', 'Name of the segment.'),
    createdAt('segment'),
    updatedAt('segment'),
    string('person_type', 'What is in it: `contact` (leads) or `user`.'),
    integer('count', 'Number of members of the segment.'),
  ],
});
