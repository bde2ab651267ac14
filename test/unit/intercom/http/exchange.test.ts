import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exchange, headerOf, NoAnswer, type Outgoing } from '../../../../functions/intercom/http/exchange.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const requestTo = (origin: string, more: Partial<Outgoing> = {}): Outgoing => ({
  origin,
  path: '/x',
  method: 'GET',
  headers: {},
  body: null,
  timeoutMs: 5_000,
  maxBodyBytes: 1_000_000,
  ...more,
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => server.closeAllConnections());
  return `http://127.0.0.1:${await portOf(server)}`;
}

/** A server below HTTP: what it writes is up to the test. */
async function serveRaw(onRequest: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      count += 1;
      onRequest(socket, count);
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${await portOf(server)}`;
}

const textOf = ({ body }: { readonly body: Uint8Array | null }): string | null =>
  body === null ? null : Buffer.from(body).toString('utf8');

const failureTo = (origin: string, more: Partial<Outgoing> = {}): Promise<unknown> =>
  exchange(requestTo(origin, more)).then(
    (answer) => answer,
    (error: unknown) => error,
  );

const codeOf = (error: unknown): unknown =>
  error instanceof NoAnswer && error.cause instanceof Error && 'code' in error.cause
    ? error.cause.code
    : error;

describe('an answer', () => {
  test('comes with its status, headers and body', async () => {
    const origin = await serve(({ method, url, headers }, response) => {
      response.writeHead(418, { 'x-a': ['1', '2'] });
      response.end(`${method} ${url} ${headers['x-mine']}`);
    });
    const answer = await exchange(requestTo(origin, { path: '/a?b=c', headers: { 'x-mine': 'é' } }));
    expect(answer).toMatchObject({ status: 418 });
    expect(headerOf(answer.headers, 'x-a')).toBe('1, 2');
    expect(headerOf(answer.headers, 'x-b')).toBeNull();
    expect(textOf(answer)).toBe('GET /a?b=c é');
  });

  test('may be compressed', async () => {
    const text = 'Zoë 🦊 '.repeat(10_000);
    const origin = await serve(({ headers }, response) => {
      expect(headers['accept-encoding']).toBe('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(text));
    });
    expect(textOf(await exchange(requestTo(origin)))).toBe(text);
  });

  test('has no body if it is larger than allowed, compressed or not', async () => {
    const origin = await serve(({ url }, response) => {
      const body = Buffer.alloc(100_000, 'a');
      if (url !== '/gzip') return response.end(body);
      response.writeHead(200, { 'content-encoding': 'gzip' });
      return response.end(gzipSync(body));
    });
    const most = { maxBodyBytes: 99_999 };
    expect(await exchange(requestTo(origin, { ...most, path: '/plain' }))).toMatchObject({ body: null });
    expect(await exchange(requestTo(origin, { ...most, path: '/gzip' }))).toMatchObject({ body: null });
    expect((await exchange(requestTo(origin, { maxBodyBytes: 100_000 }))).body).toHaveLength(100_000);
  });

  test('that redirects is the answer', async () => {
    const origin = await serve((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' });
      response.end();
    });
    expect(await exchange(requestTo(origin))).toMatchObject({ status: 302 });
  });
});

describe('no answer', () => {
  test.each<[string, (socket: Socket) => void, string | undefined]>([
    ['a connection that is closed', (socket) => void socket.end(), 'UND_ERR_SOCKET'],
    ['a connection that is reset', (socket) => void socket.resetAndDestroy(), 'ECONNRESET'],
    [
      'a body that is cut',
      (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'),
      'UND_ERR_SOCKET',
    ],
    [
      'a body that is reset',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
        setTimeout(() => socket.resetAndDestroy(), 20);
      },
      'ECONNRESET',
    ],
    [
      'chunks that never end',
      (socket) => void socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'),
      'UND_ERR_SOCKET',
    ],
    ['what is not HTTP', (socket) => void socket.end('SSH-2.0-OpenSSH\r\n'), undefined],
    [
      'a body that is not what it says to be',
      (socket) =>
        void socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc'),
      'Z_DATA_ERROR',
    ],
  ])('%s', async (_name, answer, code) => {
    const error = await failureTo(await serveRaw(answer));
    expect(error).toMatchObject({ kind: 'network', cause: { code } });
  });

  test('a host that does not exist, or nobody at the port', async () => {
    const missing = await failureTo('http://nowhere.invalid');
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(codeOf(missing));
    expect(codeOf(await failureTo('http://127.0.0.1:1'))).toBe('ECONNREFUSED');
  });

  test('a server that does not speak TLS', async () => {
    const origin = await serve((_request, response) => response.end('{}'));
    const error = await failureTo(origin.replace('http:', 'https:'));
    expect(codeOf(error)).toMatch(/^(EPROTO|ERR_SSL_.*)$/);
    expect(error).toMatchObject({ kind: 'network' });
  });

  test('in time: before the headers, in the body, and while others have the connections', async () => {
    const origin = await serveRaw((socket, count) => {
      if (count % 2 === 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
    });
    const errors = await Promise.all(Array.from({ length: 4 }, () => failureTo(origin, { timeoutMs: 100 })));
    for (const error of errors) expect(error).toMatchObject({ name: 'NoAnswer', kind: 'timeout' });
  });
});

test('a connection is kept, and not used again once it was closed while it was idle', async () => {
  const ports: (number | undefined)[] = [];
  const server = createServer((request, response) => {
    ports.push(request.socket.remotePort);
    response.end('{}');
  });
  const origin = `http://127.0.0.1:${await portOf(server)}`;
  onTestFinished(() => server.closeAllConnections());
  for (let i = 0; i < 5; i += 1) {
    expect(await exchange(requestTo(origin))).toMatchObject({ status: 200 });
    await sleep(20);
    if (i === 2) server.closeAllConnections();
  }
  expect(new Set(ports.slice(0, 3)).size).toBe(1);
  expect(ports.slice(3)).not.toContain(ports[0]);
});

describe('an abort', () => {
  test('ends the request with its reason, and closes the connection', async () => {
    const reason = new Error('deadline');
    const closed = Promise.withResolvers<void>();
    const origin = await serveRaw((socket) => socket.on('close', () => closed.resolve()));
    const abort = new AbortController();
    const asked = failureTo(origin, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    expect(await asked).toBe(reason);
    await closed.promise;
  });

  test('before the request means that nothing is sent', async () => {
    const reason = new Error('deadline');
    let count = 0;
    const origin = await serve((_request, response) => {
      count += 1;
      response.end();
    });
    expect(await failureTo(origin, { signal: AbortSignal.abort(reason) })).toBe(reason);
    expect(count).toBe(0);
  });

  test('leaves no listeners behind, and no warning', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on('warning', warned);
    const origin = await serve((_request, response) => setTimeout(() => response.end('{}'), 50));
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 40 }, () => exchange(requestTo(origin, { signal }))));
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });
});

test('a header that cannot be sent is a bug, and its value is in no message', async () => {
  const error = await failureTo('http://127.0.0.1:1', { headers: { authorization: 'Bearer top\nsecret' } });
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).not.toContain('secret');
});
