/**
 * Places that occur in several JSON columns, with their leaves that are not personal. As everywhere, `type`,
 * `id` and `*_id` need not be listed.
 */
import type { ChildColumn } from '../core/declaration.ts';
import { pathFrom } from '../core/paths.ts';
import { childColumn, json, PERSONAL, string, timestamp } from './declare.ts';

/** The leaves of a place, as paths from the column. */
export const at = (place: string, leaves: readonly string[]): readonly string[] =>
  leaves.map((leaf) => pathFrom(place, leaf));

/** A list of references, cut off after 10 (docs/intercom-api.md 6.2). */
export const REFERENCES = ['data[].url', 'url', 'total_count', 'has_more'];

/** Contacts of a conversation or a ticket. */
export const CONTACT_REFERENCES = { personal: ['contacts[].external_id'], plain: [] };

export const PLAN = ['name'];

export const SEGMENT = ['name', 'created_at', 'updated_at', 'person_type', 'count'];

/** `applied_by` is personal. */
export const TAG = ['name', 'applied_at'];

/** Columns of a child table of contacts. */
export const REFERENCED_CONTACT: readonly ChildColumn[] = [
  childColumn({ item: 'id' }, string('contact_id', '`contacts.id`.')),
  childColumn(
    { item: 'external_id' },
    string('external_id', "The customer's own id of the person.", PERSONAL),
  ),
];

/** Columns of a child table of linked objects. */
export const LINKED: readonly ChildColumn[] = [
  childColumn({ item: 'type' }, string('type', 'What is linked: `conversation` or `ticket`.')),
  childColumn({ item: 'id' }, string('linked_id', 'Id of what is linked.')),
  childColumn({ item: 'category' }, string('category', 'Category of a linked ticket.')),
];

/** Columns of a child table of tags that say who applied them. */
export const APPLIED_TAG: readonly ChildColumn[] = [
  childColumn({ item: 'id' }, string('tag_id', '`tags.id`.')),
  childColumn({ item: 'name' }, string('tag_name', 'Name of the tag.')),
  childColumn({ item: 'applied_at' }, timestamp('applied_at', 'When the tag was applied.')),
  childColumn(
    { item: 'applied_by' },
    json('applied_by', 'Teammate who applied the tag: a reference.', PERSONAL),
  ),
];

export const TICKET_STATE = ['category', 'internal_label', 'external_label'];

/** The documentation lists no keys. These occur in its examples and requests, and in the real API. */
export const INPUT_OPTIONS = ['', 'multiline', 'allow_multiple_values', 'list_items', 'list_options[].label'];

const TICKET_TYPE_ATTRIBUTE = [
  'name',
  'description',
  'data_type',
  ...at('input_options', INPUT_OPTIONS),
  'order',
  'required_to_create',
  'required_to_create_for_contacts',
  'visible_on_create',
  'visible_to_contacts',
  'default',
  'archived',
  'created_at',
  'updated_at',
];

/** The key is `ticket_type_attributes` in the schema, but the real API sends `data` (docs/intercom-api.md 10). */
export const TICKET_TYPE_ATTRIBUTES = [
  ...at('data[]', TICKET_TYPE_ATTRIBUTE),
  ...at('ticket_type_attributes[]', TICKET_TYPE_ATTRIBUTE),
];

export const TICKET_STATES = at('data[]', TICKET_STATE);

export const TICKET_TYPE = [
  'name',
  'description',
  'icon',
  'category',
  'archived',
  'is_internal',
  'created_at',
  'updated_at',
  ...at('ticket_type_attributes', TICKET_TYPE_ATTRIBUTES),
  ...at('ticket_states', TICKET_STATES),
];

/** Linked conversations and tickets. Their titles are text that a person wrote. */
export const LINKED_OBJECTS = {
  personal: ['data[].title'],
  plain: ['data[].category', 'total_count', 'has_more'],
};
