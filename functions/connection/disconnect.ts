/** Ends a connection. */
import type { Workspace } from '../core/authorization.ts';
import type { DisconnectDependencies } from './dependencies.ts';

export interface DisconnectInput {
  /** Forgets the token here and leaves the app installed at Intercom. */
  readonly keepApp: boolean;
  readonly signal: AbortSignal;
}

export type Disconnected =
  | { readonly kind: 'not_connected' }
  | {
      readonly kind: 'disconnected';
      /** Null if the secret does not name it. */
      readonly workspace: Workspace | null;
      /** `already_gone`: Intercom no longer knew the token. */
      readonly app: 'uninstalled' | 'already_gone' | 'kept';
    };

/**
 * Uninstalls the app for the whole workspace, unless it is to be kept, and then forgets the token. In this order,
 * because a retry after a failure still needs the token.
 * @throws RetryableError, ContractError if Intercom did not uninstall; nothing is then forgotten
 */
export async function disconnect(
  { intercom, connections }: DisconnectDependencies,
  { keepApp, signal }: DisconnectInput,
): Promise<Disconnected> {
  const connection = await connections.load();
  if (connection === null) return { kind: 'not_connected' };
  const app = keepApp ? 'kept' : await intercom.uninstall(connection.accessToken, signal);
  await connections.clear();
  return { kind: 'disconnected', workspace: connection.workspace, app };
}
