/** The connection to a workspace: what is stored of it, and what can come of an attempt to make one. */
import type { EpochSeconds } from './time.ts';

export interface Workspace {
  /** `app.id_code` at /me. */
  readonly id: string;
  /** As Intercom has it; null where it says nothing. */
  readonly name: string | null;
}

/** The connection's secret; its JSON is snake_case (`access_token`, `workspace_id`, …), `{}` is not connected. */
export interface StoredConnection {
  readonly accessToken: string;
  /** Null for a token put into the secret by hand. */
  readonly workspace: Workspace | null;
  /** As Intercom writes it, such as `US` or `Europe`; null where it says nothing. */
  readonly region: string | null;
  /** ISO 8601 in UTC. */
  readonly connectedAt: string | null;
}

/** The app at Intercom, from the secret that the user fills. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A request to authorize: stored under the hash of its state, good for one callback. */
export interface AuthorizationRequest {
  readonly expiresAt: EpochSeconds;
  /** Whether another workspace than the present one may take its place. */
  readonly replaceWorkspace: boolean;
}

/** A token was checked with /me and stored. */
export interface Connected {
  /** `reconnected`: the same workspace as before. `replaced`: another one than before. */
  readonly kind: 'connected' | 'reconnected' | 'replaced';
  readonly workspace: Workspace;
  readonly region: string | null;
}

/** A token was not stored, and why. */
export type Refused =
  | {
      readonly kind: 'other_workspace';
      readonly workspace: Workspace;
      /** Id of the workspace the pipeline belongs to. */
      readonly expected: string;
    }
  | {
      readonly kind: 'region_mismatch';
      readonly workspace: Workspace;
      readonly region: string;
      /** `region` of pipeline.config.ts. */
      readonly expected: 'US' | 'EU' | 'AU';
    }
  /** Intercom did not answer, or has trouble; worth another try. */
  | { readonly kind: 'intercom_unreachable' }
  /** Intercom does not accept the token. */
  | { readonly kind: 'token_refused' }
  /** The app may not ask who it is. */
  | { readonly kind: 'permission_missing' }
  /** Intercom's answer was not what its documentation says. */
  | { readonly kind: 'unexpected_answer' }
  /** The connection's secret could not be written; the name of AWS's error. */
  | { readonly kind: 'not_stored'; readonly reason: string };

/** What can come of a callback. Holds neither code, state, secret nor token. */
export type AuthorizationOutcome =
  | Connected
  | Refused
  /** The person said no at Intercom. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'no_state' | 'bad_state' | 'unknown_state' | 'used_state' | 'expired_state' }
  | { readonly kind: 'no_code' | 'bad_code' }
  | { readonly kind: 'repeated_parameter' | 'too_long' }
  /** Intercom does not take the code: too old, or used already. */
  | { readonly kind: 'code_refused' }
  /** Client id and secret have not been filled in. */
  | { readonly kind: 'client_missing' }
  /** Intercom does not know the client id, or its secret is another. */
  | { readonly kind: 'client_refused' };

/** One line of printable ASCII, which is all that a header can carry. */
const ACCESS_TOKEN = /^[\x21-\x7e]{8,4096}$/;

/** Asked before a token is used: if fetch cannot send a header, its error quotes it. */
export const isAccessToken = (value: unknown): value is string =>
  typeof value === 'string' && ACCESS_TOKEN.test(value);
