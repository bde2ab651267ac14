/**
 * A record of each object that contains people, with a canary in every place where Intercom's documentation shows
 * personal data. It is written from the documentation, never from the declarations, so that it shows if they miss
 * a place.
 */

import type { JsonObject } from '../../functions/core/json.ts';
import type { ObjectName } from '../../functions/core/names.ts';

/** All canaries, each with its own name. */
const CANARY = /canary-[a-z_0-9-]+-end/g;

const canary = (place: string): string => `canary-${place.replaceAll(/[^a-z_0-9]+/g, '-')}-end`;

const person = (place: string, type: string): JsonObject => ({
  type,
  id: '991267',
  name: canary(`${place}.name`),
  email: `${canary(`${place}.email`)}@person.example`,
});

const reference = (place: string): JsonObject => ({
  type: 'contact',
  id: '6762f0d01bb69f9f2193bb7f',
  external_id: canary(`${place}.external_id`),
});

const attributes = (place: string): JsonObject => ({
  ssn: canary(`${place}.ssn`),
  'CX Score rating': canary(`${place}.rating`),
  type: canary(`${place}.type`),
  tax_id: canary(`${place}.tax_id`),
  'Order list': { instances: [{ id: canary(`${place}.nested.id`), external_id: canary(`${place}.nested`) }] },
});

const contacts: JsonObject = {
  external_id: canary('contacts.external_id'),
  email: `${canary('contacts.email')}@person.example`,
  email_domain: canary('contacts.email_domain'),
  phone: canary('contacts.phone'),
  name: canary('contacts.name'),
  last_seen_ip: canary('contacts.last_seen_ip'),
  referrer: `https://search.example/?q=${canary('contacts.referrer')}`,
  avatar: { type: 'avatar', image_url: canary('contacts.avatar') },
  location: {
    type: 'location',
    country: canary('contacts.country'),
    region: canary('contacts.region'),
    city: canary('contacts.city'),
    postal_code: canary('contacts.postal_code'),
    country_code: canary('contacts.country_code'),
    continent_code: canary('contacts.continent_code'),
  },
  social_profiles: {
    type: 'list',
    data: [{ type: 'social_profile', url: canary('contacts.social') }],
  },
  custom_attributes: attributes('contacts.custom_attributes'),
  field_of_tomorrow: {
    nickname: canary('contacts.new'),
    list: [canary('contacts.new.item')],
    user_id: canary('contacts.new.user_id'),
  },
  passport_id: canary('contacts.new.scalar'),
};

/** As the notes of a contact are listed. */
const notes: JsonObject = {
  type: 'list',
  data: [
    {
      type: 'note',
      id: '26',
      created_at: 1,
      contact: { type: 'contact', id: '6762f0ab1bb69f9f2193bb60' },
      author: person('notes.author', 'admin'),
      body: canary('notes.body'),
    },
  ],
  total_count: 1,
};

const calls: JsonObject = {
  conversation_id: '5',
  contact_id: '6762f0ab1bb69f9f2193bb60',
  phone: canary('calls.phone'),
  transcript: [{ speaker: canary('calls.transcript.speaker'), text: canary('calls.transcript') }],
};

const companies: JsonObject = {
  name: canary('companies.name'),
  company_id: canary('companies.company_id'),
  website: canary('companies.website'),
  custom_attributes: attributes('companies.custom_attributes'),
};

const tagged = (place: string): JsonObject => ({
  type: 'tag',
  id: '3',
  name: 'VIP',
  applied_at: 1,
  applied_by: person(place, 'admin'),
});

const linked = (place: string): JsonObject => ({
  type: 'list',
  data: [{ type: 'ticket', id: '7', category: 'Customer', title: canary(place) }],
  total_count: 1,
  has_more: false,
});

const conversations: JsonObject = {
  title: canary('conversations.title'),
  company: {
    type: 'company',
    id: '5f4d',
    name: canary('conversations.company.name'),
    company_id: canary('conversations.company.company_id'),
    website: canary('conversations.company.website'),
    custom_attributes: attributes('conversations.company'),
    tags: { type: 'tag.list', tags: [tagged('conversations.company.tags.applied_by')] },
  },
  conversation_rating: {
    rating: 5,
    remark: canary('conversations.remark'),
    contact: reference('conversations.rating.contact'),
    teammate: { type: 'admin', id: '991267' },
  },
  source: {
    type: 'email',
    id: '403',
    delivered_as: 'customer_initiated',
    subject: canary('conversations.subject'),
    body: `<p>${canary('conversations.body')}</p>`,
    author: person('conversations.author', 'user'),
    url: `https://shop.example/?mail=${canary('conversations.url')}`,
    key_of_tomorrow: canary('conversations.source.new'),
  },
  contacts: { type: 'contact.list', contacts: [reference('conversations.contacts')] },
  teammates: { type: 'admin.list', admins: [person('conversations.teammates', 'admin')] },
  custom_attributes: attributes('conversations.custom_attributes'),
  first_contact_reply: { created_at: 1, type: 'conversation', url: canary('conversations.reply.url') },
  ai_agent: { source_type: 'workflow', rating: 1, rating_remark: canary('conversations.ai.remark') },
  ticket: { type: 'ticket', id: '7', ticket_attributes: attributes('conversations.ticket') },
  linked_objects: linked('conversations.linked_objects.title'),
  statistics: { time_to_assignment: 1, fastest: { agent: canary('conversations.statistics.new') } },
};

const conversationPart: JsonObject = {
  part_type: 'comment',
  body: canary('parts.body'),
  author: person('parts.author', 'user'),
  assigned_to: person('parts.assigned_to', 'admin'),
  external_id: canary('parts.external_id'),
  email_message_metadata: {
    subject: canary('parts.subject'),
    message_id: canary('parts.message_id'),
    email_address_headers: [
      { type: 'from', email_address: canary('headers.email_address'), name: canary('headers.name') },
    ],
  },
  metadata: { quick_reply_options: [{ text: canary('parts.quick_reply'), uuid: 'u' }] },
  event_details: { attribute: { name: 'key' }, value: { name: canary('parts.event_details') } },
  tags: [tagged('parts.tags.applied_by')],
};

const admins: JsonObject = {
  name: canary('admins.name'),
  email: `${canary('admins.email')}@person.example`,
  job_title: canary('admins.job_title'),
};

const tickets: JsonObject = {
  ticket_attributes: {
    _default_title_: canary('tickets.title'),
    ...attributes('tickets.ticket_attributes'),
  },
  contacts: { type: 'contact.list', contacts: [reference('tickets.contacts')] },
  linked_objects: linked('tickets.linked_objects.title'),
};

const articles: JsonObject = {
  tags: { type: 'tag.list', tags: [tagged('articles.tags.applied_by')] },
};

const ticketPart: JsonObject = {
  part_type: 'comment',
  body: canary('ticket_parts.body'),
  author: person('ticket_parts.author', 'user'),
  assigned_to: person('ticket_parts.assigned_to', 'admin'),
  external_id: canary('ticket_parts.external_id'),
  updated_attribute_data: {
    attribute: { type: 'attribute', id: '1002', label: 'Order number' },
    value: { type: 'value', id: canary('ticket_parts.value.id'), label: canary('ticket_parts.value.label') },
  },
};

const emails: JsonObject = { email: `${canary('emails.email')}@person.example`, domain: 'person.example' };

const activityLogs: JsonObject = {
  performed_by: {
    type: 'admin',
    id: '991267',
    email: canary('activity_logs.email'),
    ip: canary('activity_logs.ip'),
  },
  metadata: {
    sign_in_method: canary('activity_logs.metadata'),
    external_id: canary('activity_logs.external_id'),
    user_id: canary('activity_logs.user_id'),
    message: { title: canary('activity_logs.nested') },
  },
  activity_type: 'admin_login_success',
  activity_description: `${canary('activity_logs.description')} logged in.`,
};

/** The records that a test can put into a workspace. */
export const PLANTED = {
  contacts,
  companies,
  conversations,
  conversationPart,
  admins,
  tickets,
  ticketPart,
  activityLogs,
  articles,
  emails,
  calls: { phone: calls.phone as string },
  note: { body: canary('notes.body') },
} as const;

const part = (fields: JsonObject): JsonObject => ({ id: '2', updated_at: 1, ...fields });

/** The complete records, as the readers deliver them. */
export const PLANTED_RECORDS: Readonly<Partial<Record<ObjectName, JsonObject>>> = {
  contacts: part({ ...contacts, contact_notes: notes }),
  companies: part(companies),
  conversations: part({
    ...conversations,
    tags: { tags: [tagged('tags.applied_by')] },
  }),
  conversation_parts: part({ conversation_id: '1', ...conversationPart }),
  admins: part({ ...admins, avatar: { type: 'avatar', image_url: canary('admins.avatar') } }),
  tickets: part({
    ...tickets,
    ticket_parts: { type: 'ticket_part.list', ticket_parts: [{ id: '7', ...ticketPart }], total_count: 1 },
  }),
  activity_logs: part(activityLogs),
  articles: part(articles),
  emails: part(emails),
  calls: part(calls),
};

export const canariesIn = (text: string): readonly string[] => [...new Set(text.match(CANARY) ?? [])].sort();
