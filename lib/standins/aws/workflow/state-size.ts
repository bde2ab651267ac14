/** The rule that states carry names and never data, enforced where it can be seen: on this machine. */

/** A quarter of what Step Functions allows, so that what runs here does not break there on a larger workspace. */
const MAX_STATE_BYTES = 64 * 1024;

/** As on AWS, no Retry and no Catch: the execution fails. */
class DataLimitError extends Error {
  override readonly name = 'States.DataLimitExceeded';
  // Read by aws-local-stepfunctions.
  readonly isRetryable = false;
  readonly isCatchable = false;
}

/** @throws DataLimitError where a state's input or output is more than names and counts */
export function requireSmall(state: string, what: 'input' | 'output', value: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(value ?? null));
  if (bytes <= MAX_STATE_BYTES) return;
  throw new DataLimitError(
    `The ${what} of state ${state} has ${bytes} bytes, more than ${MAX_STATE_BYTES}: states carry names, data belongs into the lake.`,
  );
}
