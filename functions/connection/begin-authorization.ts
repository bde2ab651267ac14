/** The first half of the OAuth flow: the address where a person authorizes the app. */
import { InputError } from '../core/errors.ts';
import { type EpochSeconds, toSeconds } from '../core/time.ts';
import type { BeginDependencies } from './dependencies.ts';
import { createState, hashState } from './state.ts';

/** Long enough to log in to Intercom with a second factor. */
export const AUTHORIZATION_SECONDS = 600;

export interface BeginInput {
  /** Where Intercom sends the browser back to: the stack's output `CallbackUrl`. */
  readonly callbackUrl: string;
  /** Allows another workspace to replace the present one. */
  readonly replaceWorkspace: boolean;
}

export interface Begun {
  /** Contains the state, so it is for the person's browser only. */
  readonly url: string;
  readonly expiresAt: EpochSeconds;
  /** Key of the result in `AuthorizationStore.outcome`. */
  readonly stateHash: string;
}

/** @throws InputError if client id and secret have not been filled in */
export async function beginAuthorization(
  { intercom, authorizations, clients, clock }: BeginDependencies,
  { callbackUrl, replaceWorkspace }: BeginInput,
): Promise<Begun> {
  const client = await clients.load();
  if (client === null) {
    throw new InputError(
      'The OAuth client secret is empty. Put the client_id and client_secret of your Intercom app into it first.',
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
