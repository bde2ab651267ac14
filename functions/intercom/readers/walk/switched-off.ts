/** Features that a workspace has switched off answer 404 on their lists (docs/intercom-api.md 3.2). */
import { UnavailableError } from '../../../core/errors.ts';
import type { Failure } from '../../http/failures.ts';

/**
 * A path without an id that Intercom itself does not know: by its own code, not by a proxy's HTML page.
 * Only for the first request of unpaged and page-number lists; on a search a 404 is a failure.
 */
export const isSwitchedOff = ({ status, codes }: Failure): boolean =>
  status === 404 && codes.includes('not_found');

export const switchedOff = (path: string): UnavailableError =>
  new UnavailableError(`This workspace does not have ${path}: Intercom answers 404 not_found`, {
    code: 'not_found',
  });
