import type { IncomingMessage } from 'node:http';

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

/**
 * The reason to refuse a request, or undefined if it may pass. Signatures are not checked, but these three are:
 * - the Host header is loopback: a web page cannot reach the endpoint through a name that it rebinds;
 * - there is no Origin header: a web page cannot send anything to it at all;
 * - the access key was made at this start: other users of the machine cannot read the secrets.
 */
export function refusal(request: IncomingMessage, accessKeyId: string): string | undefined {
  const { host, origin, authorization } = request.headers;
  if (host === undefined || !LOOPBACK_HOST.test(host))
    return 'This endpoint answers on the loopback address only.';
  if (origin !== undefined) return 'This endpoint does not answer web pages.';
  if (!authorization?.includes(`Credential=${accessKeyId}/`)) {
    return 'The access key does not belong to this endpoint. Use the environment that it was started with.';
  }
  return undefined;
}
