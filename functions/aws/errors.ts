/** Errors from AWS that are worth another try after the SDK's own retries. */
import { RetryableError } from '../core/errors.ts';

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: { readonly throttling?: boolean };
  readonly code?: string;
}

const THROTTLED = /Throttl|TooManyRequests|SlowDown|ProvisionedThroughputExceeded|RequestLimitExceeded/;

/** Errors without a status of their own: Glue's when it is busy have 400, those of S3 for one of several keys 200. */
const BUSY = /^((OperationTimeout|ResourceNotReady)Exception|InternalError|ServiceUnavailable)$/;
const NETWORK = /^(ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|TimeoutError)/;

function isTransient(error: SdkError): boolean {
  const status = error.$metadata?.httpStatusCode ?? 0;
  const isServerFault = status >= 500 && status <= 504;
  return (
    isServerFault ||
    error.$retryable !== undefined ||
    THROTTLED.test(error.name) ||
    BUSY.test(error.name) ||
    NETWORK.test(error.code ?? error.name)
  );
}

export const isConditionFailure = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

/** Options of an SDK call that the signal ends. */
export const optionsOf = (signal: AbortSignal | undefined) =>
  signal === undefined ? {} : { abortSignal: signal };

/**
 * Runs an AWS call. A transient error becomes a RetryableError; any other error stays the same.
 * @param what the call does, for the message: `write to the bucket`
 * @param signal ends the call; its reason is then thrown, whatever error the SDK throws
 */
export async function callAws<T>(what: string, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await call();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Error) || !isTransient(error)) throw error;
    throw new RetryableError(`AWS could not ${what} just now (${error.name}: ${error.message}).`, {
      code: 'aws_unavailable',
      cause: error,
    });
  }
}
