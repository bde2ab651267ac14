/** A message for each way in which AWS refuses or does not answer: what, where, what to do. Pure. */
import { InputError, RetryableError } from '../../../functions/core/errors.ts';

/** A call of an AWS service, as its error message names it. */
export interface AwsCall {
  /** In IAM's notation: `states:StartExecution`. */
  readonly action: string;
  /** Null until it is known. */
  readonly region: string | null;
  /** As named on the command line. */
  readonly profile: string | null;
}

interface Seen {
  readonly name: string;
  /** Code of a network error: `ENOTFOUND`. */
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

const EXPIRED = /^(ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired)$/;
const UNKNOWN_KEY =
  /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignatureException|AuthFailure|IncompleteSignature(Exception)?|MissingAuthenticationToken(Exception)?|InvalidToken)$/;
const CLOCK = /^(RequestTimeTooSkewed|RequestInTheFuture)$/;
const DENIED = /^(AccessDenied(Exception)?|UnauthorizedOperation|Forbidden|NotAuthorized)$/;
const UNREACHABLE =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|EPIPE|TimeoutError)$/;
const UNTRUSTED = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS)/;
/** What is gone, by IAM's name of the service. */
const GONE: Readonly<Record<string, string>> = {
  dynamodb: 'state table',
  s3: 'bucket',
  secretsmanager: 'secret',
  states: 'state machine',
};
const NOT_THERE = /^(ResourceNotFoundException|NoSuchBucket|StateMachineDoesNotExist)$/;
/** Secrets Manager's answer about a secret that can still be restored. */
const MARKED = /marked for deletion|scheduled for deletion/;
const BUSY = /Throttl|TooManyRequests|SlowDown|ProvisionedThroughputExceeded|RequestLimitExceeded/;

function seenIn(error: Error): Seen {
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  return {
    name: error.name,
    code: typeof code === 'string' ? code : '',
    status: $metadata?.httpStatusCode ?? 0,
    message: error.message.replace(/\s+/g, ' ').trim(),
  };
}

/** How to get working credentials. */
const login = (profile: string | null): string =>
  profile === null
    ? "log in again ('aws sso login' or 'aws login'), or name a profile with --profile"
    : `log in again ('aws sso login --profile ${profile}'), or name another profile with --profile`;

const usedProfile = (profile: string | null): string => (profile === null ? '' : ` of profile '${profile}'`);

/** `…is not authorized to perform: kms:Decrypt on resource: arn:…`: the most that AWS reports. */
const NOT_AUTHORIZED =
  /(?:User: (?<who>\S+) )?is not authorized to perform: (?<action>[\w-]+:\w+)(?: on resource: (?<resource>\S+))?/;

function denial({ message }: Seen, { action, profile }: AwsCall): string {
  const said = NOT_AUTHORIZED.exec(message)?.groups ?? {};
  const who = said.who === undefined ? `The credentials${usedProfile(profile)}` : said.who;
  const resource = said.resource === undefined ? '' : ` on ${said.resource}`;
  const allowed =
    said.action === undefined ? `${action} (AWS says: ${message})` : `${said.action}${resource}`;
  return `${who} may not do ${allowed}. Ask for this permission, or name another profile with --profile.`;
}

function credentialsMissing(message: string, profile: string | null): string {
  if (/session|token/i.test(message) && /expired|not found|invalid/i.test(message)) {
    return `The AWS login${usedProfile(profile)} has expired: ${login(profile)}.`;
  }
  if (profile !== null) {
    return `Profile '${profile}' gives no AWS credentials (${message}): check ~/.aws/config, or name another profile with --profile.`;
  }
  return `No AWS credentials were found: log in ('aws configure', 'aws sso login'), set AWS_PROFILE, or name a profile with --profile.`;
}

/** One sentence about an AWS error that no command expects; null for any other error. */
export function unexpectedAws(error: unknown): string | null {
  if (!(error instanceof Error) || !('$metadata' in error)) return null;
  return `AWS refused a request for a reason that this command does not know (${error.name}: ${seenIn(error).message}).`;
}

/**
 * The error to show for an error of an AWS call. Errors that the caller handles, such as a missing file or a
 * failed condition, are returned unchanged.
 */
export function explainAws(error: unknown, call: AwsCall): unknown {
  if (!(error instanceof Error)) return error;
  const seen = seenIn(error);
  const { name, code, message, status } = seen;
  const { region, profile } = call;
  const input = (text: string, reason: string) => new InputError(text, { code: reason, cause: error });
  if (UNREACHABLE.test(code) || UNREACHABLE.test(name)) {
    const place = region === null ? '' : ` that region '${region}' exists,`;
    return new RetryableError(
      `AWS cannot be reached (${message}): check the network,${place} and any proxy or VPN. Then try again.`,
      { code: 'aws_unreachable', cause: error },
    );
  }
  if (UNTRUSTED.test(code)) {
    return input(
      `The connection to AWS is not trusted (${code}): something in between, such as a company proxy, presents its own certificate. Set NODE_EXTRA_CA_CERTS to a file with the certificate of its authority.`,
      'aws_untrusted',
    );
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return input(credentialsMissing(message, profile), 'aws_credentials');
  }
  if (CLOCK.test(name) || (UNKNOWN_KEY.test(name) && /signature (not yet current|expired)/i.test(message))) {
    return input(
      "AWS refuses the request because this machine's clock is wrong. Set the clock and try again.",
      'aws_clock',
    );
  }
  if (EXPIRED.test(name)) {
    return input(
      `The AWS credentials${usedProfile(profile)} have expired: ${login(profile)}.`,
      'aws_credentials',
    );
  }
  if (UNKNOWN_KEY.test(name)) {
    return input(
      `AWS does not accept the credentials${usedProfile(profile)} (${name}): check the access key, or ${login(profile)}. AWS answers the same for a region that is not enabled in the account${region === null ? '' : ` (this request went to ${region})`}.`,
      'aws_credentials',
    );
  }
  const gone = GONE[call.action.split(':')[0] ?? ''];
  if ((NOT_THERE.test(name) || MARKED.test(message)) && gone !== undefined) {
    return input(
      `The ${gone} of the pipeline does not exist any more (${call.action}: ${message}): somebody has deleted it. See "If something is gone" in docs/operate.md.`,
      'aws_gone',
    );
  }
  if (DENIED.test(name) || status === 403) return input(denial(seen, call), 'aws_denied');
  if (BUSY.test(name) || (status >= 500 && status <= 504)) {
    return new RetryableError(`AWS is busy (${call.action}: ${name}); try again in a minute.`, {
      code: 'aws_unavailable',
      cause: error,
    });
  }
  return error;
}
