/** The Node server around the handler: bodies, faults, the Date header, the log. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultAnswer, RawAnswer, RawRequest } from '../types.ts';
import type { Clock } from '../world/clock.ts';
import type { Faults } from './faults.ts';
import type { RequestLog } from './request-log.ts';

export interface ServerOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly sendsDate: () => boolean;
  readonly handle: (request: RawRequest) => RawAnswer;
  /** Called if an injected 500 hits this path: a scroll does not survive it. */
  readonly onInjectedError: (path: string) => void;
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function injected(fault: FaultAnswer): RawAnswer {
  const answer = (type: string, body: string): RawAnswer => ({
    status: fault.status,
    headers: { 'Content-Type': type, ...fault.headers },
    body,
    route: 'fault',
  });
  if ('json' in fault) return answer('application/json; charset=utf-8', JSON.stringify(fault.json));
  if ('html' in fault) return answer('text/html', fault.html);
  if ('body' in fault) return answer('text/plain', fault.body);
  return answer('application/json; charset=utf-8', '');
}

function send(response: ServerResponse, answer: RawAnswer, truncate: boolean): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.sendDate = false;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.status === 204 ? {} : { 'Content-Length': String(body.length) }),
  });
  if (!truncate) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** The headers with some replaced or, by null, removed. */
function withHeaders(
  headers: RawAnswer['headers'],
  changes: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const changed = new Set(Object.keys(changes).map((name) => name.toLowerCase()));
  const kept = Object.entries(headers).filter(([name]) => !changed.has(name.toLowerCase()));
  const set = Object.entries(changes).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
  return Object.fromEntries([...kept, ...set]);
}

async function serve(
  options: ServerOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { clock, faults, log, handle } = options;
  const url = new URL(message.url ?? '/', 'http://simulator');
  const method = message.method ?? 'GET';
  const body = await readBody(message);
  const request: RawRequest = {
    method,
    path: url.pathname,
    query: url.searchParams,
    body,
    headers: message.headers,
  };
  const record = (status: number, route: string): void =>
    log.add({ method, path: url.pathname + url.search, status, atMs: clock.nowMs() }, route);

  const fault = faults.meet(request);
  const kind = fault !== undefined && 'kind' in fault ? fault.kind : undefined;
  if (kind === 'reset-connection' || kind === 'hang') {
    record(0, kind);
    if (kind === 'reset-connection') message.socket.resetAndDestroy();
    return;
  }
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
  const served = fault === undefined || 'kind' in fault ? handle(request) : injected(fault);
  const date = options.sendsDate() ? { Date: new Date(clock.nowMs()).toUTCString() } : {};
  const answer = {
    ...served,
    headers: withHeaders(
      { ...served.headers, ...date },
      fault !== undefined && 'kind' in fault && fault.kind === 'headers' ? fault.headers : {},
    ),
  };
  if (answer.route === 'fault' && answer.status === 500) options.onInjectedError(url.pathname);
  record(answer.status, answer.route);
  send(response, answer, kind === 'truncate-body');
}

const KEEP_ALIVE_MS = 65_000;

export async function listen(options: ServerOptions): Promise<RunningServer> {
  const server: Server = createServer((message, response) => {
    const end = options.log.begin();
    // A client that hung up no longer waits. One whose request hangs still does.
    response.once('close', end);
    serve(options, message, response).catch((error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' });
      response.end(`simulator bug: ${text}`);
    });
    response.once('finish', end);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}
