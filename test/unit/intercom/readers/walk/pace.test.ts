import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Answer, IntercomClient } from '../../../../../functions/intercom/http/client.ts';
import { createPace, paced } from '../../../../../functions/intercom/readers/walk/pace.ts';

const answer = (tookMs: number, bytes: number, limit: number | null) => ({
  tookMs,
  bytes,
  observation: { limit, remaining: null, limited: false, time: null },
});

test.each([
  [200, 1_666, 42],
  [1_000, 1_666, 209],
  [200, 167, 5],
  [10, 167, 4],
])('with answers after %i ms and %i requests a window, %i are under way', (tookMs, limit, wanted) => {
  const pace = createPace(1_000);
  for (let i = 0; i < 100; i += 1) pace.observe(answer(tookMs, 5_000, limit));
  expect(pace.limit()).toBe(wanted);
});

test('large answers leave room for few at once', () => {
  const pace = createPace(64);
  pace.observe(answer(1_000, 2 * 1024 * 1024, 1_666));
  expect(pace.limit()).toBe(2);
  pace.observe(answer(1_000, 64 * 1024 * 1024, 1_666));
  expect(pace.limit()).toBe(1);
  for (let i = 0; i < 100; i += 1) pace.observe(answer(1_000, 5_000, 1_666));
  expect(pace.limit()).toBe(64);
});

test('before sizes are known, few are under way, however long answers take', () => {
  const pace = createPace(64);
  pace.observe(answer(1_000, 200 * 1024, 1_666));
  expect(pace.limit()).toBe(17);
  for (let i = 0; i < 17; i += 1) pace.observe(answer(1_000, 5_000, 1_666));
  expect(pace.limit()).toBe(64);
});

test('is within its bounds whatever is observed', () => {
  const observed = fc.array(
    fc.tuple(fc.nat(100_000), fc.nat(64 * 1024 * 1024), fc.option(fc.nat(10_000_000))),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), observed, (most, answers) => {
      const pace = createPace(most);
      for (const one of answers) {
        pace.observe(answer(...one));
        expect(pace.limit()).toBeGreaterThanOrEqual(1);
        expect(pace.limit()).toBeLessThanOrEqual(most);
      }
    }),
  );
});

test('a paced client sends as many at once as the pace allows, first come, first served, failures too', async () => {
  let underWay = 0;
  let most = 0;
  const asked: string[] = [];
  const send = async (path: string): Promise<Answer> => {
    underWay += 1;
    most = Math.max(most, underWay);
    asked.push(path);
    await new Promise((resume) => setTimeout(resume, 2));
    underWay -= 1;
    if (Number(path) % 3 === 0) throw new Error(path);
    return {
      ...answer(1, 5_000, 1_666),
      status: 200,
      body: {},
      receivedAtMs: 0,
      date: null,
      link: null,
      failure: null,
    };
  };
  const client: IntercomClient = { get: send, post: send };
  const { get } = paced(client, createPace(3));
  const paths = Array.from({ length: 30 }, (_, index) => String(index));
  const results = await Promise.allSettled(paths.map((path) => get(path, {}, { priority: 'bulk' })));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(10);
  expect(asked).toEqual(paths);
  expect(most).toBe(3);
});
