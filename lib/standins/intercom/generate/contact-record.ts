/** Turns the state of a contact into the record that the API serves (docs/intercom-api.md 6.2). */
import { ADMIN_IDS, COMPANY_IDS, CONTACT_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { ContactNote, ContactState } from './contacts.ts';
import type { Genesis } from './genesis.ts';
import { author } from './personal.ts';

/** Embedded lists hold at most 10 items, without names (docs/intercom-api.md 6.2). */
const EMBEDDED_MAX = 10;

function addressable(contactId: string, path: string, type: string, ids: readonly string[]): JsonObject {
  return {
    type: 'list',
    data: ids.slice(0, EMBEDDED_MAX).map((id) => ({ id, type, url: `/${path}/${id}` })),
    url: `/contacts/${contactId}/${path}`,
    total_count: ids.length,
    has_more: ids.length > EMBEDDED_MAX,
  };
}

/** True if something that a contact refers to still exists. */
export interface Alive {
  tag(id: string): boolean;
  company(row: number): boolean;
}

/** The record in sections with different keys. The truth joins them as an object, the HTTP routes as text. */
export function contactSections(row: number, state: ContactState, alive: Alive): JsonObject[] {
  const id = CONTACT_IDS.idOf(row);
  const tagIds = state.tags.filter((tag) => alive.tag(tag.id)).map((tag) => tag.id);
  const companyIds = state.companies.filter(alive.company).map(COMPANY_IDS.idOf);
  return [
    { type: 'contact', id, created_at: state.createdAt, updated_at: state.updatedAt },
    state.fields,
    {
      tags: addressable(id, 'tags', 'tag', tagIds),
      notes: addressable(
        id,
        'notes',
        'note',
        state.notes.map((note) => note.id),
      ),
      companies: addressable(id, 'companies', 'company', companyIds),
      opted_out_subscription_types: addressable(id, 'subscriptions', 'subscription', state.optedOut),
      opted_in_subscription_types: addressable(id, 'subscriptions', 'subscription', state.optedIn),
    },
  ];
}

function noteRecord({ seed }: Genesis, contactId: string, note: ContactNote): JsonObject {
  const { id, createdAt, admin, body } = note;
  return {
    type: 'note',
    id,
    created_at: createdAt,
    contact: { type: 'contact', id: contactId },
    author:
      admin === null
        ? null
        : {
            ...author(seed, 'admin', ADMIN_IDS.idOf(admin), admin),
            away_mode_enabled: false,
            away_mode_reassign: false,
          },
    body,
  };
}

/** The notes of a contact, newest first (docs/intercom-api.md 6.2.6). */
export const noteRecords = (genesis: Genesis, contactId: string, { notes }: ContactState): JsonObject[] =>
  [...notes]
    .sort((a, b) => b.createdAt - a.createdAt || Number(b.id) - Number(a.id))
    .map((note) => noteRecord(genesis, contactId, note));
