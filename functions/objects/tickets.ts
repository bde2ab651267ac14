import type { ObjectDeclaration } from '../core/declaration.ts';
import {
  boolean,
  createdAt,
  id,
  json,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './columns.ts';

export const tickets: ObjectDeclaration = {
  name: 'tickets',
  description: 'Requests that are tracked to their end, with their parts.',
  sync: { kind: 'incremental', cursor: 'updated_at' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read tickets',
  read: {
    kind: 'search',
    path: '/tickets/search',
    recordsKey: 'tickets',
    perPage: 150,
    granularity: 'second',
  },
  columns: [
    objectType('ticket'),
    id('ticket'),
    string('ticket_id', 'Number that people see in the inbox and the Messenger.'),
    string('category', '`Customer`, `Back-office` or `Tracker`.'),
    json(
      'ticket_attributes',
      'Attributes of the ticket by name, its title and description among them.',
      PERSONAL,
    ),
    json('ticket_state', 'State of the ticket: category and labels.'),
    json('ticket_type', 'Type of the ticket, in full.'),
    json('contacts', 'Contacts concerned: references.', { personal: ['contacts[].external_id'] }),
    string('admin_assignee_id', '`admins.id` of the teammate in charge; "0" when none is.'),
    string('team_assignee_id', '`teams.id` of the team in charge; "0" when none is.'),
    createdAt('ticket'),
    updatedAt('ticket'),
    boolean('open', 'Whether the ticket is open.'),
    timestamp('snoozed_until', 'When a snoozed ticket opens again.'),
    json('linked_objects', 'Conversations and tickets linked to this one.'),
    json('ticket_parts', 'Messages, notes and events of the ticket, up to 500.', {
      personal: [
        'ticket_parts[].body',
        'ticket_parts[].author',
        'ticket_parts[].assigned_to',
        'ticket_parts[].external_id',
        // `id` is no reference here: for most attributes it repeats the value itself.
        'ticket_parts[].updated_attribute_data.value.id',
        'ticket_parts[].updated_attribute_data.value.label',
      ],
    }),
    boolean('is_shared', 'Whether the contact sees the ticket.'),
  ],
  omit: ['ticket_parts.ticket_parts[].attachments', 'ticket_attributes.*[].url'],
  embeddedLists: [],
  children: [],
};
