/** The connection to a workspace: what we store about it, and how an attempt to connect can end. */
import type { EpochSeconds } from './time.ts';

export interface Workspace {
  /** `app.id_code` at /me. */
  readonly id: string;
  /** As Intercom has it; null if Intercom gives none. */
  readonly name: string | null;
}

/** The connection's secret. Its JSON is snake_case (`access_token`, `workspace_id`, …); `{}` means not connected. */
export interface StoredConnection {
  readonly accessToken: string;
  /** Null for a token that was put into the secret by hand. */
  readonly workspace: Workspace | null;
  /** As Intercom writes it, such as `US` or `Europe`; null if Intercom gives none. */
  readonly region: string | null;
  /** ISO 8601 in UTC. */
  readonly connectedAt: string | null;
}

/** The app at Intercom, from the secret that the user fills in. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A request to authorize: stored under the hash of its state, valid for one callback. */
export interface AuthorizationRequest {
  readonly expiresAt: EpochSeconds;
  /** Whether another workspace may replace the current one. */
  readonly replaceWorkspace: boolean;
}

/** A token was checked with /me and stored. */
export interface Connected {
  /** `reconnected`: the same workspace as before. `replaced`: a different one. */
  readonly kind: 'connected' | 'reconnected' | 'replaced';
  readonly workspace: Workspace;
  readonly region: string | null;
}

/** A token was not stored, and why. */
export type Refused =
  | {
      readonly kind: 'other_workspace';
      readonly workspace: Workspace;
      /** Id of the workspace that the pipeline belongs to. */
      readonly expected: string;
    }
  | {
      readonly kind: 'region_mismatch';
      readonly workspace: Workspace;
      readonly region: string;
      /** `region` of pipeline.config.ts. */
      readonly expected: 'US' | 'EU' | 'AU';
    }
  /** Intercom did not answer, or has a problem; worth another try. */
  | { readonly kind: 'intercom_unreachable' }
  /** Intercom does not accept the token. */
  | { readonly kind: 'token_refused' }
  /** The app does not have the permission to call /me. */
  | { readonly kind: 'permission_missing' }
  /** Intercom's answer did not match its documentation. */
  | { readonly kind: 'unexpected_answer' }
  /** The connection's secret could not be written. `reason` is the name of AWS's error. */
  | { readonly kind: 'not_stored'; readonly reason: string };

/** How a callback can end. Never holds a code, state, secret or token. */
export type AuthorizationOutcome =
  | Connected
  | Refused
  /** The person declined at Intercom. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'no_state' | 'bad_state' | 'unknown_state' | 'used_state' | 'expired_state' }
  | { readonly kind: 'no_code' | 'bad_code' }
  | { readonly kind: 'repeated_parameter' | 'too_long' }
  /** Intercom rejects the code: it is too old, or already used. */
  | { readonly kind: 'code_refused' }
  /** Client id and secret are not filled in. */
  | { readonly kind: 'client_missing' }
  /** Intercom does not know the client id, or the secret does not match it. */
  | { readonly kind: 'client_refused' };

/** One line of printable ASCII: a header can carry nothing else. */
const ACCESS_TOKEN = /^[\x21-\x7e]{8,4096}$/;

/** Check a token before use: if fetch cannot send a header, its error message quotes the header. */
export const isAccessToken = (value: unknown): value is string =>
  typeof value === 'string' && ACCESS_TOKEN.test(value);
