import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import type { DynamoDbWorkerData } from './dynamodb-endpoint.ts';
import { refusal } from './loopback-guard.ts';
import { closeServer, listenOnLoopback } from './loopback-server.ts';

const { folder, accessKeyId }: DynamoDbWorkerData = workerData;

const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
const [answer] = server.listeners('request');
if (answer === undefined) throw new Error('dynalite has no request listener.');
server.removeAllListeners('request');
server.on('request', (request, response) => {
  const why = refusal(request, accessKeyId);
  if (why !== undefined) {
    request.resume();
    response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: 'AccessDeniedException', message: why }));
    return;
  }
  answer.call(server, request, response);
  // dynalite throws if a client hangs up, which would end this thread.
  request.removeAllListeners('error');
  request.on('error', () => response.destroy());
});

// Closing dynalite's server closes its database too.
parentPort?.once('message', () => closeServer(server).then(() => process.exit(0)));
parentPort?.postMessage(await listenOnLoopback(server));
