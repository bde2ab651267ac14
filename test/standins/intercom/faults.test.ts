/** Scripted faults (docs/intercom-api.md 1, 11). */
import { expect, test } from 'vitest';
import { byTime, start } from '../../support/intercom/simulator-client.ts';

test('a fault begins after some requests, answers some, and then ends', async () => {
  const client = await start({
    faults: [
      { match: { path: '/me' }, after: 1, times: 2, respond: { status: 502, html: '<html>502</html>' } },
    ],
  });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await client.get('/me')).status);
  expect(statuses).toEqual([200, 502, 502, 200, 200]);
  expect((await client.get('/tags')).status).toBe(200);
});

test('JSON, an empty 200, other headers, by method and pattern; removable', async () => {
  const client = await start();
  const remove = client.sim.addFault({
    match: { path: /^\/contacts\/[^/]+\/tags/, method: 'GET' },
    respond: { status: 503, json: { oops: true }, headers: { 'Retry-After': '7' } },
  });
  const [id] = client.sim.workspace.contacts.ids();
  const reply = await client.get(`/contacts/${id}/tags`);
  expect([reply.status, reply.headers.get('retry-after'), reply.json]).toEqual([503, '7', { oops: true }]);
  remove();
  expect((await client.get(`/contacts/${id}/tags`)).status).toBe(200);
  client.sim.addFault({ match: { path: '/tags' }, respond: { status: 200, empty: true } });
  expect((await client.get('/tags')).text).toBe('');
  client.sim.addFault({ match: { path: '/teams', method: 'POST' }, respond: { status: 500, body: 'no' } });
  expect((await client.get('/teams')).status).toBe(200);
});

test('large pages fail; small ones do not', async () => {
  const client = await start();
  client.sim.addFault({
    match: { path: '/contacts/search', perPageAbove: 50, bodyIncludes: 'updated_at' },
    respond: { status: 504, html: 'slow' },
  });
  const ask = async (perPage: number, field = 'updated_at'): Promise<number> =>
    (
      await client.post('/contacts/search', {
        query: byTime(field, '>', 1),
        pagination: { per_page: perPage },
      })
    ).status;
  expect([await ask(150), await ask(50), await ask(150, 'created_at')]).toEqual([504, 200, 200]);
  client.sim.addFault({
    match: { path: '/contacts', perPageAbove: 10 },
    respond: { status: 504, html: 'slow' },
  });
  expect([
    (await client.get('/contacts?per_page=11')).status,
    (await client.get('/contacts')).status,
  ]).toEqual([504, 200]);
});

test('broken connections: reset, cut, hanging, late', async () => {
  const client = await start();
  const { sim } = client;
  sim.addFault({ match: { path: '/tags' }, times: 1, respond: { kind: 'reset-connection' } });
  await expect(client.get('/tags')).rejects.toThrow();
  sim.addFault({ match: { path: '/tags' }, times: 1, respond: { kind: 'truncate-body' } });
  await expect(client.get('/tags')).rejects.toThrow();
  sim.addFault({ match: { path: '/tags' }, times: 1, respond: { kind: 'hang' } });
  const headers = { authorization: `Bearer ${sim.token}`, 'intercom-version': '2.15' };
  await expect(fetch(`${sim.url}/tags`, { headers, signal: AbortSignal.timeout(100) })).rejects.toThrow(
    /timeout/i,
  );
  sim.addFault({ match: { path: '/tags' }, times: 1, respond: { kind: 'delay', delayMs: 60 } });
  const before = performance.now();
  expect((await client.get('/tags')).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(50);
});

test('the log shows the requests, and no tokens', async () => {
  const client = await start();
  await client.get('/contacts?per_page=3');
  await client.post('/contacts/search', {});
  expect(client.sim.requestLog).toEqual([
    { method: 'GET', path: '/contacts?per_page=3', status: 200, atMs: client.clock.ms },
    { method: 'POST', path: '/contacts/search', status: 400, atMs: client.clock.ms },
  ]);
  expect(client.sim.stats().byPath).toEqual({ 'GET /contacts': 1, 'POST /contacts/search': 1 });
  expect(JSON.stringify(client.sim.requestLog)).not.toContain(client.sim.token);
});
