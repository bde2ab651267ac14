import { describe, expect, test } from 'vitest';
import { ahead, inOrder, together } from '../../../../../functions/intercom/readers/walk/in-order.ts';
import { range } from '../../../../support/intercom/reader-harness.ts';

const tick = () => new Promise<void>((resume) => setTimeout(resume, 1));

async function collect<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

describe('inOrder', () => {
  test('a slow item does not hold up the others', async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const started: number[] = [];
    const results = collect(
      inOrder(range(0, 8), 2, async (item) => {
        started.push(item);
        if (item === 0) await slow;
        return item;
      }),
    );
    await tick();
    expect(started).toEqual([0, 1, 2, 3, 4]);
    release();
    expect(await results).toEqual(range(0, 8));
  });

  test('a failure comes in its place, and nothing new is started', async () => {
    const started: number[] = [];
    const seen: number[] = [];
    const failing = inOrder(range(0, 50), 2, async (item) => {
      started.push(item);
      await tick();
      if (item === 3) throw new Error('three');
      return item;
    });
    const read = (async () => {
      for await (const item of failing) seen.push(item);
    })();
    await expect(read).rejects.toThrow('three');
    expect(seen).toEqual([0, 1, 2]);
    expect(started.length).toBeLessThan(10);
  });

  test('nothing is started after the consumer has stopped', async () => {
    const started: number[] = [];
    for await (const item of inOrder(range(0, 50), 2, async (item) => {
      started.push(item);
      await tick();
      return item;
    })) {
      if (item === 1) break;
    }
    const before = started.length;
    await tick();
    await tick();
    expect(started.length - before).toBeLessThanOrEqual(0);
  });
});

describe('inOrder of items that come one after the other', () => {
  test('hands on a result while the next item is on its way', async () => {
    const next = Promise.withResolvers<void>();
    async function* items() {
      yield 1;
      await next.promise;
      yield 2;
    }
    const results = inOrder(items(), 3, async (item) => item);
    expect(await results.next()).toEqual({ done: false, value: 1 });
    next.resolve();
    expect(await collect(results)).toEqual([2]);
  });

  test('does not wait for the next item if the consumer stops', async () => {
    async function* items() {
      yield 1;
      await new Promise<void>(() => undefined);
    }
    for await (const item of inOrder(items(), 3, async (item) => item)) {
      expect(item).toBe(1);
      break;
    }
  });

  test('a failure of the items comes after what was started', async () => {
    async function* items() {
      yield 1;
      throw new Error('second');
    }
    const results = inOrder(items(), 3, async (item) => item);
    expect(await results.next()).toEqual({ done: false, value: 1 });
    await expect(results.next()).rejects.toThrow('second');
  });

  test('asks for the limit again each time', async () => {
    let limit = 1;
    let running = 0;
    const most: number[] = [];
    const work = async (): Promise<void> => {
      running += 1;
      most.push(running);
      await tick();
      running -= 1;
      limit = 4;
    };
    await collect(inOrder(range(0, 40), () => limit, work));
    expect(most[0]).toBe(1);
    expect(Math.max(...most)).toBe(4);
  });
});

describe('ahead', () => {
  test('fetches the next item while the consumer works on this one, and no further', async () => {
    const fetched: number[] = [];
    async function* source() {
      for (const item of range(0, 5)) {
        fetched.push(item);
        yield item;
      }
    }
    const items = ahead(source());
    expect(await items.next()).toEqual({ done: false, value: 0 });
    await tick();
    expect(fetched).toEqual([0, 1]);
    expect(await collect(items)).toEqual([1, 2, 3, 4]);
  });

  test('a failure surfaces when its item is due', async () => {
    async function* source() {
      yield 1;
      throw new Error('second');
    }
    const items = ahead(source());
    expect(await items.next()).toEqual({ done: false, value: 1 });
    await tick();
    await expect(items.next()).rejects.toThrow('second');
  });
});

describe('together', () => {
  async function* counting(from: number, to: number, log: number[]): AsyncGenerator<number, void, void> {
    try {
      for (let item = from; item < to; item += 1) {
        log.push(item);
        await tick();
        yield item;
      }
    } finally {
      log.push(-1);
    }
  }

  test('has every item of every source, in the order of each, with at most so many sources at work', async () => {
    const logs = range(0, 5).map((): number[] => []);
    const sources = logs.map((log, source) => counting(source * 10, source * 10 + 4, log));
    const items = await collect(together(sources, () => 2));
    for (const source of range(0, 5)) {
      const own = items.filter((one) => one.source === source).map(({ item }) => item);
      expect(own).toEqual(range(source * 10, source * 10 + 4));
    }
    // The fifth begins when others have ended.
    const first = items.findIndex(({ source }) => source === 4);
    expect(items.slice(0, first).filter(({ source }) => source < 4).length).toBeGreaterThanOrEqual(12);
  });

  test('closes the others if one fails, or if the consumer stops', async () => {
    async function* failing(): AsyncGenerator<number, void, void> {
      await tick();
      yield 1;
      throw new Error('broken');
    }
    const log: number[] = [];
    await expect(collect(together([counting(0, 50, log), failing()], () => 4))).rejects.toThrow('broken');
    await tick();
    await tick();
    expect(log.at(-1)).toBe(-1);
    expect(log.length).toBeLessThan(10);
    const stopped: number[] = [];
    for await (const _ of together([counting(0, 50, stopped)], () => 1)) break;
    await tick();
    await tick();
    expect(stopped.at(-1)).toBe(-1);
  });
});
