/** The truth about tickets, and everything that can happen to them. */
import { contactOf } from '../generate/conversations.ts';
import * as personal from '../generate/personal.ts';
import {
  STATE_CATEGORIES,
  type TicketState,
  ticketFields,
  ticketPart,
  ticketRecord,
} from '../generate/tickets.ts';
import { ADMIN_IDS, partId, TICKET_STATE_IDS, TICKET_TYPE_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { MutationOptions, TicketTruth } from '../workspace-types.ts';
import { cutParts, type World } from '../world/world.ts';
import { moment, recordsOf, refuseFields, rowOf, splitTimes } from './expected-records.ts';

const APART = ['id', 'ticket_id', 'type', 'ticket_parts', 'ticket_state', 'ticket_type', 'category'] as const;

export function createTicketTruth(world: World): TicketTruth {
  const { table } = world.tickets;
  const { ticketTypes, ticketStates } = world.plains;
  const embeds = {
    type: ticketTypes.record,
    state: (index: number): JsonObject | undefined => [...ticketStates.records()][index],
    parts: (all: readonly JsonObject[]) =>
      cutParts(all, world.switches().ticketPartsKept, world.switches().partsTotalCount),
  };
  const author = (): JsonObject => personal.author(world.genesis.seed, 'admin', ADMIN_IDS.idOf(0), 0);
  const change = (
    id: string,
    options: MutationOptions | undefined,
    bump: 'bump' | 'keep',
    next: (state: TicketState, at: number) => Partial<TicketState>,
  ): void => {
    const row = rowOf(table, id);
    const at = moment(world.clock, options);
    const state = table.state(row);
    table.set(row, { ...state, ...(bump === 'bump' ? { updatedAt: at } : {}), ...next(state, at) });
  };
  const append = (id: string, state: TicketState, at: number, details: JsonObject): readonly JsonObject[] => {
    const part = { ...details, author: details.author ?? author() };
    return [...state.parts, ticketPart(partId(id, state.parts.length), at, part)];
  };
  return {
    ...recordsOf(table, (row, state) => ticketRecord(row, state, embeds)),
    get size() {
      return table.size;
    },
    parts: (id) => table.state(rowOf(table, id)).parts,
    create(fields = {}, options) {
      refuseFields('tickets', fields, APART);
      const at = moment(world.clock, options);
      const { rest, times } = splitTimes(fields);
      const time = { createdAt: at, updatedAt: at, ...times };
      const contact = contactOf(world.genesis, 207, table.rows);
      const generated = ticketFields(world.genesis, table.rows, contact, time);
      const row = table.add({
        ...time,
        fields: { ...generated, ...rest },
        typeId: TICKET_TYPE_IDS.idOf(0),
        state: 0,
        contact,
        parts: [],
      });
      return table.idOf(row);
    },
    update(id, fields, options) {
      refuseFields('tickets', fields, APART);
      const { rest, times } = splitTimes(fields);
      change(id, options, 'bump', (state) => ({ fields: { ...state.fields, ...rest }, ...times }));
    },
    delete: (id) => table.remove(rowOf(table, id)),
    addPart(id, part = { part_type: 'comment', body: '<p>Any news?</p>' }, options) {
      change(id, options, world.switches().ticketPartBump, (state, at) => ({
        parts: append(id, state, at, part),
      }));
      return String(table.state(rowOf(table, id)).parts.at(-1)?.id);
    },
    setState(id, ticketStateId, options) {
      const index = TICKET_STATE_IDS.rowOf(ticketStateId);
      if (index === undefined || !ticketStates.has(ticketStateId))
        throw new Error(`no ticket state "${ticketStateId}"`);
      change(id, options, world.switches().ticketPartBump, (state, at) => ({
        state: index,
        parts: append(id, state, at, {
          part_type: 'ticket_state_updated_by_admin',
          ticket_state: STATE_CATEGORIES[index] ?? 'in_progress',
          previous_ticket_state: STATE_CATEGORIES[state.state] ?? 'submitted',
        }),
      }));
    },
  };
}
