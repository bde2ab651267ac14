/** Enforces on this machine that states carry names and counts, never data. */

/** A quarter of what Step Functions allows, so that a run that works here also works there on a larger workspace. */
const MAX_STATE_BYTES = 64 * 1024;

/** As on AWS, this error is neither retried nor caught: the execution fails. */
class DataLimitError extends Error {
  override readonly name = 'States.DataLimitExceeded';
  // Read by aws-local-stepfunctions.
  readonly isRetryable = false;
  readonly isCatchable = false;
}

/** @throws DataLimitError if a state's input or output is more than names and counts */
export function requireSmall(state: string, what: 'input' | 'output', value: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(value ?? null));
  if (bytes <= MAX_STATE_BYTES) return;
  throw new DataLimitError(
    `The ${what} of state ${state} has ${bytes} bytes, more than ${MAX_STATE_BYTES}: states carry only names and counts. Data belongs in the lake.`,
  );
}
