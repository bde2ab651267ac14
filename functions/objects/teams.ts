import { childColumn, id, integer, json, object, objectType, string } from './declare.ts';

export const teams = object({
  name: 'teams',
  description: 'Groups of teammates that conversations and tickets are assigned to.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: null,
  permission: 'Read admins',
  read: { kind: 'list', recordsKey: 'teams', requests: [{ path: '/teams' }] },
  columns: [
    objectType('team'),
    id('team'),
    string('name', 'Name of the team.'),
    json('admin_priority_level', 'Teammates who come first or second in the team, by id.', {
      plain: ['primary_admin_ids[]', 'secondary_admin_ids[]'],
    }),
    integer('assignment_limit', 'How many conversations a teammate may have, if the load is balanced.'),
    string('distribution_method', 'How work is distributed in the team.'),
  ],
  omit: ['admin_ids'],
  children: [
    {
      table: 'team_admin',
      description: 'Teammates of each team.',
      primaryKey: ['team_id', 'admin_id'],
      list: { field: 'admin_ids', keys: ['admin_ids', 'admins'] },
      ask: { kind: 'record', path: '/teams/{id}' },
      columns: [
        childColumn({ parent: 'id' }, string('team_id', '`teams.id`.')),
        childColumn({ self: true }, string('admin_id', '`admins.id`.')),
      ],
    },
  ],
});
