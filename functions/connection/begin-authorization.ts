/** The first half of the OAuth flow: an address at which a person authorizes the app. */
import { InputError } from '../core/errors.ts';
import { type EpochSeconds, toSeconds } from '../core/time.ts';
import type { BeginDependencies } from './dependencies.ts';
import { createState, hashState } from './state.ts';

/** Long enough to log in to Intercom, with a second factor. */
export const AUTHORIZATION_SECONDS = 600;

export interface BeginInput {
  /** Where Intercom sends the browser back to: the stack's output `CallbackUrl`. */
  readonly callbackUrl: string;
  /** Lets another workspace than the present one take its place. */
  readonly replaceWorkspace: boolean;
}

export interface Begun {
  /** Holds the state: for the person's browser only. */
  readonly url: string;
  readonly expiresAt: EpochSeconds;
  /** Under which `AuthorizationStore.outcome` tells what came of it. */
  readonly stateHash: string;
}

/** @throws InputError where client id and secret have not been filled in */
export async function beginAuthorization(
  { intercom, authorizations, clients, clock }: BeginDependencies,
  { callbackUrl, replaceWorkspace }: BeginInput,
): Promise<Begun> {
  const client = await clients.load();
  if (client === null) {
    throw new InputError(
      'The OAuth client secret is empty: put client_id and client_secret of your Intercom app into it first.',
      { code: 'client_missing' },
    );
  }
  const state = createState();
  const stateHash = hashState(state);
  const expiresAt = toSeconds(clock.now()) + AUTHORIZATION_SECONDS;
  await authorizations.begin(stateHash, { expiresAt, replaceWorkspace });
  return {
    url: intercom.authorizeUrl({ clientId: client.clientId, state, callbackUrl }),
    expiresAt,
    stateHash,
  };
}
