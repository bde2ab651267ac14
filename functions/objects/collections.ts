import { createdAt, id, integer, json, object, string, updatedAt, workspaceId } from './declare.ts';
import { at } from './places.ts';

export const collections = object({
  name: 'collections',
  description: 'Collections that group the articles of the help centers.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read and list articles',
  read: {
    kind: 'page_number',
    path: '/help_center/collections',
    recordsKey: 'data',
    perPageSizes: [250, 125, 25, 5, 1],
  },
  columns: [
    id('collection'),
    workspaceId('collection'),
    string('name', 'Name, in the default language.'),
    string('description', 'Summary, in the default language.'),
    createdAt('collection'),
    updatedAt('collection'),
    string('url', 'Public address.'),
    string('icon', 'Icon shown next to the name.'),
    integer('order', 'Position among its neighbours, from 0.'),
    string('default_locale', 'Default language of the help center, if it has several.'),
    json('translated_content', 'Name and summary in each language, by language code.', {
      // The real API may send a string (docs/intercom-api.md 6.8).
      plain: ['', ...at('*', ['name', 'description'])],
    }),
    string('parent_id', '`collections.id` of the parent collection; null at the top level.'),
    string('help_center_id', '`help_centers.id` of its help center.'),
  ],
});
