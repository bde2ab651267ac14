/** Checks tokens, scopes and the plan (docs/intercom-api.md 3.2, 8.3). */
import type { Switches } from '../switches.ts';
import type { Scope } from '../types.ts';
import type { Route } from './context.ts';
import { ApiError } from './errors.ts';
import type { Token, Tokens } from './tokens.ts';

const INVALID = 'Access Token Invalid';

export function authenticate(tokens: Tokens, header: string | undefined, switches: Switches): Token {
  const text = /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1];
  if (text === undefined)
    throw new ApiError(401, switches.noAuthorizationCode, 'Authorization header is missing');
  const token = tokens.find(text);
  if (token === undefined) throw new ApiError(401, switches.unknownTokenCode, INVALID);
  switch (token.state) {
    case 'valid':
      return token;
    case 'revoked':
      throw new ApiError(401, switches.revokedTokenCode, INVALID);
    case 'expired':
      throw new ApiError(401, 'token_expired', INVALID);
    case 'blocked':
      throw new ApiError(401, 'token_blocked', INVALID);
    case 'suspended':
      throw new ApiError(401, 'token_suspended', INVALID);
    case 'other_region':
      if (switches.otherRegionToken === 'proxied') return token;
      throw new ApiError(401, 'unauthorized', INVALID);
  }
}

function scopeError(scope: Scope, switches: Switches): ApiError {
  const message = `You do not have the required scope (${scope}) to access this resource`;
  switch (switches.missingScope) {
    case '403_forbidden':
      return new ApiError(403, 'forbidden', message);
    case '403_token_unauthorized':
      return new ApiError(403, 'token_unauthorized', message);
    case '401_token_unauthorized':
      return new ApiError(401, 'token_unauthorized', message);
    case '401_unauthorized':
      return new ApiError(401, 'unauthorized', INVALID);
  }
}

export function permit(route: Route, token: Token, switches: Switches): void {
  const scope = route.scope?.(switches) ?? 'none';
  if (scope !== 'none' && !token.scopes.has(scope)) throw scopeError(scope, switches);
  const plan = route.plan?.(switches);
  if (plan !== undefined && !plan.allowed) {
    throw new ApiError(Number(switches.planRestriction), 'api_plan_restricted', plan.message);
  }
}
