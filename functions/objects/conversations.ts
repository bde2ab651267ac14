import type { ObjectDeclaration, SearchRead } from '../core/declaration.ts';
import {
  boolean,
  childColumn,
  createdAt,
  id,
  integer,
  json,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './columns.ts';

/** How changed conversations are found; `conversation_parts` finds its conversations in the same way. */
export const conversationSearch: SearchRead = {
  kind: 'search',
  path: '/conversations/search',
  recordsKey: 'conversations',
  perPage: 150,
  granularity: 'second',
};

export const conversations: ObjectDeclaration = {
  name: 'conversations',
  description: 'Conversations with contacts: state, assignment, first message, rating and statistics.',
  sync: { kind: 'incremental', cursor: 'updated_at' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read conversations',
  read: conversationSearch,
  columns: [
    objectType('conversation'),
    id('conversation'),
    string('title', 'Title given to the conversation.', PERSONAL),
    createdAt('conversation'),
    updatedAt('conversation'),
    timestamp('waiting_since', 'Since when the contact waits for an answer; null after a teammate wrote.'),
    timestamp('snoozed_until', 'When a snoozed conversation opens again.'),
    boolean('open', 'Whether the conversation is open.'),
    string('state', '`open`, `closed` or `snoozed`.'),
    boolean('read', 'Whether the conversation has been read.'),
    string('priority', '`priority` or `not_priority`.'),
    integer(
      'admin_assignee_id',
      '`admins.id` (a string there) of the teammate in charge; null when none is.',
    ),
    integer('team_assignee_id', '`teams.id` (a string there) of the team in charge; null when none is.'),
    json('company', 'Company the conversation is about.', {
      personal: ['name', 'company_id', 'website', 'custom_attributes'],
    }),
    json('conversation_rating', 'Rating by the contact: score, remark, who rated and who was rated.', {
      personal: ['remark', 'contact.external_id'],
    }),
    json('source', 'The message that began the conversation: channel, subject, body, author and page.', {
      personal: ['subject', 'body', 'author', 'url'],
    }),
    json('contacts', 'Contacts who take part: references.', { personal: ['contacts[].external_id'] }),
    json('teammates', 'Teammates who wrote in the conversation: references.', PERSONAL),
    json('custom_attributes', "The customer's own attributes of the conversation, by name.", PERSONAL),
    json('first_contact_reply', "The contact's first message: when, how and on which page.", {
      personal: ['url'],
    }),
    json('sla_applied', 'Service level agreement that was applied: name and status.'),
    json('statistics', 'Times to reply, assignment and close, and counts.'),
    json('linked_objects', 'Conversations and tickets linked to this one.'),
    boolean('ai_agent_participated', 'Whether the AI agent took part.'),
    json('ai_agent', 'What the AI agent did: source, last answer, resolution, rating and content used.', {
      personal: ['rating_remark'],
    }),
    json('topics', 'Topics found in the conversation.'),
    json('ticket', 'Ticket the conversation belongs to.', PERSONAL),
  ],
  omit: ['tags', 'conversation_parts', 'source.attachments'],
  embeddedLists: [],
  children: [
    {
      table: 'conversation_tag',
      description: 'Tags on each conversation.',
      primaryKey: ['conversation_id', 'tag_id'],
      list: 'tags.tags',
      columns: [
        childColumn({ parent: 'id' }, string('conversation_id', '`conversations.id`.')),
        childColumn({ item: 'id' }, string('tag_id', '`tags.id`.')),
        childColumn({ item: 'name' }, string('tag_name', 'Name of the tag.')),
        childColumn({ item: 'applied_at' }, timestamp('applied_at', 'When the tag was put on.')),
        childColumn(
          { item: 'applied_by' },
          json('applied_by', 'Teammate who put the tag on: a reference.', PERSONAL),
        ),
      ],
    },
  ],
};
