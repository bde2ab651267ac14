import { boolean, createdAt, id, json, list, objectType, string, updatedAt, workspaceId } from './declare.ts';

export const newsItems = list({
  name: 'news_items',
  description: 'News for contacts, including drafts.',
  permission: 'Read and list news items and newsfeeds',
  path: '/news/news_items',
  perPageSizes: [10, 5, 1],
  stamped: true,
  columns: [
    objectType('news-item'),
    id('news item'),
    workspaceId('news item'),
    string('title', 'Title.'),
    string('body', 'Text as HTML.'),
    string('sender_id', '`admins.id` of the sender.'),
    string('state', '`draft` or `live`.'),
    json('newsfeed_assignments', 'Newsfeeds that show it, and since when: `newsfeeds.id` as an integer.', {
      plain: ['[].published_at'],
    }),
    json('labels', 'Names of the labels that contacts see.', { plain: ['[]'] }),
    string('cover_image_url', 'Address of the picture at the top.'),
    json('reactions', 'Emojis that contacts can react with; empty if they cannot.', { plain: ['[]'] }),
    boolean('deliver_silently', 'Whether it appears without a notification.'),
    createdAt('news item'),
    updatedAt('news item'),
  ],
});
