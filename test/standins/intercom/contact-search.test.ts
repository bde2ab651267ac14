/** Contacts are matched by calendar day in the workspace's zone (docs/intercom-api.md 5.1). */
import { describe, expect, test } from 'vitest';
import {
  all,
  any,
  byTime,
  type Client,
  idsOf,
  NOON_SECONDS,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

const seconds = (iso: string): number => Date.parse(iso) / 1000;

/** A workspace with only these contacts, updated at these times. */
async function withContacts(
  timezone: string,
  moments: readonly string[],
): Promise<{ client: Client; ids: string[] }> {
  const client = await start({ timezone, sizes: { contacts: 0 } });
  const ids = moments.map((moment) =>
    client.sim.workspace.contacts.create({ role: 'user' }, { at: seconds(moment) }),
  );
  return { client, ids };
}

const search = async (client: Client, query: unknown): Promise<string[]> =>
  idsOf(await searchAll(client, 'contacts', { query }));

describe('day granularity', () => {
  test.each([
    // Spring forward: a day of 23 hours.
    ['America/Los_Angeles', '2026-03-08T18:00:00Z', '2026-03-08T08:00:00Z', '2026-03-09T06:59:59Z'],
    // Fall back: 25 hours.
    ['America/Los_Angeles', '2026-11-01T18:00:00Z', '2026-11-01T07:00:00Z', '2026-11-02T07:59:59Z'],
    ['Pacific/Auckland', '2026-11-10T00:00:00Z', '2026-11-09T11:00:00Z', '2026-11-10T10:59:59Z'],
    ['Pacific/Honolulu', '2026-11-10T00:00:00Z', '2026-11-09T10:00:00Z', '2026-11-10T09:59:59Z'],
    ['Asia/Kolkata', '2026-11-10T00:00:00Z', '2026-11-09T18:30:00Z', '2026-11-10T18:29:59Z'],
  ])('%s around %s', async (timezone, moment, first, last) => {
    const before = new Date(Date.parse(first) - 1000).toISOString();
    const after = new Date(Date.parse(last) + 1000).toISOString();
    const { client, ids } = await withContacts(timezone, [before, first, last, after]);
    const [a, b, c, d] = ids;
    const value = seconds(moment);
    expect((await search(client, byTime('updated_at', '=', value))).sort()).toEqual([b, c]);
    expect(await search(client, byTime('updated_at', '>', value))).toEqual([d]);
    expect(await search(client, byTime('updated_at', '<', value))).toEqual([a]);
    const since = any(byTime('updated_at', '>', value), byTime('updated_at', '=', value));
    expect((await search(client, since)).sort()).toEqual([b, c, d]);
    expect((await search(client, all(since, byTime('updated_at', '<', seconds(after))))).sort()).toEqual([
      b,
      c,
    ]);
  });

  test('timestamps may be numeric strings; the order is by full seconds', async () => {
    const { client, ids } = await withContacts('UTC', [
      '2026-11-10T08:00:02Z',
      '2026-11-10T08:00:01Z',
      '2026-11-10T08:00:03Z',
    ]);
    const query = byTime('updated_at', '=', String(seconds('2026-11-10T23:00:00Z')));
    const ascending = await searchAll(client, 'contacts', {
      query,
      sort: { field: 'updated_at', order: 'ascending' },
    });
    expect(idsOf(ascending)).toEqual([ids[1], ids[0], ids[2]]);
    const descending = await searchAll(client, 'contacts', {
      query,
      sort: { field: 'updated_at', order: 'descending' },
    });
    expect(idsOf(descending)).toEqual([ids[2], ids[0], ids[1]]);
  });

  test.each(['!=', '>=', '<=', 'IN', 'NIN', '~'])('%s is refused on dates', async (operator) => {
    const client = await start();
    const value = operator.endsWith('IN') ? [NOON_SECONDS] : NOON_SECONDS;
    for (const field of ['updated_at', 'created_at', 'last_seen_at', 'custom_attributes.renewal_date']) {
      const { status, json } = await client.post('/contacts/search', { query: { field, operator, value } });
      expect([status, json.errors?.[0]?.code]).toEqual([400, 'parameter_invalid']);
    }
  });

  test('covers other date fields and date attributes; null never matches', async () => {
    const client = await start({ timezone: 'UTC' });
    const records = [...client.sim.workspace.contacts.records()];
    const seen = records.find((record) => typeof record.last_seen_at === 'number');
    const moment = Number(seen?.last_seen_at);
    const midnight = Math.floor(moment / 86_400) * 86_400;
    const expected = records.filter(
      ({ last_seen_at: at }) => typeof at === 'number' && at >= midnight && at < midnight + 86_400,
    );
    expect((await search(client, byTime('last_seen_at', '=', moment))).sort()).toEqual(idsOf(expected));
    const dated = records.filter((record) => 'renewal_date' in (record.custom_attributes as object));
    const ever = any(
      byTime('custom_attributes.renewal_date', '>', 86_400),
      byTime('custom_attributes.renewal_date', '=', 86_400),
    );
    expect((await search(client, ever)).sort()).toEqual(idsOf(dated));
  });

  test('2.17 compares exact seconds and allows >=; 2.16 still days', async () => {
    const { client, ids } = await withContacts('UTC', ['2026-11-10T08:00:00Z', '2026-11-10T08:00:01Z']);
    const query = byTime('updated_at', '>=', seconds('2026-11-10T08:00:01Z'));
    const exact = await client.post('/contacts/search', { query }, { 'intercom-version': '2.17' });
    expect(idsOf(exact.json.data)).toEqual([ids[1]]);
    const days = await client.post('/contacts/search', { query }, { 'intercom-version': '2.16' });
    expect(days.status).toBe(400);
  });

  test('moves with the time zone when an admin changes it, which is logged', async () => {
    const { client, ids } = await withContacts('UTC', ['2026-11-10T02:00:00Z']);
    const query = byTime('updated_at', '=', seconds('2026-11-10T12:00:00Z'));
    expect(await search(client, query)).toEqual(ids);
    client.sim.workspace.setTimezone('America/Los_Angeles');
    expect(await search(client, query)).toEqual([]);
    expect((await client.get('/me')).json.app).toMatchObject({ timezone: 'America/Los_Angeles' });
    const logs = await client.get(`/admins/activity_logs?created_at_after=${NOON_SECONDS}`);
    expect(logs.text).toContain('app_timezone_change');
  });
});

describe('other filters', () => {
  test('strings, integers, booleans, tags and segments', async () => {
    const client = await start();
    const { contacts } = client.sim.workspace;
    const records = [...contacts.records()];
    const expectSame = async (
      query: unknown,
      test: (record: (typeof records)[number]) => boolean,
    ): Promise<void> => {
      const expected = idsOf(records.filter(test)).sort();
      expect(expected.length).toBeGreaterThan(0);
      expect((await search(client, query)).sort()).toEqual(expected);
    };
    await expectSame({ field: 'role', operator: '=', value: 'lead' }, ({ role }) => role === 'lead');
    await expectSame({ field: 'role', operator: 'NIN', value: ['lead'] }, ({ role }) => role !== 'lead');
    await expectSame({ field: 'email', operator: '$', value: 'ACME.test' }, ({ email }) =>
      String(email).endsWith('acme.test'),
    );
    await expectSame({ field: 'email', operator: '=', value: null }, ({ email }) => email === null);
    await expectSame(
      { field: 'has_hard_bounced', operator: '=', value: true },
      ({ has_hard_bounced: hard }) => hard === true,
    );
    await expectSame(
      { field: 'custom_attributes.paid_subscriber', operator: '!=', value: true },
      ({ custom_attributes: custom }) => !JSON.stringify(custom).includes('"paid_subscriber":true'),
    );
    const [tag] = client.sim.workspace.tags.ids();
    await expectSame({ field: 'tag_id', operator: '=', value: tag }, ({ id }) =>
      contacts.relations(String(id)).tagIds.includes(String(tag)),
    );
    const [segment] = client.sim.workspace.segments.ids();
    await expectSame({ field: 'segment_id', operator: '=', value: segment }, ({ id }) =>
      contacts.relations(String(id)).segmentIds.includes(String(segment)),
    );
    await expectSame(
      any(
        { field: 'id', operator: '=', value: records[3]?.id },
        all(
          { field: 'role', operator: '=', value: 'user' },
          byTime('created_at', '>', NOON_SECONDS - 30 * 86_400),
        ),
      ),
      ({ id, role, created_at: at }) =>
        id === records[3]?.id || (role === 'user' && Number(at) > NOON_SECONDS - 30 * 86_400 + 60_000),
    );
  });

  test.each([
    ['no query', {}],
    ['no operator', { query: { field: 'role', value: 'user' } }],
    ['an unknown field', { query: { field: 'archived', operator: '=', value: true } }],
    ['a word as a date', { query: byTime('updated_at', '>', 'yesterday') }],
    ['tag_id with IN', { query: { field: 'tag_id', operator: 'IN', value: ['1'] } }],
    ['> on a string', { query: { field: 'name', operator: '>', value: 'a' } }],
    ['three levels', { query: all(any(all(byTime('updated_at', '>', 1)))) }],
    ['16 filters', { query: any(...Array.from({ length: 16 }, () => byTime('updated_at', '>', 1))) }],
    ['an empty group', { query: all() }],
    [
      'a sort by a word',
      { query: byTime('updated_at', '>', 1), sort: { field: 'name', order: 'ascending' } },
    ],
  ])('%s is refused', async (_name, body) => {
    const client = await start();
    const { status, json } = await client.post('/contacts/search', body);
    expect([status, json.type]).toEqual([400, 'error.list']);
  });

  test('two levels and 15 filters are allowed, broken JSON is not', async () => {
    const client = await start();
    const fifteen = Array.from({ length: 15 }, () => byTime('updated_at', '>', 1));
    expect(
      (await client.post('/contacts/search', { query: all(any(...fifteen), any(...fifteen)) })).status,
    ).toBe(200);
    expect((await client.post('/contacts/search', '{"query":')).json.errors?.[0]?.code).toBe(
      'parameter_invalid',
    );
  });

  test('archived, deleted and merged contacts are not found', async () => {
    const client = await start();
    const { contacts } = client.sim.workspace;
    const ids = [...contacts.ids()];
    const lead = ids.find((id) => contacts.record(id)?.role === 'lead') ?? '';
    contacts.archive(ids[0] ?? '');
    contacts.delete(ids[1] ?? '');
    contacts.merge(lead, ids[2] ?? '');
    const found = await search(client, byTime('created_at', '>', 86_400));
    expect(found).toHaveLength(ids.length - 3);
    expect((await client.get(`/contacts/${ids[0]}`)).status).toBe(200);
    expect((await client.get(`/contacts/${ids[1]}`)).json.errors?.[0]?.message).toBe('User Not Found');
    expect((await client.get(`/contacts/${lead}`)).status).toBe(404);
    const gone = await client.get(`/contacts/${lead}`, { 'intercom-version': '2.16' });
    expect([gone.status, gone.headers.get('link')]).toEqual([410, `</contacts/${ids[2]}>; rel="canonical"`]);
  });
});
