import { createdAt, id, json, list, objectType, string, timestamp, updatedAt } from './declare.ts';

export const contentImportSources = list({
  name: 'content_import_sources',
  description: 'Where the external pages come from.',
  permission: 'Read and write AI content',
  path: '/ai/content_import_sources',
  perPageSizes: [50, 25, 5, 1],
  stamped: true,
  columns: [
    objectType('content_import_source'),
    id('source'),
    timestamp('last_synced_at', 'When the source was last read.'),
    string('sync_behavior', '`api`, `automatic` or `manual`.'),
    string('status', '`active` or `deactivated`.'),
    string('url', 'Address of the source.'),
    createdAt('source'),
    updatedAt('source'),
    json('audience_ids', 'Ids of the audiences that see its pages, as integers.', { plain: ['[]'] }),
  ],
});
