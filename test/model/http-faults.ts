/** Every way in which one HTTP answer can go wrong, as a fetch that reaches the simulator without a network. */
import type { RawRequest, Simulator } from '../../lib/standins/intercom/index.ts';
import type { MemoryClock } from '../support/memory/memory-clock.ts';

interface Real {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

type HttpFault = (real: Real, clock: MemoryClock) => Response;

const errors = (code: string): string =>
  JSON.stringify({ type: 'error.list', errors: [{ code, message: 'x' }] });

const says =
  (status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpFault =>
  () =>
    new Response(text, { status, headers });

const PAGE = '<html><body><h1>Bad gateway</h1></body></html>';
const TIMEOUT_MS = 60_000;

/** What fetch throws if the connection breaks. */
const broken = (): TypeError => new TypeError('fetch failed', { cause: new Error('ECONNRESET') });

export const HTTP_FAULTS: Readonly<Record<string, HttpFault>> = {
  '429': says(429, errors('rate_limit_exceeded')),
  '429 with Retry-After': says(429, errors('rate_limit_exceeded'), { 'retry-after': '3' }),
  '429 with rate headers': (_real, clock) =>
    new Response(errors('rate_limit_exceeded'), {
      status: 429,
      headers: {
        'x-ratelimit-limit': '166',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.floor(clock.now() / 1000) + 16),
        date: new Date(clock.now()).toUTCString(),
      },
    }),
  '500': says(500, errors('server_error')),
  '502 in HTML': says(502, PAGE),
  '503': says(503, errors('service_unavailable')),
  '504 in HTML': says(504, PAGE),
  'a reset': () => {
    throw broken();
  },
  'a reset in the body': ({ status, headers, text }) => {
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, bytes.length / 2));
        controller.error(broken());
      },
    });
    return new Response(body, { status, headers });
  },
  'a time-out': (_real, clock) => {
    clock.advance(TIMEOUT_MS);
    throw new DOMException('timed out', 'TimeoutError');
  },
  'truncated JSON': ({ status, headers, text }) =>
    new Response(text.slice(0, text.length / 2), { status, headers }),
  'HTML with status 200': says(200, PAGE),
  'an empty 200': says(200, ''),
  'error.list in a 200': says(200, errors('server_error')),
  'an empty object': says(200, '{}'),
  // An expired scroll is answered in the same way.
  '404': says(404, errors('not_found')),
  '404 in HTML': says(404, PAGE),
  '403': says(403, errors('forbidden')),
  '410': says(410, errors('gone')),
  'a refused cursor': says(400, errors('client_error')),
  'a foreign scroll': says(400, errors('scroll_exists')),
};

/** What the request asks for, without ids, cursors and times. */
function kindOf({ method, path, query, body }: RawRequest): string {
  const place = path.replace(
    /\/(?!search|scroll|activity_logs|collections|help_centers)[^/]*\d[^/]*/g,
    '/{id}',
  );
  const isLater =
    Number(query.get('page') ?? 1) > 1 ||
    query.has('scroll_param') ||
    query.has('starting_after') ||
    body.includes('starting_after');
  const isCount = body.includes('"per_page":1}') || query.get('per_page') === '1';
  const more = isCount ? ' count' : isLater ? ' later' : '';
  return `${method} ${place}${query.has('type') ? ' by type' : ''}${query.has('model') ? ` ${query.get('model')}` : ''}${more}`;
}

export interface FaultyFetch {
  readonly fetch: typeof fetch;
  /** Breaks requests of a kind while the fault lasts. */
  arm(fault: {
    readonly kind: string;
    readonly respond: HttpFault;
    readonly isOver: (met: number) => boolean;
  }): void;
  disarm(): void;
  /** Kinds of the requests so far. */
  readonly kinds: Set<string>;
}

export function createFaultyFetch(simulator: Pick<Simulator, 'answer'>, clock: MemoryClock): FaultyFetch {
  const kinds = new Set<string>();
  let armed: Parameters<FaultyFetch['arm']>[0] | null = null;
  let met = 0;
  return {
    kinds,
    arm(fault) {
      armed = fault;
      met = 0;
    },
    disarm() {
      armed = null;
    },
    async fetch(input, init) {
      init?.signal?.throwIfAborted();
      const url = new URL(String(input));
      const request: RawRequest = {
        method: init?.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        body: typeof init?.body === 'string' ? init.body : '',
        headers: init?.headers as Readonly<Record<string, string>>,
      };
      const kind = kindOf(request);
      kinds.add(kind);
      clock.advance(20);
      const { status, headers, body } = simulator.answer(request);
      const text = typeof body === 'string' ? body : body.toString('utf8');
      const dated = { ...headers, date: new Date(clock.now()).toUTCString() };
      if (armed !== null && armed.kind === kind && !armed.isOver(met)) {
        met += 1;
        return armed.respond({ status, headers: dated, text }, clock);
      }
      return new Response(text, { status, headers: dated });
    },
  };
}
