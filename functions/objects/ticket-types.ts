import type { ChildColumn } from '../core/declaration.ts';
import {
  boolean,
  childColumn,
  createdAt,
  id,
  integer,
  json,
  object,
  objectType,
  string,
  updatedAt,
  workspaceId,
} from './declare.ts';
import { INPUT_OPTIONS, TICKET_STATES, TICKET_TYPE_ATTRIBUTES } from './places.ts';

const ticketTypeId: ChildColumn = childColumn(
  { parent: 'id' },
  string('ticket_type_id', '`ticket_types.id`.'),
);

export const ticketTypes = object({
  name: 'ticket_types',
  description: 'Kinds of tickets, each with its attributes and states.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read tickets',
  read: { kind: 'list', recordsKey: 'data', requests: [{ path: '/ticket_types' }] },
  columns: [
    objectType('ticket_type'),
    id('ticket type'),
    string('category', '`Customer`, `Back-office` or `Tracker`.'),
    string('name', 'Name of the ticket type.'),
    string('description', 'What the ticket type is for.'),
    string('icon', 'Emoji shown next to the name.'),
    workspaceId('ticket type'),
    json('ticket_type_attributes', 'Definitions of the attributes that its tickets have.', {
      plain: TICKET_TYPE_ATTRIBUTES,
    }),
    json('ticket_states', 'States that its tickets can be in.', { plain: TICKET_STATES }),
    boolean('archived', 'Whether the ticket type is archived.'),
    boolean('is_internal', 'Whether only teammates see its tickets.'),
    createdAt('ticket type'),
    updatedAt('ticket type'),
  ],
  children: [
    {
      table: 'ticket_type_attribute',
      description: 'Attributes that the tickets of each type have.',
      primaryKey: ['ticket_type_id', 'id'],
      list: { field: 'ticket_type_attributes', keys: ['data', 'ticket_type_attributes'] },
      columns: [
        ticketTypeId,
        childColumn({ item: 'id' }, id('attribute')),
        childColumn({ item: 'name' }, string('name', 'Name of the attribute.')),
        childColumn({ item: 'description' }, string('description', 'What the attribute is for.')),
        childColumn(
          { item: 'data_type' },
          string('data_type', '`string`, `list`, `integer`, `decimal`, `boolean`, `datetime` or `files`.'),
        ),
        childColumn(
          { item: 'input_options' },
          json('input_options', 'How values are entered, such as the options of a list.', {
            plain: INPUT_OPTIONS,
          }),
        ),
        childColumn({ item: 'order' }, integer('order', 'Position among the attributes of the type.')),
        childColumn(
          { item: 'required_to_create' },
          boolean('required_to_create', 'Whether teammates have to fill it in to create a ticket.'),
        ),
        childColumn(
          { item: 'required_to_create_for_contacts' },
          boolean(
            'required_to_create_for_contacts',
            'Whether contacts have to fill it in to create a ticket.',
          ),
        ),
        childColumn(
          { item: 'visible_on_create' },
          boolean('visible_on_create', 'Whether teammates see it as they create a ticket.'),
        ),
        childColumn(
          { item: 'visible_to_contacts' },
          boolean('visible_to_contacts', 'Whether contacts see it.'),
        ),
        childColumn({ item: 'default' }, boolean('default', 'Whether the attribute is built in.')),
        childColumn({ item: 'archived' }, boolean('archived', 'Whether the attribute is archived.')),
        childColumn({ item: 'created_at' }, createdAt('attribute')),
        childColumn({ item: 'updated_at' }, updatedAt('attribute')),
      ],
    },
    {
      table: 'ticket_type_state',
      description: 'States that the tickets of each type can be in.',
      primaryKey: ['ticket_type_id', 'id'],
      list: { field: 'ticket_states', keys: ['data', 'ticket_states'] },
      columns: [
        ticketTypeId,
        childColumn({ item: 'id' }, id('state')),
        childColumn(
          { item: 'category' },
          string('category', '`submitted`, `in_progress`, `waiting_on_customer` or `resolved`.'),
        ),
        childColumn({ item: 'internal_label' }, string('internal_label', 'Name that teammates see.')),
        childColumn({ item: 'external_label' }, string('external_label', 'Name that contacts see.')),
      ],
    },
  ],
});
