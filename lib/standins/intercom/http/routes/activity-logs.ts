/** GET /admins/activity_logs: a time range, newest first, without a total (docs/intercom-api.md 6.9). */
import type { JsonObject } from '../../json.ts';
import { oddRecord } from '../../odd-records.ts';
import type { Switches } from '../../switches.ts';
import { type Answer, ok, type Request, type Route, type Services } from '../context.ts';
import { ApiError, HtmlError } from '../errors.ts';
import { numberedPage, pageSize } from '../paging.ts';

const DAY = 86_400;
const createdAt = (log: JsonObject): number => Number(log.created_at);

function bound(request: Request, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new ApiError(400, 'parameter_invalid', `${name} must be a UNIX timestamp`);
}

function startOf(services: Services, request: Request): number {
  const after = bound(request, 'created_at_after');
  if (after !== undefined) return after;
  if (services.switches().activityLogsWithoutAfter === 'last_30_days') {
    return services.world.clock.nowSeconds() - 30 * DAY;
  }
  const message = 'Please provide the following parameters: created_at_after';
  throw new ApiError(404, 'parameter_not_found', message);
}

const inside = (at: number, from: number, to: number, bounds: Switches['activityLogBounds']): boolean =>
  bounds === 'inclusive' ? at >= from && at <= to : at > from && at < to;

function activityLogs(services: Services, request: Request): Answer {
  const { world, switches } = services;
  const { activityLogBounds, activityLogLongRange, activityLogRetention } = switches();
  const from = startOf(services, request);
  const to = bound(request, 'created_at_before') ?? world.clock.nowSeconds();
  if (activityLogLongRange === '504' && to - from > 91 * DAY) throw new HtmlError(504, 'Gateway Time-out');
  const oldest = activityLogRetention === 'forever' ? 0 : world.clock.nowSeconds() - 90 * DAY;
  const logs = [...world.plains.activityLogs.records()]
    .filter((log) => inside(createdAt(log), from, to, activityLogBounds) && createdAt(log) >= oldest)
    .reverse()
    .sort((a, b) => createdAt(b) - createdAt(a));
  const perPage = pageSize(services, request.query.get('per_page'), { fallback: 20, max: 250 });
  const { items, pages } = numberedPage(services, request, logs, perPage);
  const texts = items.map((log) => JSON.stringify(oddRecord(switches(), 'activity_logs', log)));
  return ok(`{"type":"activity_log.list","pages":${pages},"activity_logs":[${texts.join(',')}]}`);
}

export const createActivityLogRoutes = (): readonly Route[] => [
  {
    method: 'GET',
    path: '/admins/activity_logs',
    scope: ({ activityLogsScope }) => activityLogsScope,
    plan: ({ activityLogsPlan }) => ({
      allowed: activityLogsPlan === 'included',
      message: 'This feature is not yet available to your app',
    }),
    handle: activityLogs,
  },
];
