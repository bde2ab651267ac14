/** One run of one object, over memory ports, against a simulator whose answers are changed on the way. */
import type { ObjectDeclaration, ReadSpec } from '../../../functions/core/declaration.ts';
import type { Manifest } from '../../../functions/core/engine-files.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../../functions/core/json.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Clock, Lease } from '../../../functions/core/ports.ts';
import { createIntercomClient } from '../../../functions/intercom/http/client.ts';
import { createObjectReader } from '../../../functions/intercom/readers/index.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { commitObject } from '../../../functions/sync/commit/commit.ts';
import type { ObjectDependencies } from '../../../functions/sync/dependencies.ts';
import { extractSlice } from '../../../functions/sync/extract/extract.ts';
import { planObject } from '../../../functions/sync/plan/plan.ts';
import { SIZES, type Simulator, startSimulator } from '../../../lib/standins/intercom/index.ts';
import { createPipeline, dependenciesOf, type Pipeline } from '../../support/dependencies.ts';
import { exchangeOf } from '../../support/intercom/exchange-of-fetch.ts';
import { NOON } from '../../support/memory/memory-clock.ts';
import { createBudgetTable, createMemoryRateBudget } from '../../support/memory/memory-rate-budget.ts';
import { committedRows, manifestsOf, type OutputRow } from '../../support/rows-of.ts';
import { beginRun, endRun, failObject, nextAttempt } from '../../support/workflow.ts';

export interface Answered {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
}

/** Changes an answer; null leaves it as it is. */
export type Change = (answer: Answered) => { readonly body?: JsonValue; readonly headers?: Headers } | null;

export interface Outcome {
  readonly status: string;
  readonly cause: string;
  readonly requests: number;
  readonly manifest: Manifest | undefined;
  rows(table: Parameters<typeof committedRows>[2]): readonly OutputRow[];
}

const SIZE = {
  ...SIZES.tiny,
  contacts: 13,
  sharedSecond: 3,
  companies: 9,
  conversations: 9,
  tickets: 7,
  admins: 4,
  teams: 3,
  tags: 14,
  segments: 4,
  articles: 9,
  collections: 7,
  activity_logs: 12,
  ticket_types: 3,
  subscription_types: 3,
  partsPerConversation: 2,
  partsOfLongConversation: 6,
  historyDays: 20,
};

/** Several pages of what has pages. */
function inPages(read: ReadSpec): ReadSpec {
  if (read.kind === 'search' || read.kind === 'cursor') return { ...read, perPage: 5 };
  if (read.kind === 'conversation_parts') return { ...read, search: { ...read.search, perPage: 5 } };
  if (read.kind === 'details') return { ...read, list: { ...read.list, perPageSizes: [4, 2, 1] } };
  if (read.kind === 'members') return { ...read, search: { ...read.search, perPage: 5 } };
  if (read.kind === 'page_number' || read.kind === 'time_range') return { ...read, perPageSizes: [4, 2, 1] };
  return read;
}

const declarationOf = (object: ObjectName): ObjectDeclaration => ({
  ...OBJECTS[object],
  read: inPages(OBJECTS[object].read),
});

export interface FuzzWorld {
  readonly simulator: Simulator;
  declaration(object: ObjectName): ObjectDeclaration;
  run(object: ObjectName, change?: Change): Promise<Outcome>;
}

export async function startFuzzWorld(): Promise<FuzzWorld> {
  let nowMs = NOON;
  const simulator = await startSimulator({
    sizes: SIZE,
    now: () => nowMs,
    rateLimit: { perApp: 1_000_000, perWorkspace: 1_000_000 },
  });
  const { contacts, tags } = simulator.workspace;
  const [tagged = ''] = contacts.ids();
  for (const tag of [...tags.ids()].slice(0, 12)) contacts.tag(tagged, tag);
  nowMs += 3_600_000;

  /** A clock that moves by sleeping, which takes no time. */
  const clock: Clock = {
    now: () => nowMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      nowMs += ms;
    },
  };

  async function extract(dependencies: ObjectDependencies, holder: Lease): Promise<void> {
    const plan = await planObject(dependencies, holder);
    for (const { slice } of plan.slices) {
      for (let calls = 0; ; calls += 1) {
        if (calls > 20) throw new Error('the slice is never done');
        const { status, waitSeconds } = await extractSlice(dependencies, holder, slice, nextAttempt());
        if (status === 'done') break;
        nowMs += waitSeconds * 1_000;
      }
    }
    await commitObject(dependencies, holder);
  }

  async function finish(pipeline: Pipeline, dependencies: ObjectDependencies) {
    const holder = await beginRun(pipeline, dependencies);
    try {
      await extract(dependencies, holder);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      await failObject(pipeline, dependencies, holder, error);
    }
    return endRun(pipeline, dependencies, holder);
  }

  async function run(object: ObjectName, change: Change = () => null): Promise<Outcome> {
    const started = nowMs;
    const pipeline = createPipeline();
    let requests = 0;
    const changedFetch: typeof fetch = async (input, init) => {
      requests += 1;
      if (requests > 2_000) throw new Error('the object never ends');
      const url = new URL(String(input));
      const { pathname: path, searchParams: query } = url;
      const method = init?.method ?? 'GET';
      const raw = simulator.answer({
        method,
        path,
        query,
        body: typeof init?.body === 'string' ? init.body : '',
        headers: init?.headers as Readonly<Record<string, string>>,
      });
      const { status } = raw;
      const text = typeof raw.body === 'string' ? raw.body : raw.body.toString('utf8');
      const json = text.startsWith('{') ? parseJson(text) : {};
      const body: JsonObject = isJsonObject(json) ? json : {};
      const headers = new Headers({ ...raw.headers, date: new Date(nowMs).toUTCString() });
      const answer = { method, path, query, status, headers, body };
      const changed = change(answer);
      return new Response(changed?.body === undefined ? text : JSON.stringify(changed.body), {
        status,
        headers: changed?.headers ?? headers,
      });
    };
    const declaration = declarationOf(object);
    const budget = createMemoryRateBudget(clock, createBudgetTable());
    const client = createIntercomClient({
      baseUrl: simulator.url,
      tokens: { connection: async () => ({ accessToken: simulator.token }) },
      budget,
      clock,
      random: () => 0,
      object,
      timeoutMs: 5_000,
      exchange: exchangeOf(changedFetch),
    });
    const reader = createObjectReader(declaration, { client, clock, inFlight: 3 });
    const limits = { partBytes: 1_000_000, checkpointMs: 1e12, sliceRecords: 1_000, sliceParents: 1_000 };
    pipeline.clock.advance(started - pipeline.clock.now());
    const dependencies = dependenciesOf(pipeline, {
      object,
      reader,
      limits,
      overrides: { declaration, budget },
    });
    const { status, cause } = await finish(pipeline, dependencies);
    // Whatever was left open has expired.
    nowMs += 120_000;
    return {
      status,
      cause,
      requests,
      manifest: manifestsOf(pipeline.lake, object).at(-1),
      rows: (table) => committedRows(pipeline.lake, object, table),
    };
  }

  return { simulator, declaration: declarationOf, run };
}
