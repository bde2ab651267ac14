/** Everything the simulator knows: the workspace behind both the truth API and the HTTP routes. */
import { type Calendar, createCalendar } from '../calendar.ts';
import { isAmong } from '../cases.ts';
import { type CompanyState, companyRecord, companyTimes, generateCompany } from '../generate/companies.ts';
import { contactSections } from '../generate/contact-record.ts';
import { type ContactState, contactTimes, generateContact } from '../generate/contacts.ts';
import { conversationRecord } from '../generate/conversation-record.ts';
import {
  type ConversationState,
  conversationTimes,
  generateConversation,
} from '../generate/conversations.ts';
import type { Genesis } from '../generate/genesis.ts';
import { generateTicket, type TicketState, ticketRecord, ticketTimes } from '../generate/tickets.ts';
import { COMPANY_IDS, CONTACT_IDS, CONVERSATION_IDS, TICKET_IDS } from '../ids.ts';
import { type JsonObject, joinRecord, joinText } from '../json.ts';
import { hasOddRecords, oddRecord } from '../odd-records.ts';
import type { Switches } from '../switches.ts';
import { createTable, type Table, type Timed } from '../table.ts';
import type { Clock } from './clock.ts';
import { createMembership, type Membership } from './membership.ts';
import { createPlains, type Plains } from './plains.ts';
import { createSearchIndex, type SearchIndex } from './search-index.ts';
import { createSegmentCounts, type SegmentCounts } from './segment-counts.ts';

/** A searchable table. Lists and GET see `live`; search sees `index`. */
export interface Searchable<S extends Timed> {
  readonly table: Table<S>;
  readonly live: SearchIndex<S>;
  readonly index: SearchIndex<S>;
}

export interface World {
  readonly genesis: Genesis;
  readonly clock: Clock;
  readonly switches: () => Switches;
  readonly calendar: () => Calendar;
  readonly setCalendar: (timezone: string) => void;
  readonly plains: Plains;
  readonly contacts: Searchable<ContactState>;
  readonly companies: Table<CompanyState>;
  readonly conversations: Searchable<ConversationState>;
  readonly tickets: Searchable<TicketState>;
  readonly membership: Membership;
  readonly segmentCounts: SegmentCounts;
  readonly deletedConversations: { readonly id: string; readonly deletedAt: number }[];
  /** Maps the id of a merged lead to the id of the contact that remains. */
  readonly merged: Map<string, string>;
  /** Days that were simulated. */
  readonly days: { passed: number };
  /** Drops serialised records from the cache, because switches shape them too. */
  readonly forget: () => void;
}

export interface WorldOptions {
  readonly genesis: Genesis;
  readonly clock: Clock;
  readonly timezone: string;
  readonly switches: () => Switches;
  readonly indexingDelaySeconds: number;
}

/** Only 500 parts are served (docs/intercom-api.md 6.4, 6.5). */
const PARTS_MAX = 500;

export function cutParts(
  parts: readonly JsonObject[],
  keep: 'newest' | 'oldest',
  totalCount: Switches['partsTotalCount'],
): { served: readonly JsonObject[]; total: number } {
  const served =
    parts.length <= PARTS_MAX
      ? parts
      : keep === 'newest'
        ? parts.slice(-PARTS_MAX)
        : parts.slice(0, PARTS_MAX);
  return { served, total: totalCount === 'all' ? parts.length : served.length };
}

export function createWorld(options: WorldOptions): World {
  const { genesis, clock, switches } = options;
  let calendar = createCalendar(options.timezone);
  const tables: { forget(): void }[] = [];
  const forget = (): void => {
    for (const table of tables) table.forget();
  };
  const plains = createPlains(genesis, clock, forget);
  const tagName = (id: string): string | undefined => {
    const name = plains.tags.record(id)?.name;
    return name === undefined ? undefined : String(name);
  };
  const sizes = genesis.sizes;
  const text = (object: Parameters<typeof oddRecord>[1], record: JsonObject): string =>
    JSON.stringify(oddRecord(switches(), object, record));

  const contacts: Table<ContactState> = createTable({
    name: 'contacts',
    size: sizes.contacts,
    ...CONTACT_IDS,
    times: (row) => contactTimes(genesis, row),
    generate: (row) => generateContact(genesis, row),
    serialise: (row, state) => {
      const sections = contactSections(row, state, {
        tag: plains.tags.has,
        company: (company) => companies.exists(company),
      });
      return hasOddRecords(switches(), 'contacts')
        ? text('contacts', joinRecord(sections))
        : joinText(sections);
    },
  });
  const membership = createMembership(genesis, contacts);
  const companies: Table<CompanyState> = createTable({
    name: 'companies',
    size: sizes.companies,
    ...COMPANY_IDS,
    times: (row) => companyTimes(genesis, row),
    generate: (row) => generateCompany(genesis, row),
    serialise: (row, state) =>
      text(
        'companies',
        companyRecord(row, state, {
          tag: plains.tags.record,
          segment: plains.segments.record,
          userCount: membership.countOf,
        }),
      ),
  });
  const conversations: Table<ConversationState> = createTable({
    name: 'conversations',
    size: sizes.conversations,
    ...CONVERSATION_IDS,
    times: (row) => conversationTimes(genesis, row),
    generate: (row) => generateConversation(genesis, row),
    serialise: (row, state) =>
      text('conversations', conversationRecord(row, state, tagName, switches().countedParts)),
  });
  const ticketStates = (): JsonObject[] => [...plains.ticketStates.records()];
  const tickets: Table<TicketState> = createTable({
    name: 'tickets',
    size: sizes.tickets,
    ...TICKET_IDS,
    times: (row) => ticketTimes(genesis, row),
    generate: (row) => generateTicket(genesis, row),
    serialise: (row, state) =>
      text(
        'tickets',
        ticketRecord(row, state, {
          type: plains.ticketTypes.record,
          state: (index) => ticketStates()[index],
          parts: (all) => cutParts(all, switches().ticketPartsKept, switches().partsTotalCount),
        }),
      ),
  });
  tables.push(contacts, companies, conversations, tickets);
  contacts.onChange(() => companies.forget());
  companies.onChange((_row, _before, after) => after === undefined && contacts.forget());

  const searchable = <S extends Timed>(table: Table<S>, hidden: (state: S) => boolean): Searchable<S> => {
    const staysCounted = (row: number): boolean =>
      switches().countedAfterDeletion.some(
        ({ object, ids }) => object === table.name && isAmong(ids, table.idOf(row)),
      );
    const index = (delaySeconds: number): SearchIndex<S> =>
      createSearchIndex({ table, clock, hidden, staysCounted, delaySeconds });
    const live = index(0);
    const delay = options.indexingDelaySeconds;
    return { table, live, index: delay === 0 ? live : index(delay) };
  };
  return {
    genesis,
    clock,
    switches,
    calendar: () => calendar,
    setCalendar: (timezone) => {
      calendar = createCalendar(timezone);
    },
    plains,
    contacts: searchable(contacts, (state) => state.archived && switches().archivedContacts === 'absent'),
    companies,
    conversations: searchable(conversations, () => false),
    tickets: searchable(tickets, () => false),
    membership,
    segmentCounts: createSegmentCounts(genesis, contacts, companies),
    deletedConversations: [],
    merged: new Map(),
    days: { passed: 0 },
    forget,
  };
}
