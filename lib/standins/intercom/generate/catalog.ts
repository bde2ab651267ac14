/** Small lists without personal data: tags, segments, subscription types, ticket types and states. */
import {
  COMPANY_SEGMENT_IDS,
  SEGMENT_IDS,
  SUBSCRIPTION_IDS,
  TAG_IDS,
  TICKET_STATE_IDS,
  TICKET_TYPE_IDS,
  WORKSPACE_ID,
} from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { type Genesis, historyStart } from './genesis.ts';

const range = <T>(count: number, make: (row: number) => T): T[] =>
  Array.from({ length: count }, (_, row) => make(row));

const TAG_NAMES = ['VIP', 'churn risk', '🔥 urgent', 'Ünïcode', 'إصدار تجريبي', 'beta "testers"', 'billing'];

export const tags = ({ sizes }: Genesis): JsonObject[] =>
  range(sizes.tags, (row) => ({
    type: 'tag',
    id: TAG_IDS.idOf(row),
    name: row < TAG_NAMES.length ? TAG_NAMES[row] : `Tag ${row}`,
  }));

function segment(genesis: Genesis, row: number, id: string, name: string): JsonObject {
  const createdAt = historyStart(genesis) + row * 3600;
  const person = row % 2 === 0 ? 'contact' : 'user';
  return {
    type: 'segment',
    id,
    name,
    created_at: createdAt,
    updated_at: createdAt + row * 60,
    person_type: person,
  };
}

export const segments = (genesis: Genesis): JsonObject[] =>
  range(genesis.sizes.segments, (row) =>
    segment(genesis, row, SEGMENT_IDS.idOf(row), `Segment ${row} — aktive`),
  );

export const companySegmentCount = ({ sizes }: Genesis): number => Math.ceil(sizes.segments / 3);

export const companySegments = (genesis: Genesis): JsonObject[] =>
  range(companySegmentCount(genesis), (row) =>
    segment(genesis, row, COMPANY_SEGMENT_IDS.idOf(row), `Companies ${row}`),
  );

const CONSENT = [
  ['opt_out', 'live', ['email']],
  ['opt_in', 'live', ['email', 'sms_message']],
  ['opt_out', 'draft', ['sms_message']],
  ['opt_in', 'archived', []],
] as const;

export const subscriptionTypes = ({ sizes }: Genesis): JsonObject[] =>
  range(sizes.subscription_types, (row) => {
    const [consent, state, content] = CONSENT[row % CONSENT.length] ?? CONSENT[0];
    const english = { name: `Newsletter ${row}`, description: `Lorem ipsum ${row}`, locale: 'en' };
    return {
      type: 'subscription',
      id: SUBSCRIPTION_IDS.idOf(row),
      state,
      default_translation: english,
      translations:
        row % 2 === 0
          ? [english]
          : [english, { name: `Infobrief ${row}`, description: 'Größe', locale: 'de' }],
      consent_type: consent,
      content_types: content,
    };
  });

const STATES = [
  ['submitted', 'Submitted'],
  ['in_progress', 'In progress'],
  ['waiting_on_customer', 'Waiting on you'],
  ['resolved', 'Resolved'],
  ['in_progress', 'Escalated 🚨'],
] as const;

/** States as embedded in tickets and ticket types. GET /ticket_states adds `archived` and `ticket_types`. */
export const ticketStates = (): JsonObject[] =>
  STATES.map(([category, label], row) => ({
    type: 'ticket_state',
    id: TICKET_STATE_IDS.idOf(row),
    category,
    internal_label: label,
    external_label: label,
  }));

const CATEGORIES = ['Customer', 'Back-office', 'Tracker'] as const;
const ATTRIBUTES = [
  ['_default_title_', 'string', true],
  ['_default_description_', 'string', true],
  ['Order number', 'integer', false],
  ['Refund, exact amount', 'decimal', false],
  ['Urgent?', 'boolean', false],
  ['Due', 'datetime', false],
  ['Evidence', 'files', false],
  ['Severity', 'list', false],
] as const;

/** The schema has the key `ticket_type_attributes`; live answers and examples have `data` (docs/intercom-api.md 6.6). */
export const ticketTypes = (genesis: Genesis): JsonObject[] =>
  range(genesis.sizes.ticket_types, (row) => {
    const id = TICKET_TYPE_IDS.idOf(row);
    const createdAt = historyStart(genesis) + row * 86_400;
    return {
      type: 'ticket_type',
      id,
      name: `Ticket type ${row} 🎫`,
      description: `Used for ${row}`,
      icon: '🦁',
      workspace_id: WORKSPACE_ID,
      archived: row > 2 && row % 4 === 3,
      created_at: createdAt,
      updated_at: createdAt + 60,
      is_internal: row % 3 === 1,
      ticket_type_attributes: {
        type: 'list',
        data: ATTRIBUTES.map(([name, dataType, isDefault], order) => ({
          type: 'ticket_type_attribute',
          id: String(1000 + row * ATTRIBUTES.length + order),
          workspace_id: WORKSPACE_ID,
          name,
          description: '',
          data_type: dataType,
          input_options:
            dataType === 'list' ? { multiline: false, list_options: [{ id: 'a', label: 'High' }] } : null,
          order,
          required_to_create: isDefault,
          required_to_create_for_contacts: false,
          visible_on_create: true,
          visible_to_contacts: order % 2 === 0,
          default: isDefault,
          ticket_type_id: Number(id),
          archived: false,
          created_at: createdAt,
          updated_at: createdAt,
        })),
      },
      category: CATEGORIES[row % CATEGORIES.length],
    };
  });
