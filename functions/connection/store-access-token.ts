/** Connects without OAuth, with an access token that a person created for their own workspace. */

import type { Connected, Refused } from '../core/authorization.ts';
import { isAccessToken } from '../core/authorization.ts';
import { InputError } from '../core/errors.ts';
import { type AdmissionOptions, admitToken } from './admit-token.ts';
import type { AdmissionDependencies } from './dependencies.ts';

/**
 * Checks the token with /me as a callback does, and stores it.
 * @throws InputError if the text cannot be a token; RetryableError if AWS does not answer
 */
export async function storeAccessToken(
  dependencies: AdmissionDependencies,
  accessToken: string,
  options: AdmissionOptions,
): Promise<Connected | Refused> {
  if (isAccessToken(accessToken)) return admitToken(dependencies, accessToken, options);
  throw new InputError(
    'This is not a valid access token: a token is a single word of letters, digits and signs. Copy it from Configure > Authentication in the Developer Hub.',
    { code: 'bad_token' },
  );
}
