/**
 * Errors, named after what happens next, not after what went wrong (`code` and `message` have the cause).
 * The workflow matches `name` exactly, so the names are literals and part of the contract with the state
 * machine. Any other error is a bug and is never swallowed.
 */

interface PipelineErrorOptions extends ErrorOptions {
  /** snake_case cause, for people and for tests: `rate_limited`, `html_answer`, … */
  readonly code: string;
}

abstract class PipelineError extends Error {
  readonly code: string;
  constructor(message: string, options: PipelineErrorOptions) {
    super(message, options);
    this.code = options.code;
  }
}

/** Try again later: a network error, a 429 or 5xx that outlasted our retries, a throttled AWS call. */
export class RetryableError extends PipelineError {
  override readonly name = 'RetryableError';
}

/** A permission is missing at Intercom: the user has to tick a box. Affects one object only. */
export class PermissionError extends PipelineError {
  override readonly name = 'PermissionError';
}

/** The token is missing or no longer valid: the user has to connect again. Stops the run. */
export class ConnectionError extends PipelineError {
  override readonly name = 'ConnectionError';
}

/** This workspace does not have the object, or its plan does not include it. Reported, but not a failure. */
export class UnavailableError extends PipelineError {
  override readonly name = 'UnavailableError';
}

/** Intercom or we broke the contract. The cursor stays where it is. */
export class ContractError extends PipelineError {
  override readonly name = 'ContractError';
}

/** The run's input or the configuration is not valid. Fails at once and lists what is allowed. */
export class InputError extends PipelineError {
  override readonly name = 'InputError';
}

/** True for the errors above; false for bugs. */
export const isPipelineError = (error: unknown): error is PipelineError => error instanceof PipelineError;

/**
 * The message in the cause of a failed state. Lambda reports an error as JSON with an `errorMessage`; other
 * sources give plain text.
 */
export function messageOfCause(cause: string): string {
  try {
    const report: unknown = JSON.parse(cause);
    const message = (report as { errorMessage?: unknown } | null)?.errorMessage;
    return typeof message === 'string' ? message : cause;
  } catch {
    return cause;
  }
}
