/** One exchange with a server: sends a request once and reads its answer to the end. Redirects are not followed. */
import { validateHeaderValue } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';

export interface Outgoing {
  /** Scheme, host and port. */
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Milliseconds from here to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Bytes of the largest answer that is read. */
  readonly maxBodyBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Incoming {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Null if there is more than `maxBodyBytes` of it. */
  readonly body: Uint8Array | null;
}

/** No whole answer came. `network`: the cause says why. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly kind: 'timeout' | 'network';

  constructor(kind: 'timeout' | 'network', cause?: unknown) {
    super(`No answer: ${kind}`, { cause });
    this.kind = kind;
  }
}

/** @throws NoAnswer; the signal's reason if it aborts; TypeError for a header that cannot be sent */
export type Exchange = (outgoing: Outgoing) => Promise<Incoming>;

/** The header's value, several of them joined by commas; null if there is none. */
export function headerOf(headers: AnswerHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.join(', ') ?? null);
}

/** undici's codes for what the caller did wrong. */
const BUGS: readonly unknown[] = ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_CLOSED'];

/** Whatever is not a bug comes from the network: an answer that is not HTTP does not even have a code. */
function failureOf(error: Error): Error {
  const isBug = error instanceof TypeError || ('code' in error && BUGS.includes(error.code));
  return isBug ? error : new NoAnswer('network', error);
}

/**
 * Loaded by the first request and shared by all. Only the module of the agent: a cold start does not pay for the
 * package's fetch, caches and sockets.
 */
let agent: Promise<Dispatcher> | null = null;

async function createAgent(): Promise<Dispatcher> {
  const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
  // Each request has its own time-out.
  return new Agent({ headersTimeout: 0, bodyTimeout: 0 });
}

const unzip = promisify(gunzip);

/** The body as it was before it was compressed; null if that is larger than allowed. */
async function plainBody(body: Buffer, headers: AnswerHeaders, most: number): Promise<Uint8Array | null> {
  if (headerOf(headers, 'content-encoding')?.trim().toLowerCase() !== 'gzip' || body.length === 0)
    return body;
  try {
    return await unzip(body, { maxOutputLength: most });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw new NoAnswer('network', error);
  }
}

interface Received {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer | null;
}

function receive(dispatcher: Dispatcher, outgoing: Outgoing): Promise<Received> {
  const { timeoutMs, maxBodyBytes, signal, ...request } = outgoing;
  return new Promise((done, failed) => {
    let controller: Dispatcher.DispatchController | null = null;
    let head: Omit<Received, 'body'> = { status: 0, headers: {} };
    let chunks: Buffer[] = [];
    let bytes = 0;
    let isStopped = false;

    function end(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
    /** Tells the outcome, then cuts the request off, which may not have begun: it may still wait for a connection. */
    function stop(tell: () => void): void {
      tell();
      end();
      isStopped = true;
      chunks = [];
      controller?.abort(ABANDONED);
    }
    const onAbort = (): void => stop(() => failed(signal?.reason));
    const timer = setTimeout(() => stop(() => failed(new NoAnswer('timeout'))), timeoutMs);
    signal?.addEventListener('abort', onAbort);

    dispatcher.dispatch(request, {
      onRequestStart(started) {
        controller = started;
        if (isStopped) started.abort(ABANDONED);
      },
      onResponseStart(_controller, status, headers) {
        head = { status, headers };
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > maxBodyBytes) stop(() => done({ ...head, body: null }));
      },
      onResponseEnd() {
        end();
        const [first] = chunks;
        done({ ...head, body: first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks) });
      },
      onResponseError(_controller, error) {
        end();
        failed(failureOf(error));
      },
    });
  });
}

/** Why a request was cut off whose outcome is already known. Nobody sees it. */
const ABANDONED = new Error('abandoned');

/** The exchange over undici, with connections that are kept. */
export const exchange: Exchange = async (outgoing) => {
  const headers: Record<string, string> = { ...outgoing.headers, 'accept-encoding': 'gzip' };
  for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value);
  agent ??= createAgent();
  const dispatcher = await agent;
  outgoing.signal?.throwIfAborted();
  const { body, ...head } = await receive(dispatcher, { ...outgoing, headers });
  return { ...head, body: body === null ? null : await plainBody(body, head.headers, outgoing.maxBodyBytes) };
};
