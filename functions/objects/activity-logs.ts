import { id, json, object, PERSONAL, string, timestamp } from './declare.ts';

export const activityLogs = object({
  name: 'activity_logs',
  description:
    'What teammates did in the workspace: sign-ins, changes of settings and permissions, and so on.',
  sync: { kind: 'incremental', cursor: 'created_at' },
  primaryKey: ['id'],
  versionField: 'created_at',
  permission: 'Read admin activity logs',
  read: {
    kind: 'time_range',
    path: '/admins/activity_logs',
    recordsKey: 'activity_logs',
    afterParameter: 'created_at_after',
    beforeParameter: 'created_at_before',
    perPageSizes: [250, 125, 25, 5, 1],
    maxWindowSeconds: 5 * 24 * 3600,
    // Windows are asked for one second wider.
    slackSeconds: 1,
  },
  columns: [
    id('entry'),
    json('performed_by', 'Teammate who did it: id, e-mail address and IP address.', PERSONAL),
    json('metadata', 'Details; their structure depends on `activity_type`.', PERSONAL),
    timestamp('created_at', 'When it was done.'),
    string('activity_type', 'What was done, as a code.'),
    string('activity_description', 'What was done, in a sentence.', PERSONAL),
  ],
});
