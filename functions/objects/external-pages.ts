import { boolean, createdAt, id, list, objectType, string, timestamp, updatedAt } from './declare.ts';

export const externalPages = list({
  name: 'external_pages',
  description: 'Pages from elsewhere that the AI agent answers from.',
  permission: 'Read and write AI content',
  path: '/ai/external_pages',
  perPageSizes: [50, 25, 5, 1],
  stamped: true,
  columns: [
    objectType('external_page'),
    id('page'),
    string('title', 'Title.'),
    string('html', 'Text as HTML.'),
    string('url', 'Address that answers link to.'),
    boolean('ai_agent_availability', 'Whether the AI agent answers from it.'),
    boolean('ai_copilot_availability', "Whether the teammates' AI assistant answers from it."),
    boolean('ai_sales_agent_availability', 'Whether the AI sales agent answers from it.'),
    boolean('fin_availability', 'Older form of the columns above.'),
    string('locale', 'Language, as a code.'),
    string('source_id', '`content_import_sources.id` of its source.'),
    string('external_id', 'Id of the page in its source.'),
    createdAt('page'),
    updatedAt('page'),
    timestamp('last_ingested_at', 'When the page was last read from its source.'),
  ],
});
