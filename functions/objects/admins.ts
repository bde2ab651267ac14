import { boolean, id, json, object, objectType, PERSONAL, string } from './declare.ts';

export const admins = object({
  name: 'admins',
  description:
    'Teammates with access to the workspace, including bots. Removed teammates are no longer listed.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: null,
  permission: 'Read admins',
  read: {
    kind: 'list',
    recordsKey: 'admins',
    requests: [{ path: '/admins', query: { display_avatar: 'true' } }],
  },
  columns: [
    objectType('admin'),
    id('teammate'),
    string('name', 'Full name.', PERSONAL),
    string('email', 'E-mail address.', PERSONAL),
    string('job_title', 'Job title.', PERSONAL),
    boolean('away_mode_enabled', 'Whether the teammate is away.'),
    boolean('away_mode_reassign', 'Whether new replies go to the default inbox while the teammate is away.'),
    string('away_status_reason_id', '`away_status_reasons.id` of the reason that they gave for being away.'),
    boolean('has_inbox_seat', 'Whether the teammate has a paid seat in the inbox.'),
    json('team_ids', '`teams.id` of the teams, as integers.', { plain: ['[]'] }),
    // The documentation describes an object, its schema an address (docs/intercom-api.md 10). JSON holds both.
    json('avatar', 'Picture of the teammate: `image_url`.', PERSONAL),
    json('team_priority_level', 'Teams in which the teammate comes first or second, by id.', {
      plain: ['primary_team_ids[]', 'secondary_team_ids[]'],
    }),
  ],
});
