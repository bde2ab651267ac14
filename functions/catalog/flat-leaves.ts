/**
 * The leaves of JSON columns that `<table>_flat` shows as columns of their own, with their types. `source.author.id`
 * becomes `source_author_id`. Lists are not here: they are child tables.
 */
import type { ColumnType } from '../core/declaration.ts';
import type { DeclaredTableName } from '../core/declared-tables.ts';

/** By the path of a leaf inside its column. */
export type Leaves = Readonly<Record<string, Exclude<ColumnType, 'json'>>>;

const all = (type: Leaves[string], ...paths: readonly string[]): Leaves =>
  Object.fromEntries(paths.map((path) => [path, type]));

const PERSON = all('string', 'type', 'id', 'name', 'email');

const REFERENCE = all('string', 'type', 'id');

const IMAGE = all('string', 'image_url');

export const LEAVES: Readonly<Partial<Record<DeclaredTableName, Readonly<Record<string, Leaves>>>>> = {
  contacts: {
    location: all('string', 'country', 'region', 'city', 'postal_code', 'country_code', 'continent_code'),
    avatar: IMAGE,
  },
  companies: { plan: all('string', 'id', 'name') },
  conversations: {
    company: all('string', 'id', 'name'),
    conversation_rating: {
      ...all('integer', 'rating'),
      ...all('string', 'remark', 'teammate.id', 'contact.id'),
      ...all('timestamp', 'created_at', 'updated_at'),
    },
    source: {
      ...all('string', 'type', 'delivered_as', 'author.type', 'author.name', 'author.email', 'author.id'),
      ...all('string', 'subject', 'body', 'url', 'id'),
      ...all('boolean', 'redacted'),
    },
    first_contact_reply: { ...all('timestamp', 'created_at'), ...all('string', 'type', 'url') },
    sla_applied: all('string', 'sla_name', 'sla_status'),
    statistics: {
      ...all('integer', 'time_to_assignment', 'time_to_admin_reply', 'time_to_first_close'),
      ...all(
        'integer',
        'time_to_last_close',
        'median_time_to_reply',
        'handling_time',
        'adjusted_handling_time',
      ),
      ...all('timestamp', 'first_contact_reply_at', 'first_assignment_at', 'first_admin_reply_at'),
      ...all('timestamp', 'first_close_at', 'last_assignment_at', 'last_assignment_admin_reply_at'),
      ...all('timestamp', 'last_contact_reply_at', 'last_admin_reply_at', 'last_close_at'),
      ...all('string', 'last_closed_by_id'),
      ...all('integer', 'count_reopens', 'count_assignments', 'count_conversation_parts'),
    },
    ai_agent: {
      ...all('string', 'source_type', 'source_title', 'last_answer_type', 'resolution_state'),
      ...all('integer', 'rating'),
      ...all('string', 'rating_remark'),
      ...all('timestamp', 'created_at', 'updated_at'),
    },
    ticket: all('string', 'id'),
  },
  conversation_parts: {
    assigned_to: REFERENCE,
    author: { ...PERSON, ...all('boolean', 'from_ai_agent', 'is_ai_answer') },
    email_message_metadata: all('string', 'subject', 'message_id'),
  },
  tickets: {
    ticket_state: all('string', 'id', 'category', 'internal_label', 'external_label'),
    ticket_type: all('string', 'id', 'category', 'name'),
  },
  activity_logs: { performed_by: all('string', 'type', 'id', 'email', 'ip') },
  admins: { avatar: IMAGE },
  subscription_types: { default_translation: all('string', 'locale') },
  conversation_tag: { applied_by: REFERENCE },
  article_tag: { applied_by: REFERENCE },
  ticket_type_attribute: {
    input_options: {
      ...all('boolean', 'multiline', 'allow_multiple_values'),
      ...all('string', 'list_items'),
    },
  },
};

/** Prefixes of the names of a column's leaves, if not the column's own name. */
export const PREFIXES: Readonly<Record<string, string>> = {
  statistics: '',
  sla_applied: '',
  conversation_rating: 'rating',
  email_message_metadata: 'email',
};
