import type { ChildColumn } from '../core/declaration.ts';
import {
  boolean,
  childColumn,
  createdAt,
  id,
  json,
  object,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './declare.ts';
import {
  at,
  CONTACT_REFERENCES,
  LINKED,
  LINKED_OBJECTS,
  REFERENCED_CONTACT,
  TICKET_STATE,
  TICKET_STATES,
  TICKET_TYPE_ATTRIBUTES,
} from './places.ts';

const ticketId: ChildColumn = childColumn({ parent: 'id' }, string('ticket_id', '`tickets.id`.'));

export const tickets = object({
  name: 'tickets',
  description: 'Requests that are tracked until they are resolved, with their parts.',
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
  single: { path: '/tickets/{id}' },
  person: {
    about: ['contacts.contacts[]', 'ticket_parts.ticket_parts[].author'],
    conversation: { column: 'id', people: 'contacts.contacts[]' },
  },
  columns: [
    objectType('ticket'),
    id('ticket'),
    string('ticket_id', 'Number that people see in the inbox and the Messenger.'),
    string('category', '`Customer`, `Back-office` or `Tracker`.'),
    json(
      'ticket_attributes',
      'Attributes of the ticket by name, including its title and description.',
      PERSONAL,
    ),
    json('ticket_state', 'State of the ticket: category and labels.', { plain: TICKET_STATE }),
    json('ticket_type', 'Type of the ticket, in full.', {
      plain: [
        'category',
        'name',
        'description',
        'icon',
        ...at('ticket_type_attributes', TICKET_TYPE_ATTRIBUTES),
        ...at('ticket_states', TICKET_STATES),
        'archived',
        'is_internal',
        'created_at',
        'updated_at',
      ],
    }),
    json('contacts', 'Contacts on the ticket: references.', CONTACT_REFERENCES),
    string('admin_assignee_id', '`admins.id` of the teammate in charge; "0" if there is none.'),
    string('team_assignee_id', '`teams.id` of the team in charge; "0" if there is none.'),
    createdAt('ticket'),
    updatedAt('ticket'),
    boolean('open', 'Whether the ticket is open.'),
    timestamp('snoozed_until', 'When a snoozed ticket opens again.'),
    json('linked_objects', 'Conversations and tickets linked to this one.', LINKED_OBJECTS),
    json('ticket_parts', 'Messages, notes and events of the ticket, up to 500.', {
      personal: [
        'ticket_parts[].body',
        'ticket_parts[].author',
        'ticket_parts[].assigned_to',
        'ticket_parts[].external_id',
        // `id` is not a reference here: for most attributes it repeats the value itself.
        'ticket_parts[].updated_attribute_data.value.id',
        'ticket_parts[].updated_attribute_data.value.label',
      ],
      plain: [
        'total_count',
        'ticket_parts[].part_type',
        'ticket_parts[].ticket_state',
        'ticket_parts[].previous_ticket_state',
        'ticket_parts[].created_at',
        'ticket_parts[].updated_at',
        'ticket_parts[].redacted',
        'ticket_parts[].app_package_code',
        'ticket_parts[].updated_attribute_data.attribute.label',
      ],
    }),
    boolean('is_shared', 'Whether the contact sees the ticket.'),
  ],
  omit: ['ticket_parts.ticket_parts[].attachments', 'ticket_attributes.*[].url'],
  children: [
    {
      table: 'ticket_part',
      description: 'Messages, notes and events of each ticket: at most the newest 500.',
      primaryKey: ['ticket_id', 'id'],
      list: { field: 'ticket_parts', keys: ['ticket_parts', 'data'] },
      columns: [
        ticketId,
        childColumn({ item: 'id' }, id('part')),
        childColumn(
          { item: 'part_type' },
          string('part_type', 'What the part is: `comment`, `note`, `assignment` and others.'),
        ),
        childColumn({ item: 'body' }, string('body', 'Text of the message, as HTML.', PERSONAL)),
        childColumn({ item: 'ticket_state' }, string('ticket_state', 'State of the ticket after the part.')),
        childColumn(
          { item: 'previous_ticket_state' },
          string('previous_ticket_state', 'State of the ticket before the part.'),
        ),
        childColumn({ item: 'created_at' }, createdAt('part')),
        childColumn({ item: 'updated_at' }, updatedAt('part')),
        childColumn(
          { item: 'author.type' },
          string('author_type', 'Who wrote it: `admin`, `bot`, `team` or `user`.'),
        ),
        childColumn({ item: 'author.id' }, string('author_id', 'Id of the author.')),
        childColumn(
          { item: 'assigned_to.type' },
          string('assigned_to_type', 'To whom the part assigned the ticket: `admin` or `team`.'),
        ),
        childColumn(
          { item: 'assigned_to.id' },
          string('assigned_to_id', 'Id of whom the part assigned the ticket to.'),
        ),
        childColumn(
          { item: 'updated_attribute_data.attribute.id' },
          string('updated_attribute_id', 'Id of the attribute that the part changed.'),
        ),
        childColumn(
          { item: 'updated_attribute_data.attribute.label' },
          string('updated_attribute_name', 'Name of the attribute that the part changed.'),
        ),
        childColumn(
          { item: 'updated_attribute_data.value.id' },
          string(
            'updated_attribute_value_id',
            'Id of the new value, or several; often the value itself.',
            PERSONAL,
          ),
        ),
        childColumn(
          { item: 'updated_attribute_data.value.label' },
          string('updated_attribute_value', 'The new value, or several.', PERSONAL),
        ),
        childColumn({ item: 'redacted' }, boolean('redacted', 'Whether the content was redacted.')),
        childColumn(
          { item: 'external_id' },
          string('external_id', 'Id of the part in another system.', PERSONAL),
        ),
        childColumn(
          { item: 'app_package_code' },
          string('app_package_code', 'App that created the part through the API.'),
        ),
      ],
    },
    {
      table: 'ticket_contact',
      description: 'Contacts on each ticket.',
      primaryKey: ['ticket_id', 'contact_id'],
      list: { field: 'contacts', keys: ['contacts', 'data'] },
      columns: [ticketId, ...REFERENCED_CONTACT],
    },
    {
      table: 'ticket_link',
      description: 'Conversations and tickets that are linked to each ticket.',
      primaryKey: ['ticket_id', 'type', 'linked_id'],
      list: { field: 'linked_objects', keys: ['data'] },
      columns: [ticketId, ...LINKED],
    },
  ],
});
