import { createdAt, id, list, objectType, string, updatedAt } from './declare.ts';

export const newsfeeds = list({
  name: 'newsfeeds',
  description: 'Newsfeeds, each for one audience.',
  permission: 'Read and list news items and newsfeeds',
  path: '/news/newsfeeds',
  perPageSizes: [10, 5, 1],
  stamped: true,
  columns: [
    id('newsfeed'),
    objectType('newsfeed'),
    string('name', 'Name that teammates see.'),
    createdAt('newsfeed'),
    updatedAt('newsfeed'),
  ],
});
