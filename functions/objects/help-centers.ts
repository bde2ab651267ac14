import { boolean, createdAt, id, object, string, updatedAt, workspaceId } from './declare.ts';

export const helpCenters = object({
  name: 'help_centers',
  description: 'Help centers of the workspace.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read and list articles',
  read: { kind: 'list', recordsKey: 'data', requests: [{ path: '/help_center/help_centers' }] },
  columns: [
    id('help center'),
    workspaceId('help center'),
    createdAt('help center'),
    updatedAt('help center'),
    string('identifier', 'Name of the help center in its address.'),
    boolean('website_turned_on', 'Whether the help center is online.'),
    string('display_name', 'Name that teammates see.'),
    string('url', 'Public address.'),
    string('custom_domain', "The customer's own domain, if one is set up."),
  ],
});
