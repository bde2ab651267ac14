/** 10-second windows, injected clock (docs/intercom-api.md 2). */
import { expect, test } from 'vitest';
import { NOON_SECONDS, type Reply, start } from '../../support/intercom/simulator-client.ts';

const rate = ({ status, headers }: Reply): unknown[] => [
  status,
  ...['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'].map((name) =>
    Number(headers.get(name)),
  ),
];

test('a window allows its limit, refuses the next request, and opens again at its end', async () => {
  const client = await start({ rateLimit: { perApp: 3, perWorkspace: 100 } });
  // Live, the header is 6 seconds after the end of the window.
  const reset = NOON_SECONDS + 10 + 6;
  client.clock.pass(4);
  expect(rate(await client.get('/me'))).toEqual([200, 3, 2, reset]);
  expect(rate(await client.get('/tags'))).toEqual([200, 3, 1, reset]);
  expect(rate(await client.get('/nowhere'))).toEqual([404, 3, 0, reset]);
  const refused = await client.get('/me');
  expect(rate(refused)).toEqual([429, 3, 0, reset]);
  expect(refused.json.errors?.[0]).toEqual({
    code: 'rate_limit_exceeded',
    message: 'Exceeded rate limit of 3 in 10_seconds',
  });
  expect(refused.headers.get('retry-after')).toBeNull();
  client.clock.pass(5);
  expect((await client.get('/me')).status).toBe(429);
  client.clock.pass(1);
  expect(rate(await client.get('/me'))).toEqual([200, 3, 2, reset + 10]);
  expect(client.sim.stats()).toMatchObject({
    requests: 6,
    rateLimited: 2,
    byStatus: { 200: 3, 404: 1, 429: 2 },
  });
});

test('apps have their own windows and share the workspace', async () => {
  const client = await start({ rateLimit: { perApp: 3, perWorkspace: 5 } });
  const other = { authorization: `Bearer ${client.sim.issueToken({ app: 'other' })}` };
  const second = { authorization: `Bearer ${client.sim.issueToken()}` };
  for (const headers of [{}, second, {}]) expect((await client.get('/me', headers)).status).toBe(200);
  expect((await client.get('/me', second)).status).toBe(429);
  expect(rate(await client.get('/me', other)).slice(0, 3)).toEqual([200, 5, 1]);
  expect((await client.get('/me', other)).status).toBe(200);
  expect((await client.get('/me', other)).json.errors?.[0]?.message).toBe(
    'Exceeded rate limit of 5 in 10_seconds',
  );
});

test('defaults are 1,666 and 4,166; unauthorised requests cost nothing', async () => {
  const client = await start({ rateLimit: {} });
  await client.get('/me', { authorization: 'Bearer nonsense' });
  expect(rate(await client.get('/me')).slice(0, 3)).toEqual([200, 1666, 1665]);
});

test('headers: first shown whole, absent at first, per minute, Retry-After, other code', async () => {
  const client = await start({
    rateLimit: { perApp: 2, perWorkspace: 9 },
    switches: { remainingOnFirst: 'limit', retryAfter: 'present', rateLimitCode: 'too_many_requests' },
  });
  expect(rate(await client.get('/me')).slice(0, 3)).toEqual([200, 2, 2]);
  await client.get('/me');
  client.clock.pass(3);
  const refused = await client.get('/me');
  expect([refused.headers.get('retry-after'), refused.json.errors?.[0]?.code]).toEqual([
    '7',
    'too_many_requests',
  ]);
  client.clock.pass(7);
  client.sim.setSwitches({ rateHeaders: 'absent_on_first', rateLimitHeader: 'minute' });
  expect((await client.get('/me')).headers.get('x-ratelimit-limit')).toBeNull();
  expect((await client.get('/me')).headers.get('x-ratelimit-limit')).toBe('12');
});

test('the Date header is the clock of the simulator', async () => {
  const client = await start();
  client.clock.pass(3600);
  expect((await client.get('/me')).headers.get('date')).toBe('Fri, 20 Nov 2026 13:00:00 GMT');
});
