/** The two halves of an authorization, under any order of events. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AUTHORIZATION_SECONDS,
  beginAuthorization,
} from '../../../functions/connection/begin-authorization.ts';
import { completeAuthorization } from '../../../functions/connection/complete-authorization.ts';
import { hashState } from '../../../functions/connection/state.ts';
import { RetryableError } from '../../../functions/core/errors.ts';
import {
  CALLBACK,
  createSurroundings,
  NEVER,
  queryOf,
  type Surroundings,
  stateIn,
} from '../../support/connection-harness.ts';

const begin = (surroundings: Surroundings, replaceWorkspace = false) =>
  beginAuthorization(surroundings, { callbackUrl: CALLBACK, replaceWorkspace });

const complete = (surroundings: Surroundings, state: string, code: string) =>
  completeAuthorization(surroundings, queryOf(state, code), NEVER);

test('a state is 256 random bits, of which only the hash is stored, for ten minutes', async () => {
  const surroundings = createSurroundings();
  const { url, expiresAt, stateHash } = await begin(surroundings);
  const state = stateIn(url);
  expect(Buffer.from(state, 'base64url')).toHaveLength(32);
  expect(stateHash).toBe(hashState(state));
  expect(stateHash).toMatch(/^[0-9a-f]{64}$/);
  expect(expiresAt).toBe(surroundings.clock.now() / 1000 + 600);
  expect(new URL(url).searchParams.get('redirect_uri')).toBe(CALLBACK);
  expect(stateIn((await begin(surroundings)).url)).not.toBe(state);
});

test('it is valid in its last second, and not in the next', async () => {
  const surroundings = createSurroundings();
  const [first, second] = [
    stateIn((await begin(surroundings)).url),
    stateIn((await begin(surroundings)).url),
  ];
  surroundings.clock.advance(AUTHORIZATION_SECONDS * 1000 - 1);
  expect(await complete(surroundings, first, 'a')).toMatchObject({ kind: 'connected' });
  surroundings.clock.advance(1);
  expect(await complete(surroundings, second, 'b')).toEqual({ kind: 'expired_state' });
  expect(surroundings.intercom.sent).toEqual(['a']);
});

/** Events in any order. Numbers choose among the existing states. */
const event = fc.oneof(
  fc.record({ do: fc.constant('begin' as const) }),
  fc.record({
    do: fc.constant('callback' as const),
    state: fc.nat(5),
    code: fc.constantFrom('x', 'y', 'z', 'w'),
  }),
  fc.record({ do: fc.constant('deny' as const), state: fc.nat(5) }),
  fc.record({ do: fc.constant('stranger' as const) }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 700 }) }),
);

test('in any order, each state leads to at most one exchange, before it expires, and unknown states to none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.scheduler(), async (events, scheduler) => {
      const surroundings = createSurroundings();
      const { authorizations } = surroundings;
      // Each access to the store takes time, so that callbacks overtake each other.
      const slow = {
        ...surroundings,
        authorizations: {
          ...authorizations,
          take: scheduler.scheduleFunction(authorizations.take),
          settle: scheduler.scheduleFunction(authorizations.settle),
        },
      };
      const states: { readonly text: string; readonly begunAt: number }[] = [];
      const wins = new Map<string, ReadonlySet<string>>();
      const pending: Promise<void>[] = [];
      const call = (state: string, query: string, isAllowed: () => boolean): void => {
        const started = completeAuthorization(slow, query, NEVER).then(({ kind }) => {
          if (['used_state', 'expired_state', 'unknown_state'].includes(kind)) return;
          // A repeated request gets the outcome of the first one, at any time.
          expect(isAllowed() || wins.has(state)).toBe(true);
          wins.set(state, new Set([...(wins.get(state) ?? []), kind]));
        });
        pending.push(started);
      };
      for (const one of events) {
        const chosen = 'state' in one ? states[one.state % Math.max(1, states.length)] : undefined;
        const now = surroundings.clock.now();
        const inTime = () => chosen !== undefined && now < chosen.begunAt + AUTHORIZATION_SECONDS * 1000;
        if (one.do === 'begin') states.push({ text: stateIn((await begin(surroundings)).url), begunAt: now });
        if (one.do === 'callback' && chosen) call(chosen.text, queryOf(chosen.text, one.code), inTime);
        if (one.do === 'deny' && chosen) call(chosen.text, `error=x&state=${chosen.text}`, inTime);
        if (one.do === 'stranger') call('', queryOf('s'.repeat(43), 'x'), () => false);
        if (one.do === 'wait') {
          await scheduler.waitIdle();
          surroundings.clock.advance(one.seconds * 1000);
        }
      }
      await scheduler.waitFor(Promise.all(pending));
      for (const [, kinds] of wins) expect(kinds.size).toBe(1);
      const exchanged = [...wins.values()].flatMap((kinds) => [...kinds]).filter((kind) => kind !== 'denied');
      expect(surroundings.intercom.sent).toHaveLength(exchanged.length);
      for (const [text, [kind]] of wins) {
        expect((await authorizations.outcome(hashState(text)))?.kind).toBe(kind);
      }
    }),
    { numRuns: 300 },
  );
});

describe('an outcome', () => {
  test.each([
    ['connected', (state: string) => queryOf(state, 'a')],
    ['denied', (state: string) => `error=x&state=${state}`],
  ])('is given again to a request that is repeated, even late: %s', async (kind, query) => {
    const surroundings = createSurroundings();
    const state = stateIn((await begin(surroundings)).url);
    const first = await completeAuthorization(surroundings, query(state), NEVER);
    expect(first.kind).toBe(kind);
    surroundings.clock.advance(AUTHORIZATION_SECONDS * 1000);
    expect(await completeAuthorization(surroundings, query(state), NEVER)).toEqual(first);
    expect(surroundings.intercom.sent).toHaveLength(kind === 'connected' ? 1 : 0);
  });

  test('is valid even if it cannot be stored', async () => {
    const surroundings = createSurroundings();
    const settle = async () => {
      throw new RetryableError('busy', { code: 'aws_unavailable' });
    };
    const broken = { ...surroundings, authorizations: { ...surroundings.authorizations, settle } };
    const { url, stateHash } = await begin(surroundings);
    expect(await complete(broken, stateIn(url), 'a')).toMatchObject({ kind: 'connected' });
    expect(await surroundings.connections.load()).toMatchObject({ accessToken: 'token-a' });
    expect(await surroundings.authorizations.outcome(stateHash)).toBeNull();
  });

  test('is never made of a bug', async () => {
    const surroundings = createSurroundings();
    const exchange = async () => {
      throw new TypeError('oops');
    };
    const broken = { ...surroundings, intercom: { ...surroundings.intercom, exchange } };
    const { url } = await begin(surroundings);
    await expect(complete(broken, stateIn(url), 'a')).rejects.toThrow(TypeError);
  });
});

test('without client id and secret there is no address to open', async () => {
  const surroundings = { ...createSurroundings(), clients: { load: async () => null } };
  await expect(begin(surroundings)).rejects.toMatchObject({ name: 'InputError', code: 'client_missing' });
});
