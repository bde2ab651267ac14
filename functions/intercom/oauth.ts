/** Intercom's OAuth: authorize, trade a code, identify the workspace, uninstall (docs/intercom-api.md 8). */

import type { ResolvedConfig } from '../config/config.ts';
import type { OAuthClient } from '../core/authorization.ts';
import { isAccessToken } from '../core/authorization.ts';
import { ConnectionError, ContractError } from '../core/errors.ts';
import type { Clock, Exchange, Identity, IntercomAccess } from '../core/ports.ts';
import { type OAuthHosts, oauthHosts } from './hosts.ts';
import { API_VERSION, createIntercomClient, type IntercomClient, UNMETERED } from './http/client.ts';
import type { Failure } from './http/failures.ts';
import { CURIOUS } from './http/retry.ts';
import { type Attempt, createTransport } from './http/transport.ts';
import { readMe } from './me.ts';

/** A person is waiting, and API Gateway allows a whole callback at most 30 s. */
const TIMEOUT_MS = 6_000;

/** The largest answer, from /me, is a few hundred bytes. */
const MAX_BODY_BYTES = 256 * 1024;

export interface IntercomAccessOptions {
  readonly config: Pick<ResolvedConfig, 'region' | 'baseUrl'>;
  readonly clock: Clock;
  /** @default the hosts of the configured region */
  readonly hosts?: OAuthHosts;
  /** Milliseconds for one request. @default 6_000 */
  readonly timeoutMs?: number;
}

/** `token` and `access_token` are the same (docs/intercom-api.md 8.1). */
const tokenIn = ({ body }: Attempt): string | null =>
  [body.access_token, body.token].find(isAccessToken) ?? null;

/** Error codes of a connection that was never made. */
const NEVER_CONNECTED: readonly unknown[] = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/**
 * True if a host has certainly not seen the code, so another host may be asked. A refusal ends the search,
 * because that host saw the code. So does a lost answer: the code may be spent, and using a code twice can
 * revoke the token it was traded for (RFC 6749, 4.1.2).
 */
function neverSawCode({ kind, status, cause }: Failure): boolean {
  if (kind === 'network') {
    return cause instanceof Error && 'code' in cause && NEVER_CONNECTED.includes(cause.code);
  }
  const isRedirect = status !== null && status >= 300 && status < 400;
  return isRedirect || status === 404 || status === 405;
}

/** Words in a refusal of the code. How Intercom refuses a wrong client secret is not documented. */
const ABOUT_THE_CODE = /code|invalid_grant/i;

function refusalOf({ body, failure }: Attempt): Exchange {
  const words = [failure?.detail, ...(failure?.codes ?? []), body.message, body.error].filter(
    (word) => typeof word === 'string' && word !== '',
  );
  const isBare = failure?.status === 401 && words.length === 0;
  return { kind: isBare || ABOUT_THE_CODE.test(words.join(' ')) ? 'code_refused' : 'client_refused' };
}

function exchangeOf(attempt: Attempt): Exchange {
  const { failure } = attempt;
  const accessToken = tokenIn(attempt);
  if (failure === null) {
    return accessToken === null ? { kind: 'unexpected_answer' } : { kind: 'granted', accessToken };
  }
  switch (failure.kind) {
    case 'network':
    case 'timeout':
    case 'server':
    case 'rate_limited':
      return { kind: 'intercom_unreachable' };
    case 'malformed':
    case 'not_found':
    case 'version':
      return { kind: 'unexpected_answer' };
    default:
      return failure.status === null || failure.status < 400
        ? { kind: 'unexpected_answer' }
        : refusalOf(attempt);
  }
}

export function createIntercomAccess(options: IntercomAccessOptions): IntercomAccess {
  const { config, clock, hosts = oauthHosts(config), timeoutMs = TIMEOUT_MS } = options;

  /** Tries once, because a code works only once. */
  async function exchangeAt(host: string, form: URLSearchParams, signal: AbortSignal): Promise<Attempt> {
    const transport = createTransport({
      baseUrl: host,
      clock,
      timeoutMs,
      maxBodyBytes: MAX_BODY_BYTES,
    });
    const path = '/auth/eagle/token';
    return transport({ method: 'POST', path, query: {}, body: form, version: API_VERSION }, null, signal);
  }

  async function exchange(
    { clientId, clientSecret }: OAuthClient,
    code: string,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const form = new URLSearchParams({ code, client_id: clientId, client_secret: clientSecret });
    let last: Exchange = { kind: 'intercom_unreachable' };
    try {
      for (const host of hosts.token) {
        const attempt = await exchangeAt(host, form, signal);
        last = exchangeOf(attempt);
        if (attempt.failure === null || !neverSawCode(attempt.failure)) return last;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      return { kind: 'intercom_unreachable' };
    }
    return last;
  }

  const clientFor = (accessToken: string, baseUrl: string): IntercomClient =>
    createIntercomClient({
      baseUrl,
      tokens: { connection: async () => ({ accessToken }) },
      budget: UNMETERED,
      clock,
      object: null,
      timeoutMs,
      maxBodyBytes: MAX_BODY_BYTES,
    });

  async function identify(accessToken: string, signal: AbortSignal): Promise<Identity> {
    const me = await readMe(clientFor(accessToken, config.baseUrl), { signal, patience: CURIOUS });
    const workspace = me.workspaceId === null ? null : { id: me.workspaceId, name: me.workspaceName };
    return { workspace, region: me.region };
  }

  /** The answer is not documented, so any 2xx counts, with or without a body. */
  const isUninstalled = (status: number | null) => status !== null && status >= 200 && status < 300;

  async function uninstall(
    accessToken: string,
    signal: AbortSignal,
  ): Promise<'uninstalled' | 'already_gone'> {
    const expect = ({ status }: Failure) => isUninstalled(status) || status === 404;
    try {
      for (const host of hosts.token) {
        const options = { priority: 'urgent', signal, patience: CURIOUS, expect } as const;
        const { status } = await clientFor(accessToken, host).post('/auth/uninstall', {}, options);
        if (isUninstalled(status)) return 'uninstalled';
      }
    } catch (error) {
      if (error instanceof ConnectionError) return 'already_gone';
      throw error;
    }
    throw new ContractError(
      `Intercom offers no way to uninstall the app at ${hosts.token.join(' or ')}: remove the app in the workspace's app settings.`,
      { code: 'not_uninstalled' },
    );
  }

  return {
    authorizeUrl({ clientId, state, callbackUrl }) {
      const url = new URL(`${hosts.authorize}/oauth`);
      url.search = new URLSearchParams({ client_id: clientId, state, redirect_uri: callbackUrl }).toString();
      return url.href;
    },
    exchange,
    identify,
    uninstall,
  };
}
