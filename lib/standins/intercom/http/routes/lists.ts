/** Brands, sender addresses, reasons to be away, news and knowledge (docs/intercom-api.md 6.10). */
import type { ListName } from '../../generate/lists.ts';
import { type Answer, ok, type Request, type Route, type Services } from '../context.ts';
import { notFound } from '../errors.ts';
import { contentPage, listText, type PageSize, pageSize } from '../paging.ts';

/** A list in one answer. */
const whole =
  (name: ListName): Route['handle'] =>
  ({ world }) =>
    ok(
      listText(
        'list',
        'data',
        [...world.plains[name].records()].map((record) => JSON.stringify(record)),
      ),
    );

const paged =
  (name: ListName, size: PageSize): Route['handle'] =>
  (services: Services, request: Request): Answer => {
    const records = [...services.world.plains[name].records()].reverse();
    const perPage = pageSize(services, request.query.get('per_page'), size);
    const { items, pages } = contentPage(services, request, records, perPage);
    const texts = items.map((record) => JSON.stringify(record));
    return ok(listText('list', 'data', texts, { total_count: records.length, pages }));
  };

/** A feature that is switched off answers 404 (docs/intercom-api.md 3.2.3). */
const news =
  (handle: Route['handle']): Route['handle'] =>
  (services, request) => {
    if (services.switches().newsFeature === 'off') throw notFound();
    return handle(services, request);
  };

const NEWS: PageSize = { fallback: 10, max: 50 };
const ARTICLES: PageSize = { fallback: 25, max: 150 };
const CONTENT: PageSize = { fallback: 50, max: 150 };

export function createListRoutes(): readonly Route[] {
  const newsScope = (): 'read_news_scope' => 'read_news_scope';
  const aiScope = (): 'read_write_ai_content' => 'read_write_ai_content';
  const aiPlan: NonNullable<Route['plan']> = (switches) => ({
    allowed: switches.aiContentPlan === 'included',
    message: 'Active subscription needed.',
  });
  const aiContent = (path: string, name: ListName): Route => ({
    method: 'GET',
    path,
    scope: aiScope,
    plan: aiPlan,
    handle: paged(name, CONTENT),
  });
  return [
    {
      method: 'GET',
      path: '/brands',
      scope: ({ brandsScope }) => brandsScope,
      handle: whole('brands'),
    },
    {
      method: 'GET',
      path: '/emails',
      scope: ({ emailsScope }) => emailsScope,
      handle: whole('emails'),
    },
    {
      method: 'GET',
      path: '/away_status_reasons',
      scope: ({ awayStatusReasonsScope }) => awayStatusReasonsScope,
      handle: whole('away_status_reasons'),
    },
    {
      method: 'GET',
      path: '/news/news_items',
      scope: newsScope,
      handle: news(paged('news_items', NEWS)),
    },
    {
      method: 'GET',
      path: '/news/newsfeeds',
      scope: newsScope,
      handle: news(paged('newsfeeds', NEWS)),
    },
    {
      method: 'GET',
      path: '/internal_articles',
      scope: () => 'read_articles_scope',
      handle: paged('internal_articles', ARTICLES),
    },
    aiContent('/ai/external_pages', 'external_pages'),
    aiContent('/ai/content_import_sources', 'content_import_sources'),
  ];
}
