/**
 * A small Intercom in memory, as odd as the real one may be: several replicas that lag, answers that may be newer
 * than the index, counts of records that are never listed, cursors that are refused. It answers the client's
 * requests, so that the real readers read it.
 */
import { RetryableError } from '../../functions/core/errors.ts';
import type { JsonObject, JsonValue } from '../../functions/core/json.ts';
import type { TableName } from '../../functions/core/names.ts';
import type { Answer, IntercomClient, RequestOptions } from '../../functions/intercom/http/client.ts';
import { errorOf, type Failure } from '../../functions/intercom/http/failures.ts';
import { localDate } from '../support/search-world.ts';
import type { Random } from './random.ts';

export const MODELLED = [
  'contacts',
  'tickets',
  'conversations',
  'conversation_parts',
  'activity_logs',
  'companies',
  'articles',
  'tags',
] as const;
export type Modelled = (typeof MODELLED)[number];

/** No two alike. Some are addresses of people, who may ask to be erased. */
const nameOf = (number: number): string => `name${number}${number % 4 === 0 ? ADDRESS_END : ''}`;
export const ADDRESS_END = '@person.example';

interface Part {
  readonly id: string;
  readonly body: string;
  readonly headers: readonly string[];
}

/** What Intercom holds of a record. */
export interface Truth {
  readonly id: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly name: string;
  readonly tags: readonly string[];
  readonly companies: readonly string[];
  readonly parts: readonly Part[];
}

/** Lists that their parents keep: whole, cut, or not sent. Nobody asks for the rest, and nothing is owed. */
interface KeptList {
  readonly table: TableName;
  readonly field: string;
  /** The end of the row's key, after the ids of the record and the item. */
  readonly suffix?: string;
  readonly render: (ids: readonly string[], total: number) => JsonObject;
}

const held =
  (key: string) =>
  (ids: readonly string[]): JsonValue[] =>
    ids.map((id) => ({ type: key, id }));

export const KEPT: Readonly<Partial<Record<Modelled, KeptList>>> = {
  contacts: {
    table: 'contact_subscription',
    field: 'opted_in_subscription_types',
    suffix: ' / opted_in',
    render: (ids, total) => ({
      opted_in_subscription_types: { data: held('subscription')(ids), total_count: total },
      opted_out_subscription_types: { data: [], total_count: 0, has_more: false },
    }),
  },
  tickets: {
    table: 'ticket_contact',
    field: 'contacts',
    render: (ids, total_count) => ({ contacts: { contacts: held('contact')(ids), total_count } }),
  },
  conversations: {
    table: 'conversation_contact',
    field: 'contacts',
    render: (ids, total_count) => ({ contacts: { contacts: held('contact')(ids), total_count } }),
  },
  companies: {
    table: 'company_segment',
    field: 'segments',
    render: (ids, total_count) => ({ segments: { segments: held('segment')(ids), total_count } }),
  },
  articles: { table: 'article_collection', field: 'parent_ids', render: (ids) => ({ parent_ids: [...ids] }) },
};

/** A number for each version of a record, so that no other chance of a history moves. */
function digestOf(text: string): number {
  let digest = 7;
  for (const letter of text) digest = (digest * 31 + letter.charCodeAt(0)) % 1_000_003;
  return digest;
}

/** What Intercom sends of the record's kept list; null if it does not come. */
export function keptOf(
  object: Modelled,
  { id, name }: Pick<Truth, 'id' | 'name'>,
): { readonly ids: readonly string[]; readonly total: number } | null {
  const digest = digestOf(`${id} ${name}`);
  if (digest % 5 === 0) return null;
  const ids = Array.from({ length: digest % 4 }, (_unused, index) => `kept${(digest + index) % 6}`);
  // A plain list says no total.
  const isCut = digest % 3 === 0 && object !== 'articles';
  return { ids, total: ids.length + (isCut ? 2 : 0) };
}

function renderedKept(object: Modelled, truth: Truth): JsonObject {
  const list = keptOf(object, truth);
  return list === null ? {} : (KEPT[object]?.render(list.ids, list.total) ?? {});
}

interface Change {
  readonly atMs: number;
  /** When each replica of the index knows. */
  readonly visibleAtMs: readonly number[];
  /** Null: deleted. */
  readonly truth: Truth | null;
}

export interface Oddities {
  readonly zone: string;
  readonly replicas: number;
  /** Longest time until a change is in the index. */
  readonly lagMs: number;
  /** Search answers with records as they are now. */
  readonly isHydrated: boolean;
  readonly isUnsorted: boolean;
  /** Times of records that are counted and never listed. */
  readonly ghosts: readonly number[];
  /** How often a record comes without its tags. */
  readonly withoutTags: number;
  /** How far Intercom's clock is ahead of ours. */
  readonly skewMs: number;
}

/** Trouble while it lasts; each is a probability per request. */
export interface Trouble {
  readonly fails: number;
  readonly refusesCursor: number;
  readonly hides: number;
  readonly changes: number;
}

export const NO_TROUBLE: Trouble = { fails: 0, refusesCursor: 0, hides: 0, changes: 0 };

export interface ModelIntercom {
  readonly client: IntercomClient;
  trouble: Trouble;
  /** How many more changes may come while requests are answered. */
  changesLeft: number;
  oddities: Oddities;
  nowMs(): number;
  /** Puts a record there as if it always had been. */
  seed(truth: Truth): void;
  /** One random change at this moment. */
  change(): void;
  /** The records that exist. */
  all(): readonly Truth[];
  /** When the record last changed, and since when the whole index knows. */
  settledAtMs(id: string): number;
}

const EMBEDDED = 10;
const EXPECTED_MS = 120;

const list = (items: readonly JsonValue[], most = items.length): JsonObject => ({
  type: 'list',
  data: items.slice(0, most),
  total_count: items.length,
  has_more: items.length > most,
});

const asItem = (id: string): JsonObject => ({ type: 'x', id, name: `name of ${id}` });

function rendered(object: Modelled, truth: Truth): JsonObject {
  const { id, created_at, updated_at, name, tags, companies } = truth;
  const common = { type: object, id, created_at, updated_at, ...renderedKept(object, truth) };
  switch (object) {
    case 'contacts':
      return {
        ...common,
        name,
        tags: list(tags.map(asItem), EMBEDDED),
        companies: list(companies.map(asItem), EMBEDDED),
      };
    case 'companies':
      return { ...common, name, tags: { type: 'tag.list', tags: tags.map(asItem) } };
    case 'conversations':
    case 'conversation_parts':
      return { ...common, title: name, tags: { type: 'tag.list', tags: tags.map(asItem) } };
    case 'tickets':
      return { ...common, ticket_id: name };
    case 'articles':
      return { ...common, title: name };
    case 'tags':
      return { type: 'tag', id, name };
    case 'activity_logs':
      return { id, created_at, activity_type: name };
    default:
      return object satisfies never;
  }
}

function renderedDetail(truth: Truth): JsonObject {
  const { updated_at } = truth;
  return {
    ...rendered('conversations', truth),
    statistics: { count_conversation_parts: truth.parts.length + 1 },
    conversation_parts: {
      type: 'conversation_part.list',
      total_count: truth.parts.length,
      conversation_parts: truth.parts.map(({ id, body, headers }) => ({
        type: 'conversation_part',
        id,
        part_type: 'comment',
        body,
        created_at: truth.created_at,
        updated_at,
        email_message_metadata:
          headers.length === 0
            ? null
            : { email_address_headers: headers.map((name) => ({ type: 'to', email_address: name, name })) },
      })),
    },
  };
}

interface Condition {
  readonly field: string;
  readonly operator: '=' | '>' | '<';
  readonly value: number | string;
}
interface Group {
  readonly operator: 'AND' | 'OR';
  readonly value: readonly (Condition | Group)[];
}

const failureOf = (status: number, code: string, kind: Failure['kind']): Failure => ({
  kind,
  code,
  status,
  codes: [code],
  detail: '',
  requestId: null,
  serverDelayMs: null,
});

const lastOf = <T>(items: readonly T[]): T | undefined => items.at(-1);

export function createModelIntercom(
  object: Modelled,
  initial: Oddities,
  clock: { now(): number; advance(ms: number): void },
  random: Random,
): ModelIntercom {
  const records = new Map<string, Change[]>();
  /** How many more GETs do not find a record although it exists. */
  const hidden = new Map<string, number>();
  let created = 0;
  let scroll: { readonly records: readonly Truth[]; at: number; readonly param: string } | null = null;
  const isDay = object === 'contacts';

  const model: ModelIntercom = {
    trouble: NO_TROUBLE,
    changesLeft: 0,
    oddities: initial,
    nowMs: () => clock.now() + model.oddities.skewMs,
    seed(truth) {
      records.set(truth.id, [{ atMs: 0, visibleAtMs: [], truth }]);
    },
    change,
    all: () => [...records.values()].flatMap((changes) => lastOf(changes)?.truth ?? []),
    settledAtMs(id) {
      const change = lastOf(records.get(id) ?? []);
      return change === undefined ? 0 : Math.max(change.atMs, ...change.visibleAtMs);
    },
    client: {
      get: (path, query, options) => answer(options, path, () => get(path, query as JsonObject)),
      post: (path, body, options) => answer(options, path, () => search(path, body)),
    },
  };

  function record(id: string, truth: Truth | null): void {
    const changes = records.get(id) ?? [];
    const before = lastOf(changes)?.visibleAtMs ?? [];
    const { replicas, lagMs } = model.oddities;
    const atMs = model.nowMs();
    const visibleAtMs = Array.from({ length: replicas }, (_unused, replica) =>
      Math.max(before[replica] ?? 0, atMs + random.int(0, lagMs)),
    );
    records.set(id, [...changes, { atMs, visibleAtMs, truth }]);
  }

  const idsFrom = (prefix: string, most: number): readonly string[] =>
    Array.from({ length: random.int(0, most) }, (_unused, index) => `${prefix}${index}`);

  function fresh(id: string, atMs: number): Truth {
    const at = Math.floor(atMs / 1000);
    return {
      id,
      created_at: at,
      updated_at: at,
      name: nameOf(random.int(0, 1e6)),
      tags: idsFrom('tag', random.chance(0.2) ? 14 : 3),
      companies: idsFrom('company', random.chance(0.1) ? 13 : 2),
      parts: [`${id}-p0`, ...idsFrom(`${id}-q`, 2)].map((part) => ({
        id: part,
        body: 'b',
        headers: idsFrom('h', 2),
      })),
    };
  }

  function changed(truth: Truth): Truth {
    const updated_at = Math.floor(model.nowMs() / 1000);
    const parts = [
      ...truth.parts.map((part) => (random.chance(0.3) ? { ...part, body: `b${random.int(0, 1e6)}` } : part)),
      ...(random.chance(0.5)
        ? [{ id: `${truth.id}-p${truth.parts.length}`, body: 'new', headers: idsFrom('h', 2) }]
        : []),
    ];
    const tags = random.chance(0.5)
      ? idsFrom(random.pick(['tag', 'tug']), random.chance(0.2) ? 14 : 3)
      : truth.tags;
    const companies = random.chance(0.3) ? idsFrom('company', random.chance(0.2) ? 13 : 2) : truth.companies;
    return { ...truth, updated_at, name: nameOf(random.int(0, 1e6)), tags, companies, parts };
  }

  function create(): void {
    created += 1;
    const id = `${String.fromCharCode(97 + random.int(0, 25))}${created}`;
    record(id, fresh(id, model.nowMs()));
  }

  /** One is gone. */
  function remove(one: Truth): void {
    record(one.id, null);
  }

  /** One is gone, and another one has what it had. */
  function merge(one: Truth, others: readonly Truth[]): void {
    remove(one);
    const into = random.pick(others);
    record(into.id, { ...changed(into), tags: [...new Set([...into.tags, ...one.tags])] });
  }

  const update = (one: Truth): void => record(one.id, changed(one));

  function change(): void {
    const alive = model.all();
    const what = random.next();
    if (object === 'activity_logs' || alive.length === 0 || what < 0.25) {
      create();
      return;
    }
    const one = random.pick(alive);
    const others = alive.filter(({ id }) => id !== one.id);
    if (what < 0.7) update(one);
    // A bulk update: many records on one second.
    else if (what < 0.8) for (const each of alive.filter(() => random.chance(0.6))) update(each);
    else if (what < 0.9 && others.length > 0) merge(one, others);
    else remove(one);
  }

  /** The record as a replica of the index knows it. */
  function indexed(changes: readonly Change[], replica: number, nowMs: number): Truth | null {
    const known = changes.findLast(({ visibleAtMs }) => (visibleAtMs[replica] ?? 0) <= nowMs);
    return known?.truth ?? null;
  }

  function compares(field: string, value: number | string, { operator, value: wanted }: Condition): boolean {
    if (typeof value === 'string' || typeof wanted === 'string') return operator === '=' && value === wanted;
    if (isDay && field !== 'id') {
      const { zone } = model.oddities;
      const [day, bound] = [localDate(zone, value), localDate(zone, wanted)];
      return operator === '=' ? day === bound : operator === '<' ? day < bound : day > bound;
    }
    return operator === '=' ? value === wanted : operator === '<' ? value < wanted : value > wanted;
  }

  function matches(
    truth: Pick<Truth, 'id' | 'created_at' | 'updated_at'>,
    filter: Condition | Group,
  ): boolean {
    if ('field' in filter) {
      return compares(filter.field, truth[filter.field as 'id' | 'created_at' | 'updated_at'], filter);
    }
    return filter.operator === 'AND'
      ? filter.value.every((inner) => matches(truth, inner))
      : filter.value.some((inner) => matches(truth, inner));
  }

  /** The order of the index: by time, or by nothing that means anything. */
  const placeOf = ({ id, updated_at }: Truth): string =>
    model.oddities.isUnsorted ? [...id].reverse().join('') : `${String(updated_at).padStart(12, '0')} ${id}`;

  function shown(truth: Truth): JsonObject {
    const record = rendered(object, truth);
    if (!('tags' in record) || !random.chance(model.oddities.withoutTags)) return record;
    const { tags: _tags, ...rest } = record;
    return rest;
  }

  function search(path: string, body: JsonObject): JsonObject | Failure {
    const { query, pagination } = body as unknown as {
      readonly query: Group;
      readonly pagination: { readonly per_page: number; readonly starting_after?: string };
    };
    const after = pagination.starting_after;
    if (after !== undefined && random.chance(model.trouble.refusesCursor)) {
      return failureOf(400, 'client_error', 'refused');
    }
    const { replicas, ghosts, isHydrated } = model.oddities;
    const replica = random.int(0, replicas - 1);
    const nowMs = model.nowMs();
    const found = [...records.values()]
      .flatMap((changes) => indexed(changes, replica, nowMs) ?? [])
      .filter((truth) => matches(truth, query))
      .map((truth) => ({ truth, place: placeOf(truth) }))
      .sort((a, b) => (a.place < b.place ? -1 : 1));
    const uncounted = ghosts.filter((at) => matches({ id: 'ghost', created_at: at, updated_at: at }, query));
    const rest = after === undefined ? found : found.filter(({ place }) => place > after);
    const page = rest.slice(0, pagination.per_page);
    const listed = page.flatMap(({ truth }) =>
      isHydrated ? (lastOf(records.get(truth.id) ?? [])?.truth ?? []) : [truth],
    );
    const next = rest.length > page.length ? { page: 2, starting_after: page.at(-1)?.place ?? '' } : null;
    const key = path.slice(1, path.indexOf('/', 1));
    return {
      type: 'list',
      [key === 'contacts' ? 'data' : key]: listed.map(shown),
      total_count: found.length + uncounted.length,
      pages: { type: 'pages', page: 1, per_page: pagination.per_page, total_pages: 1, next },
    };
  }

  function numbered(key: string, items: readonly JsonObject[], query: JsonObject): JsonObject {
    const page = Number(query.page ?? 1);
    const size = Number(query.per_page ?? 10);
    const pages = Math.ceil(items.length / size);
    return {
      type: 'list',
      [key]: items.slice((page - 1) * size, page * size),
      total_count: items.length,
      pages: {
        type: 'pages',
        page,
        per_page: size,
        total_pages: pages,
        next: page < pages ? `https://x.example/?page=${page + 1}` : null,
      },
    };
  }

  const newestFirst = (a: Truth, b: Truth): number => b.updated_at - a.updated_at || (a.id < b.id ? 1 : -1);

  function scrolled(param: JsonValue | undefined): JsonObject | Failure {
    if (param === undefined) scroll = { records: model.all(), at: 0, param: `s${random.int(0, 1e9)}` };
    if (scroll === null || (param !== undefined && param !== scroll.param)) {
      return failureOf(404, 'not_found', 'not_found');
    }
    const page = scroll.records.slice(scroll.at, scroll.at + 3);
    scroll.at += page.length;
    return { type: 'list', data: page.map(shown), scroll_param: scroll.param };
  }

  const lagged = (): readonly Truth[] =>
    [...records.values()].flatMap((changes) => indexed(changes, 0, model.nowMs()) ?? []);

  function isHidden(id: string): boolean {
    const more = hidden.get(id);
    if (more !== undefined) {
      hidden.set(id, more - 1);
      return more > 0;
    }
    if (!random.chance(model.trouble.hides)) return false;
    hidden.set(id, random.pick([0, 0, 1, 3, 8]));
    return true;
  }

  function get(path: string, query: JsonObject): JsonObject | Failure {
    const [, first = '', id = '', sub] = path.split('/');
    if (path === '/me') return { app: { id_code: 'w1', created_at: 1_700_000_000 } };
    if (path === '/tags') return list(model.all().map((truth) => rendered('tags', truth)));
    if (path === '/articles') {
      const articles = [...model.all()].sort(newestFirst).map((truth) => rendered('articles', truth));
      return numbered('data', articles, query);
    }
    if (path === '/companies/scroll') return scrolled(query.scroll_param);
    if (path === '/companies') return numbered('data', model.all().map(shown), query);
    if (path === '/admins/activity_logs') {
      const logs = lagged().filter(
        ({ created_at: at }) => at >= Number(query.created_at_after) && at <= Number(query.created_at_before),
      );
      return numbered(
        'activity_logs',
        [...logs].sort(newestFirst).map((truth) => rendered('activity_logs', truth)),
        query,
      );
    }
    const truth = lastOf(records.get(id) ?? [])?.truth ?? null;
    if (truth === null || isHidden(id)) return failureOf(404, 'not_found', 'not_found');
    if (sub === 'tags') return list(truth.tags.map(asItem));
    if (sub === 'companies') return numbered('data', truth.companies.map(asItem), query);
    return first === 'conversations' ? renderedDetail(truth) : rendered(object, truth);
  }

  async function answer(
    options: RequestOptions,
    path: string,
    work: () => JsonObject | Failure,
  ): Promise<Answer> {
    options.signal?.throwIfAborted();
    clock.advance(random.int(1, EXPECTED_MS));
    if (random.chance(model.trouble.changes) && model.changesLeft > 0) {
      model.changesLeft -= 1;
      change();
    }
    if (random.chance(model.trouble.fails)) {
      throw new RetryableError(`No answer to ${path}`, { code: 'http_500' });
    }
    const body = work();
    const answered = { bytes: 1, tookMs: 0, observation: null, link: null };
    const facts = { ...answered, receivedAtMs: clock.now(), date: model.nowMs() };
    if (!('kind' in body)) return { ...facts, status: 200, body, failure: null };
    const failure = body as Failure;
    if (options.expect?.(failure) === true) {
      return { ...facts, status: failure.status ?? 0, body: {}, failure };
    }
    throw errorOf(
      failure,
      { method: 'GET', path, host: 'x', version: '2.15', permission: null, reconnect: '' },
      true,
    );
  }

  return model;
}
