/** Lists that a workspace may lack (docs/output.md, Small lists). */
import { PermissionError, UnavailableError } from '../core/errors.ts';
import { isOptional, type ObjectName } from '../core/names.ts';

/** The error as it is meant for the object: what a workspace may lack, its token may lack too. */
export const errorOf = (object: ObjectName, error: unknown): unknown =>
  error instanceof PermissionError && isOptional(object)
    ? new UnavailableError(error.message, { code: error.code, cause: error })
    : error;
