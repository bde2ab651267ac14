/** A million contacts: started at once, paged in logarithmic time. */
import { expect, test } from 'vitest';
import { all, byTime, DAY, NOON_SECONDS, start } from '../../support/intercom/simulator-client.ts';

test('a million contacts', { timeout: 20_000 }, async () => {
  const before = performance.now();
  const client = await start({ sizes: { contacts: 1_000_000, companies: 5000 } });
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(process.memoryUsage().rss).toBeLessThan(1.5e9);
  const window = all(
    byTime('updated_at', '>', NOON_SECONDS - 60 * DAY),
    byTime('updated_at', '<', NOON_SECONDS - 2 * DAY),
  );
  let after: string | undefined;
  let seen = 0;
  const started = performance.now();
  for (let page = 0; page < 40; page++) {
    const { json } = await client.post('/contacts/search', {
      query: window,
      sort: { field: 'updated_at', order: 'ascending' },
      pagination: { per_page: 150, ...(after === undefined ? {} : { starting_after: after }) },
    });
    expect(json.total_count).toBeGreaterThan(50_000);
    seen += json.data?.length ?? 0;
    const next = json.pages?.next;
    after = typeof next === 'object' ? next?.starting_after : undefined;
  }
  expect(seen).toBe(6000);
  expect((performance.now() - started) / 40).toBeLessThan(150);
  const slice = all(
    byTime('updated_at', '=', NOON_SECONDS - 30 * DAY),
    byTime('created_at', '<', NOON_SECONDS - 60 * DAY),
  );
  const { json } = await client.post('/contacts/search', {
    query: slice,
    sort: { field: 'updated_at', order: 'ascending' },
  });
  expect(json.total_count).toBeGreaterThan(100);
  client.clock.pass(DAY);
  const report = client.sim.workspace.simulateDay(1);
  expect(report.created.contacts).toHaveLength(500);
  expect((await client.get('/contacts')).json.total_count).toBe(client.sim.workspace.contacts.size);
});
