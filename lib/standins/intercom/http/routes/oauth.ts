/** The two OAuth endpoints of the API host (docs/intercom-api.md 8.1, 8.4). */
import type { Answer, Request, Route, Services } from '../context.ts';
import { ApiError } from '../errors.ts';

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

function form(services: Services, request: Request): URLSearchParams {
  if (!request.contentType.includes('json')) return new URLSearchParams(request.body);
  if (services.switches().tokenRequestJson === 'rejected') {
    throw new ApiError(400, 'parameter_invalid', 'Expected application/x-www-form-urlencoded');
  }
  try {
    return new URLSearchParams(JSON.parse(request.body) as Record<string, string>);
  } catch {
    throw new ApiError(400, 'parameter_invalid', 'The request body is not valid JSON');
  }
}

/** `token` and `access_token` are identical. The answer holds nothing else. */
function exchange(client: OAuthClient, services: Services, request: Request): Answer {
  const fields = form(services, request);
  const known =
    fields.get('client_id') === client.clientId && fields.get('client_secret') === client.clientSecret;
  const token = known ? services.tokens.exchange(fields.get('code') ?? '') : undefined;
  if (token !== undefined) {
    return { status: 200, body: JSON.stringify({ token_type: 'Bearer', token, access_token: token }) };
  }
  const { badCodeBody, badClientMessage } = services.switches();
  const isClient = !known && badClientMessage === 'unauthorized_client';
  const message = isClient ? 'Unauthorized Client' : 'Unauthorized Code';
  if (badCodeBody === 'message') return { status: 401, body: JSON.stringify({ message }) };
  throw new ApiError(401, 'unauthorized', message);
}

function uninstall({ tokens, switches }: Services, request: Request): Answer {
  if (request.token !== undefined) tokens.uninstall(request.token.app);
  switch (switches().uninstallAnswer) {
    case '200_empty':
      return { status: 200, body: '' };
    case '200_json':
      return { status: 200, body: '{}' };
    case '204':
      return { status: 204, body: '' };
  }
}

export const createOAuthRoutes = (client: OAuthClient): readonly Route[] => [
  {
    method: 'POST',
    path: '/auth/eagle/token',
    open: true,
    since: 100,
    handle: (services, request) => exchange(client, services, request),
  },
  { method: 'POST', path: '/auth/uninstall', since: 100, handle: uninstall },
];
