/** The dependencies of a connection in memory, with an Intercom that accepts each code once. */
import type { OAuthClient } from '../../functions/core/authorization.ts';
import type { Identity, IntercomAccess } from '../../functions/core/ports.ts';
import { createMemoryAuthorizationStore } from './memory/memory-authorization-store.ts';
import { createMemoryClock } from './memory/memory-clock.ts';
import { createMemoryConnectionStore } from './memory/memory-connection-store.ts';
import { createMemoryStateStore } from './memory/memory-state-store.ts';

const CLIENT: OAuthClient = { clientId: 'id', clientSecret: 'secret' };

export const NEVER = new AbortController().signal;

export interface FakeIntercom extends IntercomAccess {
  /** Codes in the order they were sent, with repetitions. */
  readonly sent: string[];
  /** Owners of tokens, by the code that was traded for the token. */
  readonly identities: Map<string, Identity>;
  readonly uninstalled: string[];
}

export const identityOf = (id: string, region = 'US'): Identity => ({
  workspace: { id, name: `Workspace ${id}` },
  region,
});

/** A token is `token-` and its code. Its workspace is `ws`, unless `identities` has another one. */
function createFakeIntercom(): FakeIntercom {
  const sent: string[] = [];
  const identities = new Map<string, Identity>();
  const uninstalled: string[] = [];
  return {
    sent,
    identities,
    uninstalled,
    authorizeUrl: ({ clientId, state, callbackUrl }) =>
      `https://intercom.test/oauth?${new URLSearchParams({ client_id: clientId, state, redirect_uri: callbackUrl })}`,
    async exchange(_client, code) {
      const isSpent = sent.includes(code);
      sent.push(code);
      return isSpent ? { kind: 'code_refused' } : { kind: 'granted', accessToken: `token-${code}` };
    },
    identify: async (accessToken) => identities.get(accessToken.replace('token-', '')) ?? identityOf('ws'),
    async uninstall(accessToken) {
      uninstalled.push(accessToken);
      return 'uninstalled';
    },
  };
}

export function createSurroundings() {
  return {
    intercom: createFakeIntercom(),
    authorizations: createMemoryAuthorizationStore(),
    connections: createMemoryConnectionStore(),
    clients: { load: async (): Promise<OAuthClient | null> => CLIENT },
    state: createMemoryStateStore(),
    clock: createMemoryClock(),
    config: { region: 'US' } as const,
  };
}

export type Surroundings = ReturnType<typeof createSurroundings>;

export const CALLBACK = 'https://pipeline.test/callback';

export const stateIn = (url: string): string => new URL(url).searchParams.get('state') ?? '';

export const queryOf = (state: string, code: string): string =>
  new URLSearchParams({ code, state }).toString();
