/** POST /…/search for contacts, conversations and tickets (docs/intercom-api.md 5). */
import { isObject, type JsonObject } from '../json.ts';
import { mix } from '../prng.ts';
import type { DateMode } from '../search/dates.ts';
import { type Dialect, parseQuery, type Query, QueryError } from '../search/query.ts';
import {
  directWalk,
  type Order,
  type ResolveOptions,
  resolve,
  resolvedWalk,
  type Walk,
} from '../search/walk.ts';
import type { Timed } from '../table.ts';
import type { Searchable } from '../world/world.ts';
import type { Answer, Request, Services } from './context.ts';
import { ok } from './context.ts';
import { ApiError } from './errors.ts';
import { cursorPage, listBytes, pageSize } from './paging.ts';

export interface SearchSpace<S extends Timed> {
  readonly searchable: Searchable<S>;
  readonly fields: Dialect<S>['fields'];
  readonly operators: (request: Request) => Dialect<S>['operators'];
  /** Up to 2.16 contacts match whole days (docs/intercom-api.md 5.1). */
  readonly dates: (request: Request) => DateMode;
  readonly listType: string;
  readonly key: string;
  readonly defaultPerPage: number;
  /** The sort field without `sort`. It is nullable for contacts (docs/intercom-api.md 4.2). */
  readonly defaultSort: string;
  readonly numericId: boolean;
}

const MAX_PER_PAGE = 150;
const REMEMBERED = 16;
const EXACT_ORDER_SINCE = 216;
/** No order that a client could know; cursors still need one. */
const UNSORTED = 'unsorted';

export function parseBody(request: Request): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw new ApiError(400, 'parameter_invalid', 'The request body is not valid JSON');
  }
  if (!isObject(body)) throw new ApiError(400, 'parameter_invalid', 'The request body must be a JSON object');
  return body;
}

function orderOf(services: Services, request: Request, asked: unknown): Order {
  if (asked === undefined || asked === null) return 'descending';
  if (asked === 'ascending' || asked === 'descending') return asked;
  const strict = request.version >= EXACT_ORDER_SINCE || services.switches().shortSortOrder === 'rejected';
  if (!strict && asked === 'asc') return 'ascending';
  if (!strict && asked === 'desc') return 'descending';
  const message = `Invalid sort order '${String(asked)}'. Must be one of: ascending, descending`;
  throw new ApiError(400, 'invalid_sort_order', message);
}

type Sort<S extends Timed> = ResolveOptions<S>['sort'];

function sortOf<S extends Timed>(space: SearchSpace<S>, name: string): Sort<S> {
  if (name === 'updated_at' || name === 'created_at' || name === 'id') return name;
  if (name === UNSORTED) return (state) => mix(1, state.createdAt);
  const field = space.fields(name);
  if (field?.type !== 'date') throw new QueryError(`Invalid sort field: ${name}`);
  return (state, id) => {
    const value = field.read(state, id);
    return typeof value === 'number' ? value : -1;
  };
}

/** Each object has its own handler, which remembers resolved queries as long as its index does not change. */
export function createSearchRoute<S extends Timed>(
  spaceOf: (services: Services) => SearchSpace<S>,
): (services: Services, request: Request) => Answer {
  const remembered = new Map<string, { readonly version: number; readonly walk: Walk }>();
  const resolveOnce = (key: string, options: ResolveOptions<S>): Walk => {
    const version = options.index.version;
    const known = remembered.get(key);
    if (known?.version === version) return known.walk;
    const walk = resolvedWalk(resolve(options));
    remembered.delete(key);
    remembered.set(key, { version, walk });
    if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value ?? key);
    return walk;
  };

  return (services, request) => {
    const body = parseBody(request);
    const pagination = isObject(body.pagination) ? body.pagination : {};
    const space = spaceOf(services);
    const { table, index } = space.searchable;
    index.settle();
    const perPage = pageSize(services, pagination.per_page, {
      fallback: space.defaultPerPage,
      max: MAX_PER_PAGE,
    });
    const sorting = services.switches().sort;
    const sortAsked = sorting === 'honoured' && isObject(body.sort) ? body.sort : {};
    const order = orderOf(services, request, sortAsked.order);
    const dates = space.dates(request);
    const sortName = sorting === UNSORTED ? UNSORTED : String(sortAsked.field ?? space.defaultSort);
    let query: Query<S>;
    let sort: Sort<S>;
    try {
      query = parseQuery({ fields: space.fields, operators: space.operators(request), dates }, body.query);
      sort = sortOf(space, sortName);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      throw new ApiError(400, services.switches().invalidQueryCode, error.message);
    }
    const dialect = dates.kind === 'days' ? dates.calendar.timezone : dates.comparison;
    const { tags, ticketTypes, segments } = services.world.plains;
    const versions = [tags.version, ticketTypes.version, segments.version];
    const { segmentMembers } = services.switches();
    if (segmentMembers === 'current') versions.push(table.version);
    const key = JSON.stringify([body.query, sortName, dialect, segmentMembers, versions]);
    const walk = directWalk(index, query, sort) ?? resolveOnce(key, { index, query, sort, idOf: table.idOf });
    const startingAfter = pagination.starting_after;
    const page = cursorPage(services, {
      table,
      walk,
      order,
      perPage,
      startingAfter:
        startingAfter === undefined || startingAfter === null ? undefined : String(startingAfter),
      numericId: space.numericId,
      query: JSON.stringify([body.query, sortName, order]),
    });
    const current = services.switches().searchDocuments === 'current';
    const listed = page.rows.filter(index.isListed);
    const records = current ? listed.filter(table.exists).map(table.bytes) : listed.map(index.bytes);
    return ok(listBytes(space.listType, space.key, records, { total_count: page.total, pages: page.pages }));
  };
}
