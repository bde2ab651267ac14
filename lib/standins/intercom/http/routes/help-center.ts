/** Articles, collections and help centers: page numbers, last updated first (docs/intercom-api.md 6.8). */
import { articleStatistics } from '../../generate/help-center.ts';
import type { JsonObject } from '../../json.ts';
import type { Plain } from '../../world/plain.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { notFound } from '../errors.ts';
import { listText, numberedPage, pageSize } from '../paging.ts';

const scope = (): 'read_articles_scope' => 'read_articles_scope';
const updatedAt = (record: JsonObject): number => Number(record.updated_at);

/** An edit during the walk moves the record to the front and shifts the pages. */
function newestFirst(services: Services, request: Request, records: JsonObject[], fallback: number): Answer {
  const sorted = records.sort((a, b) => updatedAt(b) - updatedAt(a) || Number(b.id) - Number(a.id));
  const perPage = pageSize(services, request.query.get('per_page'), { fallback, max: 250 });
  const { items, pages } = numberedPage(
    services,
    request,
    sorted,
    perPage,
    services.switches().helpCenterLastNext,
  );
  const texts = items.map((record) => JSON.stringify(record));
  return ok(listText('list', 'data', texts, { total_count: sorted.length, pages }));
}

/** Only this endpoint has statistics (docs/intercom-api.md 6.8). */
function getArticle({ world, switches }: Services, request: Request): Answer {
  const article = world.plains.articles.record(param(request));
  if (article === undefined) throw notFound();
  const statistics = articleStatistics(
    world.genesis,
    article,
    world.days.passed,
    switches().articleStatistics,
  );
  return ok(JSON.stringify({ ...article, statistics }));
}

/** `data` is an object here (docs/intercom-api.md 6.8). */
function searchArticles({ world }: Services, request: Request): Answer {
  const phrase = (request.query.get('phrase') ?? '').toLowerCase();
  const found = [...world.plains.articles.records()].filter((article) =>
    `${String(article.title)} ${String(article.body)}`.toLowerCase().includes(phrase),
  );
  const pages = { type: 'pages', page: 1, per_page: 10, total_pages: Math.ceil(found.length / 10) };
  const data = { articles: found.slice(0, 10), highlights: [] };
  return ok(JSON.stringify({ type: 'list', total_count: found.length, data, pages }));
}

const getOne =
  (of: (services: Services) => Plain): Route['handle'] =>
  (services, request) => {
    const text = of(services).json(param(request));
    if (text === undefined) throw notFound();
    return ok(text);
  };

function collections(services: Services, request: Request): Answer {
  const center = request.query.get('help_center_id');
  const all = [...services.world.plains.collections.records()];
  const shown = center === null ? all : all.filter((record) => String(record.help_center_id) === center);
  return newestFirst(services, request, shown, 20);
}

export const createHelpCenterRoutes = (): readonly Route[] => [
  {
    method: 'GET',
    path: '/articles',
    scope,
    handle: (services, request) =>
      newestFirst(services, request, [...services.world.plains.articles.records()], 25),
  },
  { method: 'GET', path: '/articles/search', scope, handle: searchArticles },
  { method: 'GET', path: '/articles/:id', scope, handle: getArticle },
  { method: 'GET', path: '/help_center/collections', scope, handle: collections },
  {
    method: 'GET',
    path: '/help_center/collections/:id',
    scope,
    handle: getOne(({ world }) => world.plains.collections),
  },
  {
    method: 'GET',
    path: '/help_center/help_centers',
    scope,
    handle: ({ world }) =>
      ok(
        listText(
          'list',
          'data',
          [...world.plains.helpCenters.records()].map((record) => JSON.stringify(record)),
        ),
      ),
  },
  {
    method: 'GET',
    path: '/help_center/help_centers/:id',
    scope,
    handle: getOne(({ world }) => world.plains.helpCenters),
  },
];
