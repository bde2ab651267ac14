/**
 * The OAuth flow from end to end: the callback from its bundle behind a small HTTP API, the tables and secrets
 * of the template in the embedded AWS, the simulator as Intercom, and the command's half with real adapters.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { createDynamoDbAuthorizationStore } from '../../../functions/aws/dynamodb-authorization-store.ts';
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import { createSecretsConnectionStore } from '../../../functions/aws/secrets-connection-store.ts';
import { createSecretsOAuthClientSource } from '../../../functions/aws/secrets-oauth-client-source.ts';
import { type PipelineConfig, parseConfig } from '../../../functions/config/config.ts';
import { type Begun, beginAuthorization } from '../../../functions/connection/begin-authorization.ts';
import type { CallbackEvent, CallbackResult } from '../../../functions/connection-handlers.ts';
import { createIntercomAccess } from '../../../functions/intercom/oauth.ts';
import { SYSTEM_CLOCK } from '../../../functions/system-clock.ts';
import { startEmbeddedAws } from '../../../lib/standins/aws/index.ts';
import { invoke } from '../../../lib/standins/aws/workflow/invocation.ts';
import {
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../lib/standins/intercom/index.ts';
import { provision } from '../../../lib/template/provision.ts';
import type { AwsRefusal } from './aws-proxy.ts';
import { assemble, bundled } from './bundled-function.ts';
import { gateAws, type Right } from './gated-aws.ts';

/** The app as it is registered at the simulator: its secret is told apart from everything else. */
export const APP = { clientId: 'app-1234', clientSecret: 'CLIENT-SECRET-5f2c' } as const;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface BenchOptions {
  readonly simulator?: SimulatorOptions;
  readonly config?: PipelineConfig;
}

export interface ConnectionBench {
  readonly simulator: Simulator;
  readonly callbackUrl: string;
  readonly authorizations: ReturnType<typeof createDynamoDbAuthorizationStore>;
  readonly state: ReturnType<typeof createDynamoDbStateStore>;
  readonly connections: ReturnType<typeof createSecretsConnectionStore>;
  /** What `connect` does before it opens a browser. */
  begin(options?: { readonly replaceWorkspace?: boolean }): Promise<Begun>;
  /** Decides on the simulator's page; where the browser is sent back to. */
  decide(url: string, decision: 'authorize' | 'deny'): Promise<string>;
  /** Begins and authorizes; where the browser is sent back to, code and state and all. */
  authorized(options?: { readonly replaceWorkspace?: boolean }): Promise<URL>;
  get(url: string | URL, init?: RequestInit): Promise<Answer>;
  /** Texts of the secrets as they lie there. */
  secret(name: 'Connection' | 'OAuthClient'): Promise<string>;
  fillClient(text: string): Promise<void>;
  refuseAws(operation: string, refusal: AwsRefusal): () => void;
  /** What the callback asked of AWS and its role does not allow. */
  readonly denied: readonly string[];
  /** What its role allows. */
  rights(): readonly Right[];
  /** Lines that the callback logged since the last call; waits for one. */
  newLines(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Everything the callback ever printed. */
  output(): string;
  /** The state table, and every file but that of the secrets. */
  stored(): Promise<string>;
  close(): Promise<void>;
}

/** An HTTP API's event (payload format 2.0) of a request to the route of the template. */
function eventOf(request: IncomingMessage): unknown {
  const [rawPath = '', ...query] = (request.url ?? '').split('?');
  const method = request.method ?? 'GET';
  const used: CallbackEvent = { rawQueryString: query.join('?'), requestContext: { http: { method } } };
  return {
    ...used,
    version: '2.0',
    routeKey: 'ANY /callback',
    rawPath,
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    ),
    requestContext: {
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      routeKey: 'ANY /callback',
      stage: '$default',
    },
    isBase64Encoded: false,
  };
}

interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

/** The HTTP API: one route, any method; the instances of the function take turns. */
async function startGateway(instances: readonly ((event: unknown) => Promise<unknown>)[]): Promise<Gateway> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    request.resume();
    if (request.url?.split('?')[0] !== '/callback') {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
      return;
    }
    requests += 1;
    const instance = instances[requests % instances.length];
    try {
      const result = (await instance?.(eventOf(request))) as CallbackResult;
      response.writeHead(result.statusCode, result.headers).end(result.body);
    } catch {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end('{"message":"Internal Server Error"}');
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/callback`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** Every file below a folder but the secrets', as one text of single bytes. */
async function bytesBelow(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'secrets.json');
  const texts = files.map(async ({ parentPath, name }) => {
    const bytes = await readFile(join(parentPath, name)).catch(() => Buffer.alloc(0));
    return bytes.toString('latin1');
  });
  return (await Promise.all(texts)).join('\n');
}

export async function startConnectionBench(options: BenchOptions = {}): Promise<ConnectionBench> {
  const root = await mkdtemp(join(tmpdir(), 'connection-'));
  const simulator = await startSimulator({ sizes: SIZES.tiny, oauth: APP, ...options.simulator });
  const pipeline = { name: 'shop', baseUrl: simulator.url, ...options.config };
  const { resources, folderOf, gateOf } = assemble(join(root, 'cdk.out'), pipeline);
  const directory = join(root, 'out');
  const aws = await startEmbeddedAws({ directory });
  await provision(aws, resources);

  let printed = '';
  let seen = 0;
  const callback = resources.functions.find(({ entry }) => entry === 'oauth-callback');
  if (callback === undefined) throw new Error('The template has no callback.');
  const gate = await gateAws({ environment: aws.environment, ...gateOf(callback.logicalId) });
  const instances = [1, 2].map(() =>
    bundled(callback, folderOf(callback.logicalId), gate.environment, (text) => {
      printed += text;
    }),
  );
  const gateway = await startGateway(
    instances.map((callback) => (event) => invoke(callback, event, new AbortController().signal)),
  );
  simulator.registerRedirectUrl(gateway.url);

  const connectTo = (endpoint: string | undefined) => ({
    endpoint: endpoint ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: 'local' },
  });
  const dynamoDb = new DynamoDBClient(connectTo(aws.environment.AWS_ENDPOINT_URL_DYNAMODB));
  const secrets = new SecretsManagerClient(connectTo(aws.environment.AWS_ENDPOINT_URL_SECRETS_MANAGER));
  const table = callback.environment.TABLE_NAME ?? '';
  const authorizations = createDynamoDbAuthorizationStore(dynamoDb, table);
  const intercom = createIntercomAccess({ config: parseConfig(pipeline), clock: SYSTEM_CLOCK });

  const put = (SecretId: string, SecretString: string) =>
    secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  await put('OAuthClient', JSON.stringify({ client_id: APP.clientId, client_secret: APP.clientSecret }));

  const begin: ConnectionBench['begin'] = ({ replaceWorkspace = false } = {}) =>
    beginAuthorization(
      {
        intercom,
        authorizations,
        clients: createSecretsOAuthClientSource(secrets, 'OAuthClient'),
        clock: SYSTEM_CLOCK,
      },
      { callbackUrl: gateway.url, replaceWorkspace },
    );

  const decide: ConnectionBench['decide'] = async (url, decision) => {
    const asked = new URL(url);
    const body = new URLSearchParams({ ...Object.fromEntries(asked.searchParams), decision });
    const address = `${asked.origin}${asked.pathname}`;
    const sent = await fetch(address, { method: 'POST', redirect: 'manual', body });
    return sent.headers.get('location') ?? '';
  };

  return {
    simulator,
    callbackUrl: gateway.url,
    authorizations,
    state: createDynamoDbStateStore(dynamoDb, table),
    connections: createSecretsConnectionStore(secrets, 'Connection'),
    begin,
    decide,
    authorized: async (chosen) => new URL(await decide((await begin(chosen)).url, 'authorize')),
    async get(url, init = {}) {
      const response = await fetch(url, { redirect: 'manual', ...init });
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    async secret(name) {
      const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
      return SecretString;
    },
    fillClient: async (text) => void (await put('OAuthClient', text)),
    refuseAws: gate.refuse,
    denied: gate.denied,
    rights: gate.rights,
    async newLines() {
      // What a thread prints arrives after what it answers.
      for (let polls = 0; printed.length === seen && polls < 100; polls += 1) await sleep(10);
      await sleep(20);
      const lines = printed.slice(seen).trim().split('\n');
      seen = printed.length;
      return lines.map((line) => JSON.parse(line));
    },
    output: () => printed,
    async stored() {
      const { Items } = await dynamoDb.send(new ScanCommand({ TableName: table }));
      return `${JSON.stringify(Items)}\n${await bytesBelow(directory)}`;
    },
    async close() {
      await Promise.all(instances.map((one) => one.stop()));
      await gateway.close();
      await gate.close();
      for (const client of [dynamoDb, secrets]) client.destroy();
      await aws.close();
      await simulator.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
