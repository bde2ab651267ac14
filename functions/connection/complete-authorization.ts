/** The second half of the OAuth flow: the browser is back with a code. */
import type { AuthorizationOutcome, AuthorizationRequest } from '../core/authorization.ts';
import { RetryableError } from '../core/errors.ts';
import { toSeconds } from '../core/time.ts';
import { admitToken } from './admit-token.ts';
import { type CallbackQuery, readCallbackQuery } from './callback-query.ts';
import type { CompleteDependencies } from './dependencies.ts';
import { hashState } from './state.ts';

const UNUSABLE = { used: 'used_state', expired: 'expired_state', unknown: 'unknown_state' } as const;

/**
 * Takes the state out of the store, trades the code for a token, checks whose it is, and stores it.
 *
 * A state that was taken is spent, whatever comes next: the code may be spent too, so there is one way
 * on from every failure, which is to begin again.
 * @param query everything after the question mark, as it came
 * @param signal ends the questions to Intercom, which counts as no answer
 * @throws RetryableError where AWS does not answer
 */
export async function completeAuthorization(
  dependencies: CompleteDependencies,
  query: string,
  signal: AbortSignal,
): Promise<AuthorizationOutcome> {
  const callback = readCallbackQuery(query);
  if (callback.kind !== 'answer' && callback.kind !== 'denial') return callback;
  // Nothing to look up, and nothing that it could change.
  if (callback.state === null) return { kind: 'denied' };

  const { authorizations, clock } = dependencies;
  const stateHash = hashState(callback.state);
  const taken = await authorizations.take(stateHash, toSeconds(clock.now()));
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
    // The outcome stands without its note: whoever waits for it then waits until the request expires.
    if (!(error instanceof RetryableError)) throw error;
  }
}
