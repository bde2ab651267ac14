/** Access tokens and authorization codes (docs/intercom-api.md 8). */
import { uuid } from '../prng.ts';
import type { Scope, TokenOptions, TokenState } from '../types.ts';
import type { Clock } from '../world/clock.ts';

const ALL_SCOPES: readonly Scope[] = [
  'read_users_companies',
  'write_users_companies',
  'read_tags',
  'read_conversations',
  'read_tickets',
  'read_admins',
  'read_admin_activity_logs',
  'read_articles_scope',
  'read_brands',
  'read_emails',
  'read_news_scope',
  'read_write_ai_content',
];

export interface Token {
  readonly text: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly app: string;
  state: TokenState;
}

export interface Tokens {
  issue(options?: TokenOptions): string;
  find(text: string): Token | undefined;
  setState(text: string, state: TokenState): void;
  /** Revokes every token of the app. */
  uninstall(app: string): void;
  issueCode(options?: TokenOptions): string;
  /** A token for a code. Undefined if the code is unknown, used or older than 5 minutes. */
  exchange(code: string): string | undefined;
}

const CODE_LIFETIME_MS = 5 * 60_000;

export function createTokens(clock: Clock, seed: number): Tokens {
  const tokens = new Map<string, Token>();
  const codes = new Map<string, { readonly options: TokenOptions; readonly atMs: number }>();
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const issue = (options: TokenOptions = {}): string => {
    const text = base64(`tok:${uuid(seed, tokens.size).replaceAll('-', '_')}:1:0`);
    tokens.set(text, {
      text,
      scopes: new Set(options.scopes ?? ALL_SCOPES),
      app: options.app ?? 'app',
      state: options.state ?? 'valid',
    });
    return text;
  };
  return {
    issue,
    find: (text) => tokens.get(text),
    setState(text, state) {
      const token = tokens.get(text);
      if (token === undefined) throw new Error('no such token');
      token.state = state;
    },
    uninstall(app) {
      for (const token of tokens.values()) if (token.app === app) token.state = 'revoked';
    },
    issueCode(options = {}) {
      const code = base64(`code:${uuid(seed + 1, codes.size)}`);
      if (!code.endsWith('=')) throw new Error('a code must end in "="');
      codes.set(code, { options, atMs: clock.nowMs() });
      return code;
    },
    exchange(code) {
      const known = codes.get(code);
      if (known === undefined) return undefined;
      codes.set(code, { ...known, atMs: Number.NEGATIVE_INFINITY });
      return clock.nowMs() - known.atMs <= CODE_LIFETIME_MS ? issue(known.options) : undefined;
    },
  };
}
