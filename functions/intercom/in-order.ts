/** Bounded concurrency with results in the order of the items. */

/** At most `limit` at a time; the rest wait in line. */
export function createLimiter(limit: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= limit) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** Results that wait behind a slow one, per running request: keeps the others busy, and memory bounded. */
const LOOK_AHEAD = 2;

/**
 * Works on the items, at most `limit` at once, and yields the results in their order. When the
 * consumer stops or one fails, nothing new is started.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const run = createLimiter(Math.max(1, limit));
  const started: Promise<R>[] = [];
  let stopped = false;
  const start = (item: T): void => {
    const result = run(() => (stopped ? Promise.reject(new Error('stopped')) : work(item)));
    result.catch(() => {
      stopped = true;
    });
    started.push(result);
  };
  try {
    for (const item of items) {
      const first = started.length >= limit * LOOK_AHEAD ? started.shift() : undefined;
      start(item);
      if (first !== undefined) yield await first;
    }
    for (const result of started) yield await result;
  } finally {
    stopped = true;
  }
}

/**
 * Fetches the next item while the consumer works on this one. A failure surfaces when its item is due.
 */
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
