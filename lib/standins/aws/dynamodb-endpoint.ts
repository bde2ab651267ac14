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
 * Runs dynalite over LevelDB in its own thread. dynalite throws disk errors as uncaught exceptions, which end the
 * thread but not the process. Every write reaches the operating system before it is answered, so it survives a
 * killed process. It is not flushed to the disk, so a power cut may undo the last writes (never one without all
 * later ones).
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
 * Deletes half-created tables. If a process is killed while it creates a table, the table stays CREATING, and
 * dynalite can neither finish nor delete it. Such a table has no items yet, so the caller can create it again.
 */
export async function dropUnfinishedTables(folder: string): Promise<void> {
  const database = new ClassicLevel<string, { TableStatus?: string }>(folder, { valueEncoding: 'json' });
  try {
    // If the iterator opened the database, the error would not say what is wrong.
    await database.open();
    for await (const [key, table] of database.iterator({ gte: 'table~', lt: 'table\u007f' })) {
      if (table.TableStatus === 'CREATING') await database.del(key);
    }
  } finally {
    await database.close();
  }
}

/** Takes over the port of a database that has failed, so that callers see the reason and do not retry. */
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
