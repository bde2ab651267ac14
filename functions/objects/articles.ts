import type { ChildColumn, PageNumberRead } from '../core/declaration.ts';
import {
  childColumn,
  createdAt,
  id,
  json,
  object,
  objectType,
  string,
  updatedAt,
  workspaceId,
} from './declare.ts';
import { APPLIED_TAG, at, TAG } from './places.ts';

const articleId: ChildColumn = childColumn({ parent: 'id' }, string('article_id', '`articles.id`.'));

export const articleList: PageNumberRead = {
  kind: 'page_number',
  path: '/articles',
  recordsKey: 'data',
  perPageSizes: [250, 125, 25, 5, 1],
};

export const articles = object({
  name: 'articles',
  description: 'Articles of the help centers, including drafts.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read and list articles',
  read: articleList,
  columns: [
    objectType('article'),
    id('article'),
    workspaceId('article'),
    string('title', 'Title, in the default language.'),
    string('description', 'Summary, in the default language.'),
    string('body', 'Text as HTML, in the default language.'),
    string('author_id', '`admins.id` of the author of the text in the default language.'),
    string('state', '`published` or `draft`.'),
    createdAt('article'),
    updatedAt('article'),
    string('url', 'Public address.'),
    string('parent_id', '`collections.id` of the collection that it belongs to; null if there is none.'),
    json('parent_ids', '`collections.id` of every collection that it belongs to, as integers.', {
      plain: ['[]'],
    }),
    string('parent_type', '`collection` or `section`.'),
    string('default_locale', 'Default language of the help center, if it has several.'),
    json('translated_content', 'The article in each language, by language code.', {
      // The real API may send a string (docs/intercom-api.md 6.8).
      plain: ['', ...at('*', ['title', 'description', 'body', 'state', 'created_at', 'updated_at', 'url'])],
    }),
    json('tags', 'Tags on the article.', {
      personal: ['tags[].applied_by'],
      plain: at('tags[]', TAG),
    }),
  ],
  children: [
    {
      table: 'article_collection',
      description: 'Collections that each article belongs to.',
      primaryKey: ['article_id', 'collection_id'],
      list: { field: 'parent_ids', keys: [] },
      columns: [articleId, childColumn({ self: true }, string('collection_id', '`collections.id`.'))],
    },
    {
      table: 'article_tag',
      description: 'Tags on each article.',
      primaryKey: ['article_id', 'tag_id'],
      list: { field: 'tags', keys: ['tags', 'data'] },
      columns: [articleId, ...APPLIED_TAG],
    },
  ],
});
