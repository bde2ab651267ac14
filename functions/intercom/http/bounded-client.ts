/** A client that limits how many requests run at once. A page fetched ahead counts like any other. */

import pLimit from 'p-limit';
import type { IntercomClient } from './client.ts';

export interface BoundedClient extends IntercomClient {
  /** Resolves when no request is running. To get there soon, abort the requests' signal. */
  idle(): Promise<void>;
}

/** @param most requests at once; a request still counts while it waits for its next try */
export function boundClient({ get, post }: IntercomClient, most: number): BoundedClient {
  const run = pLimit(most);
  const running = new Set<Promise<unknown>>();
  function send<T>(request: () => Promise<T>): Promise<T> {
    const sent = run(request);
    running.add(sent);
    return sent.finally(() => running.delete(sent));
  }
  return {
    get: (...request) => send(() => get(...request)),
    post: (...request) => send(() => post(...request)),
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
