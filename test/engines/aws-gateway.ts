/** One address of the embedded AWS, which has another one with every sync. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { closeServer, listenOnLoopback } from '../../lib/standins/aws/loopback-server.ts';

export interface AwsGateway {
  readonly url: string;
  /** Awaited before each list of files in S3 goes on. */
  beforeList: () => Promise<void>;
  close(): Promise<void>;
}

/** The endpoint and the access key that the embedded AWS has put into the environment. */
function forward(incoming: IncomingMessage, response: ServerResponse): void {
  const isGlue = incoming.headers['x-amz-target'] !== undefined;
  const {
    AWS_ENDPOINT_URL_GLUE: glue = '',
    AWS_ENDPOINT_URL_S3: s3 = '',
    AWS_ACCESS_KEY_ID: key,
  } = process.env;
  const { hostname, port, host } = new URL(isGlue ? glue : s3);
  const authorization = `AWS4-HMAC-SHA256 Credential=${key}/`;
  const { method, url } = incoming;
  const headers = { ...incoming.headers, host, authorization };
  const outgoing = request({ hostname, port, path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', (error) => response.destroy(error));
  incoming.pipe(outgoing);
}

export async function startAwsGateway(): Promise<AwsGateway> {
  const server = createServer((incoming, response) => {
    const isList = incoming.url?.includes('list-type=2') === true;
    (isList ? gateway.beforeList() : Promise.resolve()).then(
      () => forward(incoming, response),
      (error: Error) => response.destroy(error),
    );
  });
  const port = await listenOnLoopback(server);
  const gateway: AwsGateway = {
    url: `http://127.0.0.1:${port}`,
    beforeList: async () => undefined,
    close: () => closeServer(server),
  };
  return gateway;
}
