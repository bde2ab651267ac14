/** Stores a token once Intercom has confirmed that it belongs to this pipeline's workspace. */
import type { Connected, Refused, Workspace } from '../core/authorization.ts';
import {
  ConnectionError,
  ContractError,
  PermissionError,
  RetryableError,
  UnavailableError,
} from '../core/errors.ts';
import type { Identity } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import type { AdmissionDependencies } from './dependencies.ts';
import { regionNamed } from './regions.ts';

export interface AdmissionOptions {
  /** Allows another workspace to replace the present one. */
  readonly replaceWorkspace: boolean;
  /** Ends the requests to Intercom. */
  readonly signal: AbortSignal;
}

/**
 * Asks /me about the token, and stores it if workspace and region are right.
 * @throws RetryableError if AWS does not answer; the same again then completes it
 */
export async function admitToken(
  dependencies: AdmissionDependencies,
  accessToken: string,
  { replaceWorkspace, signal }: AdmissionOptions,
): Promise<Connected | Refused> {
  const identity = await identify(dependencies, accessToken, signal);
  if ('kind' in identity) return identity;
  const { workspace, region } = identity;
  if (workspace === null) return { kind: 'unexpected_answer' };

  const { config, clock } = dependencies;
  const known = regionNamed(region);
  if (region !== null && known !== null && known !== config.region) {
    return { kind: 'region_mismatch', workspace, region, expected: config.region };
  }

  const owner = await settleOwner(dependencies, workspace, replaceWorkspace);
  if ('expected' in owner) return { kind: 'other_workspace', workspace, expected: owner.expected };
  const connection = { accessToken, workspace, region, connectedAt: isoTime(clock.now()) };
  try {
    await dependencies.connections.save(connection);
  } catch (error) {
    return { kind: 'not_stored', reason: error instanceof Error ? error.name : 'unknown' };
  }
  // Last, so that the old connection still works if the new one could not be stored.
  if (replaceWorkspace) await dependencies.state.moveWorkspace(workspace.id);
  return { kind: kindOf(owner.previous, workspace), workspace, region };
}

const kindOf = (previous: string | null, { id }: Workspace): Connected['kind'] =>
  previous === null ? 'connected' : previous === id ? 'reconnected' : 'replaced';

async function identify(
  { intercom }: AdmissionDependencies,
  accessToken: string,
  signal: AbortSignal,
): Promise<Identity | Refused> {
  try {
    return await intercom.identify(accessToken, signal);
  } catch (error) {
    if (error instanceof RetryableError || signal.aborted) return { kind: 'intercom_unreachable' };
    if (error instanceof ConnectionError) return { kind: 'token_refused' };
    if (error instanceof PermissionError) return { kind: 'permission_missing' };
    if (error instanceof ContractError || error instanceof UnavailableError) {
      return { kind: 'unexpected_answer' };
    }
    throw error;
  }
}

type Owner = { readonly previous: string | null } | { readonly expected: string };

/**
 * To whom the pipeline belongs, by its connection and by the claim on the lake, which outlives connections. If it has no
 * owner, this workspace claims it.
 */
async function settleOwner(
  { connections, state }: AdmissionDependencies,
  { id }: Workspace,
  replaceWorkspace: boolean,
): Promise<Owner> {
  const connected = (await connections.load())?.workspace?.id ?? null;
  const claimed = await state.claimedWorkspace();
  const other = [connected, claimed].find((owner) => owner !== null && owner !== id) ?? null;
  if (other !== null && !replaceWorkspace) return { expected: other };
  if (replaceWorkspace) return { previous: other ?? claimed ?? connected };
  // The claim decides between two simultaneous callbacks.
  const owner = await state.claimWorkspace(id);
  return owner === id ? { previous: claimed ?? connected } : { expected: owner };
}
