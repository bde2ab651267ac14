/** The public names of the output: 16 objects, their child tables, deletions. */

export const OBJECT_NAMES = [
  'contacts',
  'companies',
  'conversations',
  'conversation_parts',
  'admins',
  'tags',
  'teams',
  'segments',
  'data_attributes',
  'tickets',
  'ticket_types',
  'articles',
  'collections',
  'help_centers',
  'subscription_types',
  'activity_logs',
] as const;
export type ObjectName = (typeof OBJECT_NAMES)[number];

export const CHILD_NAMES = [
  'contact_company',
  'contact_tag',
  'company_tag',
  'conversation_tag',
  'team_admin',
  'email_address_header',
] as const;
export type ChildName = (typeof CHILD_NAMES)[number];

/** Records found to be deleted; written by the object that noticed. */
export const DELETIONS = 'deletions';

export type TableName = ObjectName | ChildName | typeof DELETIONS;

export const isObjectName = (name: string): name is ObjectName =>
  (OBJECT_NAMES as readonly string[]).includes(name);

export const isChildName = (name: string): name is ChildName =>
  (CHILD_NAMES as readonly string[]).includes(name);
