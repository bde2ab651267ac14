/** A Trino that reads the catalog by Glue's API and the lake by S3's, as Athena does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Exact, parseExact } from '../support/local/lossless-json.ts';
import type { TrinoFiles } from './trino-files.ts';

/** A type as Trino describes it: `row` with named arguments, `array`, `map`, or a scalar. */
export interface TypeSignature {
  readonly rawType: string;
  readonly arguments: readonly { readonly kind: string; readonly value: unknown }[];
}

export interface TrinoAnswer {
  readonly columns: readonly { readonly name: string; readonly typeSignature: TypeSignature }[];
  readonly rows: readonly (readonly Exact[])[];
}

export interface Trino {
  /** @throws Error with Trino's words */
  query(sql: string): Promise<TrinoAnswer>;
  close(): Promise<void>;
}

export interface TrinoOptions extends TrinoFiles {
  /** Speaks S3 and Glue, and takes any credentials. */
  readonly awsUrl: string;
  readonly database: string;
}

/** Views name the catalog that they read: Athena's. */
const CATALOG = 'awsdatacatalog';

const START_TIMEOUT_MS = 120_000;

const OPTIONS = [
  '-Xmx2G',
  '-XX:+UseSerialGC',
  // Hundreds of small queries, each with code of its own: the optimizing compiler takes more than it gives.
  '-XX:TieredStopAtLevel=1',
  '--add-modules=jdk.incubator.vector',
  '--enable-native-access=ALL-UNNAMED',
  '--sun-misc-unsafe-memory-access=allow',
  '-XX:+EnableDynamicAgentLoading',
  '-Djdk.attach.allowAttachSelf=true',
];

const properties = (settings: Readonly<Record<string, string | number>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

/** Settings as Athena documents itself: files below a partition's folder count, wherever they lie. */
const catalogSettings = (awsUrl: string) => ({
  'connector.name': 'hive',
  'hive.metastore': 'glue',
  'hive.metastore.glue.endpoint-url': awsUrl,
  'hive.metastore.glue.region': 'us-east-1',
  'hive.metastore.glue.aws-access-key': 'any',
  'hive.metastore.glue.aws-secret-key': 'any',
  'hive.partition-projection-enabled': 'true',
  'hive.recursive-directories': 'true',
  'fs.native-s3.enabled': 'true',
  's3.endpoint': awsUrl,
  's3.region': 'us-east-1',
  's3.path-style-access': 'true',
  's3.aws-access-key': 'any',
  's3.aws-secret-key': 'any',
});

async function configure(folder: string, { home, awsUrl }: TrinoOptions, port: number): Promise<string> {
  const catalogs = join(folder, 'catalog');
  await mkdir(catalogs);
  await writeFile(join(catalogs, `${CATALOG}.properties`), properties(catalogSettings(awsUrl)));
  const file = join(folder, 'config.properties');
  await writeFile(
    file,
    properties({
      'node.id': 'test',
      'node.environment': 'test',
      'node.internal-address': '127.0.0.1',
      coordinator: 'true',
      'node-scheduler.include-coordinator': 'true',
      'http-server.http.port': port,
      'discovery.uri': `http://127.0.0.1:${port}`,
      'catalog.config-dir': catalogs,
      'plugin.dir': join(home, 'plugin'),
    }),
  );
  return file;
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/v1/info`).catch(() => null);
  if (!answer?.ok) return false;
  const { starting } = (await answer.json()) as { starting: boolean };
  return !starting;
}

interface Page {
  readonly nextUri?: string;
  readonly columns?: TrinoAnswer['columns'];
  readonly data?: TrinoAnswer['rows'];
  readonly error?: { readonly errorName: string; readonly failureInfo: Failure };
}

interface Failure {
  readonly message?: string;
  readonly cause?: Failure;
}

const wordsOf = ({ message = '', cause }: Failure): string =>
  cause === undefined ? message : `${message}: ${wordsOf(cause)}`;

async function queryAt(url: string, database: string, sql: string): Promise<TrinoAnswer> {
  const headers = {
    'x-trino-user': 'test',
    'x-trino-catalog': CATALOG,
    'x-trino-schema': database,
    'x-trino-time-zone': 'UTC',
  };
  const read = async (answer: Response): Promise<Page> => parseExact(await answer.text()) as unknown as Page;
  let page = await read(await fetch(`${url}/v1/statement`, { method: 'POST', body: sql, headers }));
  let columns: TrinoAnswer['columns'] = [];
  const rows: (readonly Exact[])[] = [];
  for (;;) {
    if (page.error !== undefined)
      throw new Error(`${page.error.errorName}: ${wordsOf(page.error.failureInfo)}`);
    columns = page.columns ?? columns;
    rows.push(...(page.data ?? []));
    if (page.nextUri === undefined) return { columns, rows };
    page = await read(await fetch(page.nextUri));
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
}

export async function startTrino(options: TrinoOptions): Promise<Trino> {
  const { java, home, database } = options;
  const folder = await mkdtemp(join(tmpdir(), 'trino-'));
  const port = await freePort();
  const config = await configure(folder, options, port);
  const log = join(folder, 'server.log');
  const output = openSync(log, 'w');
  const main = ['-cp', join(home, 'lib', '*'), 'io.trino.server.TrinoServer'];
  const server = spawn(java, [...OPTIONS, `-Dconfig=${config}`, ...main], {
    cwd: folder,
    stdio: ['ignore', output, output],
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    await stop(server);
    await rm(folder, { recursive: true, force: true });
  };
  const end = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady(url))) {
    if (server.exitCode !== null || Date.now() > end) {
      const words = await readFile(log, 'utf8');
      await close();
      throw new Error(`Trino did not start:\n${words.slice(-4000)}`);
    }
    await setTimeout(500);
  }
  return { query: (sql) => queryAt(url, database, sql), close };
}

/**
 * Waits until this query can be run: Trino says that it has started before its node offers the catalog.
 * @param sql reads a table, which takes a node
 */
export async function untilNodeOffersCatalog(trino: Trino, sql: string): Promise<void> {
  const end = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await trino.query(sql);
      return;
    } catch (error) {
      const isTooEarly = error instanceof Error && error.message.startsWith('NO_NODES_AVAILABLE');
      if (!isTooEarly || Date.now() > end) throw error;
      await setTimeout(500);
    }
  }
}
