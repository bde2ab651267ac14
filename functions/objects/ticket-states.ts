import { boolean, id, json, list, objectType, string } from './declare.ts';
import { at, TICKET_TYPE } from './places.ts';

export const ticketStates = list({
  name: 'ticket_states',
  description: 'States that tickets can be in, with the names that teammates and contacts see.',
  permission: 'Read tickets',
  path: '/ticket_states',
  columns: [
    objectType('ticket_state'),
    id('state'),
    string('category', '`submitted`, `in_progress`, `waiting_on_customer` or `resolved`.'),
    string('internal_label', 'Name that teammates see.'),
    string('external_label', 'Name that contacts see.'),
    boolean('archived', 'Whether the state is archived.'),
    json('ticket_types', 'Ticket types whose tickets can be in this state.', {
      plain: at('data[]', TICKET_TYPE),
    }),
  ],
});
