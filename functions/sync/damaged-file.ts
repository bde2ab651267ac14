/** What is said of a file of the lake that is not what a run wrote. Never what is in it: that may be personal. */
import { ContractError } from '../core/errors.ts';

/** How to replace what cannot be restored, and find the deletions that were recorded there. */
export const READ_AGAIN =
  "read its object again from the beginning ('resync' for a deployed pipeline, 'reset' and then 'sync' for a directory); 'audit --repair' then finds what was deleted";

/** @param what such as `is missing`; nothing of the file's content */
export const damagedFile = (key: string, what: string): ContractError =>
  new ContractError(
    `'${key}' in the lake ${what}. Restore it from a copy or an older version. If you have none, 'verify --deep' says what to do.`,
    { code: 'file_damaged' },
  );

export const isDamagedFile = (error: unknown): boolean =>
  error instanceof ContractError && error.code === 'file_damaged';
