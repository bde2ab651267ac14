/** Tickets. Every answer embeds their parts and their type (docs/intercom-api.md 6.5). */
import {
  ADMIN_IDS,
  CONTACT_IDS,
  CONVERSATION_IDS,
  partId,
  TEAM_IDS,
  TICKET_IDS,
  TICKET_NUMBERS,
  TICKET_TYPE_IDS,
} from '../ids.ts';
import { exactInteger, type JsonObject } from '../json.ts';
import { createRandom, type Random } from '../prng.ts';
import type { Timed } from '../table.ts';
import { attachments } from './attachments.ts';
import { contactOf, contactReference } from './conversations.ts';
import { type Genesis, hasShape, times } from './genesis.ts';
import * as personal from './personal.ts';

export interface TicketState extends Timed {
  /** Every field except id, times, type, state and parts. */
  readonly fields: JsonObject;
  readonly typeId: string;
  /** The position in the list of ticket states. */
  readonly state: number;
  readonly contact: number;
  readonly parts: readonly JsonObject[];
}

export const STATE_CATEGORIES = [
  'submitted',
  'in_progress',
  'waiting_on_customer',
  'resolved',
  'in_progress',
] as const;

export const ticketTimes = (genesis: Genesis, row: number): Timed =>
  times(genesis, 7, row, genesis.sizes.tickets);

/** Keys are the names, plus the two defaults. Files are arrays with temporary URLs (docs/intercom-api.md 6.5). */
function ticketAttributes(random: Random, row: number): JsonObject {
  return {
    _default_title_: row % 6 === 5 ? null : personal.ticketTitle(random),
    _default_description_: random.chance(0.3) ? null : personal.freeText(random),
    'Order number': row % 9 === 1 ? exactInteger('9007199254740993') : random.int(100_000),
    'Refund, exact amount': row % 2 === 0 ? random.int(900) : random.int(90_000) / 100,
    'Urgent?': random.chance(0.5),
    ...(row % 3 === 0 ? { Evidence: attachments(random, 1) } : {}),
    ...(row % 3 === 1 ? { Due: 1_800_000_000, Severity: 'High' } : {}),
    ...(row % 8 === 4 ? { attachments: 'not ours' } : {}),
  };
}

function ticketAuthor(genesis: Genesis, random: Random, contact: number): JsonObject {
  if (random.chance(0.5)) {
    const admin = random.int(Math.max(1, genesis.sizes.admins));
    return personal.author(genesis.seed, 'admin', ADMIN_IDS.idOf(admin), admin);
  }
  return personal.author(genesis.seed, 'user', CONTACT_IDS.idOf(contact), contact);
}

/** Unset keys are omitted, not null (docs/intercom-api.md 6.5). */
export const ticketPart = (id: string, at: number, details: JsonObject): JsonObject => ({
  type: 'ticket_part',
  id,
  part_type: 'comment',
  ticket_state: 'submitted',
  previous_ticket_state: 'submitted',
  created_at: at,
  updated_at: at,
  attachments: [],
  redacted: false,
  ...details,
});

const KINDS: readonly ((random: Random) => JsonObject)[] = [
  (random) => ({
    part_type: 'comment',
    body: personal.messageHtml(random),
    attachments: attachments(random, 0.4),
  }),
  () => ({ part_type: 'assignment', assigned_to: { type: 'admin', id: ADMIN_IDS.idOf(0) } }),
  () => ({ part_type: 'ticket_state_updated_by_admin', ticket_state: 'in_progress' }),
  (random) => ({
    part_type: 'note',
    body: personal.messageHtml(random),
    app_package_code: 'test-integration',
    external_id: 'x-1',
  }),
  () => ({
    part_type: 'ticket_attribute_updated_by_admin',
    updated_attribute_data: {
      attribute: { type: 'attribute', id: '1002', label: 'Order number' },
      value: { type: 'value', id: null, label: '12' },
    },
  }),
];

/** The last part of every seventh ticket is 158 s newer than the ticket's updated_at (docs/intercom-api.md 6.5). */
const lateBy = (row: number): number => (row % 7 === 3 ? 158 : 0);

function generateTicketParts(
  genesis: Genesis,
  row: number,
  contact: number,
  time: Timed,
  random: Random,
): JsonObject[] {
  const long = row === 5 && genesis.sizes.partsOfLongConversation > 500;
  const count = long ? 503 : 1 + random.int(5);
  const late = Math.min(time.updatedAt + lateBy(row), genesis.baseTime);
  return Array.from({ length: count }, (_, index) => {
    const at =
      index === count - 1
        ? late
        : time.createdAt + Math.floor(((time.updatedAt - time.createdAt) * index) / count);
    return ticketPart(partId(TICKET_IDS.idOf(row), index), at, {
      ...random.pick(KINDS)(random),
      author: ticketAuthor(genesis, random, contact),
    });
  });
}

export function ticketFields(genesis: Genesis, row: number, contact: number, time: Timed): JsonObject {
  const random = createRandom(genesis.seed, 'ticket', row);
  const { sizes } = genesis;
  const linked = sizes.conversations > 0 && row % 5 === 2;
  const snoozed = row % 10 === 6;
  return {
    ticket_attributes: ticketAttributes(random, row),
    contacts: { type: 'contact.list', contacts: [contactReference(contact)] },
    admin_assignee_id: row % 3 === 0 ? '0' : ADMIN_IDS.idOf(random.int(Math.max(1, sizes.admins))),
    team_assignee_id: row % 4 !== 1 || sizes.teams === 0 ? '0' : TEAM_IDS.idOf(row % sizes.teams),
    open: !snoozed && random.chance(0.6),
    ...(snoozed ? { snoozed_until: time.updatedAt + 3600 } : {}),
    linked_objects: {
      type: 'list',
      data: linked
        ? [{ type: 'conversation', id: CONVERSATION_IDS.idOf(row % sizes.conversations), category: null }]
        : [],
      total_count: linked ? 1 : 0,
      has_more: false,
    },
    is_shared: random.chance(0.5),
    ...(hasShape(row, 11, 4) ? { tomorrow: null } : {}),
  };
}

export function generateTicket(genesis: Genesis, row: number): TicketState {
  const time = ticketTimes(genesis, row);
  const contact = contactOf(genesis, 207, row);
  return {
    ...time,
    fields: ticketFields(genesis, row, contact, time),
    typeId: TICKET_TYPE_IDS.idOf(row % Math.max(1, genesis.sizes.ticket_types)),
    state: row % STATE_CATEGORIES.length,
    contact,
    parts: generateTicketParts(genesis, row, contact, time, createRandom(genesis.seed, 'ticket parts', row)),
  };
}

export interface TicketEmbeds {
  type(id: string): JsonObject | undefined;
  state(index: number): JsonObject | undefined;
  /** The parts that are served (at most 500). */
  parts(all: readonly JsonObject[]): { readonly served: readonly JsonObject[]; readonly total: number };
}

export function ticketRecord(row: number, state: TicketState, embeds: TicketEmbeds): JsonObject {
  const type = embeds.type(state.typeId);
  const { served, total } = embeds.parts(state.parts);
  return {
    type: 'ticket',
    id: TICKET_IDS.idOf(row),
    ticket_id: TICKET_NUMBERS.idOf(row),
    ...state.fields,
    category: type?.category ?? 'Customer',
    ticket_state: embeds.state(state.state) ?? null,
    ticket_type: type ?? null,
    created_at: state.createdAt,
    updated_at: state.updatedAt,
    ticket_parts: { type: 'ticket_part.list', ticket_parts: served, total_count: total },
  };
}
