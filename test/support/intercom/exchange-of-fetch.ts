/** An exchange made of a fetch, for tests that answer requests themselves. */
import { type Exchange, NoAnswer } from '../../../functions/intercom/http/exchange.ts';

export const exchangeOf =
  (fetchNow: typeof fetch): Exchange =>
  async ({ origin, path, signal, maxBodyBytes, timeoutMs, ...init }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetchNow(`${origin}${path}`, {
        ...init,
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      const body = new Uint8Array(await response.arrayBuffer());
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: body.byteLength > maxBodyBytes ? null : body };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DOMException && error.name === 'TimeoutError') throw new NoAnswer('timeout');
      if (error instanceof TypeError && error.cause instanceof Error)
        throw new NoAnswer('network', error.cause);
      throw error;
    }
  };
