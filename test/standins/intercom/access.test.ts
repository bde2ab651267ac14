/** Versions, tokens, scopes, plan, OAuth (docs/intercom-api.md 1, 3, 8). */
import { describe, expect, test } from 'vitest';
import { DEFAULT_SWITCHES, type Scope, type Switches } from '../../../lib/standins/intercom/index.ts';
import { type Client, type Reply, start } from '../../support/intercom/simulator-client.ts';

const error = ({ status, json }: Reply): unknown[] => [status, json.errors?.[0]?.code];

describe('versions', () => {
  const withVersion = (client: Client, path: string, version: string): Promise<Reply> =>
    client.get(path, { 'intercom-version': version });

  test('deleted conversations need 2.16, per request', async () => {
    const client = await start();
    const { conversations } = client.sim.workspace;
    const [first = '', second = ''] = conversations.ids();
    conversations.delete(first);
    client.clock.pass(10);
    conversations.delete(second);
    const refused = await withVersion(client, '/conversations/deleted', '2.15');
    expect([refused.status, refused.json.errors?.[0]]).toEqual([
      400,
      {
        code: 'intercom_version_invalid',
        message: 'Requested resource is not available in current API version',
      },
    ]);
    const { json } = await withVersion(client, '/conversations/deleted', '2.16');
    expect(json).toMatchObject({
      type: 'conversations.list',
      total_count: 2,
      pages: { next: null, per_page: 20 },
    });
    expect((json.conversations as unknown as { id: string }[]).map(({ id }) => id)).toEqual([second, first]);
    const page = await withVersion(client, '/conversations/deleted?per_page=1&order=asc', '2.17');
    expect(page.json.pages?.next).toBe(`${client.sim.url}/conversations/deleted?per_page=1&order=asc&page=2`);
  });

  test('garbage, missing, and the final stop', async () => {
    const client = await start();
    expect(error(await withVersion(client, '/me', '9.9'))).toEqual([400, 'intercom_version_invalid']);
    client.sim.setSwitches({ garbageVersion: 'ignored', versionMessageStop: 'with' });
    expect((await withVersion(client, '/me', '9.9')).status).toBe(200);
    expect((await withVersion(client, '/me', 'Preview')).status).toBe(200);
    expect((await withVersion(client, '/me', '1.4')).json.errors?.[0]?.message).toMatch(/version\.$/);
    const bare = (): Promise<Response> =>
      fetch(`${client.sim.url}/me`, { headers: { authorization: `Bearer ${client.sim.token}` } });
    expect((await bare()).status).toBe(200);
    client.sim.setSwitches({ missingVersion: '1.0' });
    expect((await bare()).status).toBe(400);
  });

  test('a short sort order: accepted on 2.15, refused by switch and from 2.16', async () => {
    const client = await start();
    const body = {
      query: { field: 'created_at', operator: '>', value: 1 },
      sort: { field: 'updated_at', order: 'desc' },
    };
    expect((await client.post('/contacts/search', body)).status).toBe(200);
    const refused = await client.post('/contacts/search', body, { 'intercom-version': '2.16' });
    expect([refused.status, refused.json.errors?.[0]]).toEqual([
      400,
      {
        code: 'invalid_sort_order',
        message: "Invalid sort order 'desc'. Must be one of: ascending, descending",
      },
    ]);
    client.sim.setSwitches({ shortSortOrder: 'rejected' });
    expect((await client.post('/contacts/search', body)).status).toBe(400);
  });
});

describe('tokens', () => {
  test('look like real tokens, and fail in every way', async () => {
    const client = await start();
    expect(Buffer.from(client.sim.token, 'base64').toString()).toMatch(/^tok:[0-9a-f_]{36}:\d:\d$/);
    expect(client.sim.token).toMatch(/=$/);
    const as = (authorization: string): Promise<Reply> => client.get('/me', { authorization });
    expect(error(await as(''))).toEqual([401, 'missing_authorization']);
    expect(error(await as('Bearer nonsense'))).toEqual([401, 'unauthorized']);
    for (const [state, code] of [
      ['revoked', 'token_revoked'],
      ['expired', 'token_expired'],
      ['blocked', 'token_blocked'],
      ['suspended', 'token_suspended'],
    ] as const) {
      expect(error(await as(`Bearer ${client.sim.issueToken({ state })}`))).toEqual([401, code]);
    }
    const elsewhere = `Bearer ${client.sim.issueToken({ state: 'other_region' })}`;
    expect((await as(elsewhere)).status).toBe(200);
    client.sim.setSwitches({
      otherRegionToken: 'unauthorized',
      revokedTokenCode: 'unauthorized',
      unknownTokenCode: 'token_not_found',
      noAuthorizationCode: 'unauthorized',
    });
    expect(error(await as(elsewhere))).toEqual([401, 'unauthorized']);
    expect(error(await as('Bearer nonsense'))).toEqual([401, 'token_not_found']);
    client.sim.setTokenState(client.sim.token, 'revoked');
    const dead = await client.get('/me');
    expect(error(dead)).toEqual([401, 'unauthorized']);
    expect(dead.json.errors?.[0]?.message).toBe('Access Token Invalid');
  });

  test('request ids: four shapes', async () => {
    const client = await start();
    const id = async (): Promise<unknown> => (await client.get('/nowhere')).json.request_id;
    expect(await id()).toMatch(/^[0-9a-z]{20}$/);
    client.sim.setSwitches({ requestId: 'uuid' });
    expect(await id()).toMatch(/^[0-9a-f-]{36}$/);
    client.sim.setSwitches({ requestId: 'null' });
    expect(await id()).toBeNull();
    client.sim.setSwitches({ requestId: 'absent' });
    expect(await id()).toBeUndefined();
  });
});

describe('scopes', () => {
  const endpoints: readonly [scope: Scope, method: 'get' | 'post', path: string][] = [
    ['read_users_companies', 'get', '/contacts'],
    ['read_users_companies', 'post', '/contacts/search'],
    ['read_users_companies', 'get', '/companies'],
    ['read_users_companies', 'get', '/companies/scroll'],
    ['write_users_companies', 'post', '/companies/list'],
    ['read_users_companies', 'get', '/segments'],
    ['read_users_companies', 'get', '/subscription_types'],
    ['read_users_companies', 'get', '/data_attributes'],
    ['read_tags', 'get', '/tags'],
    ['read_conversations', 'get', '/conversations'],
    ['read_conversations', 'post', '/conversations/search'],
    ['read_tickets', 'post', '/tickets/search'],
    ['read_tickets', 'get', '/ticket_types'],
    ['read_tickets', 'get', '/ticket_states'],
    ['read_admins', 'get', '/admins'],
    ['read_admins', 'get', '/teams'],
    ['read_admin_activity_logs', 'get', '/admins/activity_logs?created_at_after=0'],
    ['read_articles_scope', 'get', '/articles'],
    ['read_articles_scope', 'get', '/help_center/collections'],
    ['read_articles_scope', 'get', '/help_center/help_centers'],
    ['read_articles_scope', 'get', '/internal_articles'],
    ['read_brands', 'get', '/brands'],
    ['read_emails', 'get', '/emails'],
    ['read_news_scope', 'get', '/news/news_items'],
    ['read_news_scope', 'get', '/news/newsfeeds'],
    ['read_write_ai_content', 'get', '/ai/external_pages'],
    ['read_write_ai_content', 'get', '/ai/content_import_sources'],
  ];
  const body = { query: { field: 'created_at', operator: '>', value: 1 } };

  test.each(endpoints)('%s for %s %s', async (scope, method, path) => {
    const client = await start();
    const only = { authorization: `Bearer ${client.sim.issueToken({ scopes: [scope] })}` };
    const none = { authorization: `Bearer ${client.sim.issueToken({ scopes: [] })}` };
    const ask = (headers: Record<string, string>): Promise<Reply> =>
      method === 'get' ? client.get(path, headers) : client.post(path, body, headers);
    expect((await ask(only)).status).toBe(200);
    const refused = await ask(none);
    expect([refused.status, refused.json.errors?.[0]]).toEqual([
      403,
      { code: 'forbidden', message: `You do not have the required scope (${scope}) to access this resource` },
    ]);
    expect((await client.get('/me', none)).status).toBe(200);
  });

  test.each([
    ['403_token_unauthorized', 403, 'token_unauthorized'],
    ['401_token_unauthorized', 401, 'token_unauthorized'],
    ['401_unauthorized', 401, 'unauthorized'],
  ] as const)('refused as %s', async (missingScope, status, code) => {
    const client = await start({ switches: { missingScope } });
    const none = { authorization: `Bearer ${client.sim.issueToken({ scopes: [] })}` };
    expect(error(await client.get('/tags', none))).toEqual([status, code]);
  });

  test('plan restrictions', async () => {
    const client = await start({
      switches: { conversationsPlan: 'restricted', activityLogsPlan: 'restricted' },
    });
    const conversations = await client.get('/conversations');
    expect([conversations.status, conversations.json.errors?.[0]]).toEqual([
      403,
      { code: 'api_plan_restricted', message: 'Active subscription needed.' },
    ]);
    client.sim.setSwitches({ planRestriction: '402' });
    expect(error(await client.get('/admins/activity_logs?created_at_after=0'))).toEqual([
      402,
      'api_plan_restricted',
    ]);
  });
});

test('news that are switched off are not found', async () => {
  const client = await start({ switches: { newsFeature: 'off' } });
  for (const path of ['/news/news_items', '/news/newsfeeds'])
    expect(error(await client.get(path))).toEqual([404, 'not_found']);
});

test('AI content may be beyond the plan', async () => {
  const client = await start({ switches: { aiContentPlan: 'restricted' } });
  for (const path of ['/ai/external_pages', '/ai/content_import_sources'])
    expect(error(await client.get(path))).toEqual([403, 'api_plan_restricted']);
});

test('unknown paths and methods', async () => {
  const client = await start();
  expect(error(await client.get('/news/items'))).toEqual([404, 'not_found']);
  expect(error(await client.post('/tags', {}))).toEqual([404, 'not_found']);
  expect((await client.get('/contacts/1/2/3')).status).toBe(404);
});

test('/me: region and zone as in live workspaces', async () => {
  const eu = await start({ region: 'EU', reportedTimezone: 'Europe/Edinburgh', timezone: 'Europe/Dublin' });
  expect((await eu.get('/me')).json.app).toMatchObject({
    region: 'Europe',
    timezone: 'Europe/Edinburgh',
    id_code: eu.sim.workspace.id,
  });
  const au = await start({ region: 'AU', switches: { auRegionName: 'Australia' } });
  expect((await au.get('/me')).json.app).toMatchObject({
    region: 'Australia',
    timezone: 'America/Los_Angeles',
  });
});

describe('OAuth', () => {
  const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
  const exchange = (client: Client, code: string, secret = 'secret'): Promise<Reply> =>
    client.post('/auth/eagle/token', form({ code, client_id: 'client', client_secret: secret }), {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: '',
    });

  test('a code works once, for 5 minutes, and ends in =', async () => {
    const client = await start();
    const code = client.sim.issueCode({ scopes: ['read_tags'] });
    expect(code).toMatch(/=$/);
    expect(error(await exchange(client, code, 'wrong'))).toEqual([401, 'unauthorized']);
    expect((await exchange(client, code.slice(0, -1))).json.errors?.[0]?.message).toBe('Unauthorized Code');
    const granted = (await exchange(client, code)).json;
    expect(granted).toEqual({
      token_type: 'Bearer',
      token: granted.access_token,
      access_token: granted.token,
    });
    expect((await client.get('/tags', { authorization: `Bearer ${String(granted.token)}` })).status).toBe(
      200,
    );
    expect((await exchange(client, code)).status).toBe(401);
    const late = client.sim.issueCode();
    client.clock.pass(301);
    client.sim.setSwitches({ badCodeBody: 'message' });
    expect((await exchange(client, late)).json).toEqual({ message: 'Unauthorized Code' });
  });

  describe('GET /oauth', () => {
    const BACK = 'https://pipeline.test/callback';
    const page = (client: Client, query: Record<string, string>, init: RequestInit = {}) =>
      fetch(`${client.sim.url}/oauth?${form(query)}`, { redirect: 'manual', ...init });
    const decide = (client: Client, fields: Record<string, string>) =>
      fetch(`${client.sim.url}/oauth`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(fields),
      });
    const ready = async (switches: Partial<Switches> = {}) => {
      const client = await start({ switches });
      client.sim.registerRedirectUrl(BACK);
      client.sim.registerRedirectUrl('https://pipeline.test/other');
      return client;
    };

    test('asks the person, and redirects with code and state', async () => {
      const client = await ready();
      const asked = await page(client, { client_id: 'client', state: 's"<1' });
      expect([asked.status, asked.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(await asked.text()).toContain('value="s&#34;&#60;1"');
      const decided = await decide(client, { client_id: 'client', state: 's"<1', decision: 'authorize' });
      expect(decided.status).toBe(302);
      const back = new URL(decided.headers.get('location') ?? '');
      expect(`${back.origin}${back.pathname}`).toBe(BACK);
      expect(back.searchParams.get('state')).toBe('s"<1');
      const code = back.searchParams.get('code') ?? '';
      expect(code).toMatch(/=$/);
      expect((await exchange(client, code)).status).toBe(200);
    });

    test('redirects to a registered URL only', async () => {
      const client = await ready();
      const other = { client_id: 'client', redirect_uri: 'https://pipeline.test/other', decision: 'deny' };
      expect((await decide(client, other)).headers.get('location')).toBe(
        'https://pipeline.test/other?error=access_denied',
      );
      const foreign = { client_id: 'client', redirect_uri: 'https://evil.test/' };
      expect((await page(client, foreign)).status).toBe(400);
      expect((await decide(client, { ...foreign, decision: 'authorize' })).status).toBe(400);
      expect((await page(client, { client_id: 'nobody' })).status).toBe(404);
      expect((await page(await start(), { client_id: 'client' })).status).toBe(400);
    });

    test.each([
      ['with_state', `${BACK}?error=access_denied&state=s1`],
      ['without_state', `${BACK}?error=access_denied`],
    ] as const)('a no comes back %s', async (denial, url) => {
      const client = await ready({ denial });
      const denied = await decide(client, { client_id: 'client', state: 's1', decision: 'deny' });
      expect(denied.headers.get('location')).toBe(url);
    });
  });

  test('the answer to a wrong client secret, by switch', async () => {
    const client = await start();
    const told = async () =>
      (await exchange(client, client.sim.issueCode(), 'wrong')).json.errors?.[0]?.message;
    expect(await told()).toBe('Unauthorized Code');
    client.sim.setSwitches({ badClientMessage: 'unauthorized_client' });
    expect(await told()).toBe('Unauthorized Client');
  });

  test('JSON bodies, by switch', async () => {
    const client = await start();
    const ask = (): Promise<Reply> =>
      client.post('/auth/eagle/token', {
        code: client.sim.issueCode(),
        client_id: 'client',
        client_secret: 'secret',
      });
    expect((await ask()).status).toBe(200);
    client.sim.setSwitches({ tokenRequestJson: 'rejected' });
    expect((await ask()).status).toBe(400);
  });

  test.each([
    ['200_empty', 200, ''],
    ['200_json', 200, '{}'],
    ['204', 204, ''],
  ] as const)('uninstall answers %s and revokes the app', async (uninstallAnswer, status, text) => {
    const client = await start({ switches: { uninstallAnswer } });
    const other = { authorization: `Bearer ${client.sim.issueToken({ app: 'other' })}` };
    const reply = await client.post('/auth/uninstall');
    expect([reply.status, reply.text]).toEqual([status, text]);
    expect(error(await client.get('/me'))).toEqual([401, 'token_revoked']);
    expect((await client.get('/me', other)).status).toBe(200);
  });
});

test('misspelt switches and sizes are refused', async () => {
  await expect(start({ switches: { srot: 'ignored' } as object })).rejects.toThrow('unknown switch "srot"');
  await expect(start({ sizes: { contcats: 1 } as object })).rejects.toThrow('unknown size "contcats"');
  await expect(start({ sizes: { contacts: -1 } })).rejects.toThrow('whole number');
  expect(Object.keys(DEFAULT_SWITCHES).length).toBeGreaterThan(60);
});
