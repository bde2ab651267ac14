/** The ports that each use case of the connection needs. */
import type { ResolvedConfig } from '../config/config.ts';
import type {
  AuthorizationStore,
  Clock,
  ConnectionStore,
  IntercomAccess,
  OAuthClientSource,
  StateStore,
} from '../core/ports.ts';

/** For checking and storing a token. */
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
