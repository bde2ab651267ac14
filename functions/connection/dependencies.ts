/** What the use cases of the connection need: ports, and what Intercom is asked. */
import type { OAuthClient, Workspace } from '../core/authorization.ts';
import type { ResolvedConfig } from '../core/config.ts';
import type {
  AuthorizationStore,
  Clock,
  ConnectionStore,
  OAuthClientSource,
  StateStore,
} from '../core/ports.ts';

/** What came of trading a code for a token. */
export type Exchange =
  | { readonly kind: 'granted'; readonly accessToken: string }
  | { readonly kind: 'code_refused' | 'client_refused' | 'intercom_unreachable' | 'unexpected_answer' };

/** Who a token belongs to. */
export interface Identity {
  /** Null where Intercom does not say. */
  readonly workspace: Workspace | null;
  readonly region: string | null;
}

export interface AuthorizeParameters {
  readonly clientId: string;
  readonly state: string;
  /** One of the redirect URLs registered for the app. */
  readonly callbackUrl: string;
}

/** Intercom, as far as connections go. */
export interface IntercomAccess {
  /** Where a person authorizes the app. */
  authorizeUrl(parameters: AuthorizeParameters): string;
  /** Spends the code, whatever comes of it. */
  exchange(client: OAuthClient, code: string, signal: AbortSignal): Promise<Exchange>;
  /** @throws RetryableError, ConnectionError, PermissionError, UnavailableError, ContractError as for any request */
  identify(accessToken: string, signal: AbortSignal): Promise<Identity>;
  /**
   * Uninstalls the app for the token's whole workspace.
   * @throws RetryableError, ContractError where Intercom did not do it
   */
  uninstall(accessToken: string, signal: AbortSignal): Promise<'uninstalled' | 'already_gone'>;
}

/** For storing a token that was checked. */
export interface AdmissionDependencies {
  readonly intercom: Pick<IntercomAccess, 'identify'>;
  readonly connections: Pick<ConnectionStore, 'load' | 'save'>;
  readonly state: Pick<StateStore, 'claimWorkspace' | 'claimedWorkspace' | 'moveWorkspace'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly config: Pick<ResolvedConfig, 'region'>;
}

export interface BeginDependencies {
  readonly intercom: Pick<IntercomAccess, 'authorizeUrl'>;
  readonly authorizations: Pick<AuthorizationStore, 'begin'>;
  readonly clients: OAuthClientSource;
  readonly clock: Pick<Clock, 'now'>;
}

export interface CompleteDependencies extends AdmissionDependencies {
  readonly intercom: Pick<IntercomAccess, 'exchange' | 'identify'>;
  readonly authorizations: Pick<AuthorizationStore, 'take' | 'settle'>;
  readonly clients: OAuthClientSource;
}

export interface DisconnectDependencies {
  readonly intercom: Pick<IntercomAccess, 'uninstall'>;
  readonly connections: Pick<ConnectionStore, 'load' | 'clear'>;
}
