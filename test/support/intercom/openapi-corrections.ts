/** Schemas of openapi-2.15.yaml that are wrong, each with the reason and its number in docs/intercom-api.md. */

export interface Correction {
  /** Schema, then the property path inside it. */
  readonly at: readonly [schema: string, ...path: string[]];
  readonly why: string;
  /** `nullable`: null is valid, too. Otherwise the schema that is right. */
  readonly be: 'nullable' | object;
  /** The wrong schema accepts the responses as well, because it looks for another key and requires none. */
  readonly blind?: true;
}

const url = { type: 'string' };
const nullable = (type: string): object => ({ type: [type, 'null'] });
const pagesLink = {
  type: 'object',
  properties: {
    type: { enum: ['pages'] },
    next: nullable('string'),
    page: { type: 'integer' },
    per_page: { type: 'integer' },
  },
  required: ['type', 'page', 'per_page', 'total_pages'],
};
const statistics = [
  'time_to_assignment',
  'time_to_admin_reply',
  'time_to_first_close',
  'time_to_last_close',
  'median_time_to_reply',
  'first_contact_reply_at',
  'first_assignment_at',
  'first_admin_reply_at',
  'first_close_at',
  'last_assignment_at',
  'last_assignment_admin_reply_at',
  'last_contact_reply_at',
  'last_admin_reply_at',
  'last_close_at',
  'last_closed_by_id',
  'handling_time',
];

export const CORRECTIONS: readonly Correction[] = [
  {
    at: ['starting_after_paging'],
    why: '4.1: {page, starting_after}',
    be: {
      type: 'object',
      properties: { page: { type: 'integer' }, starting_after: { type: 'string' } },
      required: ['page', 'starting_after'],
      additionalProperties: false,
    },
  },
  { at: ['company_list', 'pages'], why: '4: pages_link', be: pagesLink },
  { at: ['article_list', 'pages'], why: '4: pages_link', be: pagesLink },
  { at: ['collection_list', 'pages'], why: '4: pages_link', be: pagesLink },
  { at: ['activity_log_list', 'pages'], why: '4: pages_link', be: pagesLink },
  { at: ['note_list', 'pages'], why: '4: pages_link', be: pagesLink },
  { at: ['call_list', 'pages'], why: '4: pages_link', be: pagesLink },
  { at: ['call', 'answered_at'], why: '6.11: null if nobody answered', be: 'nullable' },
  { at: ['call', 'ended_at'], why: '6.11: null while it lasts', be: 'nullable' },
  { at: ['error', 'request_id'], why: '1: 20 characters, not a uuid', be: nullable('string') },
  { at: ['contact', 'email'], why: '6.2: null possible for leads', be: nullable('string') },
  { at: ['contact_tags', 'url'], why: '6.2: relative urls', be: url },
  { at: ['contact_notes', 'url'], why: '6.2: relative urls', be: url },
  { at: ['contact_companies', 'url'], why: '6.2: relative urls', be: url },
  { at: ['addressable_list', 'type'], why: '6.2: the type is a word, not a uri', be: url },
  { at: ['addressable_list', 'url'], why: '6.2: relative urls', be: url },
  { at: ['company_data', 'url'], why: '6.2: relative urls', be: url },
  { at: ['company', 'custom_attributes'], why: '6.3: values are any type', be: { type: 'object' } },
  { at: ['company', 'monthly_spend'], why: '6.3: its data attribute says float', be: { type: 'number' } },
  {
    at: ['conversation_teammates'],
    why: '6.4: null or {type: admin.list, admins}',
    blind: true,
    be: { type: ['object', 'null'], properties: { type: { enum: ['admin.list'] } }, required: ['admins'] },
  },
  { at: ['conversation_source'], why: '6.4: source can be null', be: 'nullable' },
  ...statistics.map(
    (field): Correction => ({
      at: ['conversation_statistics', field],
      why: '6.4: every statistic may be null',
      be: 'nullable',
    }),
  ),
  { at: ['conversation_part_author', 'email'], why: '6.4: "" for leads', be: { type: 'string' } },
  { at: ['custom_attributes'], why: '6.4, 6.2: values of any type', be: { type: 'object' } },
  {
    at: ['ticket_type_attribute_list'],
    why: '6.6: {type: list, data}',
    blind: true,
    be: {
      type: 'object',
      properties: {
        type: { enum: ['list'] },
        data: { type: 'array', items: { $ref: '#/components/schemas/ticket_type_attribute' } },
      },
      required: ['data'],
    },
  },
  { at: ['ticket_part_author', 'email'], why: '6.4: "" for leads', be: { type: 'string' } },
  { at: ['admin', 'avatar'], why: '6.7: an object with display_avatar', be: { type: 'object' } },
  { at: ['data_attribute', 'model'], why: '6.7: the enum lacks conversation', be: { type: 'string' } },
  {
    at: ['article_translated_content'],
    why: '6.8: sometimes a string or empty',
    be: { type: ['object', 'string', 'null'] },
  },
  {
    at: ['group_translated_content'],
    why: '6.8: sometimes a string or empty',
    be: { type: ['object', 'string', 'null'] },
  },
  { at: ['activity_log', 'activity_type'], why: '6.9: the enum is open-ended', be: { type: 'string' } },
  { at: ['activity_log_metadata'], why: '6.9: free-form', be: { type: ['object', 'null'] } },
  {
    at: ['ticket_type_attribute', 'input_options'],
    why: '6.6: null in an example (checked only once its list has the right key)',
    blind: true,
    be: 'nullable',
  },
  {
    at: ['contact_attached_companies'],
    why: '6.2: the key is data',
    blind: true,
    be: {
      type: 'object',
      properties: {
        data: { type: 'array', items: { $ref: '#/components/schemas/company' } },
        pages: { $ref: '#/components/schemas/pages_link' },
      },
      required: ['data', 'pages', 'total_count'],
    },
  },
];
