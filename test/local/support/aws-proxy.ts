/** Stands before an endpoint of the embedded AWS and answers some operations itself, as AWS does in bad hours. */
import { createServer, type IncomingMessage } from 'node:http';
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

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function startAwsProxy(target: string): Promise<AwsProxy> {
  const refused = new Map<string, AwsRefusal>();
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request);
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const refusal = refused.get(operation);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: refusal.type, message: `${operation} is refused` }));
      return;
    }
    const { connection: _, host: __, 'content-length': ___, ...headers } = request.headers;
    const answer = await fetch(new URL(request.url ?? '/', target), {
      method: request.method ?? 'POST',
      headers: headers as Record<string, string>,
      body: new Uint8Array(body),
    });
    const { 'content-encoding': ____, ...kept } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, kept);
    response.end(Buffer.from(await answer.arrayBuffer()));
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
