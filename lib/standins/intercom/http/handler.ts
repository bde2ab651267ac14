/** Handles one request: token, rate, version, route, permission, answer. */
import { uuid } from '../prng.ts';
import type { RawAnswer, RawRequest } from '../types.ts';
import { authenticate, permit } from './authorize.ts';
import type { Services } from './context.ts';
import { ApiError, errorBody, HtmlError, nginxPage, notFound } from './errors.ts';
import type { RateWindows } from './rate-windows.ts';
import type { Router } from './router.ts';
import type { Token } from './tokens.ts';
import { parseVersion, versionError } from './versions.ts';

const FIRST_VERSION = 200;
const MAX_BODY = 64 * 1024;

const header = (request: RawRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

export function createHandler(
  services: Services,
  router: Router,
  rate: RateWindows,
): (request: RawRequest) => RawAnswer {
  let answered = 0;
  const requestId = (): string | null | undefined => {
    answered += 1;
    const id = uuid(services.world.genesis.seed + 5, answered);
    switch (services.switches().requestId) {
      case 'alphanumeric':
        return `000${id.replaceAll('-', '').slice(0, 17)}`;
      case 'uuid':
        return id;
      case 'null':
        return null;
      case 'absent':
        return undefined;
    }
  };
  const failure = (error: unknown, headers: Record<string, string>): Omit<RawAnswer, 'route'> => {
    if (error instanceof HtmlError) {
      return {
        status: error.status,
        headers: { ...headers, 'Content-Type': 'text/html' },
        body: nginxPage(error.status, error.message),
      };
    }
    if (!(error instanceof ApiError)) throw error;
    return {
      status: error.status,
      headers: { ...headers, ...error.headers },
      body: errorBody(error, requestId()),
    };
  };

  return (request) => {
    const switches = services.switches();
    const headers: Record<string, string> = { 'Content-Type': 'application/json; charset=utf-8' };
    const found = router.find(request.method, request.path);
    const route = typeof found === 'string' ? found : `${found.route.method} ${found.route.path}`;
    try {
      let token: Token | undefined;
      if (typeof found === 'string' || found.route.open !== true) {
        token = authenticate(services.tokens, header(request, 'authorization'), switches);
        const decision = rate.take(token.app);
        Object.assign(headers, decision.headers);
        if (!decision.allowed) {
          throw new ApiError(
            429,
            switches.rateLimitCode,
            `Exceeded rate limit of ${decision.limit} in 10_seconds`,
          );
        }
      }
      const version = parseVersion(header(request, 'intercom-version'), switches);
      if (typeof found === 'string') {
        const acceptable = found === 'unknown' || header(request, 'accept') !== undefined;
        throw acceptable ? notFound() : new ApiError(406, 'not_acceptable', 'Not Acceptable');
      }
      if (version < (found.route.since ?? FIRST_VERSION)) throw versionError(switches);
      if (switches.maxBody === '64KiB' && request.body.length > MAX_BODY) {
        throw new ApiError(413, 'request_too_large', 'Request Entity Too Large');
      }
      if (token !== undefined) permit(found.route, token, switches);
      const {
        status,
        body,
        headers: own,
      } = found.route.handle(services, {
        method: request.method,
        path: request.path,
        query: request.query,
        body: request.body,
        contentType: header(request, 'content-type') ?? '',
        version,
        params: found.params,
        token,
      });
      return { status, headers: { ...headers, ...own }, body, route };
    } catch (error) {
      return { ...failure(error, headers), route };
    }
  };
}
