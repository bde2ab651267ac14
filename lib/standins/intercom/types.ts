/** The public types of the simulator: options and handle. */
import type { WorkspaceSizes } from './sizes.ts';
import type { Switches } from './switches.ts';
import type { Workspace } from './workspace-types.ts';

/** Machine names of the scopes the endpoints ask for (docs/intercom-api.md 6 and 8.3). */
export type Scope =
  | 'read_users_companies'
  | 'write_users_companies'
  | 'read_tags'
  | 'read_conversations'
  | 'read_tickets'
  | 'read_admins'
  | 'read_admin_activity_logs'
  | 'read_articles_scope'
  | 'read_brands'
  | 'read_emails'
  | 'read_news_scope'
  | 'read_write_ai_content';

/** `other_region`: valid, but for a workspace in another region (docs/intercom-api.md 1). */
export type TokenState = 'valid' | 'revoked' | 'expired' | 'blocked' | 'suspended' | 'other_region';

export interface TokenOptions {
  /** @default every scope */
  readonly scopes?: readonly Scope[];
  /** @default 'valid' */
  readonly state?: TokenState;
  /** The app the token belongs to: each app has its own rate bucket (docs/intercom-api.md 2). @default 'app' */
  readonly app?: string;
}

export type FaultAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds (of real time) before the answer is sent. */
  readonly delayMs?: number;
} & (
  | { readonly json: unknown }
  | { readonly html: string }
  | { readonly body: string }
  | { readonly empty: true }
);

/** The real answer with some headers replaced or, by null, removed. */
export type FaultHeaders = {
  readonly kind: 'headers';
  readonly headers: Readonly<Record<string, string | null>>;
  readonly delayMs?: number;
};

export type FaultFailure = {
  /** `reset-connection` breaks the connection. `hang` never answers. `truncate-body` cuts the real answer in half. `delay` sends it late. */
  readonly kind: 'reset-connection' | 'hang' | 'truncate-body' | 'delay';
  readonly delayMs?: number;
};

export interface Fault {
  readonly match: {
    readonly method?: string;
    /** A string must equal the path without the query. A RegExp is tested on path and query. */
    readonly path: string | RegExp;
    /** Only requests for more records a page than this (docs/intercom-api.md 1: 502/504 at 150, fine below). */
    readonly perPageAbove?: number;
    /** Only requests whose body contains this text. */
    readonly bodyIncludes?: string;
  };
  /** Matching requests to let through first. @default 0 */
  readonly after?: number;
  /** How many matching requests fail. @default all */
  readonly times?: number;
  readonly respond: FaultAnswer | FaultFailure | FaultHeaders;
}

export interface SimulatorOptions {
  /** The port on 127.0.0.1. @default 0: a free one */
  readonly port?: number;
  /** @default 1 */
  readonly seed?: number;
  /** Overrides of SIZES.demo. */
  readonly sizes?: Partial<WorkspaceSizes>;
  /** The clock, in epoch milliseconds. @default Date.now */
  readonly now?: () => number;
  /** The end of the seeded history, in epoch milliseconds. @default now() */
  readonly baseTime?: number;
  /** The workspace's IANA time zone. @default 'America/Los_Angeles' */
  readonly timezone?: string;
  /** The zone that /me reports instead of `timezone`, e.g. the non-IANA 'Europe/Edinburgh' (docs/intercom-api.md 6.1). */
  readonly reportedTimezone?: string;
  /** @default 'US' */
  readonly region?: 'US' | 'EU' | 'AU';
  /** Requests per 10-second window. @default 1666 and 4166 (docs/intercom-api.md 2) */
  readonly rateLimit?: { readonly perApp?: number; readonly perWorkspace?: number };
  readonly switches?: Partial<Switches>;
  readonly faults?: readonly Fault[];
  /** Seconds until a change shows up in search (docs/intercom-api.md 5.1). @default 0 */
  readonly indexingDelaySeconds?: number;
  /** The app that GET /oauth and POST /auth/eagle/token know. @default {clientId: 'client', clientSecret: 'secret'} */
  readonly oauth?: {
    readonly clientId: string;
    readonly clientSecret: string;
    /** The first is the default (docs/intercom-api.md 8.1). @default none */
    readonly redirectUrls?: readonly string[];
  };
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Method and pattern, for the statistics. */
  readonly route: string;
}

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. Headers are never logged, so tokens are not either. */
  readonly path: string;
  readonly status: number;
  readonly atMs: number;
}

export interface SimulatorStats {
  readonly requests: number;
  readonly byPath: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<number, number>>;
  readonly rateLimited: number;
  /** The largest number of requests in progress at the same time. */
  readonly mostInFlight: number;
}

export interface Simulator {
  readonly url: string;
  /** A token with every scope. */
  readonly token: string;
  readonly workspace: Workspace;
  /** The last 10,000 requests, oldest first. */
  readonly requestLog: readonly LoggedRequest[];
  issueToken(options?: TokenOptions): string;
  /** Changes the state of a token, e.g. revokes it while a client uses it. */
  setTokenState(token: string, state: TokenState): void;
  /** A code for POST /auth/eagle/token. It works once, for 5 minutes, and ends in `=` (docs/intercom-api.md 8.1). */
  issueCode(options?: TokenOptions): string;
  /** Adds a redirect URL to the app, as in the Developer Hub. */
  registerRedirectUrl(url: string): void;
  /** Returns a function that removes the fault. */
  addFault(fault: Fault): () => void;
  /** Changes switches of the running simulator. */
  setSwitches(switches: Partial<Switches>): void;
  stats(): SimulatorStats;
  /** Answers a request without a connection, and without faults and the log. */
  answer(request: RawRequest): RawAnswer;
  close(): Promise<void>;
}
