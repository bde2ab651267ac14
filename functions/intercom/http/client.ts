/** The one way to Intercom's API 2.15: permits, retries and errors in one place (docs/intercom-api.md 1-3). */
import { REQUEST_TIMEOUT_MS } from '../../core/cap-shares.ts';
import { ContractError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ObjectName } from '../../core/names.ts';
import type { Clock, ObserveProgress, PermitPriority, RateBudget, TokenSource } from '../../core/ports.ts';
import type { Exchange } from './exchange.ts';
import { errorOf, type Failure, type FailureContext, type FailureKind } from './failures.ts';
import { OPEN_GATE, type RequestGate } from './request-cap.ts';
import { type RetryKind, type RetryLimits, retryDecision } from './retry.ts';
import { type Attempt, createTransport, type HttpRequest } from './transport.ts';

export const API_VERSION = '2.15';

export interface RequestOptions {
  readonly priority: PermitPriority;
  /** Failures to hand back as an answer instead of throwing, e.g. a 404 that means something. */
  readonly expect?: ((failure: Failure) => boolean) | undefined;
  /** Ends waits, tries and delays; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** API version. @default 2.15 */
  readonly version?: string | undefined;
  /** The permission in the Developer Hub that a refusal should name. */
  readonly permission?: string | null | undefined;
  /** Throws a ContractError if the answer lacks what was asked for. The request is retried before the error counts. */
  readonly accept?: ((body: JsonObject) => unknown) | undefined;
  /** Called for each try, with what Intercom allows in ten seconds; null if the answer does not say. */
  readonly count?: ((limit: number | null) => void) | undefined;
  /** @default PATIENT */
  readonly patience?: RetryLimits | undefined;
}

export type Query = Readonly<Record<string, string | number>>;

/** An answer. `failure` is set only if `expect` accepts it; `body` is empty if it was not JSON. */
export type Answer = Pick<
  TimedAttempt,
  'status' | 'body' | 'bytes' | 'receivedAtMs' | 'tookMs' | 'date' | 'link' | 'observation' | 'failure'
>;

/**
 * @throws RetryableError if no retry gets an answer; PermissionError, ConnectionError, UnavailableError
 *   and ContractError as described in core/errors.ts
 */
export interface IntercomClient {
  get(path: string, query: Query, options: RequestOptions): Promise<Answer>;
  post(path: string, body: JsonObject, options: RequestOptions): Promise<Answer>;
}

export interface IntercomClientOptions {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly tokens: TokenSource;
  readonly budget: RateBudget;
  /** @default OPEN_GATE */
  readonly gate?: RequestGate;
  readonly clock: Clock;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
  readonly observe?: ObserveProgress;
  /** The object that observed requests are reported for. */
  readonly object: ObjectName | null;
  /** Milliseconds for one try, at most REQUEST_TIMEOUT_MS. @default REQUEST_TIMEOUT_MS */
  readonly timeoutMs?: number;
  /** Bytes of the largest answer; beyond it a smaller page is needed. @default 64 MiB */
  readonly maxBodyBytes?: number;
  /** What to do about a token that Intercom no longer accepts. @default to connect again, with the command */
  readonly reconnect?: string | undefined;
  /** @default one over the network */
  readonly exchange?: Exchange;
}

/** Permits without limit: for single requests without a shared budget, or without the right to use it. */
export const UNMETERED: RateBudget = {
  permit: async () => () => undefined,
  observe: () => undefined,
  limit: async () => Number.POSITIVE_INFINITY,
};

/** `tookMs` excludes the wait for the permit. */
type TimedAttempt = Attempt & { readonly tookMs: number };

const RECONNECT = 'connect the workspace again: npm run pipeline -- connect';

/** How long an answer of /me about the token is trusted. */
const VERDICT_MS = 60_000;

const RETRY_KINDS: readonly FailureKind[] = ['rate_limited', 'server', 'network', 'timeout', 'malformed'];

const retryKind = (kind: FailureKind): RetryKind =>
  RETRY_KINDS.includes(kind) ? (kind as RetryKind) : 'refused';

/** Why the answer is not what was asked for; null if it is. */
function oddity({ failure, body }: Attempt, accept: RequestOptions['accept']): ContractError | null {
  if (failure !== null || accept === undefined) return null;
  try {
    accept(body);
    return null;
  } catch (error) {
    if (error instanceof ContractError) return error;
    throw error;
  }
}

export function createIntercomClient(options: IntercomClientOptions): IntercomClient {
  const { baseUrl, tokens, budget, clock, observe, object, random = Math.random } = options;
  const { gate = OPEN_GATE, reconnect = RECONNECT } = options;
  const { timeoutMs = REQUEST_TIMEOUT_MS, maxBodyBytes = 64 * 1024 * 1024 } = options;
  const transport = createTransport({
    baseUrl,
    clock,
    timeoutMs,
    maxBodyBytes,
    exchange: options.exchange,
  });
  const { host } = new URL(baseUrl);
  const never = new AbortController().signal;
  let verdict: { readonly at: number; readonly alive: Promise<boolean> } | null = null;

  async function tryOnce(request: HttpRequest, options: RequestOptions): Promise<TimedAttempt> {
    const { priority, signal = never } = options;
    const { accessToken } = await tokens.connection();
    const askedAt = clock.now();
    for (;;) {
      const pass = await gate.enter(priority, signal);
      try {
        const isOver = await budget.permit(priority, signal);
        try {
          // The wait for the permit may have outlasted the pass.
          if (!pass.isValid()) continue;
          const sentAt = clock.now();
          const attempt = await transport(request, accessToken, signal);
          if (attempt.observation !== null) budget.observe(attempt.observation);
          const limit = attempt.observation?.limit ?? null;
          options.count?.(limit);
          observe?.({ type: 'request', object, status: attempt.status, waitedMs: sentAt - askedAt, limit });
          return { ...attempt, tookMs: attempt.receivedAtMs - sentAt };
        } finally {
          isOver();
        }
      } finally {
        pass.leave();
      }
    }
  }

  /** True if /me accepts the token. If /me itself lacks a permission, the token is still good. */
  async function askMe(signal: AbortSignal | undefined): Promise<boolean> {
    const request: HttpRequest = { method: 'GET', path: '/me', query: {}, body: null, version: API_VERSION };
    const expect = ({ kind }: Failure) => ['token', 'unauthorized', 'scope', 'plan'].includes(kind);
    const { failure } = await send(request, { priority: 'urgent', expect, signal });
    return failure === null || failure.kind === 'scope' || failure.kind === 'plan';
  }

  function tokenAlive(signal: AbortSignal | undefined): Promise<boolean> {
    if (verdict === null || clock.now() - verdict.at > VERDICT_MS) {
      const alive = askMe(signal);
      const fresh = { at: clock.now(), alive };
      verdict = fresh;
      alive.catch(() => {
        if (verdict === fresh) verdict = null;
      });
    }
    return verdict.alive;
  }

  async function refusal(request: HttpRequest, failure: Failure, options: RequestOptions): Promise<Error> {
    const { method, path, version } = request;
    const { permission = null } = options;
    const context: FailureContext = { method, path, host, version, permission, reconnect };
    const ambiguous = failure.kind === 'unauthorized' && path !== '/me';
    return errorOf(failure, context, ambiguous && (await tokenAlive(options.signal)));
  }

  async function send(request: HttpRequest, options: RequestOptions): Promise<Answer> {
    let tries = 0;
    let elapsedMs = 0;
    for (;;) {
      const attempt = await tryOnce(request, options);
      const { failure } = attempt;
      const odd = oddity(attempt, options.accept);
      if (odd === null && (failure === null || options.expect?.(failure) === true)) return attempt;
      elapsedMs += attempt.tookMs;
      const kind = failure === null ? 'malformed' : retryKind(failure.kind);
      if (kind !== 'rate_limited') tries += 1;
      const outcome = { kind, serverDelayMs: failure?.serverDelayMs ?? null };
      const limits = options.patience === undefined ? {} : { limits: options.patience };
      const decision = retryDecision({ attempt: tries, outcome, elapsedMs, random: random(), ...limits });
      if (!decision.retry) throw failure === null ? odd : await refusal(request, failure, options);
      await clock.sleep(decision.delayMs, options.signal);
      elapsedMs += decision.delayMs;
    }
  }

  return {
    get: (path, query, options) =>
      send({ method: 'GET', path, query, body: null, version: options.version ?? API_VERSION }, options),
    post: (path, body, options) =>
      send({ method: 'POST', path, query: {}, body, version: options.version ?? API_VERSION }, options),
  };
}
