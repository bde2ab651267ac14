/** Without OAuth: an access token that someone made for a workspace of their own. */

import type { Connected, Refused } from '../core/authorization.ts';
import { isAccessToken } from '../core/authorization.ts';
import { InputError } from '../core/errors.ts';
import { type AdmissionOptions, admitToken } from './admit-token.ts';
import type { AdmissionDependencies } from './dependencies.ts';

/**
 * Checks the token with /me as a callback would, and stores it.
 * @throws InputError for what cannot be a token; RetryableError where AWS does not answer
 */
export async function storeAccessToken(
  dependencies: AdmissionDependencies,
  accessToken: string,
  options: AdmissionOptions,
): Promise<Connected | Refused> {
  if (isAccessToken(accessToken)) return admitToken(dependencies, accessToken, options);
  throw new InputError(
    'This is no access token: one is a single word of letters, digits and signs. Copy it from Configure > Authentication in the Developer Hub.',
    { code: 'bad_token' },
  );
}
