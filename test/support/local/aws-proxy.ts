/** Stands before an endpoint of the embedded AWS and answers some requests itself, as AWS does in bad hours or without rights. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AwsRefusal {
  readonly status: number;
  /** Name of AWS's error. */
  readonly type: string;
}

export interface AwsProxy {
  readonly url: string;
  /** Refuses an operation such as `PutSecretValue` until the function it gives back is called. */
  refuse(operation: string, refusal: AwsRefusal): () => void;
  close(): Promise<void>;
}

/** Answers a request itself: before it is passed on, or instead of what came back. */
export interface Judge {
  before(request: IncomingMessage, body: Buffer): AwsRefusal | null;
  after(request: IncomingMessage, status: number): AwsRefusal | null;
}

/** Calls off what several proxies do, with one call. */
export const allOff = (each: readonly (() => void)[]) => (): void => {
  for (const callOff of each) callOff();
};

const LENIENT: Judge = { before: () => null, after: () => null };

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** S3 speaks XML, the other services JSON. */
function refuse(request: IncomingMessage, response: ServerResponse, { status, type }: AwsRefusal): void {
  const target = request.headers['x-amz-target'];
  if (target === undefined) {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<Error><Code>${type}</Code><Message>refused</Message></Error>`);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ __type: type, message: `${operationOf(request)} is refused` }));
}

const operationOf = ({ headers }: IncomingMessage): string =>
  String(headers['x-amz-target']).split('.').at(-1) ?? '';

/** Sends the request on as it came. */
async function passOn(request: IncomingMessage, body: Buffer, target: string): Promise<IncomingMessage> {
  const { host: _, ...headers } = request.headers;
  const { hostname, port } = new URL(target);
  const sent = send({ hostname, port, path: request.url, method: request.method, headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

export async function startAwsProxy(target: string, judge: Judge = LENIENT): Promise<AwsProxy> {
  const refused = new Map<string, AwsRefusal>();
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    const before = refused.get(operationOf(request)) ?? judge.before(request, body);
    if (before !== null) return refuse(request, response, before);
    const answer = await passOn(request, body, target);
    const bytes = await bytesOf(answer);
    const status = answer.statusCode ?? 500;
    const after = judge.after(request, status);
    if (after !== null) return refuse(request, response, after);
    response.writeHead(status, answer.headers);
    response.end(bytes);
  }
  const server = createServer((request, response) => {
    handle(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    refuse(operation, refusal) {
      refused.set(operation, refusal);
      return () => refused.delete(operation);
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
