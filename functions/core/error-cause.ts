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
