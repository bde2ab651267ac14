/** The simulator in a process of its own, so that memory and time of what reads it are the reader's. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type Simulator,
  type SimulatorStats,
  startSimulator,
  type WorkspaceSizes,
} from '../../lib/standins/intercom/index.ts';

export interface ServeOptions {
  readonly sizes: Partial<WorkspaceSizes>;
  /** Requests in ten seconds. @default more than anybody sends */
  readonly limit?: number;
  /** Milliseconds until an answer. @default none */
  readonly latencyMs?: number;
  /** Requests of another client of the workspace in every ten seconds, evenly. @default none */
  readonly foreign?: number;
  /** Text in every conversation, besides what it has. @default none */
  readonly conversationBytes?: number;
}

export interface Served {
  readonly url: string;
  readonly token: string;
  /** Of all requests until now, without those of the other client. */
  stats(): Promise<SimulatorStats>;
  stop(): void;
}

const UNLIMITED = 10_000_000;

/** Parts that share the text of a large conversation. */
const LARGE_PARTS = 4;

/** Starts one; the first answer comes when its workspace is made. */
export async function serve(options: ServeOptions): Promise<Served> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const told = async <T>(): Promise<T> => ((await once(child, 'message')) as [T])[0];
  const { url, token } = await told<Pick<Served, 'url' | 'token'>>();
  return {
    url,
    token,
    async stats() {
      child.send('stats');
      return told();
    },
    stop: () => void (child satisfies ChildProcess).kill(),
  };
}

/** Another app of the same workspace, which asks for what costs nothing. Returns how many it sent and got refused. */
function useForeign(url: string, token: string, perWindow: number) {
  const used = { requests: 0, rateLimited: 0 };
  setInterval(async () => {
    used.requests += 1;
    const answer = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}` } });
    if (answer.status === 429) used.rateLimited += 1;
    await answer.arrayBuffer();
  }, 10_000 / perWindow);
  return used;
}

/** One character beyond Latin-1, as most texts have: V8 then takes two bytes for each. */
function makeLarge({ workspace: { conversations } }: Simulator, bytes: number): void {
  const text = 'Where is my order? It should have been here on Monday. ';
  const body = `→ ${text.repeat(Math.ceil(bytes / LARGE_PARTS / text.length))}`;
  for (const id of [...conversations.ids()])
    for (let part = 0; part < LARGE_PARTS; part += 1) conversations.addPart(id, { body });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const {
    sizes,
    limit = UNLIMITED,
    latencyMs = 0,
    foreign = 0,
    conversationBytes = 0,
  }: ServeOptions = JSON.parse(process.argv[2] ?? '{}');
  const respond = { kind: 'delay', delayMs: latencyMs } as const;
  const simulator = await startSimulator({
    sizes,
    rateLimit: { perApp: limit, perWorkspace: limit },
    ...(latencyMs > 0 && { faults: [{ match: { path: /./ }, respond }] }),
  });
  if (conversationBytes > 0) makeLarge(simulator, conversationBytes);
  const others =
    foreign > 0 ? useForeign(simulator.url, simulator.issueToken({ app: 'other' }), foreign) : null;
  process.on('message', () => {
    const stats = simulator.stats();
    const { requests = 0, rateLimited = 0 } = others ?? {};
    process.send?.({
      ...stats,
      requests: stats.requests - requests,
      rateLimited: stats.rateLimited - rateLimited,
    });
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ url: simulator.url, token: simulator.token });
}
