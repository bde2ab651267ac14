import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { refusal } from './loopback-guard.ts';

/** How long requests in progress may take once the server is being closed. */
const CLOSE_GRACE_MS = 1_000;

export interface LoopbackServer {
  readonly url: string;
  close(): Promise<void>;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
export type Refuse = (response: ServerResponse, why: string) => void;

/** A server on 127.0.0.1 at a free port. The handler answers errors itself. If it throws, the connection breaks. */
export async function startLoopbackServer(
  accessKeyId: string,
  refuse: Refuse,
  handle: RequestHandler,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    const why = refusal(request, accessKeyId);
    if (why !== undefined) {
      request.resume();
      refuse(response, why);
      return;
    }
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  // Uploads may take as long as the sender needs.
  server.requestTimeout = 0;
  const port = await listenOnLoopback(server);
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

/** Listens on 127.0.0.1 and resolves to the port. */
export async function listenOnLoopback(server: Server, port = 0): Promise<number> {
  // Otherwise a client that reuses an idle connection just as it is closed would see a reset.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a port.');
  return address.port;
}

/** Stops taking requests, waits for those in progress, then cuts the rest. */
export async function closeServer(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(cut);
}
