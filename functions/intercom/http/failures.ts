/**
 * What a failed answer means: Intercom's error code decides first, then the status (docs/intercom-api.md 3).
 * Pure. The client decides about retries; the error classes say what happens next.
 */
import {
  ConnectionError,
  ContractError,
  PermissionError,
  RetryableError,
  UnavailableError,
} from '../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { redact } from './redact.ts';
import type { RetryKind } from './retry.ts';

/**
 * `token`: the token is dead. `unauthorized`: a dead token or a missing permission; only /me shows which
 * (docs/intercom-api.md 3.2). `scope`: a missing permission. `plan`: not in this workspace's plan.
 */
export type FailureKind =
  | Exclude<RetryKind, 'refused' | 'bug'>
  | 'token'
  | 'unauthorized'
  | 'scope'
  | 'plan'
  | 'version'
  | 'not_found'
  | 'refused';

export interface Failure {
  readonly kind: FailureKind;
  /** Our name for the cause (`http_502`, `html_answer`), or Intercom's own code for a refusal. */
  readonly code: string;
  /** Null if no answer came. */
  readonly status: number | null;
  /** Intercom's error codes. */
  readonly codes: readonly string[];
  /** Intercom's own words without any values, or the network's; shortened. */
  readonly detail: string;
  readonly requestId: string | null;
  readonly serverDelayMs: number | null;
  readonly cause?: unknown;
}

/** Codes that decide regardless of the status (docs/intercom-api.md 3.2). For other codes the status decides. */
const KIND_BY_CODE: Readonly<Record<string, FailureKind>> = {
  rate_limit_exceeded: 'rate_limited',
  too_many_requests: 'rate_limited',
  retry_after: 'rate_limited',
  server_error: 'server',
  service_unavailable: 'server',
  request_timeout: 'server',
  api_plan_restricted: 'plan',
  intercom_version_invalid: 'version',
  token_revoked: 'token',
  token_blocked: 'token',
  token_not_found: 'token',
  token_expired: 'token',
  token_suspended: 'token',
  missing_authorization: 'token',
  token_unauthorized: 'scope',
  forbidden: 'scope',
  action_forbidden: 'scope',
  unauthorized: 'unauthorized',
};

const KIND_BY_STATUS: Readonly<Record<number, FailureKind>> = {
  401: 'unauthorized',
  402: 'plan',
  403: 'scope',
  404: 'not_found',
  408: 'server',
  429: 'rate_limited',
};

const kindOf = (status: number, codes: readonly string[]): FailureKind =>
  codes.map((code) => KIND_BY_CODE[code]).find((kind) => kind !== undefined) ??
  KIND_BY_STATUS[status] ??
  (status >= 500 ? 'server' : 'refused');

const DETAIL_CHARACTERS = 200;

export const cut = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, DETAIL_CHARACTERS);

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** True for the error envelope (docs/intercom-api.md 3), whatever its status. */
export const isErrorList = (body: JsonObject): boolean =>
  body.type === 'error.list' || (Array.isArray(body.errors) && body.errors.length > 0);

/** What codes and request ids look like. Anything else in their place may be a value from a record. */
const CODE = /^[a-z_.]{1,64}$/;
const REQUEST_ID = /^[\w-]{1,64}$/;

const matching = (pattern: RegExp, text: string | null): string | null =>
  text !== null && pattern.test(text) ? text : null;

/** Codes and first message of an error envelope; legacy errors have `type` instead of `code`. */
function readErrors(body: JsonObject): { readonly codes: readonly string[]; readonly detail: string } {
  const list = body.errors;
  const errors = (Array.isArray(list) ? list : []).filter(isJsonObject);
  return {
    codes: errors
      .map((error) => matching(CODE, textOf(error.code) ?? textOf(error.type)))
      .filter((code) => code !== null),
    detail: cut(redact(errors.map((error) => textOf(error.message)).find((text) => text !== null) ?? '')),
  };
}

export interface AnswerFacts {
  readonly status: number;
  /** The body if it was a JSON object; null for HTML and the like. */
  readonly body: JsonObject | null;
  /** `X-Request-Id` header; the body's own request_id comes first. */
  readonly requestId: string | null;
  readonly serverDelayMs: number | null;
}

export function failureOf({ status, body, requestId, serverDelayMs }: AnswerFacts): Failure {
  const { codes, detail } = readErrors(body ?? {});
  const kind = kindOf(status, codes);
  const named = matching(REQUEST_ID, textOf(body?.request_id) ?? requestId);
  const base = { status, codes, detail, requestId: named, serverDelayMs };
  if (kind === 'rate_limited') return { ...base, kind, code: 'rate_limited' };
  if (kind === 'server') {
    return { ...base, kind, code: status >= 500 || status === 408 ? `http_${status}` : 'server_error' };
  }
  if (kind === 'refused' && status < 300) return { ...base, kind: 'malformed', code: 'error_in_200' };
  return { ...base, kind, code: codes[0] ?? `http_${status}` };
}

/** Where a failure happened, and what the user could do about it. */
export interface FailureContext {
  readonly method: string;
  /** Path without its query. */
  readonly path: string;
  readonly host: string;
  readonly version: string;
  /** The permission in the Developer Hub that covers the object; null if none is named. */
  readonly permission: string | null;
  /** What to do about a token that Intercom no longer accepts, after a colon. */
  readonly reconnect: string;
}

const NOT_ANSWERED: Readonly<Record<string, string>> = {
  network: "check the network, and 'region' or 'baseUrl' in the configuration",
  timeout: 'Intercom was too slow; try again later',
  server: 'Intercom is having trouble; try again later',
  rate_limited:
    'the rate limit stayed exhausted, perhaps because of other apps in the workspace; try again later',
  malformed:
    "the answer was not Intercom's JSON: check that 'region' or 'baseUrl' in the configuration points to Intercom's API and that no proxy is in between, or try again later",
};

/** If these persist, no proxy is to blame: Intercom answers differently from what we know. */
const BROKEN_ANSWERS: readonly string[] = ['error_in_200', 'not_an_object'];

/**
 * The error for a failure that is not tried again.
 * @param tokenAlive true if /me accepts the token; used only for the kind `unauthorized`
 */
export function errorOf(failure: Failure, context: FailureContext, tokenAlive: boolean): Error {
  const { kind, code, status, codes, detail, requestId, cause } = failure;
  const seen = [status ?? code, ...codes, requestId === null ? null : `request ${requestId}`];
  const facts = `${seen.filter((part) => part !== null).join(', ')}${detail === '' ? '' : `: ${detail}`}`;
  const where = `${context.method} ${context.path} at ${context.host} (${facts})`;
  const options = cause === undefined ? { code } : { code, cause };
  const box = context.permission === null ? 'the permission that covers it' : `'${context.permission}'`;
  switch (kind) {
    case 'scope':
    case 'unauthorized':
      return kind === 'scope' || tokenAlive
        ? new PermissionError(
            `Intercom refuses ${where} although the connection works: tick ${box} for the app in Intercom's Developer Hub, then connect again`,
            { code: 'permission_missing' },
          )
        : deadToken(where, context);
    case 'token':
      return deadToken(where, context);
    case 'plan':
      return new UnavailableError(`This workspace's plan does not include ${where}`, { code });
    case 'version':
      return new ContractError(
        `Intercom does not serve API version ${context.version} for ${where}`,
        options,
      );
    case 'not_found':
    case 'refused':
      return new ContractError(`Unexpected answer to ${where}. If this lasts, report it`, options);
    default:
      return BROKEN_ANSWERS.includes(code)
        ? new ContractError(`Unexpected answer to ${where}. If this lasts, report it`, options)
        : new RetryableError(`No answer to ${where}: ${NOT_ANSWERED[kind]}`, options);
  }
}

const deadToken = (where: string, { reconnect }: FailureContext): ConnectionError =>
  new ConnectionError(`Intercom no longer accepts the access token, seen at ${where}: ${reconnect}`, {
    code: 'token_dead',
  });

/** A 404: JSON or a bare HTML page (docs/intercom-api.md 3.2). */
export const isNotFound = ({ status }: Failure): boolean => status === 404;

/**
 * A list that Intercom itself does not know, shown by its own code and not by a proxy's HTML page: features
 * that a workspace has switched off answer 404 (docs/intercom-api.md 3.2). Only for the first request of
 * unpaged and page-number lists; for a search a 404 is a failure.
 */
export const isSwitchedOff = (failure: Failure): boolean =>
  isNotFound(failure) && failure.codes.includes('not_found');

export const switchedOff = (path: string): UnavailableError =>
  new UnavailableError(`This workspace does not have ${path}: Intercom answers 404 not_found`, {
    code: 'not_found',
  });

const TOO_MUCH_ASKED: readonly string[] = [
  'timeout',
  'http_408',
  'server_error',
  'empty_answer',
  'html_answer',
  'malformed_answer',
  'answer_too_large',
];

/**
 * True for errors that a smaller page may avoid (docs/intercom-api.md 1: some pages of 150 always end in 502 or
 * 504, while smaller ones work).
 */
export const isTooMuchAsked = (error: unknown): error is RetryableError | ContractError =>
  (error instanceof RetryableError || error instanceof ContractError) &&
  (TOO_MUCH_ASKED.includes(error.code) || error.code.startsWith('http_5'));
