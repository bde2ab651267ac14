import { createServer, type Server } from 'node:http';
import { Worker } from 'node:worker_threads';
import { ClassicLevel } from 'classic-level';
import { diskTrouble } from './disk-trouble.ts';
import { closeServer, type LoopbackServer, listenOnLoopback } from './loopback-server.ts';

export interface DynamoDbWorkerData {
  /** LevelDB folder. */
  readonly folder: string;
  readonly accessKeyId: string;
}

export interface DynamoDbEndpointOptions extends DynamoDbWorkerData {
  readonly region: string;
}

/**
 * dynalite over LevelDB, in a thread of its own: it throws an error of the disk as an uncaught exception, which
 * ends the thread but not the process, and its work does not compete with the pipeline's. Every write goes
 * to the operating system before it is answered, so it outlives a killed process; it is not flushed to
 * the disk, so a power cut may take the last ones back (never one without those after it).
 */
export async function startDynamoDbEndpoint(options: DynamoDbEndpointOptions): Promise<LoopbackServer> {
  const { folder, accessKeyId, region } = options;
  await dropUnfinishedTables(folder);
  const data: DynamoDbWorkerData = { folder, accessKeyId };
  const worker = new Worker(new URL('./dynamodb-worker.ts', import.meta.url), {
    workerData: data,
    env: { AWS_REGION: region },
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  let standIn: Promise<Server> | undefined;
  worker.once('error', (error) => {
    standIn = ended.then(() => startStandIn(port, error, folder));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      worker.postMessage('close');
      await ended;
      if (standIn !== undefined) await closeServer(await standIn);
    },
  };
}

/**
 * A process killed while it created a table leaves it CREATING for good, and dynalite can neither finish nor
 * delete it. Such a table has no items yet; it goes, and is created again.
 */
export async function dropUnfinishedTables(folder: string): Promise<void> {
  const database = new ClassicLevel<string, { TableStatus?: string }>(folder, { valueEncoding: 'json' });
  try {
    // Opened by the iterator, it would not say what is wrong.
    await database.open();
    for await (const [key, table] of database.iterator({ gte: 'table~', lt: 'table\u007f' })) {
      if (table.TableStatus === 'CREATING') await database.del(key);
    }
  } finally {
    await database.close();
  }
}

/** Answers at the port of a database that has failed, so that callers learn why and do not retry. */
async function startStandIn(port: number, error: unknown, folder: string): Promise<Server> {
  const trouble = diskTrouble(error, folder);
  const reason = error instanceof Error ? error.message : String(error);
  const body = JSON.stringify({
    __type: trouble?.kind === 'full' ? 'InsufficientStorage' : 'DatabaseFailed',
    message: trouble?.message ?? `The embedded DynamoDB in ${folder} has failed: ${reason}. Start again.`,
  });
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(507, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(body);
  });
  await listenOnLoopback(server, port);
  return server;
}
