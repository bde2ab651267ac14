import { createdAt, id, list, objectType, string, updatedAt } from './declare.ts';

export const internalArticles = list({
  name: 'internal_articles',
  description: 'Articles that only teammates and the AI agent see.',
  permission: 'Read and list articles',
  path: '/internal_articles',
  perPageSizes: [25, 5, 1],
  columns: [
    objectType('internal_article'),
    id('article'),
    string('title', 'Title.'),
    string('body', 'Text as HTML.'),
    string('owner_id', '`admins.id` of the owner.'),
    string('author_id', '`admins.id` of the author.'),
    createdAt('article'),
    updatedAt('article'),
    string('locale', 'Language, as a code.'),
  ],
});
