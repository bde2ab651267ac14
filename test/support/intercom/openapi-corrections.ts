/** Where facts.md calls the schemas of openapi-2.15.yaml wrong: data, each with the section that says so. */

export interface Correction {
  /** Schema, then the property path inside it. */
  readonly at: readonly [schema: string, ...path: string[]];
  readonly facts: string;
  /** `null`: also null. Otherwise the schema that is right. */
  readonly be: 'nullable' | object;
  /** The schema as it is would accept the responses too, because it looks for another key and requires none. */
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
    facts: '4.1: {page, starting_after}',
    be: {
      type: 'object',
      properties: { page: { type: 'integer' }, starting_after: { type: 'string' } },
      required: ['page', 'starting_after'],
      additionalProperties: false,
    },
  },
  { at: ['company_list', 'pages'], facts: '4: pages_link', be: pagesLink },
  { at: ['article_list', 'pages'], facts: '4: pages_link', be: pagesLink },
  { at: ['collection_list', 'pages'], facts: '4: pages_link', be: pagesLink },
  { at: ['activity_log_list', 'pages'], facts: '4: pages_link', be: pagesLink },
  { at: ['error', 'request_id'], facts: '1: 20 characters, not a uuid', be: nullable('string') },
  { at: ['contact', 'email'], facts: 'fields.md part 4: null possible for leads', be: nullable('string') },
  { at: ['contact_tags', 'url'], facts: '6.2: relative urls', be: url },
  { at: ['contact_notes', 'url'], facts: '6.2: relative urls', be: url },
  { at: ['contact_companies', 'url'], facts: '6.2: relative urls', be: url },
  { at: ['addressable_list', 'type'], facts: '6.2: the type is a word, not a uri', be: url },
  { at: ['addressable_list', 'url'], facts: '6.2: relative urls', be: url },
  { at: ['company_data', 'url'], facts: '6.2: relative urls', be: url },
  { at: ['company', 'custom_attributes'], facts: '6.3: values are any type', be: { type: 'object' } },
  { at: ['company', 'monthly_spend'], facts: '6.3: data attribute says float', be: { type: 'number' } },
  {
    at: ['conversation_teammates'],
    facts: '6.4: null or {type: admin.list, admins}',
    blind: true,
    be: { type: ['object', 'null'], properties: { type: { enum: ['admin.list'] } }, required: ['admins'] },
  },
  { at: ['conversation_source'], facts: '6.4: source can be null', be: 'nullable' },
  ...statistics.map(
    (field): Correction => ({
      at: ['conversation_statistics', field],
      facts: '6.4: every statistic may be null',
      be: 'nullable',
    }),
  ),
  { at: ['conversation_part_author', 'email'], facts: '6.4: "" for leads', be: { type: 'string' } },
  { at: ['custom_attributes'], facts: '6.4, 6.2: values of any type', be: { type: 'object' } },
  {
    at: ['ticket_type_attribute_list'],
    facts: '6.6: {type: list, data}',
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
  { at: ['ticket_part_author', 'email'], facts: '6.4: "" for leads', be: { type: 'string' } },
  { at: ['admin', 'avatar'], facts: '6.7: an object with display_avatar', be: { type: 'object' } },
  { at: ['data_attribute', 'model'], facts: '6.7: enum lacks conversation', be: { type: 'string' } },
  {
    at: ['article_translated_content'],
    facts: '6.8: sometimes a string or empty',
    be: { type: ['object', 'string', 'null'] },
  },
  {
    at: ['group_translated_content'],
    facts: '6.8: sometimes a string or empty',
    be: { type: ['object', 'string', 'null'] },
  },
  { at: ['activity_log', 'activity_type'], facts: '6.9: enum is open ended', be: { type: 'string' } },
  { at: ['activity_log_metadata'], facts: '6.9: free-form', be: { type: ['object', 'null'] } },
  {
    at: ['ticket_type_attribute', 'input_options'],
    facts: 'fields.md: null in an example (seen only once its list has the right key)',
    blind: true,
    be: 'nullable',
  },
  {
    at: ['contact_attached_companies'],
    facts: '6.2: key data, emitted',
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
