/** The tables of the output contract as its readers know them: names, keys, parents. Not taken from functions/. */

interface TableFacts {
  readonly key: readonly string[];
  /** Of a child: its parent's table, the parent's key in the child's own columns, and its lists in the parent. */
  readonly parent?: {
    readonly table: string;
    readonly key: readonly string[];
    readonly lists: readonly string[];
  };
  readonly sync: 'incremental' | 'full_refresh';
}

export const TABLES = {
  contacts: { key: ['id'], sync: 'incremental' },
  companies: { key: ['id'], sync: 'full_refresh' },
  conversations: { key: ['id'], sync: 'incremental' },
  conversation_parts: { key: ['conversation_id', 'id'], sync: 'incremental' },
  admins: { key: ['id'], sync: 'full_refresh' },
  tags: { key: ['id'], sync: 'full_refresh' },
  teams: { key: ['id'], sync: 'full_refresh' },
  segments: { key: ['id'], sync: 'full_refresh' },
  data_attributes: { key: ['model', 'full_name', 'id'], sync: 'full_refresh' },
  tickets: { key: ['id'], sync: 'incremental' },
  ticket_types: { key: ['id'], sync: 'full_refresh' },
  articles: { key: ['id'], sync: 'full_refresh' },
  collections: { key: ['id'], sync: 'full_refresh' },
  help_centers: { key: ['id'], sync: 'full_refresh' },
  subscription_types: { key: ['id'], sync: 'full_refresh' },
  activity_logs: { key: ['id'], sync: 'incremental' },
  ticket_states: { key: ['id'], sync: 'full_refresh' },
  brands: { key: ['id'], sync: 'full_refresh' },
  emails: { key: ['id'], sync: 'full_refresh' },
  away_status_reasons: { key: ['id'], sync: 'full_refresh' },
  news_items: { key: ['id'], sync: 'full_refresh' },
  newsfeeds: { key: ['id'], sync: 'full_refresh' },
  internal_articles: { key: ['id'], sync: 'full_refresh' },
  external_pages: { key: ['id'], sync: 'full_refresh' },
  content_import_sources: { key: ['id'], sync: 'full_refresh' },
  segment_contact: { key: ['segment_id', 'contact_id'], sync: 'full_refresh' },
  calls: { key: ['id'], sync: 'full_refresh' },
  article_statistics: { key: ['article_id'], sync: 'full_refresh' },
  contact_company: {
    key: ['contact_id', 'company_id'],
    parent: { table: 'contacts', key: ['contact_id'], lists: ['companies'] },
    sync: 'incremental',
  },
  contact_tag: {
    key: ['contact_id', 'tag_id'],
    parent: { table: 'contacts', key: ['contact_id'], lists: ['tags'] },
    sync: 'incremental',
  },
  contact_subscription: {
    key: ['contact_id', 'subscription_type_id', 'choice'],
    parent: {
      table: 'contacts',
      key: ['contact_id'],
      lists: ['opted_in_subscription_types', 'opted_out_subscription_types'],
    },
    sync: 'incremental',
  },
  contact_note: {
    key: ['contact_id', 'id'],
    parent: { table: 'contacts', key: ['contact_id'], lists: ['contact_notes'] },
    sync: 'incremental',
  },
  company_tag: {
    key: ['company_id', 'tag_id'],
    parent: { table: 'companies', key: ['company_id'], lists: ['tags'] },
    sync: 'full_refresh',
  },
  company_segment: {
    key: ['company_id', 'segment_id'],
    parent: { table: 'companies', key: ['company_id'], lists: ['segments'] },
    sync: 'full_refresh',
  },
  conversation_tag: {
    key: ['conversation_id', 'tag_id'],
    parent: { table: 'conversations', key: ['conversation_id'], lists: ['tags'] },
    sync: 'incremental',
  },
  conversation_contact: {
    key: ['conversation_id', 'contact_id'],
    parent: { table: 'conversations', key: ['conversation_id'], lists: ['contacts'] },
    sync: 'incremental',
  },
  conversation_teammate: {
    key: ['conversation_id', 'admin_id'],
    parent: { table: 'conversations', key: ['conversation_id'], lists: ['teammates'] },
    sync: 'incremental',
  },
  conversation_link: {
    key: ['conversation_id', 'type', 'linked_id'],
    parent: { table: 'conversations', key: ['conversation_id'], lists: ['linked_objects'] },
    sync: 'incremental',
  },
  conversation_content_source: {
    key: ['conversation_id', 'position'],
    parent: { table: 'conversations', key: ['conversation_id'], lists: ['ai_agent'] },
    sync: 'incremental',
  },
  team_first_response: {
    key: ['conversation_id', 'in_office_hours', 'position'],
    parent: { table: 'conversations', key: ['conversation_id'], lists: ['statistics'] },
    sync: 'incremental',
  },
  email_address_header: {
    key: ['conversation_id', 'conversation_part_id', 'header_index'],
    parent: {
      table: 'conversation_parts',
      key: ['conversation_id', 'conversation_part_id'],
      lists: ['email_message_metadata'],
    },
    sync: 'incremental',
  },
  team_admin: {
    key: ['team_id', 'admin_id'],
    parent: { table: 'teams', key: ['team_id'], lists: ['admin_ids'] },
    sync: 'full_refresh',
  },
  ticket_part: {
    key: ['ticket_id', 'id'],
    parent: { table: 'tickets', key: ['ticket_id'], lists: ['ticket_parts'] },
    sync: 'incremental',
  },
  ticket_contact: {
    key: ['ticket_id', 'contact_id'],
    parent: { table: 'tickets', key: ['ticket_id'], lists: ['contacts'] },
    sync: 'incremental',
  },
  ticket_link: {
    key: ['ticket_id', 'type', 'linked_id'],
    parent: { table: 'tickets', key: ['ticket_id'], lists: ['linked_objects'] },
    sync: 'incremental',
  },
  ticket_type_attribute: {
    key: ['ticket_type_id', 'id'],
    parent: { table: 'ticket_types', key: ['ticket_type_id'], lists: ['ticket_type_attributes'] },
    sync: 'full_refresh',
  },
  ticket_type_state: {
    key: ['ticket_type_id', 'id'],
    parent: { table: 'ticket_types', key: ['ticket_type_id'], lists: ['ticket_states'] },
    sync: 'full_refresh',
  },
  article_collection: {
    key: ['article_id', 'collection_id'],
    parent: { table: 'articles', key: ['article_id'], lists: ['parent_ids'] },
    sync: 'full_refresh',
  },
  article_tag: {
    key: ['article_id', 'tag_id'],
    parent: { table: 'articles', key: ['article_id'], lists: ['tags'] },
    sync: 'full_refresh',
  },
  deletions: { key: ['object', 'id'], sync: 'incremental' },
  rejects: { key: ['object', '_version'], sync: 'incremental' },
} as const satisfies Readonly<Record<string, TableFacts>>;

export type Table = keyof typeof TABLES;

export const TABLE_NAMES = Object.keys(TABLES) as readonly Table[];

export const factsOf = (table: Table): TableFacts => TABLES[table];

export const childrenOf = (table: Table): readonly Table[] =>
  TABLE_NAMES.filter((name) => factsOf(name).parent?.table === table);

/** The object that writes a table: the parent of a child, the table itself else. */
export const objectOf = (table: Table): Table => (factsOf(table).parent?.table as Table | undefined) ?? table;

/** Every object may write to it. */
export const isShared = (table: string): boolean => table === 'deletions' || table === 'rejects';

/** The objects. */
export const OBJECTS = TABLE_NAMES.filter((name) => factsOf(name).parent === undefined && !isShared(name));

/** What is synced only if the configuration names it. */
export const ON_REQUEST = ['segment_contact', 'calls', 'article_statistics', 'contact_note'] as const;

/** `objects` of a configuration that syncs all there is. */
export const EVERYTHING = ['default', ...ON_REQUEST] as const;

export const INCREMENTAL = OBJECTS.filter((name) => factsOf(name).sync === 'incremental');

/** A key that a record came without is null in its row. */
export const keyText = (values: readonly unknown[]): string =>
  values.map((value) => String(value ?? null)).join(' / ');
