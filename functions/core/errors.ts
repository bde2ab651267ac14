/**
 * Errors named by what happens next, not by what went wrong (the cause is in `code` and `message`).
 * The workflow matches `name` exactly, so the names are literals and part of the contract with the
 * state machine. Anything that is none of these is a bug and is never swallowed.
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

/** Try again later: the network, a 429 or 5xx that outlived our retries, a throttled AWS call. */
export class RetryableError extends PipelineError {
  override readonly name = 'RetryableError';
}

/** A permission is missing at Intercom: the user has to tick a box. Local to one object. */
export class PermissionError extends PipelineError {
  override readonly name = 'PermissionError';
}

/** The token is dead or absent: the user has to (re)connect. Stops the run. */
export class ConnectionError extends PipelineError {
  override readonly name = 'ConnectionError';
}

/** This workspace has no such object or plan. Reported, and no failure. */
export class UnavailableError extends PipelineError {
  override readonly name = 'UnavailableError';
}

/** Intercom or we broke the contract. The cursor stays where it is. */
export class ContractError extends PipelineError {
  override readonly name = 'ContractError';
}

/** The run's input or the configuration cannot be used as it is. Fails at once, with what is allowed. */
export class InputError extends PipelineError {
  override readonly name = 'InputError';
}

/** True for errors whose class says what to do next; false for bugs. */
export const isPipelineError = (error: unknown): error is PipelineError => error instanceof PipelineError;

/**
 * The message in the cause of a failed state: Lambda reports an error as JSON (`errorMessage`), other
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
