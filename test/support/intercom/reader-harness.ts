/** A small real HTTP server, a clock that does not sleep, and a client between them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ObjectDeclaration, ReadSpec } from '../../../functions/core/declaration.ts';
import type { JsonObject } from '../../../functions/core/json.ts';
import type { Clock, PermitPriority, ProgressEvent, RateObservation } from '../../../functions/core/ports.ts';
import type { Position, ReadEvent, Slice, SliceQuery } from '../../../functions/core/reading.ts';
import { createIntercomClient, type IntercomClientOptions } from '../../../functions/intercom/http/client.ts';
import { createObjectReader } from '../../../functions/intercom/readers/index.ts';

export interface Request {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, never> & SearchBody;
  /** The raw body. */
  readonly text: string;
}

export interface SearchBody {
  readonly query?: unknown;
  readonly sort?: unknown;
  readonly pagination?: { readonly per_page: number; readonly starting_after?: string };
}

export interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `hang`: no answer, ever. `reset`: the connection breaks. `truncate`: the answer is cut, cleanly. */
  readonly fault?: 'hang' | 'reset' | 'truncate' | 'hang_in_body';
}

export type Handler = (request: Request) => Reply | Promise<Reply>;

async function bodyOf(message: IncomingMessage): Promise<Pick<Request, 'body' | 'text'>> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const isJson = message.headers['content-type'] === 'application/json';
  return { text, body: isJson ? JSON.parse(text) : {} };
}

function send(reply: Reply, response: ServerResponse): void {
  const text = reply.text ?? JSON.stringify(reply.json ?? {});
  if (reply.fault === 'hang') return;
  if (reply.fault === 'reset') {
    response.destroy();
    return;
  }
  response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
  if (reply.fault === 'hang_in_body') response.write(text.slice(0, 5));
  else response.end(reply.fault === 'truncate' ? text.slice(0, text.length / 2) : text);
}

export interface TestServer {
  readonly url: string;
  readonly requests: readonly Request[];
  /** Method and URL of each request. */
  readonly log: () => readonly string[];
}

export async function serve(handler: Handler): Promise<TestServer> {
  const requests: Request[] = [];
  const server = createServer(async (message, response) => {
    const url = new URL(message.url ?? '/', 'http://server');
    const request: Request = {
      method: message.method ?? '',
      path: url.pathname,
      url: `${url.pathname}${url.search}`,
      query: url.searchParams,
      headers: message.headers,
      ...(await bodyOf(message)),
    };
    requests.push(request);
    send(await handler(request), response);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    log: () => requests.map(({ method, url }) => `${method} ${url}`),
  };
}

/** An address where nothing listens. */
export async function closedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}`;
}

export interface TestClock extends Clock {
  readonly sleeps: readonly number[];
}

/** A clock that moves only by sleeping; sleeping itself takes no time. */
export function testClock(start = Date.UTC(2026, 10, 23, 12)): TestClock {
  let now = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleeps.push(ms);
      now += ms;
    },
  };
}

export const TOKEN = 'dG9rOnNlY3JldA==';

export function testClient(url: string, options: Partial<IntercomClientOptions> = {}) {
  const clock = testClock();
  const observations: RateObservation[] = [];
  const priorities: PermitPriority[] = [];
  const events: ProgressEvent[] = [];
  const client = createIntercomClient({
    baseUrl: url,
    tokens: { connection: async () => ({ accessToken: TOKEN }) },
    budget: {
      permit: async (priority) => {
        priorities.push(priority);
        return () => undefined;
      },
      observe: (observation) => void observations.push(observation),
      limit: async () => 1666,
    },
    clock,
    random: () => 0,
    observe: (event) => void events.push(event),
    object: 'tags',
    timeoutMs: 5_000,
    ...options,
  });
  return { client, clock, observations, priorities, events };
}

/** A declaration in which only `read` matters. */
export const declare = (read: ReadSpec, more: Partial<ObjectDeclaration> = {}): ObjectDeclaration => ({
  name: 'tags',
  description: '',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read admins',
  read,
  columns: [],
  omit: [],
  children: [],
  ...more,
});

export const sliceOf = (query: SliceQuery): Slice => ({ id: '0001', query, exact: { from: null, to: null } });

export const windowOf = (
  from: number | null,
  to: number | null,
  more: Partial<Extract<SliceQuery, { kind: 'window' }>> = {},
): SliceQuery => ({ kind: 'window', updated: { from, to }, created: null, through: false, ...more });

export const ALL: SliceQuery = { kind: 'all' };

export function testReader(
  url: string,
  declaration: ObjectDeclaration,
  options: Partial<IntercomClientOptions> & { readonly inFlight?: number } = {},
) {
  const test = testClient(url, options);
  const { client } = test;
  const clock = options.clock ?? test.clock;
  const reader = createObjectReader(declaration, { client, clock, inFlight: options.inFlight ?? 4 });
  return { ...test, reader };
}

export interface Walk {
  readonly events: readonly ReadEvent[];
  readonly records: readonly JsonObject[];
  readonly ids: readonly string[];
  readonly positions: readonly Position[];
  readonly matched: number | null | undefined;
}

/** Reads a slice to its end and summarizes it, without what came before a restart. */
export async function walk(source: AsyncIterable<ReadEvent>): Promise<Walk> {
  const events: ReadEvent[] = [];
  for await (const event of source) {
    // The engine throws it, too, if there is no other slice.
    if (event.type === 'lost') throw event.error;
    events.push(event);
  }
  const kept = events.slice(events.findLastIndex(({ type }) => type === 'restart') + 1);
  const pages = kept.filter((event) => event.type === 'page');
  const end = kept.findLast((event) => event.type === 'end');
  return {
    events,
    records: pages.flatMap(({ records }) => records.map(({ record }) => record)),
    ids: pages.flatMap(({ ids }) => ids),
    positions: pages.map(({ position }) => position),
    matched: end?.matched,
  };
}

export const errorList = (code: string, message = 'Something'): JsonObject => ({
  type: 'error.list',
  request_id: 'req123',
  errors: [{ code, message }],
});

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
