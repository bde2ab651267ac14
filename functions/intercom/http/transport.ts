/** One try of one request: fetch, a bounded body, and what the answer amounts to. No retries here. */
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../core/json.ts';
import type { Clock, RateObservation } from '../../core/ports.ts';
import type { EpochMs } from '../../core/time.ts';
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
  /** The `Link` header. */
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
  readonly fetch: typeof fetch;
}

interface Body {
  readonly text: string;
  readonly bytes: number;
  readonly tooLarge: boolean;
}

async function readBody(response: Response, maxBytes: number): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return { text: '', bytes, tooLarge: true };
    chunks.push(chunk);
  }
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), bytes, tooLarge: false };
}

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

/** A body as text, and its content type. */
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
function networkDetail(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return cut(`${code} ${error.message}`);
}

/**
 * The failure behind an exception from fetch. For a network error, fetch throws a TypeError with a cause.
 * A TypeError without a cause is a bug, such as a token that is not a valid header value.
 * @throws the exception itself if it is a bug; the signal's reason if the caller aborted
 */
function exceptionFailure(error: unknown, signal: AbortSignal | undefined): Failure {
  signal?.throwIfAborted();
  const base = { status: null, codes: [], requestId: null, serverDelayMs: null, cause: error };
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return { ...base, kind: 'timeout', code: 'timeout', detail: '' };
  }
  if (error instanceof TypeError && error.cause instanceof Error) {
    return { ...base, kind: 'network', code: 'network', detail: networkDetail(error.cause) };
  }
  throw error;
}

/** Sends one request once. Redirects are not followed: the token goes to one host only. */
export function createTransport(options: TransportOptions) {
  const { baseUrl, clock, timeoutMs, maxBodyBytes } = options;

  function attemptOf(response: Response, body: Body, sentAtMs: EpochMs): Attempt {
    const { status, headers } = response;
    const receivedAtMs = clock.now();
    const value = parsed(body.text);
    const object = value !== undefined && isJsonObject(value) ? value : null;
    const requestId = headers.get('x-request-id');
    const limited = status === 429;
    const facts = {
      status,
      body: object,
      requestId,
      serverDelayMs: serverDelayMs(headers, limited, receivedAtMs),
    };
    const fault = body.tooLarge ? 'answer_too_large' : response.ok ? bodyFault(body, value) : null;
    const failed = !response.ok || (object !== null && isErrorList(object));
    const failure = fault !== null ? malformed(fault, status, requestId) : failed ? failureOf(facts) : null;
    return {
      status,
      body: object ?? {},
      bytes: body.bytes,
      receivedAtMs,
      date: dateHeader(headers),
      link: headers.get('link'),
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
    const url = new URL(`${baseUrl}${request.path}`);
    for (const [name, value] of Object.entries(request.query)) url.searchParams.set(name, String(value));
    const timeout = AbortSignal.timeout(timeoutMs);
    const { text, type } = encoded(request.body);
    const sentAtMs = clock.now();
    try {
      const response = await options.fetch(url, {
        method: request.method,
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        headers: {
          accept: 'application/json',
          'intercom-version': request.version,
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(type !== null && { 'content-type': type }),
        },
        body: text,
      });
      return attemptOf(response, await readBody(response, maxBodyBytes), sentAtMs);
    } catch (error) {
      return noAnswer(exceptionFailure(error, signal), clock.now());
    }
  };
}
