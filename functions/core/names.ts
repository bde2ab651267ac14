/** The public names of the output: objects, their child tables, deletions and rejects. */

const SMALL_LISTS = [
  'ticket_states',
  'brands',
  'emails',
  'away_status_reasons',
  'news_items',
  'newsfeeds',
  'internal_articles',
  'external_pages',
  'content_import_sources',
] as const;

/**
 * Objects that a workspace may lack. If the token has no permission for them, that is no failure: they are
 * unavailable. They have no metrics and alarms of their own, which would cost more than they are worth.
 */
const OPTIONAL_NAMES: readonly ObjectName[] = [...SMALL_LISTS, 'calls'];

/** Synced unless the configuration names others. */
export const DEFAULT_OBJECTS = [
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
  ...SMALL_LISTS,
] as const;

/** The last three cost a request for each record or for a few: they are synced only if the configuration names them. */
export const OBJECT_NAMES = [...DEFAULT_OBJECTS, 'segment_contact', 'calls', 'article_statistics'] as const;
export type ObjectName = (typeof OBJECT_NAMES)[number];

export const CHILD_NAMES = [
  'contact_company',
  'contact_tag',
  'contact_subscription',
  'contact_note',
  'company_tag',
  'company_segment',
  'conversation_tag',
  'conversation_contact',
  'conversation_teammate',
  'conversation_link',
  'conversation_content_source',
  'team_first_response',
  'email_address_header',
  'team_admin',
  'ticket_part',
  'ticket_contact',
  'ticket_link',
  'ticket_type_attribute',
  'ticket_type_state',
  'article_collection',
  'article_tag',
] as const;
export type ChildName = (typeof CHILD_NAMES)[number];

/** Child tables that cost a request for each parent that has items: written only if the configuration names them. */
export const CHILDREN_ON_REQUEST: readonly ChildName[] = ['contact_note'];

/** Records found to be deleted; written by the object that noticed. */
export const DELETIONS = 'deletions';

/** What Intercom sent that cannot be a row; written by the object it was sent for. */
export const REJECTS = 'rejects';

/** Tables that every object may write to. */
export const SHARED_TABLES = [DELETIONS, REJECTS] as const;

export const isSharedTable = (name: string): boolean => (SHARED_TABLES as readonly string[]).includes(name);

export type TableName = ObjectName | ChildName | (typeof SHARED_TABLES)[number];

export const isObjectName = (name: string): name is ObjectName =>
  (OBJECT_NAMES as readonly string[]).includes(name);

export const isOptional = (name: ObjectName): boolean => OPTIONAL_NAMES.includes(name);

export const isChildName = (name: string): name is ChildName =>
  (CHILD_NAMES as readonly string[]).includes(name);
