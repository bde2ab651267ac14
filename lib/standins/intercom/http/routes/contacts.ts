/** Contacts and their sub-lists (docs/intercom-api.md 6.2). */

import type { SubListCase } from '../../cases.ts';
import { noteRecords } from '../../generate/contact-record.ts';
import { type ContactState, segmentsIn } from '../../generate/contacts.ts';
import { contactFields } from '../../search/fields.ts';
import { EVER } from '../../search/intervals.ts';
import { CONTACT_OPERATORS, EXACT_OPERATORS } from '../../search/operators.ts';
import { indexWalk } from '../../search/walk.ts';
import type { Switches } from '../../switches.ts';
import type { Timed } from '../../table.ts';
import type { Searchable } from '../../world/world.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { ApiError, notFound } from '../errors.ts';
import { cursorPage, listBytes, listText, numberedPage, pageSize } from '../paging.ts';
import { createSearchRoute } from '../search-route.ts';

const SECONDS_SINCE = 217;
const GONE_SINCE = 216;
const scope = (): 'read_users_companies' => 'read_users_companies';

const createContactsSearch = (): Route['handle'] =>
  createSearchRoute<ContactState>(({ world }) => ({
    searchable: world.contacts,
    fields: contactFields(world),
    operators: (request) => (request.version >= SECONDS_SINCE ? EXACT_OPERATORS : CONTACT_OPERATORS),
    dates: (request) =>
      request.version >= SECONDS_SINCE
        ? { kind: 'seconds', comparison: 'strict' }
        : { kind: 'days', calendar: world.calendar() },
    listType: 'list',
    key: 'data',
    defaultPerPage: 50,
    defaultSort: 'last_replied_at',
    numericId: false,
  }));

/** GET /contacts and GET /conversations: style A, in the order that the switch sets (docs/intercom-api.md 6). */
export function cursorList<S extends Timed>(
  services: Services,
  request: Request,
  searchable: Searchable<S>,
  options: {
    readonly order: Switches['contactsOrder'];
    readonly fallback: number;
    readonly type: string;
    readonly key: string;
    readonly numericId: boolean;
  },
): Answer {
  const { live, table } = searchable;
  live.settle();
  const keys = { created_at_desc: live.byCreated, updated_at_desc: live.byUpdated, id_asc: live.byId }[
    options.order
  ];
  const page = cursorPage(services, {
    table,
    walk: indexWalk(keys, EVER),
    order: options.order === 'id_asc' ? 'ascending' : 'descending',
    perPage: pageSize(services, request.query.get('per_page'), { fallback: options.fallback, max: 150 }),
    startingAfter: request.query.get('starting_after') ?? undefined,
    numericId: options.numericId,
    query: `${request.path} ${options.order}`,
  });
  return ok(
    listBytes(options.type, options.key, page.rows.filter(live.isListed).map(table.bytes), {
      total_count: page.total,
      pages: page.pages,
    }),
  );
}

/** The row of a contact. Throws 404, or from 2.16 on 410 for a merged contact (docs/intercom-api.md 3.2). */
function contactRow({ world, switches }: Services, request: Request): number {
  const id = param(request);
  const row = world.contacts.table.find(id);
  if (row !== undefined) return row;
  const into = world.merged.get(id);
  if (into !== undefined && request.version >= GONE_SINCE) {
    const link = `</contacts/${into}>; rel="canonical"`;
    throw new ApiError(410, 'contact_merged', 'Contact has been merged', { Link: link });
  }
  throw notFound(switches().contactNotFound);
}

function getContact(services: Services, request: Request): Answer {
  const text = services.world.contacts.table.json(contactRow(services, request));
  return ok(`${text.slice(0, -1)},"enabled_push_messaging":null}`);
}

/** A sub-list of the contact in the path, without the items that the switch holds back. */
function shortened<T>(
  { shortages, switches }: Services,
  request: Request,
  list: SubListCase['list'],
  items: readonly T[],
): readonly T[] {
  const cases = switches().shortSubLists.filter((one) => one.list === list);
  return items.slice(0, Math.max(0, items.length - shortages.of(cases, param(request))));
}

function contactCompanies(services: Services, request: Request): Answer {
  const { world } = services;
  const state = world.contacts.table.state(contactRow(services, request));
  const rows = state.companies.filter(world.companies.exists);
  const served = shortened(services, request, 'companies', rows);
  const perPage = pageSize(services, request.query.get('per_page'), { fallback: 50, max: 60 });
  const { items, pages } = numberedPage(services, request, served, perPage);
  const key = services.switches().contactCompaniesKey;
  return ok(listBytes('list', key, items.map(world.companies.bytes), { total_count: rows.length, pages }));
}

function contactTags(services: Services, request: Request): Answer {
  const { tags } = services.world.plains;
  const state = services.world.contacts.table.state(contactRow(services, request));
  const records = state.tags.flatMap(({ id, appliedAt, appliedBy }) => {
    const tag = tags.record(id);
    return tag === undefined
      ? []
      : [JSON.stringify({ ...tag, applied_at: appliedAt, applied_by: appliedBy })];
  });
  return ok(listText('list', 'data', shortened(services, request, 'tags', records)));
}

const texts = (get: (id: string) => string | undefined, ids: readonly string[]): string[] =>
  ids.map(get).filter((text) => text !== undefined);

function contactSegments(services: Services, request: Request): Answer {
  const state = services.world.contacts.table.state(contactRow(services, request));
  const segments = texts(services.world.plains.segments.json, segmentsIn(state));
  return ok(listText('list', 'data', shortened(services, request, 'segments', segments)));
}

/** Only explicit choices, in or out. */
function contactSubscriptions(services: Services, request: Request): Answer {
  const { optedIn, optedOut } = services.world.contacts.table.state(contactRow(services, request));
  const chosen = texts(services.world.plains.subscriptionTypes.json, [...optedIn, ...optedOut]);
  return ok(listText('list', 'data', shortened(services, request, 'subscriptions', chosen)));
}

function contactNotes(services: Services, request: Request): Answer {
  const state = services.world.contacts.table.state(contactRow(services, request));
  const notes = noteRecords(services.world.genesis, param(request), state);
  const served = shortened(services, request, 'notes', notes);
  const perPage = pageSize(services, request.query.get('per_page'), { fallback: 50, max: 60 });
  const { items, pages } = numberedPage(services, request, served, perPage);
  const texts = items.map((note) => JSON.stringify(note));
  return ok(listText('list', 'data', texts, { total_count: notes.length, pages }));
}

export const createContactRoutes = (): readonly Route[] => [
  {
    method: 'GET',
    path: '/contacts',
    scope,
    handle: (services, request) =>
      cursorList(services, request, services.world.contacts, {
        order: services.switches().contactsOrder,
        fallback: Number(services.switches().contactsDefaultPerPage),
        type: 'list',
        key: 'data',
        numericId: false,
      }),
  },
  { method: 'POST', path: '/contacts/search', scope, handle: createContactsSearch() },
  { method: 'GET', path: '/contacts/:id', scope, handle: getContact },
  { method: 'GET', path: '/contacts/:id/companies', scope, handle: contactCompanies },
  { method: 'GET', path: '/contacts/:id/tags', scope, handle: contactTags },
  { method: 'GET', path: '/contacts/:id/segments', scope, handle: contactSegments },
  { method: 'GET', path: '/contacts/:id/subscriptions', scope, handle: contactSubscriptions },
  { method: 'GET', path: '/contacts/:id/notes', scope, handle: contactNotes },
];
