/** Companies: page numbers, one scroll, sub-lists (docs/intercom-api.md 6.3). */
import { resolvedWalk } from '../../search/walk.ts';
import { keyRow, packKey } from '../../sorted-keys.ts';
import type { World } from '../../world/world.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { ApiError, HtmlError } from '../errors.ts';
import { cursorPage, listBytes, listText, numberedPage, pageNumber, pageSize } from '../paging.ts';

const CAP = 10_000;

function companyNotFound({ switches }: Services): Error {
  return switches().companyNotFound === 'html'
    ? new HtmlError(404, 'Not Found')
    : new ApiError(404, 'company_not_found', 'Company Not Found');
}

function companyRow(services: Services, request: Request): number {
  const row = services.world.companies.find(param(request));
  if (row === undefined) throw companyNotFound(services);
  return row;
}

/** Companies without users are not listed. Deleted ones can be (docs/intercom-api.md 6.3). */
function listedRows({ world, switches }: Services): number[] {
  const { companies, membership } = world;
  const rows: number[] = [];
  for (let row = 0; row < companies.rows; row++) {
    const there = companies.exists(row) || switches().deletedCompanies === 'listed';
    if (there && membership.countOf(row) > 0) rows.push(row);
  }
  return rows;
}

type SortField = 'last_request_at' | 'updated_at';

/** The latest request comes first unless `order=asc`. Companies without a request come last. */
function sortRows(world: World, rows: number[], field: SortField, order: string): number[] {
  const value = (row: number): number => {
    if (field === 'updated_at') return world.companies.updatedAt(row);
    const at = world.companies.state(row).fields.last_request_at;
    return typeof at === 'number' ? at : 0;
  };
  const keys = Float64Array.from(rows, (row) => packKey(value(row), row)).sort();
  const sorted = Array.from(keys, keyRow);
  return order === 'asc' ? sorted : sorted.reverse();
}

/** Every page needs the sorted rows, so they are kept as long as nothing changes. */
function createSorted(): (services: Services, field: SortField, order: string) => readonly number[] {
  let known: { readonly key: string; readonly rows: readonly number[] } | undefined;
  return (services, field, order) => {
    const { world, switches } = services;
    const { deletedCompanies } = switches();
    const key = [field, order, world.companies.version, world.contacts.table.version, deletedCompanies].join(
      ' ',
    );
    if (known?.key !== key) known = { key, rows: sortRows(world, listedRows(services), field, order) };
    return known.rows;
  };
}

function orderOf(request: Request): string {
  const order = request.query.get('order') ?? 'desc';
  if (order === 'asc' || order === 'desc') return order;
  throw new ApiError(400, 'parameter_invalid', 'order must be asc or desc');
}

function listCompanies(
  services: Services,
  request: Request,
  rows: readonly number[],
  capped: boolean,
): Answer {
  const { companies } = services.world;
  const fallback = Number(services.switches().companiesDefaultPerPage);
  const perPage = pageSize(services, request.query.get('per_page'), { fallback, max: 60, overflow: 'error' });
  if (capped && pageNumber(request) * perPage > CAP) {
    throw new ApiError(400, 'bad_request', 'page limit reached, please use scroll API');
  }
  const { items, pages } = numberedPage(services, request, rows, perPage);
  return ok(listBytes('list', 'data', items.map(companies.bytes), { pages, total_count: rows.length }));
}

/** `name` and `company_id` answer with ONE company, not a list. */
function oneCompany(services: Services, field: 'name' | 'company_id', wanted: string): Answer {
  const { companies } = services.world;
  for (const row of companies.existing()) {
    if (companies.state(row).fields[field] === wanted) return ok(companies.json(row));
  }
  throw companyNotFound(services);
}

function filtered(services: Services, request: Request, rows: readonly number[]): readonly number[] {
  const { companies } = services.world;
  const tag = request.query.get('tag_id');
  const segment = request.query.get('segment_id');
  if (tag === null && segment === null) return rows;
  return rows.filter((row) => {
    const state = companies.state(row);
    return (
      (tag === null || state.tags.includes(tag)) && (segment === null || state.segments.includes(segment))
    );
  });
}

function scroll(services: Services, request: Request): Answer {
  const { world, scrolls, switches } = services;
  const all = (): readonly number[] =>
    switches().scrollUserlessCompanies === 'present' ? [...world.companies.existing()] : listedRows(services);
  const { param: scrollParam, rows } = scrolls.next(request.query.get('scroll_param'), all);
  const there = rows.filter((row) => world.companies.exists(row) || switches().deletedCompanies === 'listed');
  return ok(
    listBytes('list', 'data', there.map(world.companies.bytes), {
      pages: null,
      total_count: null,
      scroll_param: `"${scrollParam}"`,
    }),
  );
}

/** Style A, sorted by the contacts' creation time (docs/intercom-api.md 4.2 shows such a cursor). */
function companyContacts(services: Services, request: Request): Answer {
  const { table } = services.world.contacts;
  const company = companyRow(services, request);
  const rows = services.world.membership.contactsOf(company);
  const keys = Float64Array.from(rows, (row) => packKey(table.createdAt(row), row)).sort();
  const page = cursorPage(services, {
    table,
    walk: resolvedWalk(keys),
    order: 'descending',
    perPage: pageSize(services, request.query.get('per_page'), {
      fallback: 50,
      max: Number(services.switches().companyContactsMaxPerPage),
    }),
    startingAfter: request.query.get('starting_after') ?? undefined,
    numericId: false,
    query: request.path,
  });
  return ok(
    listBytes('list', 'data', page.rows.map(table.bytes), { total_count: page.total, pages: page.pages }),
  );
}

function companySegments(services: Services, request: Request): Answer {
  const { segments } = services.world.plains;
  const state = services.world.companies.state(companyRow(services, request));
  const texts = state.segments.map(segments.json).filter((text) => text !== undefined);
  return ok(listText('list', 'data', texts));
}

export function createCompanyRoutes(): readonly Route[] {
  const sorted = createSorted();
  const scope = (): 'read_users_companies' => 'read_users_companies';
  return [
    {
      method: 'POST',
      path: '/companies/list',
      scope: () => 'write_users_companies',
      handle: (services, request) =>
        listCompanies(services, request, sorted(services, 'last_request_at', orderOf(request)), true),
    },
    {
      method: 'GET',
      path: '/companies',
      scope: ({ companiesScope }) => companiesScope,
      handle(services, request) {
        for (const field of ['name', 'company_id'] as const) {
          const wanted = request.query.get(field);
          if (wanted !== null) return oneCompany(services, field, wanted);
        }
        const field = request.query.get('sort') === 'updated_at' ? 'updated_at' : 'last_request_at';
        const rows = filtered(services, request, sorted(services, field, orderOf(request)));
        return listCompanies(services, request, rows, services.switches().companiesCap === 'capped');
      },
    },
    { method: 'GET', path: '/companies/scroll', scope, handle: scroll },
    {
      method: 'GET',
      path: '/companies/:id',
      scope,
      handle: (services, request) => ok(services.world.companies.json(companyRow(services, request))),
    },
    { method: 'GET', path: '/companies/:id/contacts', scope, handle: companyContacts },
    { method: 'GET', path: '/companies/:id/segments', scope, handle: companySegments },
  ];
}
