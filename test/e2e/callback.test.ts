/** The OAuth flow through the callback's bundle: what each request gets as its answer, logs, and leaves behind. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createState, hashState } from '../../functions/connection/state.ts';
import type { AuthorizationOutcome } from '../../functions/core/authorization.ts';
import type { Fault } from '../../lib/standins/intercom/index.ts';
import {
  type Answer,
  APP,
  type ConnectionBench,
  startConnectionBench,
} from '../support/local/connection-bench.ts';

let bench: ConnectionBench;
/** Every code, state and token that was used: none may be seen again. */
const planted: string[] = [];

beforeAll(async () => {
  bench = await startConnectionBench();
});
afterAll(() => bench.close());

const FILLED = JSON.stringify({ client_id: APP.clientId, client_secret: APP.clientSecret });
const NOT_CONNECTED = '{}';

let undo: (() => void)[] = [];

beforeEach(async () => {
  for (const one of undo) one();
  undo = [];
  await bench.fillClient(FILLED);
  await bench.connections.clear();
  bench.simulator.setSwitches({ badClientMessage: 'unauthorized_code', badCodeBody: 'error_list' });
});

function fault(match: Fault['match'], respond: Fault['respond'], times = 5): void {
  undo.push(bench.simulator.addFault({ match, respond, times }));
}

const TOKEN_PATH = '/auth/eagle/token';
const exchanges = (): number => bench.simulator.stats().byPath[`POST ${TOKEN_PATH}`] ?? 0;

/** The address of a browser on its way back, with a valid code and state. */
async function authorized(options: { readonly replaceWorkspace?: boolean } = {}): Promise<URL> {
  const url = await bench.authorized(options);
  planted.push(url.searchParams.get('code') ?? '', url.searchParams.get('state') ?? '');
  return url;
}

const titleOf = ({ text }: Answer): string => /<h1>(.*?)<\/h1>/.exec(text)?.[1] ?? '';

const token = async (): Promise<unknown> => JSON.parse(await bench.secret('Connection')).access_token;

const outcomeOf = (url: URL): Promise<AuthorizationOutcome | null> =>
  bench.authorizations.outcome(hashState(url.searchParams.get('state') ?? ''));

/** Expects the headers that every page has, and nothing that a browser could load or run. */
function expectPage(
  answer: Answer,
  { status, title }: { readonly status: number; readonly title: string },
): void {
  expect([answer.status, titleOf(answer)]).toEqual([status, title]);
  const headers = Object.fromEntries(answer.headers);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  });
  expect(headers['content-security-policy']).toMatch(
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  expect(headers).not.toHaveProperty('set-cookie');
  expect(answer.text).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(answer.text).not.toMatch(/<(script|img|link|iframe|form|a)\b|javascript:|https?:|\bon\w+=/i);
  expect(answer.text).toContain('<h2>Next</h2>');
}

/** Expects one log line, with the outcome, its fields and the logger's own, and nothing else. */
async function expectLine(fields: Readonly<Record<string, unknown>>): Promise<void> {
  const lines = await bench.newLines();
  expect(lines).toHaveLength(1);
  const { timestamp: _, xray_trace_id: __, sampling_rate: ___, ...line } = lines[0] ?? {};
  const level = ['connected', 'reconnected', 'replaced'].includes(String(fields.outcome)) ? 'INFO' : 'WARN';
  expect(line).toEqual({ level, service: 'shop', message: 'OAuth callback', ...fields });
}

const workspaceOf = async (): Promise<{ readonly id: string; readonly name: string }> => {
  const answer = await fetch(`${bench.simulator.url}/me`, {
    headers: { authorization: `Bearer ${bench.simulator.token}`, 'intercom-version': '2.15' },
  });
  const { app } = (await answer.json()) as { app: { id_code: string; name: string } };
  return { id: app.id_code, name: app.name };
};

describe('an authorization', () => {
  test('from its start to a stored token, and again without a deployment', async () => {
    const { id, name } = await workspaceOf();
    const first = await authorized();
    expect(first.searchParams.get('code')).toMatch(/=$/);
    const answer = await bench.get(first);
    expectPage(answer, { status: 200, title: 'Connected' });
    expect(answer.text).toContain(`“${name}” (${id})`);
    await expectLine({ outcome: 'connected', workspace: id, region: 'US' });
    const stored = JSON.parse(await bench.secret('Connection'));
    expect(stored).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
      workspace_id: id,
      workspace_name: name,
      region: 'US',
      connected_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    planted.push(stored.access_token);
    expect(await bench.state.claimedWorkspace()).toBe(id);
    expect(await outcomeOf(first)).toEqual({ kind: 'connected', workspace: { id, name }, region: 'US' });

    const second = await authorized();
    expectPage(await bench.get(second), { status: 200, title: 'Connected again' });
    await expectLine({ outcome: 'reconnected', workspace: id, region: 'US' });
    const renewed = await token();
    expect(renewed).not.toBe(stored.access_token);
    planted.push(String(renewed));
  });

  test('of another workspace than the one whose data is stored is refused, before and after a disconnect', async () => {
    const { id } = await workspaceOf();
    await bench.state.moveWorkspace('other123');
    const other = { status: 409, title: 'Another workspace' };
    const url = await authorized();
    const answer = await bench.get(url);
    expectPage(answer, other);
    expect(answer.text).toContain('other123');
    await expectLine({ outcome: 'other_workspace', workspace: id, expected: 'other123' });
    expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
    expect(await outcomeOf(url)).toMatchObject({ kind: 'other_workspace', expected: 'other123' });

    await bench.state.moveWorkspace(id);
    const connection = { accessToken: 'tok_of_other', workspace: { id: 'other456', name: null } };
    await bench.connections.save({ ...connection, region: null, connectedAt: null });
    expectPage(await bench.get(await authorized()), other);
    await expectLine({ outcome: 'other_workspace', workspace: id, expected: 'other456' });
    expect(await token()).toBe('tok_of_other');
  });

  test('that may replace the workspace moves the claim', async () => {
    const { id } = await workspaceOf();
    await bench.state.moveWorkspace('other123');
    const answer = await bench.get(await authorized({ replaceWorkspace: true }));
    expectPage(answer, { status: 200, title: 'Connected to another workspace' });
    await expectLine({ outcome: 'replaced', workspace: id, region: 'US' });
    expect(await bench.state.claimedWorkspace()).toBe(id);
    planted.push(String(await token()));
  });

  test('called twice at once is traded once', async () => {
    const before = exchanges();
    const url = await authorized();
    const answers = await Promise.all(Array.from({ length: 8 }, () => bench.get(url)));
    expect(exchanges()).toBe(before + 1);
    expect(answers.map(({ status }) => status)).toContain(200);
    // The others come too early for the outcome, or get it again.
    for (const answer of answers) {
      const title = answer.status === 200 ? 'Connected again' : 'Already used';
      expectPage(answer, { status: answer.status === 200 ? 200 : 409, title });
    }
    expect(await outcomeOf(url)).toMatchObject({ kind: 'reconnected' });
    await bench.newLines();
    planted.push(String(await token()));
  });
});

describe('an authorization that fails at Intercom leaves no token', () => {
  /** Authorizes, returns, and expects this page. */
  async function fails(
    page: { readonly status: number; readonly title: string },
    outcome: Readonly<Record<string, unknown>> & { readonly kind: AuthorizationOutcome['kind'] },
  ): Promise<void> {
    const url = await authorized();
    expectPage(await bench.get(url), page);
    const { kind, ...more } = outcome;
    const { workspace } = more as { workspace?: { id: string } };
    await expectLine({ outcome: kind, ...more, ...(workspace && { workspace: workspace.id }) });
    expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
    expect(await outcomeOf(url)).toEqual(outcome);
    // Whatever the outcome, the state is used up: a reload shows the same again, and sends nothing.
    const before = exchanges();
    expectPage(await bench.get(url), page);
    await expectLine({ outcome: kind, ...more, ...(workspace && { workspace: workspace.id }) });
    expect(exchanges()).toBe(before);
  }

  test.each(['error_list', 'message'] as const)(
    'a code that is too old or used, refused as %s',
    async (badCodeBody) => {
      bench.simulator.setSwitches({ badCodeBody });
      const refusal = { status: 400, title: 'Intercom did not accept the code' };
      const url = await authorized();
      url.searchParams.set('code', 'bm8tc3VjaC1jb2Rl=');
      expectPage(await bench.get(url), refusal);
      await expectLine({ outcome: 'code_refused' });
      expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
    },
  );

  test('an app that Intercom does not know', async () => {
    bench.simulator.setSwitches({ badClientMessage: 'unauthorized_client' });
    await bench.fillClient('{"client_id":"app-1234","client_secret":"WRONG-SECRET-77aa"}');
    planted.push('WRONG-SECRET-77aa');
    await fails({ status: 502, title: 'Intercom does not know this app' }, { kind: 'client_refused' });
  });

  test('an app whose secret is emptied in the meantime', async () => {
    const url = await authorized();
    await bench.fillClient('{"client_id":"","client_secret":""}');
    expectPage(await bench.get(url), { status: 500, title: 'Client id and secret are missing' });
    await expectLine({ outcome: 'client_missing' });
    await expect(bench.begin()).rejects.toMatchObject({ name: 'InputError', code: 'client_missing' });
  });

  test.each<[string, string, Fault['respond']]>([
    ['has trouble', TOKEN_PATH, { status: 503, html: '<h1>503</h1>' }],
    ['is too busy', TOKEN_PATH, { status: 429, json: { errors: [] } }],
    ['breaks the connection', TOKEN_PATH, { kind: 'reset-connection' }],
    ['cuts its answer', TOKEN_PATH, { kind: 'truncate-body' }],
    ['does not answer whose token it is', '/me', { status: 502, html: '<h1>502</h1>' }],
  ])('Intercom %s', async (_what, path, respond) => {
    fault({ path }, respond);
    await fails({ status: 503, title: 'Intercom did not answer' }, { kind: 'intercom_unreachable' });
  });

  test.each<[string, string, Fault['respond']]>([
    ['no token', TOKEN_PATH, { status: 200, json: { token_type: 'Bearer' } }],
    ['a token that no header can hold', TOKEN_PATH, { status: 200, json: { token: 'tok\nen-PLANTED' } }],
    ['a page', TOKEN_PATH, { status: 200, html: '<h1>Welcome</h1>' }],
    ['nothing', TOKEN_PATH, { status: 200, empty: true }],
    [
      'a way to another host',
      TOKEN_PATH,
      { status: 302, headers: { location: 'http://127.0.0.2/' }, empty: true },
    ],
    ['a 404', TOKEN_PATH, { status: 404, html: '<h1>404</h1>' }],
    ['a token without a workspace', '/me', { status: 200, json: { type: 'admin', app: null } }],
  ])('Intercom gives %s', async (_what, path, respond) => {
    planted.push('en-PLANTED');
    fault({ path }, respond);
    await fails(
      { status: 502, title: 'Intercom answered something unexpected' },
      { kind: 'unexpected_answer' },
    );
  });

  test('Intercom does not accept its own token', async () => {
    const errors = [{ code: 'unauthorized', message: 'Access Token Invalid' }];
    fault({ path: '/me' }, { status: 401, json: { type: 'error.list', errors } });
    await fails({ status: 502, title: 'Intercom does not accept the token' }, { kind: 'token_refused' });
  });

  test('the app is not allowed to ask who it is', async () => {
    const errors = [{ code: 'forbidden', message: 'You do not have the required scope' }];
    fault({ path: '/me' }, { status: 403, json: { type: 'error.list', errors } });
    await fails({ status: 403, title: 'A permission is missing' }, { kind: 'permission_missing' });
  });

  test('the workspace is in another region, with a hostile name', async () => {
    const app = { id_code: 'eu123', name: '<b>"Ünïcode" & Söhne</b>\u202e`x`', region: 'Europe' };
    fault({ path: '/me' }, { status: 200, json: { type: 'admin', app } });
    const workspace = { id: 'eu123', name: app.name };
    const outcome = { kind: 'region_mismatch', workspace, region: 'Europe', expected: 'US' } as const;
    await fails({ status: 409, title: 'Another region' }, outcome);
    fault({ path: '/me' }, { status: 200, json: { type: 'admin', app } });
    const { text } = await bench.get(await authorized());
    expect(text).toContain('“&lt;b&gt;&quot;Ünïcode&quot; &amp; Söhne&lt;/b&gt; x” (eu123)');
    expect(text).toContain('<code>region: &#39;EU&#39;</code>');
    await bench.newLines();
  });

  test('an unknown region is no reason to refuse', async () => {
    const { id } = await workspaceOf();
    const app = { id_code: id, name: 'x', region: 'Moon' };
    fault({ path: '/me' }, { status: 200, json: { type: 'admin', app } });
    const answer = await bench.get(await authorized());
    expectPage(answer, { status: 200, title: 'Connected again' });
    planted.push(String(await token()));
    await bench.newLines();
  });
});

describe('an authorization that fails at AWS', () => {
  test.each([
    [{ status: 400, type: 'AccessDeniedException' }, 'AccessDeniedException'],
    [{ status: 500, type: 'InternalServiceError' }, 'RetryableError'],
  ])('the secret cannot be written: %j', async (refusal, reason) => {
    const url = await authorized();
    const restore = bench.refuseAws('PutSecretValue', refusal);
    const answer = await bench.get(url);
    restore();
    expectPage(answer, { status: 500, title: 'The token could not be stored' });
    await expectLine({ outcome: 'not_stored', reason });
    expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
    expect(await outcomeOf(url)).toEqual({ kind: 'not_stored', reason });
  });

  test('the table does not answer: nothing is used up', async () => {
    const url = await authorized();
    const before = exchanges();
    const restore = bench.refuseAws('UpdateItem', { status: 500, type: 'InternalServerError' });
    expectPage(await bench.get(url), { status: 503, title: 'AWS did not answer' });
    await expectLine({ outcome: 'aws_unavailable' });
    restore();
    expect(exchanges()).toBe(before);
    expectPage(await bench.get(url), { status: 200, title: 'Connected again' });
    await expectLine({ outcome: 'reconnected', workspace: (await workspaceOf()).id, region: 'US' });
    planted.push(String(await token()));
  });

  test('a right is missing: the page gives no details, the log shows where', async () => {
    const url = await authorized();
    const restore = bench.refuseAws('GetSecretValue', { status: 400, type: 'AccessDeniedException' });
    expectPage(await bench.get(url), { status: 500, title: 'Something is broken' });
    restore();
    const [line, ...others] = await bench.newLines();
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'ERROR',
      outcome: 'internal_error',
      error: 'AccessDeniedException',
      frames: expect.arrayContaining([expect.stringMatching(/^at /)]),
    });
    expect(JSON.stringify(line)).not.toContain('is refused');
  });
});

describe('a person who declines', () => {
  test.each(['with_state', 'without_state'] as const)('comes back %s', async (denial) => {
    bench.simulator.setSwitches({ denial });
    const begun = await bench.begin();
    planted.push(new URL(begun.url).searchParams.get('state') ?? '');
    const back = await bench.decide(begun.url, 'deny');
    expectPage(await bench.get(back), { status: 403, title: 'Not authorized' });
    await expectLine({ outcome: 'denied' });
    const told = await bench.authorizations.outcome(begun.stateHash);
    expect(told).toEqual(denial === 'with_state' ? { kind: 'denied' } : null);
    expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
    if (denial === 'without_state') return;
    const later = new URL(back);
    later.searchParams.delete('error');
    later.searchParams.set('code', bench.simulator.issueCode());
    expectPage(await bench.get(later), { status: 403, title: 'Not authorized' });
    await bench.newLines();
    expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
  });
});

describe('a request that is not a callback of ours', () => {
  const HTML = '<script>alert(1)</script>';
  const STATE = createState();

  test.each([
    ['nothing at all', '', 400, 'no_state', 'This address is not valid'],
    ['a code alone', '?code=abc=', 400, 'no_state', 'This address is not valid'],
    ['an unknown state', `?code=abc=&state=${STATE}`, 400, 'unknown_state', 'This authorization has expired'],
    ['a malformed state', '?code=abc=&state=short', 400, 'bad_state', 'This address is not valid'],
    [
      'HTML as a state',
      `?code=abc&state=${encodeURIComponent(HTML)}`,
      400,
      'bad_state',
      'This address is not valid',
    ],
    [
      'HTML as a code',
      `?code=${encodeURIComponent(`${HTML} é`)}&state=${STATE}`,
      400,
      'bad_code',
      'This address is not valid',
    ],
    [
      'HTML as an error',
      `?error=${encodeURIComponent(HTML)}&error_description=${HTML}`,
      403,
      'denied',
      'Not authorized',
    ],
    ['HTML as a name', `?${encodeURIComponent(HTML)}=1`, 400, 'no_state', 'This address is not valid'],
    ['no code', `?state=${STATE}`, 400, 'no_code', 'This address is not valid'],
    ['two codes', `?code=a&code=b&state=${STATE}`, 400, 'repeated_parameter', 'This address is not valid'],
    [
      'two states',
      `?code=a&state=${STATE}&state=${STATE}`,
      400,
      'repeated_parameter',
      'This address is not valid',
    ],
    [
      'an answer and a no',
      `?code=a&state=${STATE}&error=x`,
      400,
      'unknown_state',
      'This authorization has expired',
    ],
    [
      'a long code',
      `?code=${'a'.repeat(1_025)}&state=${STATE}`,
      400,
      'bad_code',
      'This address is not valid',
    ],
    [
      'a long address',
      `?code=a&state=${STATE}&x=${'y'.repeat(4_096)}`,
      414,
      'too_long',
      'This address is not valid',
    ],
    ['broken escapes', `?code=%zz%&state=%E0%A4%A`, 400, 'bad_state', 'This address is not valid'],
  ])('%s', async (_what, query, status, outcome, title) => {
    const before = exchanges();
    const answer = await bench.get(`${bench.callbackUrl}${query}`);
    expectPage(answer, { status, title });
    expect(answer.text).not.toMatch(/alert|script|short/);
    await expectLine({ outcome });
    expect(exchanges()).toBe(before);
    expect(await bench.secret('Connection')).toBe(NOT_CONNECTED);
  });

  test('an authorization that expired, and one that was used', async () => {
    const state = createState();
    planted.push(state);
    const expiresAt = Math.floor(Date.now() / 1000) - 1;
    await bench.authorizations.begin(hashState(state), { expiresAt, replaceWorkspace: false });
    const late = `${bench.callbackUrl}?code=abc=&state=${state}`;
    for (const _time of [1, 2]) {
      expectPage(await bench.get(late), { status: 410, title: 'This authorization has expired' });
      await expectLine({ outcome: 'expired_state' });
    }
    const url = await authorized();
    await bench.get(url);
    await bench.newLines();
    planted.push(String(await token()));
    const before = exchanges();
    for (const code of [null, bench.simulator.issueCode()]) {
      if (code !== null) url.searchParams.set('code', code);
      expectPage(await bench.get(url), { status: 200, title: 'Connected again' });
      expect(await bench.newLines()).toMatchObject([{ outcome: 'reconnected' }]);
    }
    expect(exchanges()).toBe(before);
  });

  test('a shortened or changed state does not use up the real one', async () => {
    const url = await authorized();
    const state = url.searchParams.get('state') ?? '';
    for (const wrong of [state.slice(0, -1), `${state}A`, state.toUpperCase(), ` ${state}`]) {
      url.searchParams.set('state', wrong);
      expect((await bench.get(url)).status).toBe(400);
      await bench.newLines();
    }
    url.searchParams.set('state', state);
    expect((await bench.get(url)).status).toBe(200);
    await bench.newLines();
    planted.push(String(await token()));
  });

  test.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s uses up nothing', async (method) => {
    const url = await authorized();
    const answer = await bench.get(url, { method });
    expect(answer.headers.get('allow')).toBe('GET');
    if (method === 'HEAD') expect([answer.status, answer.text]).toEqual([405, '']);
    else expectPage(answer, { status: 405, title: 'Nothing to see here' });
    await expectLine({ outcome: 'wrong_method' });
    expect((await bench.get(url)).status).toBe(200);
    await bench.newLines();
    planted.push(String(await token()));
  });

  test.each([
    ['Sec-Purpose', 'prefetch;prerender'],
    ['Purpose', 'prefetch'],
  ])('a browser that loads the page in advance (%s) uses up nothing', async (name, value) => {
    const url = await authorized();
    const answer = await bench.get(url, { headers: { [name]: value } });
    expectPage(answer, { status: 503, title: 'Not loaded in advance' });
    await expectLine({ outcome: 'prefetch' });
    expect((await bench.get(url)).status).toBe(200);
    await bench.newLines();
    planted.push(String(await token()));
  });

  test('an unescaped plus sign in a code stays a plus sign', async () => {
    const { url } = await bench.begin();
    const state = new URL(url).searchParams.get('state') ?? '';
    planted.push(state, 'YWJj+ZGVm');
    fault({ path: TOKEN_PATH, bodyIncludes: 'code=YWJj%2BZGVm%3D&' }, { status: 503, empty: true });
    await bench.get(`${bench.callbackUrl}?code=YWJj+ZGVm=&state=${state}`);
    await expectLine({ outcome: 'intercom_unreachable' });
  });
});

test('no code, state, secret or token was ever printed or stored in the clear', async () => {
  const seen = `${bench.output()}\n${await bench.stored()}`;
  const hidden = [...planted, APP.clientSecret].filter((text) => text !== '');
  expect(new Set(hidden).size).toBeGreaterThan(60);
  for (const text of hidden) {
    expect(seen).not.toContain(text);
    expect(seen).not.toContain(encodeURIComponent(text));
  }
  // The search does find what is stored: states by their hashes.
  expect(seen).toContain('oauth#');
  const secrets = `${await bench.secret('Connection')}${await bench.secret('OAuthClient')}`;
  const current = JSON.parse(await bench.secret('Connection')).access_token;
  for (const text of planted) if (text !== current && text !== '') expect(secrets).not.toContain(text);
});

test('the role of the callback has exactly the rights that it needs', () => {
  expect(bench.denied).toEqual([]);
  expect(bench.rights().filter(({ isUsed }) => !isUsed)).toEqual([]);
});
