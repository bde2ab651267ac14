/** Trading codes and uninstalling, over real HTTP. */
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../functions/config/config.ts';
import { oauthHosts } from '../../../functions/intercom/hosts.ts';
import { createIntercomAccess } from '../../../functions/intercom/oauth.ts';
import { SYSTEM_CLOCK } from '../../../functions/system-clock.ts';
import { closedUrl, errorList, type Reply, serve, testClock } from '../../support/intercom/reader-harness.ts';

const CLIENT = { clientId: 'id', clientSecret: 's&cret=' };
const NEVER = new AbortController().signal;

const accessTo = (token: readonly string[], timeoutMs = 2_000) =>
  createIntercomAccess({
    config: { region: 'EU', baseUrl: token[0] ?? '' },
    hosts: { authorize: 'https://app.test', token },
    clock: testClock(),
    timeoutMs,
  });

describe('hosts', () => {
  test.each([
    [{ region: 'US' }, 'https://app.intercom.com', ['https://api.intercom.io']],
    [
      { region: 'EU' },
      'https://app.eu.intercom.com',
      ['https://api.eu.intercom.io', 'https://api.intercom.io'],
    ],
    [
      { region: 'AU' },
      'https://app.au.intercom.com',
      ['https://api.au.intercom.io', 'https://api.intercom.io'],
    ],
    [
      { region: 'EU', baseUrl: 'https://api.intercom.io' },
      'https://app.eu.intercom.com',
      ['https://api.eu.intercom.io', 'https://api.intercom.io'],
    ],
    [{ baseUrl: 'http://127.0.0.1:8080/' }, 'http://127.0.0.1:8080', ['http://127.0.0.1:8080']],
  ] as const)('of %j', (config, authorize, token) => {
    expect(oauthHosts(parseConfig(config))).toEqual({ authorize, token });
  });

  test('an authorize URL has the parameters that Intercom knows, and nothing else', () => {
    const intercom = createIntercomAccess({ config: parseConfig({ region: 'AU' }), clock: SYSTEM_CLOCK });
    const callbackUrl = 'https://x.execute-api.test/callback';
    expect(intercom.authorizeUrl({ clientId: 'a b', state: 's', callbackUrl })).toBe(
      'https://app.au.intercom.com/oauth?client_id=a+b&state=s&redirect_uri=https%3A%2F%2Fx.execute-api.test%2Fcallback',
    );
  });
});

const GRANTED: Reply = {
  json: { token_type: 'Bearer', token: 'dG9rOjEyMw==', access_token: 'dG9rOjEyMw==' },
};
const REFUSED: Reply = { status: 401, json: errorList('unauthorized', 'Unauthorized Code') };

describe('a code', () => {
  test('is sent as a form with its trailing =, without a token, and traded for one', async () => {
    const forms: { readonly type: string | undefined; readonly authorization: string | undefined }[] = [];
    const server = await serve(({ headers }) => {
      forms.push({ type: headers['content-type'], authorization: headers.authorization });
      return GRANTED;
    });
    const granted = await accessTo([server.url]).exchange(CLIENT, 'YWJj=', NEVER);
    expect(granted).toEqual({ kind: 'granted', accessToken: 'dG9rOjEyMw==' });
    expect(server.log()).toEqual(['POST /auth/eagle/token']);
    expect(forms).toEqual([{ type: 'application/x-www-form-urlencoded', authorization: undefined }]);
    expect(server.requests[0]?.text).toBe('code=YWJj%3D&client_id=id&client_secret=s%26cret%3D');
  });

  test.each<[string, Reply, string]>([
    ['token alone', { json: { token: 'dG9rOjEyMw==' } }, 'granted'],
    ['Unauthorized Code', REFUSED, 'code_refused'],
    ['a message alone', { status: 401, json: { message: 'Unauthorized Code' } }, 'code_refused'],
    ['a bare 401', { status: 401, text: '' }, 'code_refused'],
    ['invalid_grant', { status: 400, json: { error: 'invalid_grant' } }, 'code_refused'],
    ['invalid_client', { status: 401, json: { error: 'invalid_client' } }, 'client_refused'],
    ['403', { status: 403, json: errorList('forbidden', 'No such app') }, 'client_refused'],
    ['no token', { json: {} }, 'unexpected_answer'],
    ['an error in a 200', { json: errorList('x', 'y') }, 'unexpected_answer'],
    ['404', { status: 404, text: '<html>' }, 'unexpected_answer'],
    ['500', { status: 500, text: 'x' }, 'intercom_unreachable'],
    ['429', { status: 429, json: {} }, 'intercom_unreachable'],
    ['a reset', { fault: 'reset' }, 'intercom_unreachable'],
  ])('answered with %s is %s', async (_what, reply, kind) => {
    const server = await serve(() => reply);
    expect(await accessTo([server.url]).exchange(CLIENT, 'c', NEVER)).toMatchObject({ kind });
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Reply]>([
    ['no such path', { status: 404, text: '<html>' }],
    ['another place', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('goes on to the global host after %s', async (_what, reply) => {
    const [regional, global] = [await serve(() => reply), await serve(() => GRANTED)];
    const granted = await accessTo([regional.url, global.url]).exchange(CLIENT, 'c', NEVER);
    expect(granted.kind).toBe('granted');
    expect([regional.requests.length, global.requests.length]).toEqual([1, 1]);
  });

  test('goes on to the global host if nothing listens, and reports it if nothing listens there either', async () => {
    const global = await serve(() => GRANTED);
    const [closed, alsoClosed] = [await closedUrl(), await closedUrl()];
    expect((await accessTo([closed, global.url]).exchange(CLIENT, 'c', NEVER)).kind).toBe('granted');
    const none = await accessTo([closed, alsoClosed]).exchange(CLIENT, 'c', NEVER);
    expect(none).toEqual({ kind: 'intercom_unreachable' });
  });

  test.each<[string, Reply, string]>([
    ['was refused', REFUSED, 'code_refused'],
    ['may have been spent: reset', { fault: 'reset' }, 'intercom_unreachable'],
    ['may have been spent: 502', { status: 502, text: '' }, 'intercom_unreachable'],
    ['may have been spent: too slow', { fault: 'hang' }, 'intercom_unreachable'],
    ['was spent for nothing', { json: {} }, 'unexpected_answer'],
  ])('is not sent a second time once it %s', async (_what, reply, kind) => {
    const [regional, global] = [await serve(() => reply), await serve(() => GRANTED)];
    const answer = await accessTo([regional.url, global.url], 200).exchange(CLIENT, 'c', NEVER);
    expect(answer).toEqual({ kind });
    expect([regional.requests.length, global.requests.length]).toEqual([1, 0]);
  });

  test('is given up when the time is up', async () => {
    const server = await serve(() => ({ fault: 'hang' }));
    const access = accessTo([server.url], 60_000);
    const answer = await access.exchange(CLIENT, 'c', AbortSignal.timeout(100));
    expect(answer).toEqual({ kind: 'intercom_unreachable' });
  });
});

describe('uninstall', () => {
  const uninstall = async (...replies: Reply[]) => {
    const servers = await Promise.all(
      replies.map((reply) => serve(({ path }) => (path === '/me' ? ME_DEAD : reply))),
    );
    const done = accessTo(servers.map(({ url }) => url)).uninstall('token-1', NEVER);
    return { servers, done };
  };
  const ME_DEAD: Reply = { status: 401, json: errorList('token_revoked', 'x') };

  test.each<[string, Reply]>([
    ['an empty 200', { text: '' }],
    ['a 200 with JSON', { json: {} }],
    ['204', { status: 204, text: '' }],
  ])('is done with %s', async (_what, reply) => {
    const { servers, done } = await uninstall(reply);
    expect(await done).toBe('uninstalled');
    expect(servers[0]?.log()).toEqual(['POST /auth/uninstall']);
    expect(servers[0]?.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'content-type': 'application/json',
    });
  });

  test.each<[string, Reply]>([
    ['revoked', { status: 401, json: errorList('token_revoked', 'x') }],
    ['unknown', { status: 401, json: errorList('unauthorized', 'Access Token Invalid') }],
  ])('has nothing to do for a token that is %s', async (_what, reply) => {
    expect(await (await uninstall(reply)).done).toBe('already_gone');
  });

  test('asks the global host if the regional one does not offer it, and says what to do if neither does', async () => {
    expect(await (await uninstall({ status: 404, json: {} }, { text: '' })).done).toBe('uninstalled');
    const { done } = await uninstall({ status: 404, json: {} }, { status: 404, json: {} });
    await expect(done).rejects.toMatchObject({ name: 'ContractError', code: 'not_uninstalled' });
  });

  test('is not claimed if Intercom is having trouble', async () => {
    const { done } = await uninstall({ status: 503, text: '' });
    await expect(done).rejects.toMatchObject({ name: 'RetryableError' });
  });
});
