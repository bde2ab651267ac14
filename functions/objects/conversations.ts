import type { ChildColumn, SearchRead } from '../core/declaration.ts';
import {
  boolean,
  childColumn,
  createdAt,
  id,
  integer,
  json,
  object,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './declare.ts';
import {
  APPLIED_TAG,
  at,
  CONTACT_REFERENCES,
  LINKED,
  LINKED_OBJECTS,
  PLAN,
  REFERENCED_CONTACT,
  SEGMENT,
  TAG,
} from './places.ts';

const conversationId: ChildColumn = childColumn(
  { parent: 'id' },
  string('conversation_id', '`conversations.id`.'),
);

/** Finds changed conversations; `conversation_parts` uses the same search. */
export const conversationSearch: SearchRead = {
  kind: 'search',
  path: '/conversations/search',
  recordsKey: 'conversations',
  perPage: 150,
  granularity: 'second',
};

const RESPONSE_TIME = ['team_name', 'response_time'];

const STATISTICS = [
  'time_to_assignment',
  'time_to_admin_reply',
  'time_to_first_close',
  'time_to_last_close',
  'median_time_to_reply',
  'first_contact_reply_at',
  'first_assignment_at',
  'first_admin_reply_at',
  'first_close_at',
  'last_assignment_at',
  'last_assignment_admin_reply_at',
  'last_contact_reply_at',
  'last_admin_reply_at',
  'last_close_at',
  'count_reopens',
  'count_assignments',
  'count_conversation_parts',
  ...at('assigned_team_first_response_time[]', RESPONSE_TIME),
  ...at('assigned_team_first_response_time_in_office_hours[]', RESPONSE_TIME),
  'handling_time',
  'adjusted_handling_time',
];

export const conversations = object({
  name: 'conversations',
  description: 'Conversations with contacts: state, assignment, first message, rating and statistics.',
  sync: { kind: 'incremental', cursor: 'updated_at' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read conversations',
  read: conversationSearch,
  deletedList: {
    path: '/conversations/deleted',
    version: '2.16',
    recordsKey: 'conversations',
    timeField: 'deleted_at',
    perPageSizes: [60, 30, 15, 5, 1],
  },
  single: { path: '/conversations/{id}' },
  person: {
    about: ['contacts.contacts[]', 'source.author', 'conversation_rating.contact'],
    conversation: { column: 'id', people: 'contacts.contacts[]' },
  },
  columns: [
    objectType('conversation'),
    id('conversation'),
    string('title', 'Title given to the conversation.', PERSONAL),
    createdAt('conversation'),
    updatedAt('conversation'),
    timestamp(
      'waiting_since',
      'Since when the contact has been waiting for an answer; null after a teammate replied.',
    ),
    timestamp('snoozed_until', 'When a snoozed conversation opens again.'),
    boolean('open', 'Whether the conversation is open.'),
    string('state', '`open`, `closed` or `snoozed`.'),
    boolean('read', 'Whether the conversation has been read.'),
    string('priority', '`priority` or `not_priority`.'),
    integer(
      'admin_assignee_id',
      '`admins.id` (a string there) of the teammate in charge; null if there is none.',
    ),
    integer('team_assignee_id', '`teams.id` (a string there) of the team in charge; null if there is none.'),
    json('company', 'Company the conversation is about.', {
      personal: ['name', 'company_id', 'website', 'custom_attributes', 'tags.tags[].applied_by'],
      plain: [
        ...at('plan', PLAN),
        'remote_created_at',
        'created_at',
        'updated_at',
        'last_request_at',
        'size',
        'industry',
        'monthly_spend',
        'session_count',
        'user_count',
        ...at('tags.tags[]', TAG),
        ...at('segments.segments[]', SEGMENT),
      ],
    }),
    json('conversation_rating', 'Rating by the contact: score, remark, who rated and who was rated.', {
      personal: ['remark', 'contact.external_id'],
      plain: ['rating', 'created_at', 'updated_at'],
    }),
    json('source', 'The message that began the conversation: channel, subject, body, author and page.', {
      personal: ['subject', 'body', 'author', 'url'],
      plain: ['delivered_as', 'redacted'],
    }),
    json('contacts', 'Contacts who take part: references.', CONTACT_REFERENCES),
    json('teammates', 'Teammates who wrote in the conversation: references.', PERSONAL),
    json('custom_attributes', "The customer's own attributes of the conversation, by name.", PERSONAL),
    json('first_contact_reply', "The contact's first message: when, how and on which page.", {
      personal: ['url'],
      plain: ['created_at'],
    }),
    json('sla_applied', 'Service level agreement that was applied: name and status.', {
      plain: ['sla_name', 'sla_status'],
    }),
    json('statistics', 'Times to reply, assignment and close, and counts.', { plain: STATISTICS }),
    json('linked_objects', 'Conversations and tickets linked to this one.', LINKED_OBJECTS),
    boolean('ai_agent_participated', 'Whether the AI agent took part.'),
    json('ai_agent', 'What the AI agent did: source, last answer, resolution, rating and content used.', {
      personal: ['rating_remark'],
      plain: [
        'source_type',
        'source_title',
        'last_answer_type',
        'resolution_state',
        'rating',
        'created_at',
        'updated_at',
        'content_sources.total_count',
        ...at('content_sources.content_sources[]', ['content_type', 'url', 'title', 'locale']),
      ],
    }),
    json('topics', 'Topics found in the conversation.', { plain: ['topics[].name', 'total_count'] }),
    json('ticket', 'Ticket the conversation belongs to.', PERSONAL),
  ],
  omit: ['tags', 'conversation_parts', 'source.attachments'],
  children: [
    {
      table: 'conversation_tag',
      description: 'Tags on each conversation.',
      primaryKey: ['conversation_id', 'tag_id'],
      list: { field: 'tags', keys: ['tags', 'data'] },
      ask: { kind: 'record', path: '/conversations/{id}' },
      columns: [conversationId, ...APPLIED_TAG],
    },
    {
      table: 'conversation_contact',
      description: 'Contacts who take part in each conversation.',
      primaryKey: ['conversation_id', 'contact_id'],
      list: { field: 'contacts', keys: ['contacts', 'data'] },
      columns: [conversationId, ...REFERENCED_CONTACT],
    },
    {
      table: 'conversation_teammate',
      description: 'Teammates who wrote in each conversation.',
      primaryKey: ['conversation_id', 'admin_id'],
      // The documentation has `teammates`, the real API `admins` (docs/intercom-api.md 6.4).
      list: { field: 'teammates', keys: ['admins', 'teammates'], nullMeansNone: true },
      columns: [conversationId, childColumn({ item: 'id' }, string('admin_id', '`admins.id`.'))],
    },
    {
      table: 'conversation_link',
      description: 'Conversations and tickets that are linked to each conversation.',
      primaryKey: ['conversation_id', 'type', 'linked_id'],
      list: { field: 'linked_objects', keys: ['data'] },
      columns: [conversationId, ...LINKED],
    },
    {
      table: 'conversation_content_source',
      description: 'What the AI agent answered from in each conversation.',
      primaryKey: ['conversation_id', 'position'],
      list: { field: 'ai_agent', keys: ['content_sources.content_sources'], nullMeansNone: true },
      columns: [
        conversationId,
        childColumn({ index: true }, integer('position', 'Position in the list, from 0.')),
        childColumn(
          { item: 'content_type' },
          string('content_type', 'What it is: `article`, `file` and others.'),
        ),
        childColumn({ item: 'url' }, string('url', 'Address inside Intercom, for teammates.')),
        childColumn({ item: 'title' }, string('title', 'Title of the source.')),
        childColumn({ item: 'locale' }, string('locale', 'Language of the source, as a code.')),
      ],
    },
    {
      table: 'team_first_response',
      description: 'How long each team took to answer a conversation first, in and out of office hours.',
      primaryKey: ['conversation_id', 'in_office_hours', 'position'],
      list: {
        field: 'statistics',
        keys: ['assigned_team_first_response_time'],
        nullMeansNone: true,
        says: { in_office_hours: false },
      },
      otherLists: [
        {
          field: 'statistics',
          keys: ['assigned_team_first_response_time_in_office_hours'],
          nullMeansNone: true,
          says: { in_office_hours: true },
        },
      ],
      columns: [
        conversationId,
        childColumn(
          { list: 'in_office_hours' },
          boolean('in_office_hours', 'Whether only office hours count in `response_time`.'),
        ),
        childColumn({ index: true }, integer('position', 'Position in the list, from 0.')),
        childColumn({ item: 'team_id' }, string('team_id', '`teams.id`.')),
        childColumn(
          { item: 'team_name' },
          string('team_name', 'Name of the team; `Unassigned` if there is none.'),
        ),
        childColumn(
          { item: 'response_time' },
          integer('response_time', 'Seconds from the assignment to the first response.'),
        ),
      ],
    },
  ],
});
