/** Companies: numbered pages with a cap, the scroll, sub-lists (docs/intercom-api.md 6.3). */
import { describe, expect, test } from 'vitest';
import { type Client, idsOf, listAll, type Reply, start } from '../../support/intercom/simulator-client.ts';

const withUsers = (client: Client): string[] => {
  const { companies } = client.sim.workspace;
  return [...companies.ids()].filter((id) => companies.contactIds(id).length > 0);
};

describe('lists', () => {
  test('leave out companies without users, last request first, 15 a page, next null at the end', async () => {
    const client = await start();
    const expected = withUsers(client);
    expect(expected.length).toBeLessThan(client.sim.workspace.companies.size);
    const first = (await client.get('/companies')).json;
    expect(first.data).toHaveLength(15);
    expect(first.total_count).toBe(expected.length);
    const all = await listAll(client, '/companies?per_page=20');
    expect(idsOf(all).sort()).toEqual(expected.sort());
    const requests = all.map((company) => Number(company.last_request_at ?? 0));
    expect(requests).toEqual(requests.toSorted((a, b) => b - a));
    expect((await client.get('/companies?per_page=60&page=2')).json.pages?.next).toBeNull();
    const ascending = await listAll(client, '/companies?order=asc&per_page=60');
    expect(idsOf(ascending)).toEqual(idsOf(all).reverse());
  });

  test.each(['per_page=61', 'order=up', 'page=0', 'per_page=x'])('%s is refused', async (query) => {
    const client = await start();
    for (const reply of [
      await client.get(`/companies?${query}`),
      await client.post(`/companies/list?${query}`),
    ]) {
      expect([reply.status, reply.json.errors?.[0]?.code]).toEqual([400, 'parameter_invalid']);
    }
  });

  test('stop at 10,000; the scroll does not', async () => {
    const client = await start({ sizes: { companies: 12_000, contacts: 60_000 } });
    const reach = (page: number): Promise<Reply> => client.post(`/companies/list?per_page=50&page=${page}`);
    expect((await reach(200)).status).toBe(200);
    const beyond = await reach(201);
    expect([beyond.status, beyond.json.errors?.[0]]).toEqual([
      400,
      { code: 'bad_request', message: 'page limit reached, please use scroll API' },
    ]);
    expect((await client.get('/companies?per_page=50&page=201')).status).toBe(400);
    client.sim.setSwitches({ companiesCap: 'unlimited' });
    expect((await client.get('/companies?per_page=50&page=201')).status).toBe(200);
    expect(Number((await reach(1)).json.total_count)).toBeGreaterThan(10_000);
  });

  test('name and company_id answer with one company, tag_id and segment_id filter', async () => {
    const client = await start();
    const { companies } = client.sim.workspace;
    const [id = ''] = withUsers(client);
    const record = companies.record(id);
    expect((await client.get(`/companies?company_id=${record?.company_id}`)).json).toMatchObject({
      type: 'company',
      id,
    });
    expect((await client.get(`/companies?name=${encodeURIComponent(String(record?.name))}`)).json.id).toBe(
      id,
    );
    expect((await client.get('/companies?name=nobody')).json.errors?.[0]?.code).toBe('company_not_found');
    const tagged = withUsers(client).find((company) => companies.tagIds(company).length > 0) ?? '';
    const tag = companies.tagIds(tagged)[0] ?? '';
    const expected = withUsers(client).filter((company) => companies.tagIds(company).includes(tag));
    expect(idsOf((await client.get(`/companies?per_page=60&tag_id=${tag}`)).json.data).sort()).toEqual(
      expected.sort(),
    );
  });

  test('deleted companies vanish, or stay listed while their sub-resources are 404', async () => {
    const client = await start();
    const [id = ''] = withUsers(client);
    client.sim.workspace.companies.delete(id);
    expect(idsOf(await listAll(client, '/companies?per_page=60'))).not.toContain(id);
    client.sim.setSwitches({ deletedCompanies: 'listed' });
    expect(idsOf(await listAll(client, '/companies?per_page=60'))).toContain(id);
    expect((await client.get(`/companies/${id}/segments`)).json.errors?.[0]).toEqual({
      code: 'company_not_found',
      message: 'Company Not Found',
    });
    client.sim.setSwitches({ companyNotFound: 'html' });
    const html = await client.get(`/companies/${id}`);
    expect([html.status, html.headers.get('content-type')]).toEqual([404, 'text/html']);
  });
});

describe('scroll', () => {
  const next = (client: Client, reply: Reply): Promise<Reply> =>
    client.get(`/companies/scroll?scroll_param=${String(reply.json.scroll_param)}`);

  test('100 a page, ends with an empty page, after which the parameter is gone', async () => {
    const client = await start({ sizes: { companies: 250 } });
    const seen: string[] = [];
    let reply = await client.get('/companies/scroll');
    expect(reply.json).toMatchObject({ type: 'list', pages: null, total_count: null });
    expect(reply.json.data).toHaveLength(100);
    while ((reply.json.data ?? []).length > 0) {
      seen.push(...idsOf(reply.json.data));
      reply = await next(client, reply);
    }
    expect(seen.sort()).toEqual(withUsers(client).sort());
    const after = await next(client, reply);
    expect([after.status, after.json.errors?.[0]?.code]).toEqual([404, 'not_found']);
    expect((await client.get('/companies/scroll')).status).toBe(200);
  });

  test('one per workspace, for all tokens; free after an idle minute', async () => {
    const client = await start();
    const first = await client.get('/companies/scroll');
    const other = client.sim.issueToken({ app: 'another vendor' });
    const second = await client.get('/companies/scroll', { authorization: `Bearer ${other}` });
    expect([second.status, second.json.errors?.[0]]).toEqual([
      400,
      { code: 'scroll_exists', message: 'scroll already exists for this workspace' },
    ]);
    client.clock.pass(60);
    expect((await next(client, first)).status).toBe(200);
    client.clock.pass(61);
    expect((await next(client, first)).status).toBe(404);
    expect((await client.get('/companies/scroll', { authorization: `Bearer ${other}` })).status).toBe(200);
  });

  test('an internal failure ends it: it can restart but not resume', async () => {
    const client = await start();
    const first = await client.get('/companies/scroll');
    const message = 'Request failed due to an internal network error. Please restart the scroll operation.';
    client.sim.addFault({
      match: { path: '/companies/scroll' },
      times: 1,
      respond: { status: 500, json: { type: 'error.list', errors: [{ code: 'server_error', message }] } },
    });
    expect((await next(client, first)).status).toBe(500);
    expect((await next(client, first)).status).toBe(404);
    expect((await client.get('/companies/scroll')).status).toBe(200);
  });

  test('companies without users, by switch', async () => {
    const client = await start({
      sizes: { companies: 60 },
      switches: { scrollUserlessCompanies: 'present' },
    });
    expect((await client.get('/companies/scroll')).json.data).toHaveLength(60);
  });
});

test('contacts of a company: cursors, followed through changes', async () => {
  const client = await start();
  const { companies, contacts } = client.sim.workspace;
  const [id = ''] = withUsers(client).sort(
    (a, b) => companies.contactIds(b).length - companies.contactIds(a).length,
  );
  const members = async (): Promise<string[]> =>
    idsOf(await listAll(client, `/companies/${id}/contacts?per_page=3`)).sort();
  const before = companies.contactIds(id);
  expect(before.length).toBeGreaterThan(3);
  expect(await members()).toEqual([...before]);
  contacts.detachCompany(before[0] ?? '', id);
  contacts.delete(before[1] ?? '');
  const joiner = [...contacts.ids()].find((contact) => !before.includes(contact)) ?? '';
  contacts.attachCompany(joiner, id);
  const after = [...before.slice(2), joiner].sort();
  expect(await members()).toEqual(after);
  expect(companies.record(id)?.user_count).toBe(after.length);
  expect((await client.get(`/companies/${id}`)).json.user_count).toBe(after.length);
});
