/**
 * What the tables must hold, computed from the truth of a simulated workspace and from the output
 * format (docs/output.md) alone: no code of the extractor is used.
 */
import { adminAvatarUrl } from '../../../lib/standins/intercom/generate/people.ts';
import type { JsonObject, Simulator, Switches } from '../../../lib/standins/intercom/index.ts';
import {
  canonical,
  type Exact,
  type ExactObject,
  isExactObject,
  overTheWire,
  parseExact,
  wellFormed,
} from './lossless-json.ts';
import { childrenOf, factsOf, keyText, TABLE_NAMES, type Table } from './tables.ts';

export type Rows = Map<string, ExactObject>;
export type Tables = Record<Table, Rows>;

/** Record of an object with the rows of its child tables, and the time that an incremental sync goes by. */
interface Family {
  readonly row: ExactObject;
  readonly stampedAt: number;
  readonly children: Readonly<Partial<Record<Table, readonly ExactObject[]>>>;
}

/** Intercom serves the newest 500 parts. */
const PARTS_SERVED = 500;

const exact = (record: JsonObject): ExactObject => wellFormed(overTheWire(record)) as ExactObject;

const text = (value: Exact | undefined): string => String(value);

const without = (record: ExactObject, ...names: readonly string[]): ExactObject =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));

const itemsIn = (value: Exact | undefined, name: string): readonly ExactObject[] => {
  const list = isExactObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list.filter(isExactObject) : [];
};

/** These fields of a record; null for those that it lacks. */
const fieldsOf = (record: ExactObject, names: readonly string[]): ExactObject =>
  Object.fromEntries(names.map((name) => [name, record[name] ?? null]));

const stamp = (record: ExactObject): number => Number(record.updated_at ?? 0);

const plain = (record: JsonObject): Family => {
  const row = exact(record);
  return { row, stampedAt: stamp(row), children: {} };
};

export interface TruthOptions {
  readonly simulator: Pick<Simulator, 'workspace'>;
  /** Switches that the truth API does not know of. */
  readonly switches?: Partial<Switches>;
  /** Contacts that are archived, which the truth API does not tell. */
  readonly archived?: ReadonlySet<string>;
}

type Families = (options: TruthOptions) => Iterable<Family>;

function* contacts({ simulator: { workspace }, switches, archived }: TruthOptions): Iterable<Family> {
  for (const record of workspace.contacts.records()) {
    const row = exact(record);
    const id = text(row.id);
    if (archived?.has(id) === true && switches?.archivedContacts !== 'present') continue;
    const { tagIds, companyIds } = workspace.contacts.relations(id);
    yield {
      row: without(row, 'tags', 'companies'),
      stampedAt: stamp(row),
      children: {
        contact_tag: tagIds.map((tag_id) => ({ contact_id: id, tag_id })),
        contact_company: companyIds.map((company_id) => ({ contact_id: id, company_id })),
        contact_subscription: ['opted_in', 'opted_out'].flatMap((choice) =>
          itemsIn(row[`${choice}_subscription_types`], 'data').map((type) => ({
            contact_id: id,
            subscription_type_id: type.id ?? null,
            choice,
          })),
        ),
        contact_note: workspace.contacts.notes(id).map((record) => {
          const note = exact(record);
          return {
            contact_id: id,
            ...fieldsOf(note, ['id', 'created_at', 'author', 'body']),
            author_id: objectIn(note, 'author').id ?? null,
          };
        }),
      },
    };
  }
}

/** Companies that have no user are in no list. */
function* companies({ simulator: { workspace }, switches }: TruthOptions): Iterable<Family> {
  for (const record of workspace.companies.records()) {
    const row = exact(record);
    const id = text(row.id);
    const isListed =
      workspace.companies.contactIds(id).length > 0 || switches?.scrollUserlessCompanies === 'present';
    if (!isListed) continue;
    const company_tag = workspace.companies.tagIds(id).map((tag_id) => ({
      company_id: id,
      tag_id,
      tag_name: exact(workspace.tags.record(tag_id) ?? {}).name ?? null,
    }));
    const company_segment = itemsIn(row.segments, 'segments').map((segment) => ({
      company_id: id,
      segment_id: segment.id ?? null,
    }));
    yield { row: without(row, 'tags'), stampedAt: stamp(row), children: { company_tag, company_segment } };
  }
}

const appliedTags = (row: ExactObject): readonly ExactObject[] =>
  itemsIn(row.tags, 'tags').map((tag) => ({
    tag_id: tag.id ?? null,
    tag_name: tag.name ?? null,
    applied_at: tag.applied_at ?? null,
    applied_by: tag.applied_by ?? null,
  }));

const contactsIn = (row: ExactObject): readonly ExactObject[] =>
  itemsIn(row.contacts, 'contacts').map(({ id: contact_id = null, external_id = null }) => ({
    contact_id,
    external_id,
  }));

const linksIn = (row: ExactObject): readonly ExactObject[] =>
  itemsIn(row.linked_objects, 'data').map(({ type = null, id: linked_id = null, category = null }) => ({
    type,
    linked_id,
    category,
  }));

function conversationOf(record: JsonObject): Family {
  const row = exact(record);
  const source = isExactObject(row.source) ? without(row.source, 'attachments') : row.source;
  const conversation_id = row.id ?? null;
  const agent = isExactObject(row.ai_agent) ? row.ai_agent : {};
  const responses = (name: string, in_office_hours: boolean): readonly ExactObject[] =>
    itemsIn(row.statistics, name).map(
      ({ team_id = null, team_name = null, response_time = null }, position) => ({
        conversation_id,
        in_office_hours,
        position,
        team_id: team_id === null ? null : String(team_id),
        team_name,
        response_time,
      }),
    );
  const children: Family['children'] = {
    conversation_tag: appliedTags(row).map((tag) => ({ conversation_id, ...tag })),
    conversation_contact: contactsIn(row).map((contact) => ({ conversation_id, ...contact })),
    conversation_teammate: itemsIn(row.teammates, 'admins').map(({ id: admin_id = null }) => ({
      conversation_id,
      admin_id,
    })),
    conversation_link: linksIn(row).map((link) => ({ conversation_id, ...link })),
    conversation_content_source: itemsIn(agent.content_sources, 'content_sources').map(
      (source, position) => ({
        conversation_id,
        position,
        ...fieldsOf(source, ['content_type', 'url', 'title', 'locale']),
      }),
    ),
    team_first_response: [
      ...responses('assigned_team_first_response_time', false),
      ...responses('assigned_team_first_response_time_in_office_hours', true),
    ],
  };
  const rest = without(row, 'tags', 'conversation_parts');
  return {
    row: source === undefined ? rest : { ...rest, source },
    stampedAt: stamp(row),
    children,
  };
}

const HEADERS = 'email_address_headers';

/** The families of a conversation's served parts, all stamped with the conversation's own time. */
function* conversationParts({ simulator: { workspace } }: TruthOptions): Iterable<Family> {
  for (const conversation of workspace.conversations.records()) {
    const conversation_id = text(exact(conversation).id);
    const stampedAt = stamp(exact(conversation));
    for (const record of workspace.conversations.parts(conversation_id).slice(-PARTS_SERVED)) {
      const part: ExactObject = { ...without(exact(record), 'attachments'), conversation_id };
      const metadata = part.email_message_metadata;
      const email_address_header = itemsIn(metadata, HEADERS).map((header, header_index) => ({
        conversation_id,
        conversation_part_id: part.id ?? null,
        header_index,
        type: header.type ?? null,
        email_address: header.email_address ?? null,
        name: header.name ?? null,
      }));
      const row = isExactObject(metadata)
        ? { ...part, email_message_metadata: without(metadata, HEADERS) }
        : part;
      yield { row, stampedAt, children: { email_address_header } };
    }
  }
}

const withoutUrls = (value: Exact): Exact =>
  Array.isArray(value)
    ? value.map((item: Exact) => (isExactObject(item) ? without(item, 'url') : item))
    : value;

const objectIn = (record: ExactObject, name: string): ExactObject => {
  const value = record[name];
  return isExactObject(value) ? value : {};
};

const TICKET_PART = [
  'id',
  'part_type',
  'body',
  'ticket_state',
  'previous_ticket_state',
  'created_at',
  'updated_at',
  'redacted',
  'external_id',
  'app_package_code',
];

function ticketPartOf(part: ExactObject): ExactObject {
  const [author, assignee, updated] = ['author', 'assigned_to', 'updated_attribute_data'].map((name) =>
    objectIn(part, name),
  );
  const attribute = objectIn(updated ?? {}, 'attribute');
  const value = objectIn(updated ?? {}, 'value');
  return {
    ...fieldsOf(part, TICKET_PART),
    author_type: author?.type ?? null,
    author_id: author?.id ?? null,
    assigned_to_type: assignee?.type ?? null,
    assigned_to_id: assignee?.id ?? null,
    updated_attribute_id: attribute.id ?? null,
    updated_attribute_name: attribute.label ?? null,
    updated_attribute_value_id: value.id ?? null,
    updated_attribute_value: value.label ?? null,
  };
}

function ticketOf(record: JsonObject): Family {
  const row = exact(record);
  const { id: ticket_id = null, ticket_attributes: attributes, ticket_parts: parts } = row;
  const kept = isExactObject(attributes)
    ? Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, withoutUrls(value)]))
    : attributes;
  const list = isExactObject(parts)
    ? { ...parts, ticket_parts: itemsIn(parts, 'ticket_parts').map((part) => without(part, 'attachments')) }
    : parts;
  return {
    row: {
      ...row,
      ...(kept === undefined ? {} : { ticket_attributes: kept }),
      ...(list === undefined ? {} : { ticket_parts: list }),
    },
    stampedAt: stamp(row),
    children: {
      ticket_part: itemsIn(parts, 'ticket_parts').map((part) => ({ ticket_id, ...ticketPartOf(part) })),
      ticket_contact: contactsIn(row).map((contact) => ({ ticket_id, ...contact })),
      ticket_link: linksIn(row).map((link) => ({ ticket_id, ...link })),
    },
  };
}

function teamOf(record: JsonObject): Family {
  const row = exact(record);
  const ids = Array.isArray(row.admin_ids) ? (row.admin_ids as readonly Exact[]) : [];
  const team_admin = ids.map((id) => ({ team_id: row.id ?? null, admin_id: String(id) }));
  return { row: without(row, 'admin_ids'), stampedAt: 0, children: { team_admin } };
}

/** Counts of members, which the list endpoint adds when asked. */
function* segments({ simulator: { workspace }, switches }: TruthOptions): Iterable<Family> {
  const counts = new Map<string, number>();
  const count = (ids: readonly string[]): void => {
    for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  };
  for (const id of workspace.contacts.ids()) count(workspace.contacts.relations(id).segmentIds);
  for (const id of workspace.companies.ids()) count(workspace.companies.segmentIds(id));
  const hidden = switches?.segmentsTypeCompany === 'ignored' ? workspace.companySegmentIds() : [];
  for (const record of workspace.segments.records()) {
    const family = plain(record);
    if (hidden.includes(text(family.row.id))) continue;
    yield { ...family, row: { ...family.row, count: counts.get(text(family.row.id)) ?? 0 } };
  }
}

function* admins({ simulator: { workspace }, switches }: TruthOptions): Iterable<Family> {
  for (const record of workspace.admins.records()) {
    const family = plain(record);
    const image_url = adminAvatarUrl(text(family.row.id));
    const avatar: Exact = switches?.adminAvatar === 'string' ? image_url : { type: 'avatar', image_url };
    yield { ...family, row: { ...family.row, avatar } };
  }
}

const TICKET_TYPE_ATTRIBUTE = [
  'id',
  'name',
  'description',
  'data_type',
  'input_options',
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

function* ticketTypes({ simulator: { workspace }, switches }: TruthOptions): Iterable<Family> {
  const data = [...workspace.ticketStates.records()].map(exact);
  for (const record of workspace.ticketTypes.records()) {
    const family = plain(record);
    if (family.row.archived === true && switches?.archivedTicketTypes === 'excluded') continue;
    const ticket_type_id = family.row.id ?? null;
    const ticket_type_attribute = itemsIn(family.row.ticket_type_attributes, 'data').map((attribute) => ({
      ticket_type_id,
      ...fieldsOf(attribute, TICKET_TYPE_ATTRIBUTE),
    }));
    const ticket_type_state = data.map((state) => ({
      ticket_type_id,
      ...fieldsOf(state, ['id', 'category', 'internal_label', 'external_label']),
    }));
    yield {
      ...family,
      row: { ...family.row, ticket_states: { type: 'list', data } },
      children: { ticket_type_attribute, ticket_type_state },
    };
  }
}

function articleOf(record: JsonObject): Family {
  const family = plain(record);
  const article_id = family.row.id ?? null;
  const parents = Array.isArray(family.row.parent_ids) ? (family.row.parent_ids as readonly Exact[]) : [];
  return {
    ...family,
    children: {
      article_collection: parents.map((id) => ({ article_id, collection_id: String(id) })),
      article_tag: appliedTags(family.row).map((tag) => ({ article_id, ...tag })),
    },
  };
}

function subscriptionTypeOf(record: JsonObject): Family {
  const { row } = plain(record);
  const translation = isExactObject(row.default_translation) ? row.default_translation : {};
  const { name = null, description = null } = translation;
  return { row: { ...row, name, description }, stampedAt: 0, children: {} };
}

function activityLogOf(record: JsonObject): Family {
  const row = exact(record);
  return { row, stampedAt: Number(row.created_at), children: {} };
}

const each =
  (
    records: (workspace: Simulator['workspace']) => Iterable<JsonObject>,
    family: (record: JsonObject) => Family,
  ): Families =>
  ({ simulator }) =>
    [...records(simulator.workspace)].map(family);

/** Keys are text, even where Intercom sends numbers. */
function listedOf(record: JsonObject): Family {
  const family = plain(record);
  return { ...family, row: { ...family.row, id: text(family.row.id) } };
}

/** A row for each article, also for one without statistics. */
function* articleStatistics({ simulator: { workspace } }: TruthOptions): Iterable<Family> {
  const known = new Map(workspace.rows.article_statistics().map((row) => [String(row.article_id), row]));
  for (const id of workspace.articles.ids()) yield plain({ article_id: id, ...known.get(id) });
}

/** What is written as it is listed. */
const LISTS = [
  'ticket_states',
  'brands',
  'emails',
  'away_status_reasons',
  'news_items',
  'newsfeeds',
  'internal_articles',
  'external_pages',
  'content_import_sources',
] as const;

const FAMILIES: Readonly<Record<string, Families>> = {
  contacts,
  companies,
  conversations: each(({ conversations }) => conversations.records(), conversationOf),
  conversation_parts: conversationParts,
  admins,
  tags: each(({ tags }) => tags.records(), plain),
  teams: each(({ teams }) => teams.records(), teamOf),
  segments,
  data_attributes: each(({ dataAttributes }) => dataAttributes.records(), plain),
  tickets: each(({ tickets }) => tickets.records(), ticketOf),
  ticket_types: ticketTypes,
  articles: each(({ articles }) => articles.records(), articleOf),
  collections: each(({ collections }) => collections.records(), plain),
  help_centers: each(({ helpCenters }) => helpCenters.records(), plain),
  subscription_types: each(({ subscriptionTypes }) => subscriptionTypes.records(), subscriptionTypeOf),
  activity_logs: each(({ activityLogs }) => activityLogs.records(), activityLogOf),
  segment_contact: each(({ rows }) => rows.segment_contact() as readonly JsonObject[], plain),
  calls: each(({ rows }) => rows.calls(), plain),
  article_statistics: articleStatistics,
  ...Object.fromEntries(
    LISTS.map((name) => [name, each(({ objects }) => objects[name].records(), listedOf)]),
  ),
};

export const emptyTables = (): Tables =>
  Object.fromEntries(TABLE_NAMES.map((table) => [table, new Map()])) as Tables;

export const copyTables = (tables: Tables): Tables =>
  Object.fromEntries(TABLE_NAMES.map((table) => [table, new Map(tables[table])])) as Tables;

const keyOf = (table: Table, row: ExactObject): string =>
  keyText(factsOf(table).key.map((name) => row[name]));

function forget(tables: Tables, table: Table): void {
  tables[table].clear();
  for (const child of childrenOf(table)) tables[child].clear();
}

/** Takes a record in, with its children in place of those it had. */
function put(tables: Tables, table: Table, { row, children }: Family): void {
  const key = keyOf(table, row);
  const isNew = !tables[table].has(key);
  tables[table].set(key, row);
  for (const child of childrenOf(table)) {
    const owner = factsOf(child).parent?.key ?? [];
    for (const [childKey, childRow] of isNew ? [] : tables[child]) {
      if (keyText(owner.map((name) => childRow[name])) === key) tables[child].delete(childKey);
    }
    for (const childRow of children[child] ?? []) tables[child].set(keyOf(child, childRow), childRow);
  }
}

export interface SyncedRange {
  /** Inclusive, epoch seconds: records stamped before were not read again. */
  readonly from?: number | null;
  /** Exclusive. */
  readonly to?: number | null;
}

/**
 * What a sync of these objects makes of the tables: a full-refresh object becomes what the workspace
 * holds; of an incremental one the records of the range are replaced and all others, deleted ones
 * among them, stay.
 */
export function synced(
  before: Tables,
  truth: TruthOptions,
  objects: readonly Table[],
  rangeOf: (object: Table) => SyncedRange = () => ({}),
): Tables {
  const tables = copyTables(before);
  for (const object of objects) {
    const families = FAMILIES[object];
    if (families === undefined) throw new Error(`no truth about ${object}`);
    if (factsOf(object).sync === 'full_refresh') forget(tables, object);
    const { from = null, to = null } = rangeOf(object);
    for (const family of families(truth)) {
      if (factsOf(object).sync === 'incremental') {
        if (from !== null && family.stampedAt < from) continue;
        if (to !== null && family.stampedAt >= to) continue;
      }
      put(tables, object, family);
    }
  }
  return tables;
}

/** Columns of JSON text in which Intercom sends a plain string at times; that is a JSON text then, too. */
const JSON_COLUMNS: Readonly<Partial<Record<Table, readonly string[]>>> = {
  admins: ['avatar'],
  articles: ['translated_content'],
  collections: ['translated_content'],
};

/** A child's `applied_by` is JSON too. */
const isNested = (table: Table, column: string, value: Exact): boolean =>
  (typeof value === 'object' && value !== null) || (JSON_COLUMNS[table]?.includes(column) ?? false);

/** Long values are shown from a little before where they begin to differ. */
function difference(found: string, wanted: string): string {
  let same = 0;
  while (same < found.length && found[same] === wanted[same]) same += 1;
  const shown = (text: string): string => text.slice(Math.max(0, same - 40), same + 60);
  return `${shown(found)} instead of ${shown(wanted)}`;
}

function cellProblem(
  table: Table,
  column: string,
  expected: Exact | undefined,
  actual: Exact | undefined,
): string | null {
  if (expected === undefined) {
    return actual === null ? null : `${column}: ${canonical(actual ?? null)}, and Intercom has no such field`;
  }
  if (actual === undefined) return `${column}: no such column`;
  const wanted = canonical(expected);
  if (isNested(table, column, expected) && expected !== null) {
    if (typeof actual !== 'string') return `${column}: ${canonical(actual)} is no JSON text`;
    const found = canonical(parseExact(actual));
    return found === wanted ? null : `${column}: ${difference(found, wanted)}`;
  }
  const found = canonical(actual);
  return found === wanted ? null : `${column}: ${difference(found, wanted)}`;
}

function ownColumns(table: Table): string {
  if (factsOf(table).parent !== undefined) return '_extracted_at,_parent_version,_run_id';
  return childrenOf(table).length === 0
    ? '_extracted_at,_run_id,_version'
    : '_extracted_at,_run_id,_unknown,_version';
}

/** What is wrong with a row, apart from our own columns; null if nothing is. */
function rowProblem(table: Table, expected: ExactObject, actual: ExactObject): string | null {
  const columns = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const column of columns) {
    if (column.startsWith('_')) continue;
    const problem = cellProblem(table, column, expected[column], actual[column]);
    if (problem !== null) return problem;
  }
  const own = Object.keys(actual)
    .filter((name) => name.startsWith('_'))
    .sort()
    .join();
  return own === ownColumns(table) ? null : `own columns ${own}`;
}

const MOST_PROBLEMS = 8;

/** Every difference between a table as it is and as it must be; the first few of them. */
export function tableProblems(
  table: Table,
  expected: ReadonlyMap<string, ExactObject>,
  actual: ReadonlyMap<string, ExactObject>,
): readonly string[] {
  const problems: string[] = [];
  for (const [key, row] of expected) {
    const found = actual.get(key);
    const problem = found === undefined ? 'is missing' : rowProblem(table, row, found);
    if (problem !== null) problems.push(`${table} ${key} ${problem}`);
  }
  for (const key of actual.keys()) {
    if (!expected.has(key)) problems.push(`${table} ${key} should not be there`);
  }
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more of ${table}`] : problems;
}
