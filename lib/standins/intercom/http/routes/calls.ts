/** Phone calls and their transcripts (docs/intercom-api.md 6.11). */
import { transcriptOf } from '../../generate/calls.ts';
import type { JsonObject } from '../../json.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { ApiError, notFound } from '../errors.ts';
import { contentPage, listText, pageSize } from '../paging.ts';
import { parseBody } from '../search-route.ts';
import { plan, scope } from './conversations.ts';

const MOST_IDS = 20;

/** Calls in the order that the switch sets. */
function ordered({ world, switches }: Services): JsonObject[] {
  const oldestFirst = [...world.plains.calls.records()].sort(
    (a, b) => Number(a.created_at) - Number(b.created_at) || Number(a.id) - Number(b.id),
  );
  return switches().callsOrder === 'created_at_asc' ? oldestFirst : oldestFirst.reverse();
}

function listCalls(services: Services, request: Request): Answer {
  const all = ordered(services);
  const perPage = pageSize(services, request.query.get('per_page'), { fallback: 25, max: 25 });
  const { items, pages } = contentPage(services, request, all, perPage);
  const texts = items.map((call) => JSON.stringify(call));
  return ok(listText('list', 'data', texts, { total_count: all.length, pages }));
}

function getCall(services: Services, request: Request): Answer {
  const text = services.world.plains.calls.json(param(request));
  if (text === undefined) throw notFound('Not Found');
  return ok(text);
}

function searchCalls(services: Services, request: Request): Answer {
  const { conversation_ids: ids } = parseBody(request);
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MOST_IDS) {
    throw new ApiError(
      400,
      'conversation_id_limit_exceeded',
      'A list of up to 20 conversation IDs is required',
    );
  }
  const { genesis, clock } = services.world;
  const now = clock.nowSeconds();
  const wanted = new Set(ids.map(String));
  const texts = ordered(services)
    .filter((call) => wanted.has(String(call.conversation_id)))
    .map((call) => JSON.stringify({ ...call, ...transcriptOf(genesis, call, now) }));
  return ok(listText('list', 'data', texts));
}

/** A feature that is switched off answers 404 (docs/intercom-api.md 3.2.3). */
const feature =
  (handle: Route['handle']): Route['handle'] =>
  (services, request) => {
    if (services.switches().callsFeature === 'off') throw notFound();
    return handle(services, request);
  };

export const createCallRoutes = (): readonly Route[] => [
  { method: 'GET', path: '/calls', scope, plan, handle: feature(listCalls) },
  { method: 'POST', path: '/calls/search', scope, plan, handle: feature(searchCalls) },
  { method: 'GET', path: '/calls/:id', scope, plan, handle: feature(getCall) },
];
