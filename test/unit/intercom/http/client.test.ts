import { describe, expect, test } from 'vitest';
import {
  ConnectionError,
  ContractError,
  PermissionError,
  RetryableError,
  UnavailableError,
} from '../../../../functions/core/errors.ts';
import type { RequestOptions } from '../../../../functions/intercom/http/client.ts';
import { HASTY } from '../../../../functions/intercom/http/retry.ts';
import { readMe } from '../../../../functions/intercom/me.ts';
import {
  closedUrl,
  errorList,
  type Handler,
  type Reply,
  serve,
  TOKEN,
  testClient,
} from '../../../support/intercom/reader-harness.ts';

const BULK: RequestOptions = { priority: 'bulk', permission: 'Read admins' };

/** Answers in turn, then repeats the last answer. */
function inTurn(...replies: readonly Reply[]): Handler {
  let turn = 0;
  return () => {
    const reply = replies[Math.min(turn, replies.length - 1)];
    turn += 1;
    return reply ?? {};
  };
}

async function failure(handler: Handler, options = BULK) {
  const server = await serve(handler);
  const { client, clock } = testClient(server.url);
  const error = await client.get('/admins', { q: 'secret' }, options).then(
    () => null,
    (error: unknown) => error,
  );
  return { error, server, clock };
}

test('a request carries version, token and Accept; an answer carries its body and times', async () => {
  const server = await serve(() => ({
    text: '{"type":"list","big":12345678901234567890}',
    headers: { date: 'Mon, 23 Nov 2026 12:00:07 GMT' },
  }));
  const { client, clock, priorities, events } = testClient(server.url);
  const answer = await client.get('/tags', { a: 'x+y=/', n: 3 }, BULK);
  expect(server.log()).toEqual(['GET /tags?a=x%2By%3D%2F&n=3']);
  expect(server.requests[0]?.headers).toMatchObject({
    accept: 'application/json',
    authorization: `Bearer ${TOKEN}`,
    'intercom-version': '2.15',
  });
  expect(JSON.stringify(answer.body)).toBe('{"type":"list","big":12345678901234567890}');
  expect(answer.date).toBe(Date.UTC(2026, 10, 23, 12, 0, 7));
  expect(answer.receivedAtMs).toBe(clock.now());
  expect(priorities).toEqual(['bulk']);
  expect(events).toEqual([{ type: 'request', object: 'tags', status: 200, waitedMs: 0, limit: null }]);
});

test('a POST sends JSON, and another version if asked to', async () => {
  const server = await serve(() => ({ json: {} }));
  await testClient(server.url).client.post('/x/search', { query: {} }, { ...BULK, version: '2.16' });
  expect(server.requests[0]?.body).toEqual({ query: {} });
  expect(server.requests[0]?.headers).toMatchObject({
    'content-type': 'application/json',
    'intercom-version': '2.16',
  });
});

test('rate headers are observed on every answer; malformed ones are ignored', async () => {
  const rate = {
    'x-ratelimit-limit': '1666',
    'x-ratelimit-remaining': '3',
    'x-ratelimit-reset': '1793448010',
  };
  const server = await serve(
    inTurn(
      { status: 500, headers: { 'x-ratelimit-limit': 'many', 'x-ratelimit-remaining': '-1' } },
      { json: {}, headers: rate },
    ),
  );
  const { client, observations } = testClient(server.url);
  await client.get('/tags', {}, BULK);
  expect(observations).toEqual([
    { limit: null, remaining: null, limited: false, time: expect.anything() },
    { limit: 1666, remaining: 3, limited: false, time: expect.anything() },
  ]);
});

describe('what is tried again', () => {
  test.each<[string, Reply]>([
    ['408', { status: 408, json: errorList('request_timeout') }],
    ['500', { status: 500, json: errorList('server_error') }],
    ['502 in HTML', { status: 502, text: '<html>bad gateway</html>' }],
    ['an empty 200', { text: '' }],
    ['HTML in a 200', { text: '<html></html>' }],
    ['truncated JSON', { json: { a: 'long enough to be cut' }, fault: 'truncate' }],
    ['a JSON array', { text: '[]' }],
    ['an error.list in a 200', { json: errorList('whatever') }],
    ['a broken connection', { fault: 'reset' }],
  ])('%s', async (_name, reply) => {
    const server = await serve(inTurn(reply, reply, { json: { ok: true } }));
    const { client, clock } = testClient(server.url);
    const answer = await client.post('/x/search', {}, BULK);
    expect(answer.body).toEqual({ ok: true });
    expect(clock.sleeps).toEqual([1_000, 1_000]);
  });

  test('a time-out, before the answer or inside its body', async () => {
    const server = await serve(inTurn({ fault: 'hang' }, { fault: 'hang_in_body' }, { json: { ok: true } }));
    const { client } = testClient(server.url, { timeoutMs: 80 });
    expect((await client.get('/tags', {}, BULK)).body).toEqual({ ok: true });
  });

  test('a 429, when the window ends on the server’s clock, however often', async () => {
    const limited: Reply = {
      status: 429,
      json: errorList('rate_limit_exceeded'),
      // The reset that was seen live is six seconds late; this one is a day ahead.
      headers: { date: 'Mon, 23 Nov 2026 12:00:06 GMT', 'x-ratelimit-reset': '1795521600' },
    };
    const server = await serve(inTurn(...Array.from({ length: 9 }, () => limited), { json: { ok: true } }));
    const { client, clock, observations } = testClient(server.url);
    expect((await client.get('/tags', {}, BULK)).body).toEqual({ ok: true });
    expect(clock.sleeps).toEqual(Array.from({ length: 9 }, () => 4_000));
    expect(observations[0]).toMatchObject({
      limited: true,
      time: { dateMs: Date.UTC(2026, 10, 23, 12, 0, 6) },
    });
  });

  test('an error after many 429s, which do not count as tries', async () => {
    const limited: Reply = { status: 429, json: errorList('rate_limit_exceeded') };
    const replies = [
      ...Array.from({ length: 8 }, () => limited),
      { status: 500, text: '' },
      { json: { ok: true } },
    ];
    const server = await serve(inTurn(...replies));
    expect((await testClient(server.url).client.get('/tags', {}, BULK)).body).toEqual({ ok: true });
  });

  test('Retry-After comes before the end of the window', async () => {
    const headers = { 'retry-after': '2', 'x-ratelimit-reset': '9999999999' };
    const server = await serve(inTurn({ status: 429, headers }, { json: {} }));
    const { client, clock } = testClient(server.url);
    await client.get('/tags', {}, BULK);
    expect(clock.sleeps).toEqual([2_000]);
  });

  test('an endless 429 ends after five minutes, as something to try later', async () => {
    const { error, clock } = await failure(() => ({
      status: 429,
      json: errorList('too_many_requests'),
      headers: { date: 'Mon, 23 Nov 2026 12:00:00 GMT' },
    }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: 'rate_limited' });
    expect(clock.sleeps.length).toBe(30);
  });

  test('a hasty request gives up after the second try', async () => {
    const { error, server } = await failure(() => ({ status: 504, text: '' }), { ...BULK, patience: HASTY });
    expect(error).toMatchObject({ name: 'RetryableError', code: 'http_504' });
    expect(server.requests.length).toBe(2);
  });
});

describe('a failure that persists becomes an error that says what to do', () => {
  test.each<[string, Reply, typeof RetryableError | typeof ContractError, string]>([
    ['503', { status: 503, text: '' }, RetryableError, 'http_503'],
    ['an empty 200', { text: '' }, RetryableError, 'empty_answer'],
    ['HTML in a 200', { text: '<html>' }, RetryableError, 'html_answer'],
    ['truncated JSON', { text: '{"data":[' }, RetryableError, 'malformed_answer'],
    ['not an object', { text: '"x"' }, ContractError, 'not_an_object'],
    ['an error.list in a 200', { json: errorList('odd') }, ContractError, 'error_in_200'],
  ])('%s', async (_name, reply, type, code) => {
    const { error, server } = await failure(() => reply);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code });
    expect(server.requests.length).toBe(6);
  });

  test.each<[string, Reply, new (...args: never[]) => Error, string]>([
    [
      '403 plan',
      { status: 403, json: errorList('api_plan_restricted') },
      UnavailableError,
      'api_plan_restricted',
    ],
    ['402 plan', { status: 402, text: '' }, UnavailableError, 'http_402'],
    ['403 scope', { status: 403, json: errorList('forbidden') }, PermissionError, 'permission_missing'],
    [
      '401 scope',
      { status: 401, json: errorList('token_unauthorized') },
      PermissionError,
      'permission_missing',
    ],
    ['403 without JSON', { status: 403, text: 'no' }, PermissionError, 'permission_missing'],
    ['401 revoked', { status: 401, json: errorList('token_revoked') }, ConnectionError, 'token_dead'],
    [
      'version',
      { status: 400, json: errorList('intercom_version_invalid') },
      ContractError,
      'intercom_version_invalid',
    ],
    ['404', { status: 404, json: errorList('not_found') }, ContractError, 'not_found'],
    ['404 in HTML', { status: 404, text: '<html>nginx' }, ContractError, 'http_404'],
    ['400', { status: 400, json: errorList('parameter_invalid') }, ContractError, 'parameter_invalid'],
    [
      'legacy error',
      { status: 422, json: { errors: [{ type: 'data_invalid' }] } },
      ContractError,
      'data_invalid',
    ],
    ['unknown code', { status: 409, json: errorList('brand_new') }, ContractError, 'brand_new'],
    ['redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, ContractError, 'http_302'],
  ])('%s, at once', async (_name, reply, type, code) => {
    const { error, server } = await failure(() => reply);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code });
    expect(server.requests.length).toBe(1);
  });

  test('messages name request, place and remedy, never the token or the query', async () => {
    const { error } = await failure(() => ({ status: 403, json: errorList('forbidden', 'No scope') }));
    const { message } = error as Error;
    for (const part of ['GET /admins', '403', 'forbidden', 'req123', 'No scope', "'Read admins'"]) {
      expect(message).toContain(part);
    }
    expect(message).not.toContain('secret');
    expect(message).not.toContain(TOKEN);
  });

  test('the request id comes from the header if the body has none', async () => {
    const { error } = await failure(() => ({ status: 400, text: '', headers: { 'x-request-id': 'head1' } }));
    expect((error as Error).message).toContain('request head1');
  });

  test('the error for an unreachable host names the host and the settings', async () => {
    const { client } = testClient(await closedUrl());
    const error = await client.get('/tags', {}, BULK).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'RetryableError', code: 'network' });
    expect((error as Error).message).toMatch(/127\.0\.0\.1:\d+ .*ECONNREFUSED.*baseUrl/);
  });

  test('an answer beyond the limit is neither read nor asked for again', async () => {
    const server = await serve(() => ({ json: { a: 'x'.repeat(1000) } }));
    const { client } = testClient(server.url, { maxBodyBytes: 500 });
    const error = await client.get('/tags', {}, BULK).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'ContractError', code: 'answer_too_large' });
    expect(server.requests.length).toBe(1);
  });

  test('a bug is thrown unchanged', async () => {
    const server = await serve(() => ({ json: {} }));
    const tokens = { connection: async () => ({ accessToken: 'a\nb' }) };
    const error = await testClient(server.url, { tokens })
      .client.get('/tags', {}, BULK)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect(server.requests.length).toBe(0);
  });

  test('an abort ends a try and a delay with its own reason', async () => {
    const reason = new Error('deadline');
    const server = await serve(() => ({ fault: 'hang' }));
    const controller = new AbortController();
    const asked = testClient(server.url).client.get('/tags', {}, { ...BULK, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await expect(asked).rejects.toBe(reason);
    const late = testClient(server.url).client.get('/tags', {}, { ...BULK, signal: controller.signal });
    await expect(late).rejects.toBe(reason);
  });

  test.each([200, 404, 503, 'hang', 'reset'] as const)(
    'a permit is used until its try is over: %s',
    async (end) => {
      let held = 0;
      let mostHeld = 0;
      const server = await serve(() => {
        mostHeld = Math.max(mostHeld, held);
        return typeof end === 'number' ? { status: end, json: {} } : { fault: end };
      });
      const permit = async () => {
        held += 1;
        return () => {
          held -= 1;
        };
      };
      const budget = { permit, observe: () => undefined, limit: async () => 1_666 };
      const asked = testClient(server.url, { budget, timeoutMs: 50 }).client.get('/tags', {}, BULK);
      await asked.catch(() => undefined);
      expect(mostHeld).toBe(1);
      expect(held).toBe(0);
    },
  );
});

describe('/me settles what an ambiguous 401 means', () => {
  const refusing =
    (me: Reply): Handler =>
    ({ path }) =>
      path === '/me' ? me : { status: 401, json: errorList('unauthorized', 'Access Token Invalid') };

  test('a permission is missing if /me works, which is asked once', async () => {
    const server = await serve(refusing({ json: { type: 'admin' } }));
    const { client } = testClient(server.url);
    const ask = () => client.get('/admins', {}, BULK).catch((error: unknown) => error);
    const errors = [...(await Promise.all([ask(), ask()])), await ask()];
    for (const error of errors) expect(error).toBeInstanceOf(PermissionError);
    expect(server.log().filter((line) => line === 'GET /me').length).toBe(1);
  });

  test('a permission is missing if /me itself lacks one', async () => {
    const { error } = await failure(refusing({ status: 403, json: errorList('forbidden') }));
    expect(error).toBeInstanceOf(PermissionError);
  });

  test('the token is dead if /me is refused', async () => {
    const { error } = await failure(refusing({ status: 401, json: errorList('unauthorized') }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).message).toContain('connect');
  });

  test('nothing is concluded if /me does not answer', async () => {
    const { error } = await failure(refusing({ status: 503, text: '' }));
    expect(error).toBeInstanceOf(RetryableError);
  });
});

test('an expected failure is an answer', async () => {
  const server = await serve(() => ({ status: 404, text: '<html>nginx</html>' }));
  const expectNotFound = { ...BULK, expect: ({ status }: { status: number | null }) => status === 404 };
  const answer = await testClient(server.url).client.get('/conversations/1', {}, expectNotFound);
  expect(answer).toMatchObject({ status: 404, body: {}, failure: { kind: 'not_found' } });
});

describe('/me', () => {
  test('identifies the workspace', async () => {
    const app = { id_code: 'abc', name: 'Shop', region: 'Europe', timezone: 'Europe/Berlin', created_at: 17 };
    const server = await serve(() => ({
      json: { type: 'admin', app },
      headers: { date: 'Mon, 23 Nov 2026 12:00:00 GMT' },
    }));
    expect(await readMe(testClient(server.url).client)).toEqual({
      workspaceId: 'abc',
      workspaceName: 'Shop',
      region: 'Europe',
      timezone: 'Europe/Berlin',
      createdAt: 17,
      dateHeaderMs: Date.UTC(2026, 10, 23, 12),
    });
  });

  test('accepts a null app', async () => {
    const server = await serve(() => ({ json: { type: 'admin', app: null } }));
    const me = await readMe(testClient(server.url).client);
    expect(me).toMatchObject({ workspaceId: null, createdAt: null });
  });

  test('refused means a dead connection', async () => {
    const server = await serve(() => ({ status: 401, json: errorList('unauthorized') }));
    await expect(readMe(testClient(server.url).client)).rejects.toBeInstanceOf(ConnectionError);
  });
});
