/** The searchable fields of contacts, conversations and tickets (docs/intercom-api.md 5.1, 5.2). */
import { type ContactState, segmentsIn } from '../generate/contacts.ts';
import { countParts } from '../generate/conversation-record.ts';
import type { ConversationState } from '../generate/conversations.ts';
import { STATE_CATEGORIES, type TicketState } from '../generate/tickets.ts';
import { COMPANY_SEGMENT_IDS } from '../ids.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { World } from '../world/world.ts';

/** `words` matches single words only. `relation` allows only `=` and `!=` (tag_id of contacts). */
export type FieldType = 'date' | 'string' | 'integer' | 'boolean' | 'words' | 'relation';

export interface Field<S> {
  readonly type: FieldType;
  /** One value, or several of which any may match. Null and undefined mean "no value". */
  readonly read: (state: S, id: string) => JsonValue | undefined;
  /** True if a query may ask for this value. @default any value */
  readonly accepts?: (value: JsonValue) => boolean;
}

export type Fields<S> = (name: string) => Field<S> | undefined;

/** A value by its dotted path inside the fields of a state. */
function dig(fields: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = fields;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  return value;
}

const byPath = <S extends { readonly fields: JsonObject }>(
  names: Readonly<Record<string, FieldType>>,
): Fields<S> => {
  const fields = new Map<string, Field<S>>();
  for (const [name, type] of Object.entries(names)) {
    const path = name.split('.');
    fields.set(name, { type, read: (state) => dig(state.fields, path) });
  }
  return (name) => fields.get(name);
};

const all = (type: FieldType, names: string): Record<string, FieldType> =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]));

/** Custom attributes have the types of their data attributes. */
function customField<S extends { readonly fields: JsonObject }>(
  world: World,
  model: string,
  name: string,
): Field<S> | undefined {
  if (!name.startsWith('custom_attributes.')) return undefined;
  const attribute = world.plains.dataAttributes.record(`${model}:${name}`);
  if (attribute === undefined) return undefined;
  const type = String(attribute.data_type);
  const known: Record<string, FieldType> = {
    date: 'date',
    integer: 'integer',
    float: 'integer',
    boolean: 'boolean',
  };
  const key = name.slice('custom_attributes.'.length);
  return { type: known[type] ?? 'string', read: (state) => dig(state.fields, ['custom_attributes', key]) };
}

const CONTACT_PATHS = byPath<ContactState>({
  ...all(
    'string',
    'role name avatar email email_domain phone external_id language_override browser browser_language os',
  ),
  ...all('string', 'location.country location.region location.city'),
  ...all('string', 'ios_app_name ios_app_version ios_device ios_os_version ios_sdk_version'),
  ...all(
    'string',
    'android_app_name android_app_version android_device android_os_version android_sdk_version andoid_sdk_version',
  ),
  ...all('integer', 'owner_id'),
  ...all('boolean', 'unsubscribed_from_emails marked_email_as_spam has_hard_bounced'),
  ...all(
    'date',
    'signed_up_at last_seen_at last_contacted_at last_replied_at last_email_opened_at last_email_clicked_at',
  ),
  ...all('date', 'ios_last_seen_at android_last_seen_at'),
});

/** Members as the index knows them, or as they are now. Another switch decides what an unknown segment answers. */
function segmentField({ contacts, plains, switches }: World): Field<ContactState> {
  const { segmentMembers, unknownSegment } = switches();
  const isKnown = (id: string): boolean =>
    plains.segments.has(id) && COMPANY_SEGMENT_IDS.rowOf(id) === undefined;
  const now = (id: string): readonly string[] => {
    const row = contacts.table.find(id);
    return row === undefined ? [] : segmentsIn(contacts.table.state(row));
  };
  return {
    type: 'string',
    read: (state, id) => (segmentMembers === 'indexed' ? segmentsIn(state) : now(id)).filter(isKnown),
    ...(unknownSegment === '400' ? { accepts: (value) => isKnown(String(value)) } : {}),
  };
}

export const contactFields =
  (world: World): Fields<ContactState> =>
  (name) => {
    if (name === 'tag_id') {
      return {
        type: 'relation',
        read: (state) => state.tags.map((tag) => tag.id).filter(world.plains.tags.has),
      };
    }
    if (name === 'segment_id') return segmentField(world);
    return CONTACT_PATHS(name) ?? customField(world, 'contact', name);
  };

const CONVERSATION_PATHS = byPath<ConversationState>({
  ...all('string', 'source.type source.id source.delivered_as source.subject source.url'),
  ...all('string', 'source.author.id source.author.type source.author.name source.author.email'),
  ...all('words', 'source.body'),
  ...all('integer', 'admin_assignee_id team_assignee_id'),
  ...all('boolean', 'open read ai_agent_participated'),
  ...all('string', 'state priority title'),
  ...all('date', 'waiting_since snoozed_until'),
  ...all('integer', 'statistics.time_to_assignment statistics.time_to_admin_reply statistics.count_reopens'),
  ...all('integer', 'statistics.count_assignments statistics.handling_time'),
  ...all(
    'date',
    'statistics.first_contact_reply_at statistics.first_admin_reply_at statistics.last_close_at',
  ),
  ...all('date', 'conversation_rating.created_at conversation_rating.updated_at'),
  ...all('integer', 'conversation_rating.rating'),
  ...all('string', 'conversation_rating.remark ai_agent.resolution_state ai_agent.last_answer_type'),
});

const idsIn = (fields: JsonObject, path: readonly string[]): JsonValue[] => {
  const list = dig(fields, path);
  return Array.isArray(list) ? list.flatMap((item) => (isObject(item) ? [item.id ?? null] : [])) : [];
};

export const conversationFields =
  (world: World): Fields<ConversationState> =>
  (name) => {
    switch (name) {
      case 'tag_ids':
        return {
          type: 'string',
          read: (state) => state.tags.map((tag) => tag.id).filter(world.plains.tags.has),
        };
      case 'contact_ids':
        return { type: 'string', read: (state) => idsIn(state.fields, ['contacts', 'contacts']) };
      case 'teammate_ids':
        return { type: 'string', read: (state) => idsIn(state.fields, ['teammates', 'admins']) };
      case 'channel_initiated':
        return { type: 'string', read: (state) => dig(state.fields, ['source', 'type']) };
      case 'conversation_rating.score':
        return { type: 'integer', read: (state) => dig(state.fields, ['conversation_rating', 'rating']) };
      case 'statistics.count_conversation_parts':
        return { type: 'integer', read: (state) => countParts(state, world.switches().countedParts) };
      default:
        return CONVERSATION_PATHS(name) ?? customField(world, 'conversation', name);
    }
  };

const TICKET_PATHS = byPath<TicketState>({
  ...all('string', 'admin_assignee_id team_assignee_id'),
  ...all('boolean', 'open'),
  ...all('date', 'snoozed_until'),
});

/** The search words for the categories (docs/intercom-api.md 5.2). */
const CATEGORY_WORDS: Readonly<Record<string, string>> = {
  Customer: 'request',
  'Back-office': 'task',
  Tracker: 'tracker',
};

export const ticketFields =
  (world: World): Fields<TicketState> =>
  (name) => {
    const attribute = (key: string): Field<TicketState> => ({
      type: 'string',
      read: (state) => dig(state.fields, ['ticket_attributes', key]),
    });
    switch (name) {
      case 'title':
        return attribute('_default_title_');
      case 'description':
        return attribute('_default_description_');
      case 'category':
        return {
          type: 'string',
          read: (state) => CATEGORY_WORDS[String(world.plains.ticketTypes.record(state.typeId)?.category)],
        };
      case 'ticket_type_id':
        return { type: 'string', read: (state) => state.typeId };
      case 'contact_ids':
        return { type: 'string', read: (state) => idsIn(state.fields, ['contacts', 'contacts']) };
      case 'teammate_ids':
        return { type: 'string', read: (state) => state.fields.admin_assignee_id };
      case 'state':
        return { type: 'string', read: (state) => STATE_CATEGORIES[state.state] };
      default:
        return name.startsWith('ticket_attribute.')
          ? attribute(name.slice('ticket_attribute.'.length))
          : TICKET_PATHS(name);
    }
  };
