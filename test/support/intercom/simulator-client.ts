/** A bare HTTP client for the simulator's tests; it shares no code with the product's. */
import { afterEach } from 'vitest';
import {
  type JsonObject,
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../lib/standins/intercom/index.ts';

/** 2026-11-20T12:00:00Z, a moment to count from. */
export const NOON = Date.UTC(2026, 10, 20, 12);
export const NOON_SECONDS = NOON / 1000;
export const DAY = 86_400;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Body;
}

/** A response body, typed as loosely as it arrives. */
export interface Body extends JsonObject {
  readonly data?: readonly JsonObject[];
  readonly total_count?: number;
  readonly errors?: readonly { readonly code: string; readonly message: string }[] & readonly JsonObject[];
  readonly pages?: JsonObject & {
    readonly next?: (JsonObject & { readonly starting_after?: string }) | string | null;
  };
}

export interface TestClock {
  ms: number;
  /** Moves the clock on by seconds. */
  pass(seconds: number): void;
}

export interface Client {
  readonly sim: Simulator;
  readonly clock: TestClock;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
}

const running: Simulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((sim) => sim.close()));
});

function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
}

/** A tiny workspace on a clock that stands still, closed after the test. */
export async function start(options: SimulatorOptions = {}): Promise<Client> {
  const clock: TestClock = {
    ms: NOON,
    pass(seconds) {
      clock.ms += seconds * 1000;
    },
  };
  const unlimited = { perApp: 1e9, perWorkspace: 1e9 };
  const sim = await startSimulator({
    now: () => clock.ms,
    rateLimit: unlimited,
    ...options,
    sizes: { ...SIZES.tiny, ...options.sizes },
  });
  running.push(sim);
  const send = async (
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Reply> => {
    const response = await fetch(path.startsWith('http') ? path : sim.url + path, {
      method,
      headers: {
        authorization: `Bearer ${sim.token}`,
        'intercom-version': '2.15',
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    sim,
    clock,
    get: (path, headers = {}) => send('GET', path, undefined, headers),
    post: (path, body, headers = {}) =>
      send(
        'POST',
        path,
        body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
        headers,
      ),
  };
}

export const idsOf = (records: readonly JsonObject[] | undefined): string[] =>
  (records ?? []).map((record) => String(record.id));

export interface Search {
  readonly query: unknown;
  readonly sort?: { readonly field: string; readonly order?: string };
  readonly perPage?: number;
  /** Called between two pages. */
  readonly between?: (page: number) => void;
}

/** Walks a search to its end and returns the records in the order they came. */
export async function searchAll(
  client: Client,
  object: 'contacts' | 'conversations' | 'tickets',
  search: Search,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let after: string | undefined;
  for (let page = 1; page < 1000; page++) {
    const { json, status, text } = await client.post(`/${object}/search`, {
      query: search.query,
      pagination: {
        per_page: search.perPage ?? 150,
        ...(after === undefined ? {} : { starting_after: after }),
      },
      ...(search.sort === undefined ? {} : { sort: search.sort }),
    });
    if (status !== 200) throw new Error(`${status} ${text}`);
    found.push(...((json.data ?? json[object]) as JsonObject[]));
    const next = json.pages?.next;
    if (next === undefined || next === null || typeof next === 'string') return found;
    after = next.starting_after;
    search.between?.(page);
  }
  throw new Error('the walk does not end');
}

/** Follows `pages.next` URLs, or cursors of a GET list, to the end; returns the records. */
export async function listAll(
  client: Client,
  path: string,
  key = 'data',
  between?: () => void,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let url = path;
  for (let page = 1; page < 1000; page++) {
    const { json, status, text } = await client.get(url);
    if (status !== 200) throw new Error(`${status} ${text}`);
    found.push(...(json[key] as JsonObject[]));
    const next = json.pages?.next;
    if (next === undefined || next === null) return found;
    url =
      typeof next === 'string'
        ? next
        : `${path}${path.includes('?') ? '&' : '?'}starting_after=${encodeURIComponent(String(next.starting_after))}`;
    between?.();
  }
  throw new Error('the walk does not end');
}

export const byTime = (field: string, operator: string, value: number | string): JsonObject => ({
  field,
  operator,
  value,
});
export const all = (...value: JsonObject[]): JsonObject => ({ operator: 'AND', value });
export const any = (...value: JsonObject[]): JsonObject => ({ operator: 'OR', value });
