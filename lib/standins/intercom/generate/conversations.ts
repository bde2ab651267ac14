/** Conversations as lists and searches serve them: everything except the parts (docs/intercom-api.md 6.4). */
import { ADMIN_IDS, CONTACT_IDS, TAG_IDS, TEAM_IDS, TICKET_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { createRandom, mix, type Random } from '../prng.ts';
import type { Timed } from '../table.ts';
import { attachments } from './attachments.ts';
import { type AppliedTag, isLead } from './contacts.ts';
import { type Genesis, hasShape, times } from './genesis.ts';
import { conversationTagsOf } from './membership.ts';
import * as personal from './personal.ts';

export interface ConversationState extends Timed {
  /** Every field except id, times, tags, parts and the count of parts. */
  readonly fields: JsonObject;
  readonly tags: readonly AppliedTag[];
  readonly contact: number;
  readonly partCount: number;
  /** Undefined as long as the parts are the generated ones. */
  readonly parts?: readonly JsonObject[];
}

/** Row 2 is the long conversation: it spans most of the history. */
const LONG_ROW = 2;

export function conversationTimes(genesis: Genesis, row: number): Timed {
  const time = times(genesis, 5, row, genesis.sizes.conversations);
  // A story takes a while.
  if (row !== LONG_ROW && hasStory(row) && time.updatedAt === time.createdAt) {
    const took = 3600 * (1 + (mix(mix(genesis.seed, 205), row) % 96));
    return { ...time, updatedAt: Math.min(genesis.baseTime, time.createdAt + took) };
  }
  if (row !== LONG_ROW) return time;
  return { ...time, updatedAt: time.createdAt + Math.floor((genesis.baseTime - time.createdAt) * 0.8) };
}

/** Some conversations have no parts at all. */
function partCountOf({ seed, sizes }: Genesis, row: number): number {
  if (row === LONG_ROW) return sizes.partsOfLongConversation;
  if (hasShape(row, 23, 9)) return 0;
  return 1 + (mix(mix(seed, 201), row) % Math.max(1, 2 * sizes.partsPerConversation - 1));
}

/** Every other conversation follows a realistic story (story.ts); the others have every kind of part in any order. */
export const hasStory = (row: number): boolean => row % 2 === 1;

export const contactOf = ({ seed, sizes }: Genesis, salt: number, row: number): number =>
  sizes.contacts === 0 ? 0 : mix(mix(seed, salt), row) % sizes.contacts;

/** Contacts who take part: the one who began it, and in every seventh conversation others. */
export function contactsOf(genesis: Genesis, row: number, contact: number): readonly number[] {
  const others = row % 7 !== 5 ? 0 : row % 3 === 0 ? 2 : 1;
  const salts = Array.from({ length: others }, (_, index) => 2030 + index);
  return [...new Set([contact, ...salts.map((salt) => contactOf(genesis, salt, row))])];
}

/** Teammates who wrote: the one in charge, and in two of three conversations others. */
function adminsOf({ seed, sizes }: Genesis, row: number, admin: string): readonly string[] {
  const others = Array.from({ length: row % 3 }, (_, index) =>
    ADMIN_IDS.idOf(mix(mix(seed, 2040 + index), row) % Math.max(1, sizes.admins)),
  );
  return [...new Set([admin, ...others])];
}

function source(genesis: Genesis, random: Random, row: number, contact: number): JsonObject | null {
  if (hasShape(row, 29, 6)) return null;
  const email = row % 3 === 1;
  return {
    type: email ? 'email' : random.pick(['conversation', 'push', 'twitter', 'whatsapp']),
    id: String(403_000_000 + row),
    delivered_as: email
      ? 'customer_initiated'
      : random.pick(['customer_initiated', 'admin_initiated', 'automated']),
    subject: email ? personal.subjectLine(random) : '',
    body: hasShape(row, 29, 8) ? `<p>${personal.brokenText()}</p>` : personal.messageHtml(random),
    author: personal.author(
      genesis.seed,
      isLead(contact) ? 'lead' : 'user',
      CONTACT_IDS.idOf(contact),
      contact,
    ),
    attachments: attachments(random, 0.2),
    url: email ? null : 'https://workspace.example/app?tab=1&x=ä',
    redacted: false,
  };
}

function statistics(
  random: Random,
  row: number,
  time: Timed,
  { teams }: Genesis['sizes'],
): JsonObject | null {
  if (row % 6 === 1) return null;
  const known = row % 6 !== 3;
  const index = row % Math.max(1, teams);
  const team = { team_id: Number(TEAM_IDS.idOf(index)), team_name: `Team ${index} ☕` };
  const after = (seconds: number): number | null => (known ? time.createdAt + random.int(seconds) : null);
  const span = (seconds: number): number | null => (known ? random.int(seconds) : null);
  return {
    type: 'conversation_statistics',
    time_to_assignment: span(3600),
    time_to_admin_reply: span(7200),
    time_to_first_close: span(90_000),
    time_to_last_close: span(90_000),
    median_time_to_reply: span(4000),
    first_contact_reply_at: after(60),
    first_assignment_at: after(3600),
    first_admin_reply_at: after(7200),
    first_close_at: after(90_000),
    last_assignment_at: after(3600),
    last_assignment_admin_reply_at: after(7200),
    last_contact_reply_at: after(7200),
    last_admin_reply_at: after(7200),
    last_close_at: after(90_000),
    last_closed_by_id: known ? ADMIN_IDS.idOf(0) : null,
    count_reopens: random.int(3),
    count_assignments: random.int(4),
    assigned_team_first_response_time: known ? [{ ...team, response_time: 600 + ((row * 373) % 9000) }] : [],
    assigned_team_first_response_time_in_office_hours:
      known && row % 4 === 0
        ? [
            { ...team, response_time: 300 + ((row * 373) % 3000) },
            // The same team again, after the conversation came back to it.
            { ...team, response_time: 0 },
          ]
        : [],
    handling_time: span(5000),
    adjusted_handling_time: null,
  };
}

const aiAgent = (random: Random, time: Timed): JsonObject => ({
  source_type: 'workflow',
  source_title: 'Default workflow',
  last_answer_type: random.pick(['ai_answer', 'custom_answer', null]),
  resolution_state: random.pick(['assumed_resolution', 'escalated', null]),
  rating: random.pick([1, 5, null]),
  rating_remark: null,
  created_at: time.createdAt,
  updated_at: time.updatedAt,
  content_sources: {
    type: 'content_source.list',
    total_count: 1,
    content_sources: [
      { content_type: 'article', url: 'https://help.example/1', title: 'How to 1', locale: 'en' },
    ],
  },
});

/** Null, or a list with the live key `admins`. The schema says `teammates` (docs/intercom-api.md 6.4). */
const teammates = (row: number, admins: readonly string[]): JsonObject | null =>
  row % 4 === 0 ? null : { type: 'admin.list', admins: admins.map((id) => ({ type: 'admin', id })) };

function rating(
  random: Random,
  row: number,
  contact: JsonObject,
  admin: string,
  time: Timed,
): JsonObject | null {
  if (row % 8 !== 5) return null;
  return {
    rating: 1 + random.int(5),
    remark: personal.ratingRemark(random),
    created_at: time.updatedAt,
    updated_at: time.updatedAt,
    contact,
    teammate: { type: 'admin', id: admin },
  };
}

const sla = (row: number): JsonObject | null =>
  row % 14 === 6 || row % 10 === 3
    ? {
        type: 'conversation_sla_summary',
        sla_name: 'Tenants 🏠',
        sla_status: row % 20 === 3 ? 'missed' : 'hit',
      }
    : null;

export function contactReference(contact: number): JsonObject {
  const id = CONTACT_IDS.idOf(contact);
  if (contact % 5 === 2) return { type: 'contact', id };
  return { type: 'contact', id, external_id: isLead(contact) ? null : personal.personExternalId(contact) };
}

export function conversationFields(genesis: Genesis, row: number, contact: number, time: Timed): JsonObject {
  const { sizes } = genesis;
  const random = createRandom(genesis.seed, 'conversation', row);
  const state = row % 10 === 7 ? 'snoozed' : random.chance(0.6) ? 'closed' : 'open';
  const admin = ADMIN_IDS.idOf(random.int(Math.max(1, sizes.admins)));
  const linked = sizes.tickets > 0 && row % 15 === 4;
  const ai = row % 9 === 2;
  return {
    title: row % 5 === 0 ? personal.freeText(random) : null,
    waiting_since: state === 'open' && row % 2 === 0 ? time.updatedAt : null,
    snoozed_until: state === 'snoozed' ? time.updatedAt + 86_400 : null,
    source: source(genesis, random, row, contact),
    contacts: { type: 'contact.list', contacts: contactsOf(genesis, row, contact).map(contactReference) },
    first_contact_reply:
      row % 3 === 0 ? null : { created_at: time.createdAt, type: 'conversation', url: null },
    admin_assignee_id: row % 3 === 2 ? null : Number(admin),
    team_assignee_id:
      (row % 4 === 3 || row % 8 === 1) && sizes.teams > 0 ? Number(TEAM_IDS.idOf(row % sizes.teams)) : null,
    open: state === 'open',
    state,
    read: random.chance(0.7),
    priority: random.chance(0.1) ? 'priority' : 'not_priority',
    sla_applied: sla(row),
    statistics: statistics(random, row, time, sizes),
    conversation_rating: rating(random, row, contactReference(contact), admin, time),
    teammates: teammates(row, adminsOf(genesis, row, admin)),
    custom_attributes: {
      ...(row % 3 === 0 ? { 'CX Score rating': 1 + random.int(5), 'Copilot used': random.chance(0.5) } : {}),
      ...(row % 7 === 0 ? { attachments: 'customer word', 'Créé le': time.createdAt } : {}),
    },
    topics:
      row % 2 === 0
        ? {}
        : { type: 'topic.list', topics: [{ type: 'topic', id: 37, name: 'Billing' }], total_count: 1 },
    ticket: null,
    linked_objects: {
      type: 'list',
      data: linked
        ? [{ type: 'ticket', id: TICKET_IDS.idOf(row % sizes.tickets), category: 'Customer' }]
        : [],
      total_count: linked ? 1 : 0,
      has_more: false,
    },
    ai_agent: ai ? aiAgent(random, time) : null,
    ai_agent_participated: ai,
    ...(hasShape(row, 31, 12) ? { company: null, brand_new_key: [{ a: 1 }] } : {}),
  };
}

export function generateConversation(genesis: Genesis, row: number): ConversationState {
  const time = conversationTimes(genesis, row);
  const contact = contactOf(genesis, 203, row);
  return {
    ...time,
    fields: conversationFields(genesis, row, contact, time),
    tags: conversationTagsOf(genesis, row).map((tag, i) => ({
      id: TAG_IDS.idOf(tag),
      appliedAt: time.createdAt + i,
      appliedBy: i % 2 === 0 ? { type: 'contact', id: CONTACT_IDS.idOf(contact) } : null,
    })),
    contact,
    partCount: partCountOf(genesis, row),
  };
}
