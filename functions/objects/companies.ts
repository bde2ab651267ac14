import {
  childColumn,
  createdAt,
  id,
  integer,
  json,
  number,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './columns.ts';
import { object } from './declare.ts';
import { at, PLAN, SEGMENT } from './places.ts';

export const companies = object({
  name: 'companies',
  description: 'Organizations that contacts belong to. Intercom only lists companies with at least one user.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read and list users and companies',
  read: { kind: 'scroll', path: '/companies/scroll', recordsKey: 'data', countPath: '/companies' },
  columns: [
    objectType('company'),
    id('company'),
    string('name', 'Name of the company.', PERSONAL),
    string('app_id', 'Id of the workspace that the company belongs to.'),
    json('plan', 'Plan the company is on: `id` and `name`; empty if none is set.', { plain: PLAN }),
    string('company_id', "The customer's own id of the company.", PERSONAL),
    timestamp('remote_created_at', 'When the company was created, according to the customer.'),
    createdAt('company'),
    updatedAt('company'),
    timestamp('last_request_at', 'When a person from the company was last active.'),
    integer('size', 'Number of employees.'),
    string('website', 'Address of the web site.', PERSONAL),
    string('industry', 'Line of business.'),
    number('monthly_spend', 'Revenue from the company per month.'),
    integer('session_count', 'Sessions recorded for the company.'),
    integer('user_count', 'Users who belong to the company.'),
    json('custom_attributes', "The customer's own attributes of the company, by name.", PERSONAL),
    json('segments', 'Segments the company is in.', { plain: at('segments[]', SEGMENT) }),
  ],
  omit: ['tags'],
  children: [
    {
      table: 'company_tag',
      description: 'Tags on each company.',
      primaryKey: ['company_id', 'tag_id'],
      list: 'tags.tags',
      columns: [
        childColumn({ parent: 'id' }, string('company_id', '`companies.id`.')),
        childColumn({ item: 'id' }, string('tag_id', '`tags.id`.')),
        childColumn({ item: 'name' }, string('tag_name', 'Name of the tag.')),
      ],
    },
  ],
});
