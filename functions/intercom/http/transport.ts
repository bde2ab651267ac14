/** One try of one request: an exchange, and what its answer means. No retries here. */
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../core/json.ts';
import type { Clock, RateObservation } from '../../core/ports.ts';
import type { EpochMs } from '../../core/time.ts';
import { type Exchange, exchange, headerOf, type Incoming, NoAnswer } from './exchange.ts';
import { cut, type Failure, failureOf, isErrorList } from './failures.ts';
import { dateHeader, rateObservation, serverDelayMs } from './rate-headers.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string | number>>;
  /** Sent as JSON, or as a form. */
  readonly body: JsonObject | URLSearchParams | null;
  readonly version: string;
}

export interface Attempt {
  /** 0 if no answer came. */
  readonly status: number;
  /** The JSON object received; empty for HTML and the like. */
  readonly body: JsonObject;
  /** Size of the body in bytes. */
  readonly bytes: number;
  readonly receivedAtMs: EpochMs;
  /** The server's clock, epoch milliseconds. */
  readonly date: EpochMs | null;
  readonly link: string | null;
  readonly observation: RateObservation | null;
  readonly failure: Failure | null;
}

export interface TransportOptions {
  readonly baseUrl: string;
  readonly clock: Clock;
  /** Milliseconds for one try, including its body. */
  readonly timeoutMs: number;
  /** Bytes of the largest body that is read. */
  readonly maxBodyBytes: number;
  /** @default exchange */
  readonly exchange?: Exchange | undefined;
}

interface Body {
  readonly text: string;
  readonly bytes: number;
  readonly tooLarge: boolean;
}

const UTF8 = new TextDecoder();

const bodyOf = ({ body }: Incoming): Body =>
  body === null
    ? { text: '', bytes: 0, tooLarge: true }
    : { text: UTF8.decode(body), bytes: body.byteLength, tooLarge: false };

function parsed(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A body that is too large will be too large again; anything else may be temporary. */
const malformed = (code: string, status: number, requestId: string | null): Failure => ({
  kind: code === 'answer_too_large' ? 'refused' : 'malformed',
  code,
  status,
  codes: [],
  detail: '',
  requestId,
  serverDelayMs: null,
});

/** What is wrong with the body of a 2xx answer; null if nothing is. */
function bodyFault(body: Body, value: JsonValue | undefined): string | null {
  if (body.text.trim() === '') return 'empty_answer';
  if (value === undefined) return body.text.trimStart().startsWith('<') ? 'html_answer' : 'malformed_answer';
  return isJsonObject(value) ? null : 'not_an_object';
}

function encoded(body: HttpRequest['body']): { readonly text: string | null; readonly type: string | null } {
  if (body === null) return { text: null, type: null };
  return body instanceof URLSearchParams
    ? { text: body.toString(), type: 'application/x-www-form-urlencoded' }
    : { text: JSON.stringify(body), type: 'application/json' };
}

const noAnswer = (failure: Failure, receivedAtMs: EpochMs): Attempt => ({
  status: 0,
  body: {},
  bytes: 0,
  receivedAtMs,
  date: null,
  link: null,
  observation: null,
  failure,
});

/** The code of a network error (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`), then its message. */
function networkDetail(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cut(`${code} ${cause.message}`);
}

const failureOfNone = ({ kind, cause }: NoAnswer): Failure => ({
  kind,
  code: kind,
  status: null,
  codes: [],
  detail: networkDetail(cause),
  requestId: null,
  serverDelayMs: null,
  cause,
});

const USER_AGENT = 'intercom-s3-pipeline';

/** Sends one request once. Redirects are not followed: the token goes to one host only. */
export function createTransport(options: TransportOptions) {
  const { baseUrl, clock, timeoutMs, maxBodyBytes, exchange: send = exchange } = options;
  const { origin, pathname } = new URL(baseUrl);
  const root = pathname.replace(/\/$/, '');

  function attemptOf(answer: Incoming, sentAtMs: EpochMs): Attempt {
    const { status, headers } = answer;
    const body = bodyOf(answer);
    const ok = status >= 200 && status < 300;
    const receivedAtMs = clock.now();
    const value = parsed(body.text);
    const object = value !== undefined && isJsonObject(value) ? value : null;
    const requestId = headerOf(headers, 'x-request-id');
    const limited = status === 429;
    const facts = {
      status,
      body: object,
      requestId,
      serverDelayMs: serverDelayMs(headers, limited, receivedAtMs),
    };
    const fault = body.tooLarge ? 'answer_too_large' : ok ? bodyFault(body, value) : null;
    const failed = !ok || (object !== null && isErrorList(object));
    const failure = fault !== null ? malformed(fault, status, requestId) : failed ? failureOf(facts) : null;
    return {
      status,
      body: object ?? {},
      bytes: body.bytes,
      receivedAtMs,
      date: dateHeader(headers),
      link: headerOf(headers, 'link'),
      observation: rateObservation(headers, limited || failure?.kind === 'rate_limited', {
        sentAtMs,
        receivedAtMs,
      }),
      failure,
    };
  }

  /** @param token null if the request needs none */
  return async (
    request: HttpRequest,
    token: string | null,
    signal: AbortSignal | undefined,
  ): Promise<Attempt> => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query)) query.set(name, String(value));
    const { text, type } = encoded(request.body);
    const sentAtMs = clock.now();
    try {
      const answer = await send({
        origin,
        path: `${root}${request.path}${query.size === 0 ? '' : `?${query}`}`,
        method: request.method,
        headers: {
          accept: 'application/json',
          'user-agent': USER_AGENT,
          'intercom-version': request.version,
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(type !== null && { 'content-type': type }),
        },
        body: text,
        timeoutMs,
        maxBodyBytes,
        signal,
      });
      return attemptOf(answer, sentAtMs);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return noAnswer(failureOfNone(error), clock.now());
    }
  };
}
