import {
  boolean,
  createdAt,
  id,
  json,
  object,
  objectType,
  string,
  updatedAt,
  workspaceId,
} from './declare.ts';
import { TICKET_STATES, TICKET_TYPE_ATTRIBUTES } from './places.ts';

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
});
