/** Bounded concurrency with results in the order of the items. */
import { LOOK_AHEAD } from './pace.ts';

/** If this many items wait for the consumer, nothing more is fetched: the consumer is the slower one. */
const MOST_READY = 2;

/**
 * Works on the items and yields the results in the order of the items. Starts nothing new once the consumer stops or
 * an item fails.
 * @param items taken as they are needed; results are yielded while the next items are on their way
 * @param limit how many are worked on at once; asked again each time
 * @param waiting results that may wait for the consumer, or behind a slow result. @default in proportion to the limit
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number | (() => number),
  work: (item: T) => Promise<R>,
  waiting?: number,
): AsyncGenerator<R, void, void> {
  const source = asyncItems(items);
  const started: Promise<R>[] = [];
  let running = 0;
  let isOver = false;
  let isFilling = false;
  let changed = Promise.withResolvers<void>();

  const hasRoom = (): boolean => {
    const most = Math.max(1, typeof limit === 'number' ? limit : limit());
    const isFull =
      waiting === undefined ? started.length > most * LOOK_AHEAD : started.length - running >= waiting;
    return !isOver && running < most && !isFull;
  };

  function add(result: Promise<R>): void {
    // A failure surfaces when its turn comes.
    result.catch(() => {
      isOver = true;
    });
    started.push(result);
    changed.resolve();
  }

  async function startNext(): Promise<void> {
    const next = await source.next();
    if (next.done === true) isOver = true;
    if (isOver || next.done === true) return;
    running += 1;
    add(
      work(next.value).finally(() => {
        running -= 1;
        fill();
      }),
    );
  }

  async function fillUp(): Promise<void> {
    while (hasRoom()) await startNext();
  }

  /** Starts what there is room for, unless it is doing so already. */
  function fill(): void {
    if (isFilling) return;
    isFilling = true;
    fillUp()
      .catch((error: unknown) => add(Promise.reject(error)))
      .finally(() => {
        isFilling = false;
        changed.resolve();
      });
  }

  try {
    fill();
    for (;;) {
      const [first] = started;
      if (first !== undefined) {
        const result = await first;
        started.shift();
        fill();
        yield result;
      } else {
        if (isOver) return;
        await changed.promise;
        changed = Promise.withResolvers();
      }
    }
  } finally {
    isOver = true;
    // Does not wait for what is on its way.
    source.return().catch(() => undefined);
  }
}

async function* asyncItems<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, void> {
  yield* items;
}

export interface Sourced<T> {
  readonly source: number;
  readonly item: T;
}

/**
 * The items of several sources as they come, while each source fetches its next one.
 * @param limit how many sources fetch at once, earlier ones first; asked again each time
 */
export async function* together<T>(
  sources: readonly AsyncGenerator<T, void, void>[],
  limit: () => number,
): AsyncGenerator<Sourced<T>, void, void> {
  const idle = [...sources.keys()];
  let ready = 0;
  const fetching = new Map<
    number,
    Promise<{ readonly source: number; readonly next: IteratorResult<T, void> }>
  >();

  async function fetchNext(source: number): Promise<{ source: number; next: IteratorResult<T, void> }> {
    const next = (await sources[source]?.next()) ?? { done: true, value: undefined };
    ready += 1;
    return { source, next };
  }

  function fill(): void {
    while (ready < MOST_READY && fetching.size < Math.max(1, limit())) {
      const source = idle.shift();
      if (source === undefined) return;
      const fetched = fetchNext(source);
      // A failure surfaces when it is waited for.
      fetched.catch(() => undefined);
      fetching.set(source, fetched);
    }
  }

  try {
    for (;;) {
      fill();
      if (fetching.size === 0) return;
      const { source, next } = await Promise.race(fetching.values());
      fetching.delete(source);
      ready -= 1;
      if (next.done === true) continue;
      idle.unshift(source);
      fill();
      yield { source, item: next.value };
    }
  } finally {
    // Does not wait for what is on its way.
    for (const source of sources) source.return().catch(() => undefined);
  }
}

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
