/** Bounded concurrency with results in the order of the items. */
import { pMapIterable } from 'p-map';

/** Results that may wait behind a slow one, per running request. Keeps the others busy and memory bounded. */
const LOOK_AHEAD = 2;

/**
 * Works on the items, at most `limit` at once, and yields the results in the order of the items. Starts
 * nothing new once the consumer stops or an item fails.
 */
export const inOrder = <T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncIterable<R> => {
  const concurrency = Math.max(1, limit);
  return pMapIterable(items, work, { concurrency, backpressure: concurrency * LOOK_AHEAD + 1 });
};

/** Fetches the next item while the consumer works on this one. A failure surfaces when its item is due. */
export async function* ahead<T>(source: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  const fetchNext = (): Promise<IteratorResult<T, void>> => {
    const next = source.next();
    next.catch(() => undefined);
    return next;
  };
  let pending = fetchNext();
  for (;;) {
    const item = await pending;
    if (item.done === true) return;
    pending = fetchNext();
    yield item.value;
  }
}
