/** Tickets, ticket types and ticket states (docs/intercom-api.md 6.5, 6.6). */
import type { TicketState } from '../../generate/tickets.ts';
import type { JsonObject } from '../../json.ts';
import { ticketFields } from '../../search/fields.ts';
import { THREAD_OPERATORS } from '../../search/operators.ts';
import { detailedState } from '../../world/plains.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { ApiError, notFound } from '../errors.ts';
import { listText } from '../paging.ts';
import { createSearchRoute } from '../search-route.ts';

const createTicketsSearch = (): Route['handle'] =>
  createSearchRoute<TicketState>(({ world, switches }) => ({
    searchable: world.tickets,
    fields: ticketFields(world),
    operators: () => THREAD_OPERATORS,
    dates: () => ({ kind: 'seconds', comparison: switches().comparison }),
    listType: 'ticket.list',
    key: 'tickets',
    defaultPerPage: 20,
    defaultSort: 'updated_at',
    numericId: true,
  }));

function getTicket({ world, switches }: Services, request: Request): Answer {
  const row = world.tickets.table.find(param(request));
  if (row !== undefined) return ok(world.tickets.table.json(row));
  throw switches().ticketNotFound === 'not_found'
    ? notFound()
    : new ApiError(404, 'ticket_not_found', 'Ticket not found');
}

/** A ticket type with its states. The type embedded in a ticket lacks them (docs/intercom-api.md 6.6). */
const withStates = ({ world }: Services, type: JsonObject): JsonObject => ({
  ...type,
  ticket_states: { type: 'list', data: [...world.plains.ticketStates.records()] },
});

function ticketTypes(services: Services): Answer {
  const all = [...services.world.plains.ticketTypes.records()];
  const shown =
    services.switches().archivedTicketTypes === 'included'
      ? all
      : all.filter((type) => type.archived !== true);
  return ok(
    listText(
      'list',
      'data',
      shown.map((type) => JSON.stringify(withStates(services, type))),
    ),
  );
}

function ticketType(services: Services, request: Request): Answer {
  const type = services.world.plains.ticketTypes.record(param(request));
  if (type === undefined) throw notFound();
  return ok(JSON.stringify(withStates(services, type)));
}

function ticketStates({ world }: Services): Answer {
  const states = [...world.plains.ticketStates.records()].map((state) =>
    JSON.stringify(detailedState(world.plains, state)),
  );
  return ok(listText('list', 'data', states));
}

export function createTicketRoutes(): readonly Route[] {
  const scope = (): 'read_tickets' => 'read_tickets';
  const typesScope: NonNullable<Route['scope']> = (switches) => switches.ticketTypesScope;
  return [
    { method: 'POST', path: '/tickets/search', scope, handle: createTicketsSearch() },
    { method: 'GET', path: '/tickets/:id', scope, handle: getTicket },
    { method: 'GET', path: '/ticket_types', scope: typesScope, handle: ticketTypes },
    { method: 'GET', path: '/ticket_types/:id', scope: typesScope, handle: ticketType },
    { method: 'GET', path: '/ticket_states', scope: typesScope, handle: ticketStates },
  ];
}
