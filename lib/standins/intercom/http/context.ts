/** The input and output of a route. */

import type { Shortages } from '../odd-records.ts';
import type { Cursors } from '../search/cursor.ts';
import type { Switches } from '../switches.ts';
import type { Scope } from '../types.ts';
import type { World } from '../world/world.ts';
import type { Scrolls } from './scrolls.ts';
import type { Token, Tokens } from './tokens.ts';

export interface Services {
  readonly world: World;
  readonly cursors: Cursors;
  readonly scrolls: Scrolls;
  readonly tokens: Tokens;
  readonly shortages: Shortages;
  readonly switches: () => Switches;
  /** The base of absolute URLs, known once the server listens. */
  readonly url: () => string;
  readonly region: 'US' | 'EU' | 'AU';
  readonly reportedTimezone: string | undefined;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly contentType: string;
  /** 215 for 2.15. Preview is higher than every number. */
  readonly version: number;
  readonly params: readonly string[];
  readonly token: Token | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  /** Added to the JSON headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** A path whose `:id` matches any one segment. */
  readonly path: string;
  readonly scope?: (switches: Switches) => Scope | 'none';
  /** True if the plan covers the route. */
  readonly plan?: (switches: Switches) => { readonly allowed: boolean; readonly message: string };
  /** The first version with this route. @default 200 */
  readonly since?: number;
  /** Needs no token (OAuth). */
  readonly open?: boolean;
  readonly handle: (services: Services, request: Request) => Answer;
}

export const ok = (body: string | Buffer): Answer => ({ status: 200, body });

/** The n-th `:id` of the path. */
export const param = (request: Request, index = 0): string => request.params[index] ?? '';
