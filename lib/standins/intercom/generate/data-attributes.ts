/** Data attributes: the standard ones, and the custom ones that the records have (docs/intercom-api.md 6.7). */
import { ADMIN_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { type Genesis, historyStart } from './genesis.ts';

interface AttributeSpec {
  readonly model: 'contact' | 'company' | 'conversation';
  readonly fullName: string;
  readonly type: string;
  readonly archived?: boolean;
  readonly options?: readonly string[];
}

const STANDARD: readonly AttributeSpec[] = [
  { model: 'contact', fullName: 'name', type: 'string' },
  { model: 'contact', fullName: 'email', type: 'string' },
  { model: 'contact', fullName: 'location.city', type: 'string' },
  { model: 'contact', fullName: 'created_at', type: 'date' },
  { model: 'company', fullName: 'name', type: 'string' },
  { model: 'company', fullName: 'plan.name', type: 'string' },
  { model: 'company', fullName: 'monthly_spend', type: 'float' },
  { model: 'conversation', fullName: 'title', type: 'string' },
];

/** The custom attributes that the records have. `fullName` lacks the prefix `custom_attributes.` here. */
const CUSTOM: readonly AttributeSpec[] = [
  { model: 'contact', fullName: 'paid_subscriber', type: 'boolean' },
  { model: 'contact', fullName: 'monthly_spend', type: 'float' },
  { model: 'contact', fullName: 'favourite colour', type: 'string', options: ['blue', 'green 🟢'] },
  { model: 'contact', fullName: 'attachments', type: 'string' },
  { model: 'contact', fullName: 'legacy_number', type: 'integer' },
  { model: 'contact', fullName: 'renewal_date', type: 'date' },
  { model: 'contact', fullName: 'old_flag', type: 'boolean', archived: true },
  { model: 'company', fullName: 'plan tier', type: 'string' },
  { model: 'company', fullName: 'employees', type: 'integer' },
  { model: 'conversation', fullName: 'CX Score rating', type: 'integer' },
  { model: 'conversation', fullName: 'Copilot used', type: 'boolean' },
];

/** Only custom attributes have `id`, times and `admin_id` (docs/intercom-api.md 6.7). */
export function dataAttributes(genesis: Genesis): JsonObject[] {
  const attribute = (spec: AttributeSpec, custom: boolean): JsonObject => ({
    type: 'data_attribute',
    name: spec.fullName.split('.').at(-1) ?? spec.fullName,
    full_name: custom ? `custom_attributes.${spec.fullName}` : spec.fullName,
    label: spec.fullName,
    description: custom ? '' : `The ${spec.fullName} of the ${spec.model}`,
    data_type: spec.type,
    ...(spec.options === undefined ? {} : { options: spec.options }),
    api_writable: custom,
    ui_writable: custom,
    messenger_writable: false,
    custom,
    archived: spec.archived ?? false,
    model: spec.model,
  });
  const createdAt = historyStart(genesis);
  return [
    ...STANDARD.map((spec) => attribute(spec, false)),
    ...CUSTOM.map((spec, row) => ({
      id: 34_000 + row,
      ...attribute(spec, true),
      admin_id: ADMIN_IDS.idOf(0),
      created_at: createdAt + row,
      updated_at: createdAt + row * 10,
    })),
  ];
}
