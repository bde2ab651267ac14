import { articleList, articles } from './articles.ts';
import { integer, number, object, objectType, string } from './declare.ts';

export const articleStatistics = object({
  name: 'article_statistics',
  description:
    'How often each article was seen and what readers thought of it, as of the run. One request for each article.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['article_id'],
  versionField: null,
  permission: articles.permission,
  read: {
    kind: 'details',
    list: articleList,
    // Only an article's own answer has them (docs/intercom-api.md 6.8.3).
    detail: { kind: 'field_of_each', path: '/articles/{id}', field: 'statistics', key: 'article_id' },
  },
  columns: [
    string('article_id', '`articles.id`.'),
    objectType('article_statistics'),
    integer('views', 'How often it was seen; null, like all figures here, if the article has no statistics.'),
    // Both names are documented (docs/intercom-api.md 10.18).
    integer(
      'conversions',
      'Conversations that began from the article, if Intercom sends them under this name.',
    ),
    integer('conversations', 'The same, if Intercom sends them under this name.'),
    integer('reactions', 'Reactions of readers.'),
    number('happy_reaction_percentage', 'Percentage of happy reactions.'),
    number('neutral_reaction_percentage', 'Percentage of neutral reactions.'),
    number('sad_reaction_percentage', 'Percentage of sad reactions.'),
  ],
});
