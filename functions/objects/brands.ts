import { boolean, createdAt, id, list, objectType, string, updatedAt } from './declare.ts';

export const brands = list({
  name: 'brands',
  description: 'Brands of the workspace. The default brand has the id of the workspace.',
  permission: 'Read brands',
  path: '/brands',
  stamped: true,
  columns: [
    objectType('brand'),
    id('brand'),
    string('name', 'Name of the brand.'),
    boolean('is_default', 'Whether it is the default brand of the workspace.'),
    createdAt('brand'),
    updatedAt('brand'),
    string('help_center_id', '`help_centers.id` of its help center.'),
    string('default_address_settings_id', '`emails.id` of the address that it sends from.'),
  ],
});
