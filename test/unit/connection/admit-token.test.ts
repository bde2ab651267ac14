/** Which tokens are admitted, and what remains if they are not. */
import { describe, expect, test } from 'vitest';
import { disconnect } from '../../../functions/connection/disconnect.ts';
import { regionNamed } from '../../../functions/connection/regions.ts';
import { storeAccessToken } from '../../../functions/connection/store-access-token.ts';
import { RetryableError } from '../../../functions/core/errors.ts';
import {
  createSurroundings,
  identityOf,
  NEVER,
  type Surroundings,
} from '../../support/connection-harness.ts';

const store = (surroundings: Surroundings, accessToken: string, replaceWorkspace = false) =>
  storeAccessToken(surroundings, accessToken, { replaceWorkspace, signal: NEVER });

describe('a private token', () => {
  test('is checked and stored like one from OAuth', async () => {
    const surroundings = createSurroundings();
    const workspace = { id: 'ws', name: 'Workspace ws' };
    expect(await store(surroundings, 'token-a1')).toEqual({ kind: 'connected', workspace, region: 'US' });
    expect(await store(surroundings, 'token-b1')).toMatchObject({ kind: 'reconnected' });
    expect(await surroundings.connections.load()).toEqual({
      accessToken: 'token-b1',
      workspace,
      region: 'US',
      connectedAt: '2026-11-22T12:00:00.000Z',
    });
  });

  test.each([[''], ['short'], ['two words'], ['line\nend-of-it'], ['bücher-und-mehr'], ['x'.repeat(4_097)]])(
    'that is malformed is refused without being quoted: %j',
    async (text) => {
      const surroundings = createSurroundings();
      const refusal = store(surroundings, text);
      await expect(refusal).rejects.toMatchObject({ name: 'InputError', code: 'bad_token' });
      if (text !== '') await expect(refusal).rejects.not.toThrow(text);
      expect(await surroundings.connections.load()).toBeNull();
    },
  );
});

describe('a workspace', () => {
  test('other than the one whose data is stored is admitted only to replace it', async () => {
    const surroundings = createSurroundings();
    surroundings.intercom.identities.set('b1', identityOf('other'));
    await store(surroundings, 'token-a1');
    expect(await store(surroundings, 'token-b1')).toMatchObject({ kind: 'other_workspace', expected: 'ws' });
    await surroundings.connections.clear();
    expect(await store(surroundings, 'token-b1')).toMatchObject({ kind: 'other_workspace', expected: 'ws' });
    expect(await surroundings.state.replacedWorkspace()).toBeNull();
    expect(await store(surroundings, 'token-b1', true)).toMatchObject({ kind: 'replaced' });
    expect(await surroundings.state.claimedWorkspace()).toBe('other');
    expect(await surroundings.state.replacedWorkspace()).toBe('ws');
    expect(await store(surroundings, 'token-b1')).toMatchObject({ kind: 'reconnected' });
    expect(await store(surroundings, 'token-b1', true)).toMatchObject({ kind: 'reconnected' });
    expect(await surroundings.state.replacedWorkspace()).toBe('ws');
  });

  test('is not replaced if the new token cannot be stored', async () => {
    const surroundings = createSurroundings();
    surroundings.intercom.identities.set('b1', identityOf('other'));
    await store(surroundings, 'token-a1');
    const broken = {
      ...surroundings,
      connections: { ...surroundings.connections, save: () => Promise.reject(new Error('denied')) },
    };
    expect(await store(broken, 'token-b1', true)).toMatchObject({ kind: 'not_stored' });
    expect(await surroundings.state.claimedWorkspace()).toBe('ws');
    expect(await surroundings.state.replacedWorkspace()).toBeNull();
    expect(await store(surroundings, 'token-a1')).toMatchObject({ kind: 'reconnected' });
  });

  test('wins if it is the first of two at once', async () => {
    const surroundings = createSurroundings();
    surroundings.intercom.identities.set('b1', identityOf('other'));
    const answers = await Promise.all([store(surroundings, 'token-a1'), store(surroundings, 'token-b1')]);
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['connected', 'other_workspace']);
    const owner = await surroundings.state.claimedWorkspace();
    expect((await surroundings.connections.load())?.workspace?.id).toBe(owner);
  });

  test('that was connected by hand and never ran does not count', async () => {
    const surroundings = createSurroundings();
    await surroundings.connections.save({
      accessToken: 'token-x1',
      workspace: null,
      region: null,
      connectedAt: null,
    });
    expect(await store(surroundings, 'token-a1')).toMatchObject({ kind: 'connected' });
  });

  test('is not claimed while its region is wrong', async () => {
    const surroundings = createSurroundings();
    surroundings.intercom.identities.set('a1', identityOf('eu', 'Europe'));
    expect(await store(surroundings, 'token-a1')).toMatchObject({ kind: 'region_mismatch', expected: 'US' });
    expect(await surroundings.state.claimedWorkspace()).toBeNull();
  });
});

test.each([
  ['US', 'US'],
  ['united states', 'US'],
  ['Europe', 'EU'],
  [' eu ', 'EU'],
  ['AU', 'AU'],
  ['Australia', 'AU'],
  ['Moon', null],
  ['constructor', null],
  [null, null],
])('region %j is %s', (name, region) => {
  expect(regionNamed(name)).toBe(region);
});

describe('disconnect', () => {
  const connected = async () => {
    const surroundings = createSurroundings();
    await store(surroundings, 'token-a1');
    return surroundings;
  };

  test('uninstalls, then forgets', async () => {
    const surroundings = await connected();
    const done = await disconnect(surroundings, { keepApp: false, signal: NEVER });
    expect(done).toMatchObject({ kind: 'disconnected', workspace: { id: 'ws' }, app: 'uninstalled' });
    expect(surroundings.intercom.uninstalled).toEqual(['token-a1']);
    expect(await surroundings.connections.load()).toBeNull();
    const again = await disconnect(surroundings, { keepApp: false, signal: NEVER });
    expect(again).toEqual({ kind: 'not_connected' });
  });

  test('only forgets if the app should stay', async () => {
    const surroundings = await connected();
    const done = await disconnect(surroundings, { keepApp: true, signal: NEVER });
    expect(done).toMatchObject({ app: 'kept' });
    expect(surroundings.intercom.uninstalled).toEqual([]);
    expect(await surroundings.connections.load()).toBeNull();
  });

  test('keeps the token while Intercom does not answer', async () => {
    const surroundings = await connected();
    const uninstall = async () => {
      throw new RetryableError('down', { code: 'network' });
    };
    const broken = { ...surroundings, intercom: { ...surroundings.intercom, uninstall } };
    await expect(disconnect(broken, { keepApp: false, signal: NEVER })).rejects.toThrow('down');
    expect(await surroundings.connections.load()).not.toBeNull();
  });
});
