/** Compares the declarations with Intercom's own OpenAPI file, if the environment names it. */
import { readFileSync } from 'node:fs';
import { test as base, expect } from 'vitest';
import { parse } from 'yaml';
import type { Column } from '../../../functions/core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../functions/core/json.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { wronglyHashed } from '../../support/hashed-leaves.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface OpenApi {
  readonly paths: JsonObject;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Objects with a schema: a membership in a segment is two ids and has none. */
type Described = Exclude<ObjectName, 'segment_contact'>;

const SCHEMA_OF: Readonly<Record<Described, string>> = {
  contacts: 'contact',
  companies: 'company',
  conversations: 'conversation',
  conversation_parts: 'conversation_part',
  admins: 'admin',
  tags: 'tag',
  teams: 'team',
  segments: 'segment',
  data_attributes: 'data_attribute',
  tickets: 'ticket',
  ticket_types: 'ticket_type',
  articles: 'article',
  collections: 'collection',
  help_centers: 'help_center',
  subscription_types: 'subscription_type',
  activity_logs: 'activity_log',
  ticket_states: 'ticket_state_detailed',
  brands: 'brand',
  emails: 'email_setting',
  away_status_reasons: 'away_status_reason',
  news_items: 'news_item',
  newsfeeds: 'newsfeed',
  internal_articles: 'internal_article_list_item',
  external_pages: 'external_page',
  content_import_sources: 'content_import_source',
  calls: 'call',
  article_statistics: 'article_statistics',
};

const DESCRIBED = Object.keys(SCHEMA_OF) as readonly Described[];

/** Properties of the schemas that are deliberately not columns. */
const NOT_SYNCED: readonly string[] = [
  // Only on a tag that is embedded in a tagged record, where it is in a child table.
  'tags.applied_at',
  'tags.applied_by',
  // In a table of their own.
  'articles.statistics',
];

/** Columns that the schemas lack. */
const NOT_IN_SCHEMA: readonly string[] = [
  // In the examples of the same file.
  'contacts.opted_in_subscription_types',
  'contacts.opted_out_subscription_types',
  'contacts.utm_campaign',
  'contacts.utm_content',
  'contacts.utm_medium',
  'contacts.utm_source',
  'contacts.utm_term',
  'contacts.referrer',
  'contacts.enabled_push_messaging',
  'conversations.topics',
  'conversations.ticket',
  'ticket_types.is_internal',
  // Seen live.
  'contacts.sms_consent',
  'contacts.unsubscribed_from_sms',
  // Personal if it appears.
  'contacts.last_seen_ip',
  // Added by us: the conversation of a part, the default translation.
  'conversation_parts.conversation_id',
  'subscription_types.name',
  'subscription_types.description',
  // In what the search for transcripts answers.
  'calls.transcript',
  'calls.transcript_status',
  // The article that they belong to, and the name in the example.
  'article_statistics.article_id',
  'article_statistics.conversations',
];

/** Columns whose type differs from the schema. */
const OTHER_TYPE: Readonly<Record<string, Column['type']>> = {
  // Ids are strings, like the ids that they join with.
  'contacts.owner_id': 'string',
  'admins.away_status_reason_id': 'string',
  'articles.author_id': 'string',
  'articles.parent_id': 'string',
  'collections.help_center_id': 'string',
  'news_items.sender_id': 'string',
  'internal_articles.owner_id': 'string',
  'internal_articles.author_id': 'string',
  'external_pages.source_id': 'string',
  'content_import_sources.id': 'string',
  // Fractions.
  'companies.monthly_spend': 'number',
  'article_statistics.happy_reaction_percentage': 'number',
  'article_statistics.neutral_reaction_percentage': 'number',
  'article_statistics.sad_reaction_percentage': 'number',
  // An object in the text of the same file.
  'admins.avatar': 'json',
  // Integers in the example, integers or text in the schema.
  'calls.initiated_at': 'timestamp',
  'calls.answered_at': 'timestamp',
  'calls.ended_at': 'timestamp',
  'calls.created_at': 'timestamp',
  'calls.updated_at': 'timestamp',
};

const file = process.env.INTERCOM_OPENAPI;
const loaded = file === undefined ? undefined : (parse(readFileSync(file, 'utf8')) as OpenApi);

const test = base.extend<{ openApi: OpenApi }>({
  openApi: async ({ skip }, use) => {
    if (loaded === undefined) return skip('INTERCOM_OPENAPI does not name the OpenAPI 2.15 file');
    await use(loaded);
  },
});

function resolve(openApi: OpenApi, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  return resolve(openApi, openApi.components.schemas[name] ?? {});
}

function propertiesOf(openApi: OpenApi, schema: Schema): Readonly<Record<string, Schema>> {
  const resolved = resolve(openApi, schema);
  const inherited = (resolved.allOf ?? []).map((part) => propertiesOf(openApi, part));
  return Object.assign({}, ...inherited, resolved.properties);
}

const propertiesOfObject = (openApi: OpenApi, name: Described): Readonly<Record<string, Schema>> =>
  propertiesOf(openApi, { $ref: `#/components/schemas/${SCHEMA_OF[name]}` });

const TIME = /_(at|since|until)$/;

function expectedType(openApi: OpenApi, name: string, schema: Schema): string {
  const { type } = resolve(openApi, schema);
  if (type === 'integer') return TIME.test(name) ? 'timestamp' : 'integer';
  return type === 'string' || type === 'boolean' ? type : 'json';
}

test.for(DESCRIBED)(
  '%s: every property is a column, omitted, or deliberately left out',
  (name, { openApi }) => {
    const { columns, omit } = OBJECTS[name];
    const known = new Set([...columns.map((column) => column.name), ...omit]);
    const properties = Object.keys(propertiesOfObject(openApi, name));
    expect(properties.length).toBeGreaterThan(0);
    const missing = properties.filter((property) => !known.has(property));
    expect(missing.filter((property) => !NOT_SYNCED.includes(`${name}.${property}`))).toEqual([]);
  },
);

test.for(DESCRIBED)('%s: every column is a property, or listed with a reason', (name, { openApi }) => {
  const properties = propertiesOfObject(openApi, name);
  const extra = OBJECTS[name].columns.filter((column) => properties[column.name] === undefined);
  expect(extra.map((column) => `${name}.${column.name}`).sort()).toEqual(
    NOT_IN_SCHEMA.filter((path) => path.startsWith(`${name}.`)).sort(),
  );
});

test.for(DESCRIBED)(
  '%s: every column has the type of its property, or is listed with a reason',
  (name, { openApi }) => {
    const properties = propertiesOfObject(openApi, name);
    for (const column of OBJECTS[name].columns) {
      const property = properties[column.name];
      if (property === undefined) continue;
      const path = `${name}.${column.name}`;
      const type = OTHER_TYPE[path] ?? expectedType(openApi, column.name, property);
      expect(`${path}: ${column.type}`).toBe(`${path}: ${type}`);
    }
  },
);

/** Values of a schema, one for each of its variants, with every documented leaf in one of them. */
function samplesOf(openApi: OpenApi, schema: Schema, around: readonly Schema[]): readonly JsonValue[] {
  const { allOf = [], anyOf = [], oneOf = [], ...own } = resolve(openApi, schema);
  const inside = (one: Schema) => samplesOf(openApi, one, [...around, resolve(openApi, schema)]);
  // A schema that contains itself is followed once.
  if (around.includes(resolve(openApi, schema))) return [];
  const variants = [...allOf, ...anyOf, ...oneOf].flatMap(inside);
  if (own.items !== undefined) return [...variants, ...inside(own.items).map((item) => [item])];
  const properties = Object.entries(own.properties ?? {});
  if (properties.length === 0) return variants.length > 0 ? variants : ['leaf'];
  return [...variants, ...properties.flatMap(([key, one]) => inside(one).map((value) => ({ [key]: value })))];
}

test.for(DESCRIBED)('%s: hashing leaves every documented leaf that is not personal', (name, { openApi }) => {
  const properties = Object.entries(propertiesOfObject(openApi, name));
  const samples = properties.flatMap(([key, schema]) =>
    samplesOf(openApi, schema, []).map((value): JsonObject => ({ [key]: value })),
  );
  expect(samples.length).toBeGreaterThanOrEqual(properties.length);
  expect(samples.flatMap((record) => wronglyHashed(OBJECTS[name], record))).toEqual([]);
});

/** Every object in the examples of answers that names its type. */
function examplesOf(value: JsonValue | undefined, type: string): readonly JsonObject[] {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => examplesOf(item, type));
  if (!isJsonObject(value)) return [];
  const inside = Object.entries(value).flatMap(([key, one]) =>
    key === 'requestBody' ? [] : examplesOf(one, type),
  );
  return value.type === type ? [value, ...inside] : inside;
}

/** Objects whose examples cannot be identified: the records have no type, or not the schema's name. */
const NOT_FOUND: readonly ObjectName[] = [
  'collections',
  'help_centers',
  'subscription_types',
  'activity_logs',
  'away_status_reasons',
  'internal_articles',
];

/** What examples call a record, where it is not the schema's name. */
const TYPE_IN_EXAMPLES: Readonly<Partial<Record<ObjectName, string>>> = {
  ticket_states: 'ticket_state',
  news_items: 'news-item',
};

test.for(DESCRIBED)('%s: hashing leaves every leaf of the examples', (name, { openApi }) => {
  const examples = examplesOf(openApi.paths, TYPE_IN_EXAMPLES[name] ?? SCHEMA_OF[name]);
  expect(examples.length > 0).toBe(!NOT_FOUND.includes(name));
  const changed = examples.flatMap((record) => wronglyHashed(OBJECTS[name], record));
  expect([...new Set(changed)]).toEqual([]);
});
