/** Lists that a workspace may lack (docs/output.md, Small lists). */
import { PermissionError, UnavailableError } from '../core/errors.ts';
import { isOptional, type ObjectName } from '../core/names.ts';

/** The error as it applies to the object: if a workspace may lack a list, its token may lack the permission, too. */
export const errorOf = (object: ObjectName, error: unknown): unknown =>
  error instanceof PermissionError && isOptional(object)
    ? new UnavailableError(error.message, { code: error.code, cause: error })
    : error;
