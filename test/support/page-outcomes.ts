/** One sample of each outcome with a page; the compiler asks for new ones. */
import type { PageOutcome } from '../../functions/connection/outcome-pages.ts';

const workspace = { id: 'drzzt019', name: 'Dunder Mifflin Paper Company' };

const SAMPLES: Readonly<Record<PageOutcome['kind'], PageOutcome>> = {
  connected: { kind: 'connected', workspace, region: 'US' },
  reconnected: { kind: 'reconnected', workspace: { id: 'drzzt019', name: null }, region: 'US' },
  replaced: { kind: 'replaced', workspace, region: 'US' },
  denied: { kind: 'denied' },
  no_state: { kind: 'no_state' },
  bad_state: { kind: 'bad_state' },
  unknown_state: { kind: 'unknown_state' },
  used_state: { kind: 'used_state' },
  expired_state: { kind: 'expired_state' },
  no_code: { kind: 'no_code' },
  bad_code: { kind: 'bad_code' },
  repeated_parameter: { kind: 'repeated_parameter' },
  too_long: { kind: 'too_long' },
  code_refused: { kind: 'code_refused' },
  client_missing: { kind: 'client_missing' },
  client_refused: { kind: 'client_refused' },
  other_workspace: { kind: 'other_workspace', workspace, expected: 'kt3yq8av' },
  region_mismatch: { kind: 'region_mismatch', workspace, region: 'Europe', expected: 'US' },
  intercom_unreachable: { kind: 'intercom_unreachable' },
  token_refused: { kind: 'token_refused' },
  permission_missing: { kind: 'permission_missing' },
  unexpected_answer: { kind: 'unexpected_answer' },
  not_stored: { kind: 'not_stored', reason: 'AccessDeniedException' },
  prefetch: { kind: 'prefetch' },
  wrong_method: { kind: 'wrong_method' },
  aws_unavailable: { kind: 'aws_unavailable' },
  internal_error: { kind: 'internal_error' },
};

export const PAGE_OUTCOMES: readonly PageOutcome[] = Object.values(SAMPLES);
