/** The callback as API Gateway calls it: one page and one log line for each request. */
import { Logger } from '@aws-lambda-powertools/logger';
import { completeAuthorization } from './connection/complete-authorization.ts';
import type { CompleteDependencies } from './connection/dependencies.ts';
import { type PageOutcome, renderPage } from './connection/outcome-pages.ts';
import { createConnectionRuntime } from './connection-runtime.ts';
import { RetryableError } from './core/errors.ts';
import type { RawEnvironment } from './environment.ts';

/** The part of an HTTP API's event that we use (payload format 2.0). */
export interface CallbackEvent {
  /** Without the question mark; not decoded. */
  readonly rawQueryString: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestContext: { readonly http: { readonly method: string } };
}

export interface CallbackResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** API Gateway gives up after 30 s; the rest is for AWS's answers, the page and a cold start. */
const INTERCOM_MS = 20_000;

/** The stack without the message, because a message may quote a secret. */
const framesOf = (error: unknown): readonly string[] =>
  error instanceof Error ? (error.stack?.match(/^\s+at .*$/gm) ?? []).map((line) => line.trim()) : [];

function logOutcome(logger: Logger, outcome: PageOutcome): void {
  const { kind } = outcome;
  const fields = {
    outcome: kind,
    ...('workspace' in outcome && { workspace: outcome.workspace.id }),
    ...('expected' in outcome && { expected: outcome.expected }),
    ...('region' in outcome && { region: outcome.region }),
    ...('reason' in outcome && { reason: outcome.reason }),
  };
  const isConnected = kind === 'connected' || kind === 'reconnected' || kind === 'replaced';
  logger[isConnected ? 'info' : 'warn']('OAuth callback', fields);
}

/** True for a browser that loads the page in advance. Only a person's own visit may use up the state. */
const isPrefetch = (headers: CallbackEvent['headers'] = {}): boolean =>
  ['sec-purpose', 'purpose', 'x-moz'].some((name) => /\bprefetch\b/i.test(headers[name] ?? ''));

async function outcomeOf(
  logger: Logger,
  dependencies: CompleteDependencies,
  { rawQueryString, requestContext, headers }: CallbackEvent,
): Promise<PageOutcome> {
  // A HEAD, such as a link preview sends, would use up the state.
  if (requestContext.http.method !== 'GET') return { kind: 'wrong_method' };
  if (isPrefetch(headers)) return { kind: 'prefetch' };
  try {
    return await completeAuthorization(dependencies, rawQueryString, AbortSignal.timeout(INTERCOM_MS));
  } catch (error) {
    if (error instanceof RetryableError) return { kind: 'aws_unavailable' };
    const name = error instanceof Error ? error.name : typeof error;
    logger.error('OAuth callback', { outcome: 'internal_error', error: name, frames: framesOf(error) });
    return { kind: 'internal_error' };
  }
}

export function createOAuthCallback(env: RawEnvironment): (event: CallbackEvent) => Promise<CallbackResult> {
  const { service, dependencies } = createConnectionRuntime(env);
  const logger = new Logger({ serviceName: service });
  return async (event) => {
    const outcome = await outcomeOf(logger, dependencies, event);
    if (outcome.kind !== 'internal_error') logOutcome(logger, outcome);
    const { status, headers, body } = renderPage(outcome, service);
    const isHead = event.requestContext.http.method === 'HEAD';
    return { statusCode: status, headers, body: isHead ? '' : body };
  };
}
