/** The second half of the OAuth flow: the browser returns with a code. */
import type { AuthorizationOutcome, AuthorizationRequest } from '../core/authorization.ts';
import { RetryableError } from '../core/errors.ts';
import { toSeconds } from '../core/time.ts';
import { admitToken } from './admit-token.ts';
import { type CallbackQuery, readCallbackQuery } from './callback-query.ts';
import type { CompleteDependencies } from './dependencies.ts';
import { hashState } from './state.ts';

const UNUSABLE = { expired: 'expired_state', unknown: 'unknown_state' } as const;

/**
 * Takes the state from the store, trades the code for a token, checks whose token it is, and stores it.
 *
 * A state that was taken is used up, whatever happens next; whoever sends it again gets the same outcome. The code may
 * be used up, too, so after any failure the only way is to begin again.
 * @param query everything after the question mark, undecoded
 * @param signal ends the requests to Intercom, which counts as no answer
 * @throws RetryableError if AWS does not answer
 */
export async function completeAuthorization(
  dependencies: CompleteDependencies,
  query: string,
  signal: AbortSignal,
): Promise<AuthorizationOutcome> {
  const callback = readCallbackQuery(query);
  if (callback.kind !== 'answer' && callback.kind !== 'denial') return callback;
  // Without a state there is nothing to look up or to change.
  if (callback.state === null) return { kind: 'denied' };

  const { authorizations, clock } = dependencies;
  const stateHash = hashState(callback.state);
  const taken = await authorizations.take(stateHash, toSeconds(clock.now()));
  // A browser repeats a request that got no answer, and people reload pages.
  if (taken.status === 'used') return taken.outcome ?? { kind: 'used_state' };
  if (taken.status !== 'taken') return { kind: UNUSABLE[taken.status] };

  const outcome = await redeem(dependencies, callback, taken.request, signal);
  await settle(dependencies, stateHash, outcome);
  return outcome;
}

async function redeem(
  dependencies: CompleteDependencies,
  callback: Extract<CallbackQuery, { kind: 'answer' | 'denial' }>,
  { replaceWorkspace }: AuthorizationRequest,
  signal: AbortSignal,
): Promise<AuthorizationOutcome> {
  if (callback.kind === 'denial') return { kind: 'denied' };
  const client = await dependencies.clients.load();
  if (client === null) return { kind: 'client_missing' };
  const exchange = await dependencies.intercom.exchange(client, callback.code, signal);
  if (exchange.kind !== 'granted') return exchange;
  return admitToken(dependencies, exchange.accessToken, { replaceWorkspace, signal });
}

async function settle(
  { authorizations }: CompleteDependencies,
  stateHash: string,
  outcome: AuthorizationOutcome,
): Promise<void> {
  try {
    await authorizations.settle(stateHash, outcome);
  } catch (error) {
    // The outcome is still valid, but a command that waits for it waits until the request expires.
    if (!(error instanceof RetryableError)) throw error;
  }
}
